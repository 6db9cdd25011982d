"""Moving records that were taken before time sync to the time they really happened."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from contract.columns import ColumnType
from contract.lake import day_of
from contract.tables import CLOCK_RESTAMPED, CLOCK_UNSYNCED, TABLES
from edge_components.runtime.spool import store
from edge_components.runtime.spool.rows import Shape, parse_shape

_UNSYNCED = """
    SELECT row_id, stream_id, sequence, shape, payload, event_time_ms
    FROM records JOIN streams USING (stream_id) JOIN shapes USING (shape_id)
    WHERE clock_quality = ? AND epoch_id = ? AND row_id NOT IN claims
    ORDER BY row_id LIMIT ?"""
_ROWS_A_TURN = 5_000


def shift_unsynced(connection: sqlite3.Connection, epoch_id: int, shift_ms: int) -> int:
    """Move waiting unsynced records of the epoch by `shift_ms`; return how many of one turn there were.

    Event time and the time columns of the records move, the quality becomes ``restamped`` and the ledger's
    days follow. Rows a publisher may have sent already stay as they were sent.
    """
    rows = connection.execute(_UNSYNCED, (CLOCK_UNSYNCED, epoch_id, _ROWS_A_TURN)).fetchall()
    grown_bytes = 0
    for row_id, stream_id, sequence, shape_text, payload, event_time_ms in rows:
        moved_ms = event_time_ms + shift_ms
        moved_payload = _shift_payload(parse_shape(shape_text), payload, shift_ms)
        grown_bytes += len(moved_payload) - len(payload)
        connection.execute(
            "UPDATE records SET event_time_ms = ?, clock_quality = ?, payload = ? WHERE row_id = ?",
            (moved_ms, CLOCK_RESTAMPED, moved_payload, row_id),
        )
        _move_day(connection, stream_id, sequence, day_of(event_time_ms), day_of(moved_ms))
    store.add_to_totals(connection, 0, grown_bytes)
    return len(rows)


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
