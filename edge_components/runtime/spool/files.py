"""Opening the spool file: checked, upgraded, or set aside when it is damaged."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from edge_components.runtime.spool.database import Database
from edge_components.runtime.spool.errors import SpoolBusyError, SpoolCorruptError, SpoolError, translated
from edge_components.runtime.spool.locks import FileLock
from edge_components.runtime.spool.salvage import LostCount, read_lost_counts
from edge_components.runtime.spool.schema import ForeignFileError, SpoolVersionError, upgrade

OPENING_TIMEOUT_SECONDS = 60.0
SET_ASIDE_TIMEOUT_SECONDS = 10.0
CHECK_EVERY_OPENING_BYTES = 256 * 1024 * 1024
"""A larger file is checked at its first opening after a boot only: a kill of a process cannot damage it."""
_HEADER = b"SQLite format 3\x00"


@dataclass(frozen=True)
class SetAside:
    """A damaged file: where it lies now, and what its ledger still told about the records in it."""

    path: Path
    problem: str
    counts: list[LostCount]


@dataclass(frozen=True)
class SpoolFiles:
    """An open spool file, the lock that says so, and the damaged file it replaces, if any."""

    database: Database
    lock: FileLock
    set_aside: SetAside | None

    @property
    def file_number(self) -> int:
        """The inode: a copied or restored file has another, and must not go on numbering."""
        return self.database.path.stat().st_ino

    def close(self) -> None:
        """Close the file and let the lock go."""
        self.database.close()
        self.lock.release()


def open_files(path: Path, boot_id: str) -> SpoolFiles:
    """Open or create the spool at `path`.

    A damaged file is renamed and a new one begun. Raises `SpoolError` when the path is unusable, is another
    program's file, or when a damaged file is still in use; `DiskFullError` when there is no room.
    """
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    opening = FileLock(path.parent)
    try:
        opening.exclude(timeout_seconds=OPENING_TIMEOUT_SECONDS)
        return _open(path, boot_id)
    finally:
        opening.release()


def _open(path: Path, boot_id: str) -> SpoolFiles:
    lock_path = path.with_name(path.name + ".lock")
    _refuse_strangers(path, lock_path)
    lock = FileLock(lock_path)
    set_aside = None
    try:
        lock.share(timeout_seconds=OPENING_TIMEOUT_SECONDS)
        try:
            database = _open_checked(path, boot_id)
        except SpoolCorruptError as error:
            set_aside = _set_aside(path, lock, str(error))
            database = _open_checked(path, boot_id)
        _sync_folder(path.parent)
    except BaseException:
        lock.release()
        raise
    return SpoolFiles(database, lock, set_aside)


def _refuse_strangers(path: Path, lock_path: Path) -> None:
    """Never set aside a file that was no spool: a mistyped path must not rename somebody's video."""
    if lock_path.exists() or not path.exists():
        return
    with translated(path), path.open("rb") as file:
        head = file.read(len(_HEADER))
    if head and head != _HEADER:
        raise SpoolError(f"{path} is no spool file: expected a spool or a path where none lies yet")


def _open_checked(path: Path, boot_id: str) -> Database:
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
    if same_boot and database.path.stat().st_size > CHECK_EVERY_OPENING_BYTES:
        return
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise SpoolCorruptError(f"spool {database.path} is damaged: {' '.join(verdict.split())}")


def _set_aside(path: Path, lock: FileLock, problem: str) -> SetAside:
    try:
        lock.exclude(timeout_seconds=SET_ASIDE_TIMEOUT_SECONDS)
    except SpoolBusyError as error:
        raise SpoolCorruptError(
            f"spool {path} is damaged and another process has it open: stop that, then start again"
        ) from error
    counts = read_lost_counts(path)
    target = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
    with translated(path):
        for suffix in ("-wal", "-shm", ""):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(target.with_name(target.name + suffix))
        _sync_folder(path.parent)
    lock.share(timeout_seconds=OPENING_TIMEOUT_SECONDS)
    return SetAside(target, problem, counts)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
