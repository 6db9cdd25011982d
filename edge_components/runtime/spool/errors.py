"""What can go wrong with a spool file, and SQLite's errors put into one sentence."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contract.errors import CrowdLensError, DiskFullError

_LITTLE_SPACE_BYTES = 1024 * 1024


class SpoolError(CrowdLensError):
    """Raised when the spool file cannot be used."""


class SpoolBusyError(SpoolError):
    """Raised when another process held the spool's write lock for too long."""


class SpoolCorruptError(SpoolError):
    """Raised when the spool file is damaged; the next opening sets it aside."""


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's and the system's errors about the spool at `path` into errors of one clear sentence."""
    try:
        yield
    except OSError as error:
        raise _from_system(error, path) from error
    except sqlite3.DatabaseError as error:
        # Subclasses other than OperationalError are mistakes of ours and keep their traceback.
        if type(error) not in (sqlite3.DatabaseError, sqlite3.OperationalError):
            raise
        raise _from_sqlite(str(error), path) from error


def _from_system(error: OSError, path: Path) -> CrowdLensError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _disk_full(path)
    return SpoolError(f"spool {path} cannot be used: {error.strerror or error}")


def _from_sqlite(text: str, path: Path) -> CrowdLensError:
    lowered = text.lower()
    if "disk is full" in lowered or ("disk i/o" in lowered and _no_space(path)):
        return _disk_full(path)
    if "malformed" in lowered or "not a database" in lowered:
        return SpoolCorruptError(f"spool {path} is damaged ({text}): start again to set it aside")
    if "locked" in lowered or "busy" in lowered:
        return SpoolBusyError(f"spool {path} is locked by another process for too long ({text})")
    return SpoolError(f"spool {path} cannot be used: {text}")


def _no_space(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < _LITTLE_SPACE_BYTES
    except OSError:
        return False


def _disk_full(path: Path) -> DiskFullError:
    return DiskFullError(f"the disk of the spool {path} is full: nothing was stored; free some space")
