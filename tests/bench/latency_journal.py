"""Lines of JSON that the processes of a latency run write, each with the time of this machine's one clock."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LAKE_JOURNAL, LOAD_JOURNAL = "lake_writer.journal", "rds_loader.journal"
WATCHED_TABLE = "zone_counts"


class Journal:
    """Appends whole lines; several processes may each have one."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def write(self, **values: Any) -> None:
        """Append one line."""
        os.write(self._descriptor, json.dumps(values, separators=(",", ":")).encode() + b"\n")


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the lines of a journal; none where nobody wrote one."""
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
