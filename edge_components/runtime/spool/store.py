"""Rows in and out of the spool file; every function runs inside the caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence

from contract.lake import day_of
from contract.records import StoredRecord
from edge_components.runtime.spool.rows import (
    ROW_OVERHEAD_BYTES,
    PreparedRow,
    SpooledRow,
    decode_row,
    parse_shape,
    row_bytes,
)

_Numbered = tuple[int, int, PreparedRow]
"""Stream id, sequence, row."""

# One statement makes the stream on first use, raises its counter and tells where it stands.
_ALLOT = """
    INSERT INTO streams (epoch_id, stream, last_sequence) VALUES (?, ?, ?)
    ON CONFLICT (epoch_id, stream) DO UPDATE SET last_sequence = last_sequence + excluded.last_sequence
    RETURNING stream_id, last_sequence"""
_INSERT = """
    INSERT INTO records (priority, stream_id, sequence, shape_id, event_time_ms, clock_quality, payload)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
_COUNT_MADE = """
    INSERT INTO ledger (stream_id, day, made, first_sequence, last_sequence) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (stream_id, day) DO UPDATE SET made = made + excluded.made,
        first_sequence = min(first_sequence, excluded.first_sequence),
        last_sequence = max(last_sequence, excluded.last_sequence)"""
_FETCH = """
    SELECT row_id, shape, payload, event_time_ms, clock_quality, epoch, sequence
    FROM records JOIN shapes USING (shape_id) JOIN streams USING (stream_id) JOIN epochs USING (epoch_id)
    WHERE row_id IN (SELECT value FROM json_each(?))"""
_DELETE = f"""
    DELETE FROM records WHERE row_id IN (SELECT value FROM json_each(?))
    RETURNING stream_id, event_time_ms, length(payload) + {ROW_OVERHEAD_BYTES}"""  # noqa: S608 - a number of ours


def insert(
    connection: sqlite3.Connection, epoch_id: int, epoch: str, rows: Sequence[PreparedRow]
) -> list[StoredRecord]:
    """Number and store `rows`, raise the counters, and return the records with their identity."""
    numbered = _allot(connection, epoch_id, rows)
    shape_ids = {shape: _shape_id(connection, shape) for shape in {row.shape for row in rows}}
    connection.executemany(_INSERT, [_columns(*number, shape_ids) for number in numbered])
    _count_all_made(connection, numbered)
    return [StoredRecord(row.record, epoch, row.stream, sequence) for _, sequence, row in numbered]


def _allot(connection: sqlite3.Connection, epoch_id: int, rows: Sequence[PreparedRow]) -> list[_Numbered]:
    next_sequence: dict[str, tuple[int, int]] = {}
    for stream, count in Counter(row.stream for row in rows).items():
        stream_id, last = connection.execute(_ALLOT, (epoch_id, stream, count)).fetchone()
        next_sequence[stream] = stream_id, last - count + 1
    numbered: list[_Numbered] = []
    for row in rows:
        stream_id, sequence = next_sequence[row.stream]
        next_sequence[row.stream] = stream_id, sequence + 1
        numbered.append((stream_id, sequence, row))
    return numbered


def _columns(
    stream_id: int, sequence: int, row: PreparedRow, shape_ids: dict[str, int]
) -> tuple[object, ...]:
    record = row.record
    shape_id = shape_ids[row.shape]
    return (
        row.priority,
        stream_id,
        sequence,
        shape_id,
        record.event_time_ms,
        record.clock_quality,
        row.payload,
    )


def _shape_id(connection: sqlite3.Connection, shape: str) -> int:
    found = connection.execute("SELECT shape_id FROM shapes WHERE shape = ?", (shape,)).fetchone()
    if found is None:
        found = connection.execute(
            "INSERT INTO shapes (shape) VALUES (?) RETURNING shape_id", (shape,)
        ).fetchone()
    return int(found[0])


def _count_all_made(connection: sqlite3.Connection, numbered: Sequence[_Numbered]) -> None:
    sequences: dict[tuple[int, str], list[int]] = {}
    for stream_id, sequence, row in numbered:
        sequences.setdefault((stream_id, day_of(row.record.event_time_ms)), []).append(sequence)
    for (stream_id, day), found in sequences.items():
        count_made(connection, stream_id, day, found)
    add_to_totals(connection, len(numbered), sum(row_bytes(row.payload) for _, _, row in numbered))


def count_made(connection: sqlite3.Connection, stream_id: int, day: str, sequences: Sequence[int]) -> None:
    """Add records with these sequences to the ledger of the stream's UTC day."""
    connection.execute(_COUNT_MADE, (stream_id, day, len(sequences), min(sequences), max(sequences)))


