"""Rows in and out of the spool file; every function runs inside the caller's transaction."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from contract.lake import day_of
from contract.records import StoredRecord
from edge_components.runtime.spool.rows import (
    ROW_OVERHEAD_BYTES,
    PreparedRow,
    checksum,
    row_bytes,
)

Numbered = tuple[int, int, PreparedRow]
"""Stream id, sequence, row."""

# One statement makes the stream on first use, raises its counter and tells where it stands.
_ALLOT = """
    INSERT INTO streams (epoch_id, stream, last_sequence) VALUES (?, ?, ?)
    ON CONFLICT (epoch_id, stream) DO UPDATE SET last_sequence = last_sequence + excluded.last_sequence
    RETURNING stream_id, last_sequence"""
_INSERT = """
    INSERT INTO records
        (priority, stream_id, sequence, shape_id, event_time_ms, clock_quality, payload, checksum)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_COUNT_MADE = """
    INSERT INTO ledger (stream_id, day, made, first_sequence, last_sequence) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (stream_id, day) DO UPDATE SET made = made + excluded.made,
        first_sequence = min(first_sequence, excluded.first_sequence),
        last_sequence = max(last_sequence, excluded.last_sequence)"""
_REPORTED = """
    UPDATE ledger SET reported_made = made, reported_dropped = dropped WHERE stream_id = ? AND day = ?"""
_KNOWN_STREAM = """
    INSERT INTO streams (epoch_id, stream, last_sequence) SELECT epoch_id, ?, ? FROM epochs WHERE epoch = ?
    ON CONFLICT (epoch_id, stream) DO UPDATE
        SET last_sequence = max(last_sequence, excluded.last_sequence)
    RETURNING stream_id"""
_DELETE = f"""
    DELETE FROM records WHERE row_id IN (SELECT value FROM json_each(?))
    RETURNING stream_id, event_time_ms, length(payload) + {ROW_OVERHEAD_BYTES}"""  # noqa: S608 - a number of ours


def insert(
    connection: sqlite3.Connection, epoch_id: int, epoch: str, rows: Sequence[PreparedRow]
) -> list[StoredRecord]:
    """Number and store `rows`, raise the counters, and return the records with their identity."""
    numbered = allot(connection, epoch_id, rows)
    shape_ids = {shape: shape_id(connection, shape) for shape in {row.shape for row in rows}}
    connection.executemany(
        _INSERT, [_columns(*number, epoch, shape_ids[number[2].shape]) for number in numbered]
    )
    _count_all_made(connection, numbered)
    return [StoredRecord(row.record, epoch, row.stream, sequence) for _, sequence, row in numbered]


def allot(connection: sqlite3.Connection, epoch_id: int, rows: Sequence[PreparedRow]) -> list[Numbered]:
    """Give each row the next number of its stream."""
    next_sequence: dict[str, tuple[int, int]] = {}
    for stream, count in Counter(row.stream for row in rows).items():
        stream_id, last = connection.execute(_ALLOT, (epoch_id, stream, count)).fetchone()
        next_sequence[stream] = stream_id, last - count + 1
    numbered: list[Numbered] = []
    for row in rows:
        stream_id, sequence = next_sequence[row.stream]
        next_sequence[row.stream] = stream_id, sequence + 1
        numbered.append((stream_id, sequence, row))
    return numbered


def _columns(
    stream_id: int, sequence: int, row: PreparedRow, epoch: str, shape_id: int
) -> tuple[object, ...]:
    time_ms, quality = row.record.event_time_ms, row.record.clock_quality
    own_sum = checksum(epoch, row.shape, sequence, time_ms, quality, row.payload)
    return (row.priority, stream_id, sequence, shape_id, time_ms, quality, row.payload, own_sum)


def insert_again(
    connection: sqlite3.Connection, epoch: str, stream_id: int, sequence: int, row: PreparedRow
) -> int:
    """Store a row that has its number already, from a damaged file; return its row id in this one."""
    columns = _columns(stream_id, sequence, row, epoch, shape_id(connection, row.shape))
    row_id = connection.execute(_INSERT, columns).lastrowid
    day = day_of(row.record.event_time_ms)
    count_made(connection, stream_id, day, [sequence])
    # Only the ledger of the damaged file, where it can be read, knows how many were made that day.
    connection.execute(_REPORTED, (stream_id, day))
    add_to_totals(connection, 1, row_bytes(row.payload))
    return int(row_id or 0)


def known_stream(connection: sqlite3.Connection, epoch: str, stream: str, sequence: int) -> int:
    """Return the id of a known epoch's stream, whose numbers went up to `sequence` at least."""
    return int(connection.execute(_KNOWN_STREAM, (stream, sequence, epoch)).fetchone()[0])


def shape_id(connection: sqlite3.Connection, shape: str) -> int:
    """Return the id of what rows share, given one now when it is new."""
    found = connection.execute("SELECT shape_id FROM shapes WHERE shape = ?", (shape,)).fetchone()
    if found is None:
        found = connection.execute(
            "INSERT INTO shapes (shape) VALUES (?) RETURNING shape_id", (shape,)
        ).fetchone()
    return int(found[0])


def _count_all_made(connection: sqlite3.Connection, numbered: Sequence[Numbered]) -> None:
    for (stream_id, day), found in sequences_by_day(numbered).items():
        count_made(connection, stream_id, day, found)
    add_to_totals(connection, len(numbered), sum(row_bytes(row.payload) for _, _, row in numbered))


def sequences_by_day(numbered: Sequence[Numbered]) -> dict[tuple[int, str], list[int]]:
    """Return the sequences of the rows per stream id and UTC day."""
    sequences: dict[tuple[int, str], list[int]] = {}
    for stream_id, sequence, row in numbered:
        sequences.setdefault((stream_id, day_of(row.record.event_time_ms)), []).append(sequence)
    return sequences


def count_dropped(connection: sqlite3.Connection, gone: Mapping[tuple[int, str], int]) -> None:
    """Add to the ledger how many records were dropped per stream id and UTC day."""
    connection.executemany(
        "UPDATE ledger SET dropped = dropped + ? WHERE stream_id = ? AND day = ?",
        [(count, stream_id, day) for (stream_id, day), count in gone.items()],
    )


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
    removed = remove(connection, row_ids)
    return Counter((stream_id, day_of(event_time_ms)) for stream_id, event_time_ms in removed)


def remove(connection: sqlite3.Connection, row_ids: Iterable[int]) -> list[tuple[int, int]]:
    """Remove the rows that still exist; return stream id and event time of each, as they stood there."""
    text = json.dumps(list(row_ids))
    removed = connection.execute(_DELETE, (text,)).fetchall()
    connection.execute("DELETE FROM claims WHERE row_id IN (SELECT value FROM json_each(?))", (text,))
    add_to_totals(connection, -len(removed), -sum(size_bytes for _, _, size_bytes in removed))
    return [(stream_id, event_time_ms) for stream_id, event_time_ms, _ in removed]


def acknowledge(connection: sqlite3.Connection, row_ids: Iterable[int]) -> int:
    """Delete rows that reached the queue, count them, and return how many there were."""
    gone = delete(connection, row_ids)
    connection.executemany(
        "UPDATE ledger SET acknowledged = acknowledged + ? WHERE stream_id = ? AND day = ?",
        [(count, stream_id, day) for (stream_id, day), count in gone.items()],
    )
    return gone.total()
