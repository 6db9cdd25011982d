"""Moving records that were taken before time sync to the time they really happened."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contract.columns import ColumnType
from contract.lake import day_of
from contract.tables import CLOCK_RESTAMPED, CLOCK_UNSYNCED, GAPS, TABLES
from edge_components.runtime.spool import store
from edge_components.runtime.spool.epochs import Epoch
from edge_components.runtime.spool.newer import KNOWN, unknown_shapes
from edge_components.runtime.spool.rows import Shape, checksum, parse_shape

_UNSYNCED = f"""
    SELECT row_id, stream_id, sequence, shape, payload, event_time_ms
    FROM records JOIN streams USING (stream_id) JOIN shapes USING (shape_id)
    WHERE clock_quality = :unsynced AND epoch_id = :epoch_id AND row_id > :after AND row_id NOT IN claims
        AND {KNOWN}
    ORDER BY row_id LIMIT :limit"""  # noqa: S608 - text of ours
_RESTAMP = """
    UPDATE records SET event_time_ms = ?, clock_quality = ?, payload = ?, checksum = ? WHERE row_id = ?"""
_SHIFT_NOTED = """
    UPDATE drops SET start_ms = start_ms + ?, end_ms = end_ms + ?, clock_quality = ?
    WHERE epoch = ? AND clock_quality = ?"""
ROWS_A_TURN = 5_000


@dataclass(frozen=True)
class Turn:
    """How far one transaction came: the last row id it saw (None when none was left), and rows moved."""

    last_row_id: int | None
    moved: int


def shift_unsynced(
    connection: sqlite3.Connection, epoch: Epoch, shift_ms: int, after_row_id: int, maximum_rows: int
) -> Turn:
    """Move waiting unsynced records of the epoch beyond a row id by `shift_ms`, `maximum_rows` at most.

    Event time and the time columns of the records move, the quality becomes ``restamped`` and the ledger's
    days follow; so do drops that are noted and not yet declared. Rows a publisher may have sent already stay
    as they were sent, and so do a gap that tells of an earlier boot, whose clock was another, and rows of
    columns that only a newer release knows: they may be times.
    """
    shift = (shift_ms, shift_ms, CLOCK_RESTAMPED, epoch.epoch, CLOCK_UNSYNCED)
    connection.execute(_SHIFT_NOTED, shift)
    turn = {
        "unsynced": CLOCK_UNSYNCED,
        "epoch_id": epoch.epoch_id,
        "after": after_row_id,
        "limit": maximum_rows,
        "unknown_shapes": unknown_shapes(connection),
    }
    rows = connection.execute(_UNSYNCED, turn).fetchall()
    grown = [_shift_row(connection, epoch, row, shift_ms) for row in rows]
    moved = [grown_bytes for grown_bytes in grown if grown_bytes is not None]
    store.add_to_totals(connection, 0, sum(moved))
    return Turn(rows[-1][0] if rows else None, len(moved))


def _shift_row(
    connection: sqlite3.Connection, epoch: Epoch, row: tuple[Any, ...], shift_ms: int
) -> int | None:
    """Move one row; return by how many bytes it grew, or None when it was left as it is."""
    row_id, stream_id, sequence, shape_text, payload, event_time_ms = row
    shape = parse_shape(shape_text)
    if _tells_of_another_epoch(shape, payload, epoch):
        return None
    moved_ms = event_time_ms + shift_ms
    moved_payload = _shift_payload(shape, payload, shift_ms)
    own_sum = checksum(epoch.epoch, shape_text, sequence, moved_ms, CLOCK_RESTAMPED, moved_payload)
    connection.execute(_RESTAMP, (moved_ms, CLOCK_RESTAMPED, moved_payload, own_sum, row_id))
    _move_day(connection, stream_id, sequence, day_of(event_time_ms), day_of(moved_ms))
    return len(moved_payload) - len(payload)


def _tells_of_another_epoch(shape: Shape, payload: bytes, epoch: Epoch) -> bool:
    if shape.table != GAPS.name:
        return False
    told = dict(zip(shape.names, json.loads(payload), strict=True))["gap_epoch"]
    return told not in (None, epoch.epoch)


def _shift_payload(shape: Shape, payload: bytes, shift_ms: int) -> bytes:
    positions = _timestamp_positions(shape.table, shape.names)
    if not positions:
        return payload
    values = json.loads(payload)
    for position in positions:
        if values[position] is not None:
            values[position] += shift_ms
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _timestamp_positions(table: str, names: Sequence[str]) -> list[int]:
    timestamps = {column.name for column in TABLES[table].own_columns if column.type is ColumnType.TIMESTAMP}
    return [position for position, name in enumerate(names) if name in timestamps]


def _move_day(
    connection: sqlite3.Connection, stream_id: int, sequence: int, old_day: str, new_day: str
) -> None:
    if old_day == new_day:
        return
    connection.execute(
        "UPDATE ledger SET made = made - 1 WHERE stream_id = ? AND day = ?", (stream_id, old_day)
    )
    store.count_made(connection, stream_id, new_day, [sequence])