def add_to_totals(connection: sqlite3.Connection, rows: int, size_bytes: int) -> None:
    """Change the count of what waits."""
    connection.execute(
        "UPDATE totals SET waiting_rows = waiting_rows + ?, waiting_bytes = waiting_bytes + ?",
        (rows, size_bytes),
    )


def last_row_id(connection: sqlite3.Connection) -> int:
    """Return the highest row id ever given in this file: it rises with each record that is numbered."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'records'").fetchone()
    return 0 if row is None else int(row[0])


def skip_row_ids(connection: sqlite3.Connection, up_to: int) -> None:
    """Give no row id up to and including `up_to` any more."""
    changed = connection.execute(
        "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'records'", (up_to,)
    ).rowcount
    if not changed:
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('records', ?)", (up_to,))


def waiting(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return how many records wait and the bytes they count."""
    rows, size_bytes = connection.execute("SELECT waiting_rows, waiting_bytes FROM totals").fetchone()
    return int(rows), int(size_bytes)


def delete(connection: sqlite3.Connection, row_ids: Iterable[int]) -> Counter[tuple[int, str]]:
    """Delete the rows that still exist; return how many went per stream id and UTC day."""
    text = json.dumps(list(row_ids))
    removed = connection.execute(_DELETE, (text,)).fetchall()
    connection.execute("DELETE FROM claims WHERE row_id IN (SELECT value FROM json_each(?))", (text,))
    add_to_totals(connection, -len(removed), -sum(size_bytes for _, _, size_bytes in removed))
    return Counter((stream_id, day_of(event_time_ms)) for stream_id, event_time_ms, _ in removed)


def acknowledge(connection: sqlite3.Connection, row_ids: Iterable[int]) -> int:
    """Delete rows that reached the queue, count them, and return how many there were."""
    gone = delete(connection, row_ids)
    connection.executemany(
        "UPDATE ledger SET acknowledged = acknowledged + ? WHERE stream_id = ? AND day = ?",
        [(count, stream_id, day) for (stream_id, day), count in gone.items()],
    )
    return gone.total()


def claim(connection: sqlite3.Connection, maximum_rows: int) -> list[SpooledRow]:
    """Choose the rows to send next and mark them as possibly sent.

    First what was claimed before and never acknowledged (it may be in the queue already, so it must not be
    dropped). Then, of the room left, the newest half, so that after an outage the live picture comes back
    at once; then the most precious and, among equals, the oldest.
    """
    chosen = _ids(connection, "SELECT row_id FROM claims ORDER BY row_id LIMIT ?", maximum_rows)
    room = maximum_rows - len(chosen)
    newest = _ids(
        connection,
        "SELECT row_id FROM records WHERE row_id NOT IN claims ORDER BY row_id DESC LIMIT ?",
        (room + 1) // 2,
    )
    _mark(connection, newest)
    chosen += reversed(newest)
    priority = -1
    while len(chosen) < maximum_rows:
        priority = _next_priority(connection, priority)
        if priority < 0:
            break
        oldest = _oldest(connection, priority, maximum_rows - len(chosen))
        _mark(connection, oldest)
        chosen += oldest
    return _fetch(connection, chosen)


def _next_priority(connection: sqlite3.Connection, after: int) -> int:
    found = connection.execute("SELECT min(priority) FROM records WHERE priority > ?", (after,)).fetchone()[0]
    return -1 if found is None else int(found)


def _oldest(connection: sqlite3.Connection, priority: int, limit: int) -> list[int]:
    query = "SELECT row_id FROM records WHERE priority = ? AND row_id NOT IN claims ORDER BY row_id LIMIT ?"
    return [row_id for (row_id,) in connection.execute(query, (priority, limit))]


def _ids(connection: sqlite3.Connection, query: str, limit: int) -> list[int]:
    return [row_id for (row_id,) in connection.execute(query, (limit,))]


def _mark(connection: sqlite3.Connection, row_ids: Sequence[int]) -> None:
    connection.executemany("INSERT INTO claims (row_id) VALUES (?)", [(row_id,) for row_id in row_ids])


def _fetch(connection: sqlite3.Connection, row_ids: Sequence[int]) -> list[SpooledRow]:
    found: dict[int, SpooledRow] = {}
    for row_id, shape, payload, event_time_ms, clock_quality, epoch, sequence in connection.execute(
        _FETCH, (json.dumps(row_ids),)
    ):
        stored = decode_row(
            parse_shape(shape),
            payload,
            event_time_ms=event_time_ms,
            clock_quality=clock_quality,
            epoch=epoch,
            sequence=sequence,
        )
        found[row_id] = SpooledRow(row_id, stored)
    return [found[row_id] for row_id in row_ids]
