"""What a full spool drops, and the `gaps` records that say so.

Dropped rows are noted in the `drops` table in the transaction that drops them, as ranges that grow while
they stay contiguous; the ranges become `gaps` records when somebody reads the spool or writes its ledger.
A week without a network therefore costs a handful of rows, not one for each append.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edge_components.runtime.spool import store
from edge_components.runtime.spool.gap_records import is_gap, note_again
from edge_components.runtime.spool.ledger import LEDGER_STREAM, report_again
from edge_components.runtime.spool.rows import ROW_OVERHEAD_BYTES, parse_shape

REASON_FULL = "spool_full"
_ROWS_A_LOOK = 256

_VICTIMS = f"""
    SELECT row_id, stream_id, epoch, stream, shape, clock_quality, sequence, event_time_ms,
        length(payload) + {ROW_OVERHEAD_BYTES}
    FROM records JOIN shapes USING (shape_id) JOIN streams USING (stream_id) JOIN epochs USING (epoch_id)
    WHERE row_id IN (
        SELECT row_id FROM records WHERE priority = ? AND row_id NOT IN claims ORDER BY row_id LIMIT ?)
    ORDER BY row_id"""  # noqa: S608 - a number of ours
_EXTEND = """
    UPDATE drops SET last_sequence = ?, records = records + ?, start_ms = min(start_ms, ?),
        end_ms = max(end_ms, ?)
    WHERE reason = ? AND epoch = ? AND stream = ? AND clock_quality = ? AND last_sequence = ? - 1"""
_NOTE = """
    INSERT INTO drops (reason, epoch, stream, camera, scene_version, time_zone, clock_quality,
        first_sequence, last_sequence, records, start_ms, end_ms)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""


@dataclass(frozen=True)
class Victim:
    """A row that goes, or one that never came into the file."""

    row_id: int
    stream_id: int
    epoch: str
    stream: str
    shape: str
    clock_quality: str
    sequence: int
    event_time_ms: int
    size_bytes: int


@dataclass
class _Range:
    """Rows of one stream with consecutive sequences."""

    first: Victim
    last_sequence: int
    start_ms: int
    end_ms: int

    def take(self, victim: Victim) -> bool:
        """Grow by `victim` when it comes right after; return whether it did."""
        same_quality = victim.clock_quality == self.first.clock_quality
        if victim.sequence != self.last_sequence + 1 or not same_quality:
            return False
        self.last_sequence = victim.sequence
        self.start_ms = min(self.start_ms, victim.event_time_ms)
        self.end_ms = max(self.end_ms, victim.event_time_ms)
        return True

    @property
    def records(self) -> int:
        return self.last_sequence - self.first.sequence + 1


def make_room(connection: sqlite3.Connection, maximum_bytes: int) -> int:
    """Drop rows until at most `maximum_bytes` wait; return how many.

    The lowest priority goes first, the oldest of it first; rows a publisher may have sent are kept.
    """
    dropped = 0
    excess = store.waiting(connection)[1] - maximum_bytes
    while excess > 0:
        look = min(_ROWS_A_LOOK, excess // ROW_OVERHEAD_BYTES + 1)
        victims = list(_enough(_next_victims(connection, look), excess))
        if not victims:
            break
        _drop(connection, victims)
        excess -= sum(victim.size_bytes for victim in victims)
        dropped += len(victims)
    return dropped


def _next_victims(connection: sqlite3.Connection, limit: int) -> list[Victim]:
    priority = connection.execute("SELECT max(priority) FROM records").fetchone()[0]
    while priority is not None:
        victims = [Victim(*row) for row in connection.execute(_VICTIMS, (priority, limit))]
        if victims:
            return victims
        priority = connection.execute(
            "SELECT max(priority) FROM records WHERE priority < ?", (priority,)
        ).fetchone()[0]
    return []


def _enough(victims: Sequence[Victim], excess_bytes: int) -> Iterator[Victim]:
    for victim in victims:
        if excess_bytes <= 0:
            return
        excess_bytes -= victim.size_bytes
        yield victim


def _drop(connection: sqlite3.Connection, victims: Sequence[Victim]) -> None:
    # What these records told must be told again, by others.
    note_again(connection, [victim.row_id for victim in victims if is_gap(victim.shape)])
    report_again(connection, [victim.row_id for victim in victims if victim.stream == LEDGER_STREAM])
    gone = store.delete(connection, [victim.row_id for victim in victims])
    store.count_dropped(connection, gone)
    note_ranges(connection, victims, REASON_FULL)


def note_ranges(connection: sqlite3.Connection, victims: Sequence[Victim], reason: str) -> None:
    """Note rows that are gone, in the order of their sequences, as ranges; earlier ones grow."""
    for found in _ranges(victims):
        _note_range(connection, found, reason)


def _ranges(victims: Sequence[Victim]) -> list[_Range]:
    finished: list[_Range] = []
    current: dict[int, _Range] = {}
    for victim in victims:
        open_range = current.get(victim.stream_id)
        if open_range is None or not open_range.take(victim):
            fresh = _Range(victim, victim.sequence, victim.event_time_ms, victim.event_time_ms)
            current[victim.stream_id] = fresh
            finished.append(fresh)
    return finished


def _note_range(connection: sqlite3.Connection, found: _Range, reason: str) -> None:
    first = found.first
    extended = connection.execute(
        _EXTEND,
        (
            found.last_sequence,
            found.records,
            found.start_ms,
            found.end_ms,
            reason,
            first.epoch,
            first.stream,
            first.clock_quality,
            first.sequence,
        ),
    ).rowcount
    if extended:
        return
    shape = parse_shape(first.shape)
    connection.execute(
        _NOTE,
        (
            reason,
            first.epoch,
            first.stream,
            shape.camera,
            shape.scene_version,
            shape.time_zone,
            first.clock_quality,
            first.sequence,
            found.last_sequence,
            found.records,
            found.start_ms,
            found.end_ms,
        ),
    )
