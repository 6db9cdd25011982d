"""Room kept back on the disk, so that a full disk can still be drained.

SQLite needs space in its log even to delete rows. Without a reserve, a disk that somebody else filled would
keep the publisher from ever acknowledging, and the spool could never shrink again.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

RESERVE_BYTES = 4 * 1024 * 1024
_SHARE_OF_FREE_SPACE = 4
_LEFT_BYTES = (64 * 1024, 1024 * 1024)
"""What is tried to be left, when all that is free cannot be had: others fill the disk at the same time."""


class Reserve:
    """A file of empty blocks beside the spool, given up when the disk is full and taken again afterwards."""

    def __init__(self, spool_path: Path) -> None:
        self._path = spool_path.with_name(spool_path.name + ".reserve")

    def take(self) -> bool:
        """Hold the reserve; return whether it is held. A disk too full for it is not an error."""
        held_bytes = self._path.stat().st_size if self._path.exists() else None
        try:
            free_bytes = shutil.disk_usage(self._path.parent).free
            wanted_bytes = min(RESERVE_BYTES, free_bytes // _SHARE_OF_FREE_SPACE)
            # What was taken back on a full disk is small; it grows when there is room again.
            if held_bytes is None or held_bytes < wanted_bytes:
                self._allocate(wanted_bytes)
        except OSError:
            if held_bytes is None:
                self._path.unlink(missing_ok=True)
            return held_bytes is not None
        return True

    def take_back(self) -> bool:
        """Hold again what is left of a reserve that was given up on a disk that is still full."""
        return any(self._take_all_but(left_bytes) for left_bytes in (0, *_LEFT_BYTES))

    def _take_all_but(self, left_bytes: int) -> bool:
        try:
            free_bytes = shutil.disk_usage(self._path.parent).free
            self._allocate(min(RESERVE_BYTES, free_bytes - left_bytes))
        except OSError:
            self._path.unlink(missing_ok=True)
            return False
        return True

    def _allocate(self, size_bytes: int) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            os.posix_fallocate(descriptor, 0, max(1, size_bytes))
        finally:
            os.close(descriptor)

    def give_up(self) -> bool:
        """Free the reserve's blocks; return whether there were any."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True
