"""The high-water mark: how far row ids ever went, kept beside the spool file and not in it.

A spool file that somebody put back from a backup, or that lost its write-ahead log, stands behind its mark:
it would allot identities again that are in the cloud already. The mark is not synced to the disk, for losing
power ends the boot and with it the epoch; a process that dies leaves what it wrote to the kernel. Putting an
older mark back together with its spool file, within one boot, is the one thing it cannot tell.
"""

from __future__ import annotations

import fcntl
import os
import re
import threading
from pathlib import Path

from edge_components.runtime.spool.errors import translated

_DIGITS = 20
_FORM = re.compile(rb"[0-9]{20}\n")


class HighWaterMark:
    """The mark of the spool at a path; it only ever rises, whichever process raises it.

    Raised after a commit and before its row ids are told to anybody, so it is never ahead of a sound file.
    """

    def __init__(self, spool_path: Path) -> None:
        self.path = spool_path.with_name(spool_path.name + ".mark")
        self._lock = threading.Lock()
        self._known = -1
        with translated(self.path):
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def read(self) -> int | None:
        """Return the mark, or None where there is none yet or its file is no mark."""
        with translated(self.path):
            content = os.pread(self._descriptor, _DIGITS + 2, 0)
        return int(content) if _FORM.fullmatch(content) else None

    def raise_to(self, row_id: int) -> None:
        """Raise the mark to `row_id`, unless it stands there or above.

        Where that fails the mark is removed: the next opening finds none and begins an epoch.
        """
        with self._lock:
            if row_id <= self._known:
                return
            try:
                self._raise(row_id)
            except OSError:
                with translated(self.path):
                    self.path.unlink(missing_ok=True)
            self._known = row_id

    def _raise(self, row_id: int) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            found = self.read()
            if found is None or found < row_id:
                os.ftruncate(self._descriptor, _DIGITS + 1)
                os.pwrite(self._descriptor, b"%0*d\n" % (_DIGITS, row_id), 0)
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Let the file go; a second call does nothing."""
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1
