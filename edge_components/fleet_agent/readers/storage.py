"""The disk that the spool lies on, and what waits in the spool."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from contract.errors import CrowdLensError
from edge_components.fleet_agent.reading import Reading


class DiskReader:
    """Free and all space of the disk below a folder; free is what an ordinary user may still write."""

    name = "disk"
    columns = ("disk_free_bytes", "disk_total_bytes")
    every_seconds = 5.0

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self) -> Reading:
        """Return both in bytes; raises OSError for a folder that is not there."""
        found = os.statvfs(self._folder)
        return Reading(
            {
                "disk_free_bytes": found.f_bavail * found.f_frsize,
                "disk_total_bytes": found.f_blocks * found.f_frsize,
            }
        )


class SpoolReader:
    """Records that wait to be sent, and the bytes they count."""

    name = "spool"
    columns = ("spool_rows", "spool_bytes")
    every_seconds = 5.0

    def __init__(self, waiting: Callable[[], tuple[int, int]]) -> None:
        self._waiting = waiting

    def read(self) -> Reading:
        """Return both."""
        try:
            rows, size_bytes = self._waiting()
        except CrowdLensError as error:
            return Reading({}, dict.fromkeys(self.columns, str(error)))
        return Reading({"spool_rows": rows, "spool_bytes": size_bytes})
