"""Damaged files that were set aside: found beside the spool, rescued from, and declared exactly once.

Rows that are still sound are taken over with the numbers they were born with, some thousand a transaction;
how far that went is noted in the same transactions, so a crash or a full disk in between only puts the rest
off to the next opening. What could not be rescued is declared in the transaction that notes the file's name
as done.
"""

from __future__ import annotations

import json
import logging
import re
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path

from contract.errors import DiskFullError
from edge_components.runtime.clock import DeviceClock
from edge_components.runtime.spool import store
from edge_components.runtime.spool.gap_records import note_carried
from edge_components.runtime.spool.ledger import carry_over
from edge_components.runtime.spool.losses import note_damage
from edge_components.runtime.spool.rescue import DamagedFile, RescuedRow
from edge_components.runtime.spool.salvage import DECLARED_PREFIX, LostCount, Salvage, salvage

LOG_SUFFIX = "-wal"
SUFFIXES = ("", LOG_SUFFIX, "-shm")
"""Parts of a spool file, in the order they are set aside: without its main file a log cannot be misread."""
FILES_KEPT = 4
"""How many damaged files are kept for a look at them, at most; together they take no more than the bound."""
_RESCUING_PREFIX = "rescuing:"

logger = logging.getLogger(__name__)

Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]


@dataclass(frozen=True)
class SetAside:
    """A damaged file: where it lies now, what its ledger still told, and how many rows were taken over."""

    path: Path
    counts: list[LostCount]
    rescued: int


@dataclass(frozen=True)
class Found:
    """A damaged file that is not declared yet, and what was read of it."""

    path: Path
    told: Salvage


def new_name(path: Path) -> Path:
    """Return where the damaged file at `path` goes."""
    return path.with_name(f"{path.name}.damaged-{time.time_ns()}")


def set_aside_files(path: Path) -> list[Path]:
    """Return the damaged files that were set aside from `path`, the oldest first."""
    form = re.compile(rf"({re.escape(path.name)}\.damaged-\d+)({LOG_SUFFIX})?")
    matches = [form.fullmatch(other.name) for other in path.parent.iterdir()]
    names = {match[1] for match in matches if match}
    return [path.with_name(name) for name in sorted(names, key=lambda name: int(name.rpartition("-")[2]))]


def find_damage(connection: sqlite3.Connection, path: Path, clock: DeviceClock) -> list[Found]:
    """Return what lies set aside and undeclared, its epochs made known to this file.

    What a newer damaged file had declared, as far as it can be read, is in its own ledger already.
    """
    known = _declared(connection)
    found = [Found(file, salvage(file)) for file in set_aside_files(path) if file.name not in known]
    told_by_others = frozenset[str]().union(*(one.told.declared for one in found))
    for one in found:
        if one.path.name in told_by_others:
            _set_property(connection, DECLARED_PREFIX + one.path.name, str(clock.now_ms()))
        else:
            _begin(connection, one, clock.now_ms())
    return [one for one in found if one.path.name not in told_by_others]


def rescue(transaction: Transaction, found: Found, clock: DeviceClock) -> SetAside | None:
    """Take over the sound rows of the file, then declare the others.

    Returns None when another process has done so, or when the disk is too full: the next opening goes on.
    """
    try:
        rescued = _rescue_rows(transaction, found)
    except DiskFullError as error:
        logger.warning("rescue put off", extra={"set_aside": str(found.path), "problem": str(error)})
        return None
    with transaction() as connection:
        known_epochs = _progress(connection, found.path)[1]
        if known_epochs is None:
            return None
        lost = _declare(connection, found.told, known_epochs, clock)
        _set_property(connection, DECLARED_PREFIX + found.path.name, str(clock.now_ms()))
        connection.execute("DELETE FROM properties WHERE name = ?", (_RESCUING_PREFIX + found.path.name,))
    logger.error(
        "damaged spool file declared",
        extra={"set_aside": str(found.path), "rescued": rescued, "lost": lost, "all": found.told.complete},
    )
    return SetAside(found.path, found.told.counts, rescued)


