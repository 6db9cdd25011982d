"""A file that is there whole or not at all, whoever is killed in the middle of writing it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_NEW_FILE_MODE = 0o644
_LONGEST_PREFIX = 100


def write_whole(path: Path, content: bytes | str, *, durable: bool = False) -> None:
    """Write `content` (text as UTF-8) so that a reader sees the old file or the whole new one, never a half.

    Missing folders are made; a link stays a link, and what it points to is replaced; a file that was there
    keeps its permissions. `durable` waits until the disk has it, so that power loss, too, leaves one of the
    two. Raises `OSError`; nothing half-written is left then.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:_LONGEST_PREFIX]}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content.encode("utf-8") if isinstance(content, str) else content)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else _NEW_FILE_MODE)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a new name in `folder` outlive power loss."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
