"""What the device was like in the last hour, every five seconds, for whoever looks at it on the spot."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from contract.records import Value

POINTS = 720
COLUMNS = (
    *("cpu_percent", "cpu_celsius", "memory_used_bytes", "gpu_percent", "gpu_celsius"),
    *("frames_per_second", "spool_rows"),
)


class LastHour:
    """A ring of `POINTS` rows, written as one JSON file: ``{"columns": ["at_ms", …], "rows": [[…], …]}``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: deque[tuple[Value, ...]] = deque(maxlen=POINTS)

    def add(self, at_ms: int, values: Mapping[str, Value]) -> None:
        """Add what was known at an instant (milliseconds since 1970 UTC)."""
        self._rows.append((at_ms, *(shown(values.get(name)) for name in COLUMNS)))

    def write(self) -> None:
        """Write the file, atomically; raises OSError."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        partial = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        document = {"columns": ["at_ms", *COLUMNS], "rows": list(self._rows)}
        partial.write_text(json.dumps(document, separators=(",", ":")), encoding="utf-8")
        partial.replace(self._path)


def shown(value: Value) -> Value:
    """Return a value as people look at it: with one decimal."""
    return round(value, 1) if isinstance(value, float) else value