def prune(connection: sqlite3.Connection, path: Path, maximum_bytes: int) -> list[Path]:
    """Remove the oldest declared files until `FILES_KEPT` are left, of `maximum_bytes` together."""
    declared = _declared(connection)
    left_bytes, removed = maximum_bytes, []
    for position, file in enumerate(reversed(set_aside_files(path))):
        parts = [file.with_name(file.name + suffix) for suffix in SUFFIXES]
        left_bytes -= sum(part.stat().st_size for part in parts if part.exists())
        if file.name in declared and (position >= FILES_KEPT or left_bytes < 0):
            for part in parts:
                part.unlink(missing_ok=True)
            removed.append(file)
            logger.warning("damaged spool file removed", extra={"set_aside": str(file)})
    return removed


def _declared(connection: sqlite3.Connection) -> set[str]:
    query = "SELECT name FROM properties WHERE name GLOB ?"
    names = connection.execute(query, (f"{DECLARED_PREFIX}*",)).fetchall()
    return {str(name).removeprefix(DECLARED_PREFIX) for (name,) in names}


def _set_property(connection: sqlite3.Connection, name: str, value: str) -> None:
    connection.execute(
        "INSERT INTO properties (name, value) VALUES (?, ?) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def _begin(connection: sqlite3.Connection, found: Found, now_ms: int) -> None:
    """Note that the rescue begins; epochs this file knows already are those of a backup that was put back."""
    if _progress(connection, found.path)[1] is not None:
        return
    mine = {epoch for (epoch,) in connection.execute("SELECT epoch FROM epochs")}
    epochs = found.told.epochs | {count.epoch for count in found.told.counts}
    connection.executemany(
        "INSERT INTO epochs (epoch, boot_id, file_number, minted_at_ms) VALUES (?, '', 0, ?)",
        [(epoch, now_ms) for epoch in sorted(epochs - mine)],
    )
    _note_progress(connection, found.path, 0, sorted(epochs & mine))
    if found.told.maximum_bytes is not None:
        connection.execute(
            "INSERT INTO properties (name, value) VALUES ('maximum_bytes', ?) ON CONFLICT (name) DO NOTHING",
            (str(found.told.maximum_bytes),),
        )


def _progress(connection: sqlite3.Connection, path: Path) -> tuple[int, list[str] | None]:
    """Return up to which row id the file was rescued, and the epochs known before; None when not begun."""
    query = "SELECT value FROM properties WHERE name = ?"
    row = connection.execute(query, (_RESCUING_PREFIX + path.name,)).fetchone()
    if row is None:
        return 0, None
    after_row_id, known_epochs = json.loads(row[0])
    return after_row_id, known_epochs


def _note_progress(
    connection: sqlite3.Connection, path: Path, row_id: int, known_epochs: Sequence[str]
) -> None:
    _set_property(connection, _RESCUING_PREFIX + path.name, json.dumps([row_id, list(known_epochs)]))


def _rescue_rows(transaction: Transaction, found: Found) -> int:
    if not found.path.is_file() or found.path.stat().st_size == 0:
        return 0  # SQLite would make a file here, or delete the log of an empty one.
    with transaction() as connection:
        after_row_id, known_epochs = _progress(connection, found.path)
    if known_epochs is None:
        return 0
    rescued = 0
    with closing(DamagedFile(found.path)) as damaged:
        for batch in damaged.batches(after_row_id):
            with transaction() as connection:
                rescued += _take_over(connection, [row for row in batch if row.epoch not in known_epochs])
                _note_progress(connection, found.path, batch[-1].row_id, known_epochs)
    return rescued


def _take_over(connection: sqlite3.Connection, rows: Sequence[RescuedRow]) -> int:
    for rescued in rows:
        stream_id = store.known_stream(connection, rescued.epoch, rescued.stream, rescued.sequence)
        row_id = store.insert_again(connection, rescued.epoch, stream_id, rescued.sequence, rescued.row)
        if rescued.claimed:
            connection.execute("INSERT INTO claims (row_id) VALUES (?)", (row_id,))
    return len(rows)


def _declare(
    connection: sqlite3.Connection, told: Salvage, known_epochs: Sequence[str], clock: DeviceClock
) -> int:
    """Take over ledger and undeclared drops, note what is lost; return how many records that is."""
    mine = [count for count in told.counts if count.epoch in known_epochs]
    lost = carry_over(connection, [count for count in told.counts if count.epoch not in known_epochs]) + mine
    all_sound = note_carried(connection, told.noted)
    note_damage(
        connection,
        lost,
        complete=told.complete and all_sound,
        now_ms=clock.now_ms(),
        clock_quality=clock.quality,
    )
    return sum(count.lost for count in lost)
