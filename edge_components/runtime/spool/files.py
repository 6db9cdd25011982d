"""Opening the spool file: checked, upgraded, or set aside when it is damaged."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge_components.runtime.spool.damage import LOG_SUFFIX, SUFFIXES, new_name, set_aside_files
from edge_components.runtime.spool.database import Database, suspicion_of
from edge_components.runtime.spool.errors import SpoolBusyError, SpoolCorruptError, SpoolError, translated
from edge_components.runtime.spool.locks import FileLock
from edge_components.runtime.spool.mark import HighWaterMark
from edge_components.runtime.spool.schema import ForeignFileError, SpoolVersionError, upgrade

OPENING_TIMEOUT_SECONDS = 60.0
SET_ASIDE_TIMEOUT_SECONDS = 10.0
CHECK_EVERY_OPENING_BYTES = 256 * 1024 * 1024
"""A larger file is checked at its first opening after a boot, and after damage was met, only: a kill of a
process cannot damage it."""
_HEADER = b"SQLite format 3\x00"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SpoolFiles:
    """An open spool file, the lock that says so, and its high-water mark."""

    database: Database
    lock: FileLock
    mark: HighWaterMark

    @property
    def file_number(self) -> int:
        """The inode: another file than the one numbered so far must not go on numbering."""
        return self.database.path.stat().st_ino

    def close(self) -> None:
        """Close the file and let the lock go."""
        self.database.close()
        self.mark.close()
        self.lock.release()


def open_files(path: Path, boot_id: str) -> SpoolFiles:
    """Open or create the spool at `path`.

    A damaged file is renamed and a new one begun. Raises `SpoolError` when the path is unusable, is another
    program's file, or when a damaged file is still in use; `DiskFullError` when there is no room.
    """
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with opening(path):
        return _open(path, boot_id)


@contextmanager
def opening(path: Path) -> Iterator[None]:
    """Hold the lock of the one process that opens, sets aside or rescues at `path`."""
    lock = FileLock(path.parent)
    try:
        lock.exclude(timeout_seconds=OPENING_TIMEOUT_SECONDS)
        yield
    finally:
        lock.release()


def _open(path: Path, boot_id: str) -> SpoolFiles:
    lock_path = path.with_name(path.name + ".lock")
    _refuse_strangers(path, lock_path)
    lock = FileLock(lock_path)
    try:
        lock.share(timeout_seconds=OPENING_TIMEOUT_SECONDS)
        _finish_setting_aside(path, lock)
        try:
            database = _open_checked(path, boot_id)
        except SpoolCorruptError as error:
            _set_aside(path, new_name(path), lock, str(error))
            database = _open_checked(path, boot_id)
        try:
            _sync_folder(path.parent)
            return SpoolFiles(database, lock, HighWaterMark(path))
        except BaseException:
            database.close()
            raise
    except BaseException:
        lock.release()
        raise


def _refuse_strangers(path: Path, lock_path: Path) -> None:
    """Never set aside a file that was no spool: a mistyped path must not rename somebody's video."""
    if lock_path.exists() or not path.exists():
        return
    with translated(path), path.open("rb") as file:
        head = file.read(len(_HEADER))
    if head and head != _HEADER:
        raise SpoolError(f"{path} is no spool file: expected a spool or a path where none lies yet")


def _open_checked(path: Path, boot_id: str) -> Database:
    if path.exists() and path.stat().st_size == 0 and _log_of(path).exists():
        # SQLite deletes the log of an empty file unread.
        raise SpoolCorruptError(f"spool {path} is damaged: it is empty and its log is not")
    database = Database(path)
    try:
        with translated(path):
            _check(database, boot_id)
            upgrade(database.connection)
    except SpoolVersionError as error:
        database.close()
        raise SpoolError(
            f"spool {path} has version {error.found}: expected one this software knows; install the newer"
        ) from error
    except ForeignFileError as error:
        database.close()
        raise SpoolError(f"{path} is the database of another program: expected a spool file") from error
    except BaseException:
        database.close()
        raise
    return database


def _check(database: Database, boot_id: str) -> None:
    connection = database.connection
    known = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'epochs'").fetchone()[0]
    if not known:
        return
    last = connection.execute("SELECT boot_id FROM epochs ORDER BY epoch_id DESC LIMIT 1").fetchone()
    same_boot = last is not None and last[0] == boot_id
    suspicion = suspicion_of(database.path)
    suspected = suspicion.exists()
    if same_boot and not suspected and database.path.stat().st_size > CHECK_EVERY_OPENING_BYTES:
        return
    # The quick check leaves out whether indexes and tables agree.
    check = "PRAGMA integrity_check(1)" if suspected else "PRAGMA quick_check(1)"
    verdict = connection.execute(check).fetchone()[0]
    if verdict != "ok":
        raise SpoolCorruptError(f"spool {database.path} is damaged: {' '.join(verdict.split())}")
    suspicion.unlink(missing_ok=True)


def _finish_setting_aside(path: Path, lock: FileLock) -> None:
    """Move a log without its main file after it: a crash came between the two renames."""
    if path.exists() or not _log_of(path).exists():
        return
    earlier = [file for file in set_aside_files(path) if not _log_of(file).exists()]
    target = earlier[-1] if earlier else new_name(path)
    _set_aside(path, target, lock, f"spool {path} is gone and its log is not")


def _set_aside(path: Path, target: Path, lock: FileLock, problem: str) -> None:
    try:
        lock.exclude(timeout_seconds=SET_ASIDE_TIMEOUT_SECONDS)
    except SpoolBusyError as error:
        raise SpoolCorruptError(
            f"spool {path} is damaged and another process has it open: stop that, then start again"
        ) from error
    with translated(path):
        for suffix in SUFFIXES:
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(target.with_name(target.name + suffix))
                _sync_folder(path.parent)
        suspicion_of(path).unlink(missing_ok=True)
    logger.error("damaged spool file set aside", extra={"set_aside": str(target), "problem": problem})
    lock.share(timeout_seconds=OPENING_TIMEOUT_SECONDS)


def _log_of(path: Path) -> Path:
    return path.with_name(path.name + LOG_SUFFIX)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
