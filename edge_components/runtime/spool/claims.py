"""Which rows a publisher gets next; what it got is marked, for it may be in the queue already.

First what was claimed before and never acknowledged: it must not be dropped, and must be sent again. Then, of
the room left, the newest half, so that after an outage the live picture comes back at once; then the most
precious and, among equals, the oldest.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contract.tables import CLOCK_UNSYNCED
from edge_components.runtime.spool.rows import SpooledRow, checksum, decode_row, parse_shape

NO_EPOCH_HELD = -1
_FREE = (
    "row_id NOT IN claims AND NOT (clock_quality = :unsynced "
    "AND stream_id IN (SELECT stream_id FROM streams WHERE epoch_id = :held_epoch_id))"
)
_AGAIN = "SELECT row_id FROM claims ORDER BY row_id LIMIT :limit"
_NEWEST = f"SELECT row_id FROM records WHERE {_FREE} ORDER BY row_id DESC LIMIT :limit"  # noqa: S608 - text of ours
_OLDEST = f"""
    SELECT row_id FROM records WHERE priority = :priority AND {_FREE}
    ORDER BY row_id LIMIT :limit"""  # noqa: S608 - text of ours
_FETCH = """
    SELECT row_id, shape, payload, event_time_ms, clock_quality, epoch, sequence, checksum
    FROM records JOIN shapes USING (shape_id) JOIN streams USING (stream_id) JOIN epochs USING (epoch_id)
    WHERE row_id IN (SELECT value FROM json_each(?))"""


@dataclass(frozen=True)
class Claimed:
    """Rows to send, in the order to send them, and the ids of rows whose bytes were damaged."""

    rows: list[SpooledRow]
    damaged: list[int]


def claim(
    connection: sqlite3.Connection, maximum_rows: int, *, held_epoch_id: int = NO_EPOCH_HELD
) -> Claimed:
    """Choose the rows to send next and mark them; unsynced rows of the held epoch stay unmarked."""
    chosen = _ids(connection, _AGAIN, limit=maximum_rows)
    room = maximum_rows - len(chosen)
    newest = _ids(connection, _NEWEST, limit=(room + 1) // 2, held_epoch_id=held_epoch_id)
    _mark(connection, newest)
    chosen += reversed(newest)
    priority = -1
    while len(chosen) < maximum_rows:
        priority = _next_priority(connection, priority)
        if priority < 0:
            break
        limit = maximum_rows - len(chosen)
        oldest = _ids(connection, _OLDEST, priority=priority, limit=limit, held_epoch_id=held_epoch_id)
        _mark(connection, oldest)
        chosen += oldest
    return _fetch(connection, chosen)


def _next_priority(connection: sqlite3.Connection, after: int) -> int:
    found = connection.execute("SELECT min(priority) FROM records WHERE priority > ?", (after,)).fetchone()[0]
    return -1 if found is None else int(found)


def _ids(connection: sqlite3.Connection, query: str, **values: int) -> list[int]:
    named = {"unsynced": CLOCK_UNSYNCED, **values}
    return [row_id for (row_id,) in connection.execute(query, named)]


def _mark(connection: sqlite3.Connection, row_ids: Sequence[int]) -> None:
    connection.executemany("INSERT INTO claims (row_id) VALUES (?)", [(row_id,) for row_id in row_ids])


def _fetch(connection: sqlite3.Connection, row_ids: Sequence[int]) -> Claimed:
    found: dict[int, SpooledRow] = {}
    damaged: list[int] = []
    for row in connection.execute(_FETCH, (json.dumps(row_ids),)):
        sound = _read(*row)
        if sound is None:
            damaged.append(row[0])
        else:
            found[sound.row_id] = sound
    return Claimed([found[row_id] for row_id in row_ids if row_id in found], damaged)


def _read(row_id: int, shape: Any, payload: Any, *rest: Any) -> SpooledRow | None:
    """Return the row, or None when its bytes are not those that were stored."""
    event_time_ms, quality, epoch, sequence, own_sum = rest
    try:
        # Rows of version 1 of the file have no checksum.
        summed = checksum(epoch, shape, sequence, event_time_ms, quality, payload)
        if own_sum is not None and own_sum != summed:
            return None
        stored = decode_row(
            parse_shape(shape),
            payload,
            event_time_ms=event_time_ms,
            clock_quality=quality,
            epoch=epoch,
            sequence=sequence,
        )
    except (ValueError, TypeError):
        return None
    return SpooledRow(row_id, stored)
