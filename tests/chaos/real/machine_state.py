"""The device's wall clock, time sync and boot as a file says: what a test can turn while processes run.

Nothing in the product reads it. The launchers of this folder put it in the place of `time.time`, of the time
sync probe and of the kernel's boot id, in their own process, before the product's code starts.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from edge_components.runtime.time_sync import TimeSync

_LOOK_AGAIN_SECONDS = 0.1


@dataclass(frozen=True)
class MachineState:
    """What the machine shows its processes."""

    boot_id: str
    synced: bool
    wall_offset_seconds: float

    def write(self, path: Path) -> None:
        """Write the state whole, so that nobody reads a half."""
        temporary = path.with_suffix(".new")
        temporary.write_text(json.dumps(asdict(self)), encoding="utf-8")
        temporary.replace(path)

    @classmethod
    def read(cls, path: Path) -> MachineState:
        """Read what `write` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


class Machine:
    """Reads the state again every 100 ms."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at = 0.0
        self._state = MachineState.read(path)

    @property
    def state(self) -> MachineState:
        now = time.monotonic()
        if now - self._read_at > _LOOK_AGAIN_SECONDS:
            self._read_at, self._state = now, MachineState.read(self._path)
        return self._state

    def wall_seconds(self) -> float:
        return max(5.0, time.time() + self.state.wall_offset_seconds)

    def probe(self, _: int) -> TimeSync:
        return TimeSync(self.state.synced, "the run's machine state")

    def boot_id(self) -> str:
        """Return the boot this process began in: it does not outlive it."""
        return self._state.boot_id
