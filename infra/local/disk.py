"""Say in one sentence that a disk is full, wherever a file of ours could not be written."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contract.errors import DiskFullError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_MEBIBYTE = 1024 * 1024


@contextmanager
def clear_disk_errors(path: Path) -> Iterator[None]:
    """Turn "no space left" while writing to `path` into a `DiskFullError`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFullError(
                f"no room left on the disk of {path}: expected some megabytes; free some"
            ) from error
        raise


def check_free_space(path: Path, needed_mebibytes: int) -> None:
    """Raise `DiskFullError` unless the disk of the existing folder `path` has `needed_mebibytes` MiB free."""
    free = shutil.disk_usage(path).free // _MEBIBYTE
    if free < needed_mebibytes:
        raise DiskFullError(
            f"the disk of {path} has {free} MiB free: expected at least {needed_mebibytes} MiB; free some or "
            "name another place with TMPDIR"
        )


def is_full(path: Path) -> bool:
    """Return whether the disk of `path` has less than a mebibyte left."""
    return shutil.disk_usage(path).free < _MEBIBYTE
