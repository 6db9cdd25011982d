"""Locks between processes: who opens, who uses the spool file, and who sends from it.

They are `flock` locks: the kernel drops them when their process dies, however it dies.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from edge_components.runtime.spool.errors import SpoolBusyError, SpoolError, translated

_POLL_SECONDS = 0.05


class FileLock:
    """A lock on the file (or folder) at `path`; shared by many holders or exclusive to one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        flags = os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT
        with translated(path):
            self._descriptor = os.open(path, flags | os.O_CLOEXEC, 0o644)

    def share(self, *, timeout_seconds: float) -> None:
        """Hold the lock together with others; raises `SpoolBusyError` after the timeout."""
        self._take(fcntl.LOCK_SH, timeout_seconds)

    def exclude(self, *, timeout_seconds: float) -> None:
        """Hold the lock alone; raises `SpoolBusyError` after the timeout."""
        self._take(fcntl.LOCK_EX, timeout_seconds)

    def _take(self, kind: int, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while True:
            try:
                fcntl.flock(self._descriptor, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise SpoolBusyError(
                        f"{self.path} is locked by another process: expected it free within "
                        f"{timeout_seconds:g} s"
                    ) from None
                time.sleep(_POLL_SECONDS)
            else:
                return

    def release(self) -> None:
        """Let the lock go; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def publisher_lock(spool_path: Path) -> FileLock:
    """Return the lock, already held, of the one process that sends from the spool.

    Raises `SpoolError` when another publisher holds it.
    """
    lock = FileLock(spool_path.with_name(spool_path.name + ".publisher"))
    try:
        lock.exclude(timeout_seconds=0)
    except SpoolBusyError as error:
        lock.release()
        raise SpoolError(
            f"another publisher is sending from the spool {spool_path}: expected one at a time"
        ) from error
    return lock
