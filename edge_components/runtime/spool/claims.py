"""Which rows a publisher gets next; what it got is marked, for it may be in the queue already.

First what was claimed before and never acknowledged: it must not be dropped, and must be sent again. Then, of
the room left, the newest half, so that after an outage the live picture comes back at once; then the most
precious and, among equals, the oldest. Rows that only a newer release can read are left where they are.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from contract.records import StoredRecord
from contract.tables import CLOCK_UNSYNCED
from edge_components.runtime.spool.newer import KNOWN, unknown_shapes
from edge_components.runtime.spool.rows import SpooledRow, checksum, decode_row, parse_shape

NO_EPOCH_HELD = -1
_FREE = f"""row_id NOT IN claims AND {KNOWN} AND NOT (clock_quality = :unsynced
    AND stream_id IN (SELECT stream_id FROM streams WHERE epoch_id = :held_epoch_id))"""  # noqa: S608 - text of ours
_AGAIN = f"""
    SELECT row_id FROM claims JOIN records USING (row_id) WHERE {KNOWN}
    ORDER BY row_id LIMIT :limit"""  # noqa: S608 - text of ours
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
    unknown = unknown_shapes(connection)
    again = _ids(connection, _AGAIN, unknown, limit=maximum_rows)
    chosen = list(again)
    room = maximum_rows - len(chosen)
    newest = _ids(connection, _NEWEST, unknown, limit=(room + 1) // 2, held_epoch_id=held_epoch_id)
    _mark(connection, newest)
    chosen += reversed(newest)
    priority = -1
    while len(chosen) < maximum_rows:
        priority = _next_priority(connection, priority)
        if priority < 0:
            break
        limit = maximum_rows - len(chosen)
        values = {"priority": priority, "limit": limit, "held_epoch_id": held_epoch_id}
        oldest = _ids(connection, _OLDEST, unknown, **values)
        _mark(connection, oldest)
        chosen += oldest
    return _fetch(connection, chosen, frozenset(again))


def release(connection: sqlite3.Connection, row_ids: Iterable[int]) -> int:
    """Unmark rows that were read and cannot be in the queue; return how many there were."""
    query = "DELETE FROM claims WHERE row_id IN (SELECT value FROM json_each(?))"
    return connection.execute(query, (json.dumps(list(row_ids)),)).rowcount


def _next_priority(connection: sqlite3.Connection, after: int) -> int:
    found = connection.execute("SELECT min(priority) FROM records WHERE priority > ?", (after,)).fetchone()[0]
    return -1 if found is None else int(found)


def _ids(connection: sqlite3.Connection, query: str, unknown: str, **values: int) -> list[int]:
    named = {"unsynced": CLOCK_UNSYNCED, "unknown_shapes": unknown, **values}
    return [row_id for (row_id,) in connection.execute(query, named)]


def _mark(connection: sqlite3.Connection, row_ids: Sequence[int]) -> None:
    connection.executemany("INSERT INTO claims (row_id) VALUES (?)", [(row_id,) for row_id in row_ids])


def _fetch(connection: sqlite3.Connection, row_ids: Sequence[int], again: frozenset[int]) -> Claimed:
    found: dict[int, SpooledRow] = {}
    damaged: list[int] = []
    for row in connection.execute(_FETCH, (json.dumps(row_ids),)):
        sound = _read(*row[1:])
        if sound is None:
            damaged.append(row[0])
        else:
            found[row[0]] = SpooledRow(row[0], sound, again=row[0] in again)
    return Claimed([found[row_id] for row_id in row_ids if row_id in found], damaged)


def _read(shape: Any, payload: Any, *rest: Any) -> StoredRecord | None:
    """Return the record, or None when its bytes are not those that were stored."""
    event_time_ms, quality, epoch, sequence, own_sum = rest
    try:
        # Rows of version 1 of the file have no checksum.
        summed = checksum(epoch, shape, sequence, event_time_ms, quality, payload)
        if own_sum is not None and own_sum != summed:
            return None
        return decode_row(
            parse_shape(shape),
            payload,
            event_time_ms=event_time_ms,
            clock_quality=quality,
            epoch=epoch,
            sequence=sequence,
        )
    except (ValueError, TypeError):
        return None
