"""What is missing for another reason than a full spool: damage, and a file that was put back."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timezone

from contract.identity import DEVICE_STREAM_CAMERA
from contract.lake import day_of
from contract.records import TIMESTAMP_MAXIMUM_MILLISECONDS
from edge_components.runtime.spool import store
from edge_components.runtime.spool.gap_records import note
from edge_components.runtime.spool.salvage import LostCount

REASON_CORRUPT = "spool_corrupt"
REASON_REWOUND = "spool_rewound"
_DAY_MILLISECONDS = 86_400_000


def note_damage(
    connection: sqlite3.Connection,
    counts: Sequence[LostCount],
    *,
    complete: bool,
    now_ms: int,
    clock_quality: str,
) -> None:
    """Note what was lost with a damaged file: one range a stream, and a silence unless `complete`."""
    streams: dict[tuple[str, str], list[LostCount]] = {}
    for count in counts:
        if count.lost > 0:
            streams.setdefault((count.epoch, count.stream), []).append(count)
    for (epoch, stream), days in streams.items():
        known = (_camera_of(stream), None, None, clock_quality, REASON_CORRUPT, stream, epoch)
        sequences = (min(day.first_sequence for day in days), max(day.last_sequence for day in days))
        span = (_day_start_ms(min(day.day for day in days)), _day_end_ms(max(day.day for day in days)))
        note(connection, (*known, *sequences, sum(day.lost for day in days), *span))
    if not complete:
        _note_silence(connection, REASON_CORRUPT, now_ms, clock_quality)


def note_rewind(connection: sqlite3.Connection, *, now_ms: int, clock_quality: str) -> None:
    """Note that the file is an older one than was in use: what it lacks may be missing for good."""
    _note_silence(connection, REASON_REWOUND, now_ms, clock_quality)


def drop_damaged(
    connection: sqlite3.Connection, row_ids: Sequence[int], *, now_ms: int, clock_quality: str
) -> None:
    """Drop rows whose bytes were damaged in a file that is otherwise whole, and note each.

    Of such a row only its stream and number are believed, and of its time the ledger's day.
    """
    for row_id in row_ids:
        stream_id, sequence, event_time_ms, epoch, stream = connection.execute(
            "SELECT stream_id, sequence, event_time_ms, epoch, stream FROM records "
            "JOIN streams USING (stream_id) JOIN epochs USING (epoch_id) WHERE row_id = ?",
            (row_id,),
        ).fetchone()
        store.remove(connection, [row_id])
        day = _day_in_ledger(connection, stream_id, sequence, event_time_ms)
        connection.execute(
            "UPDATE ledger SET dropped = dropped + 1 WHERE stream_id = ? AND day = ?", (stream_id, day)
        )
        span = (now_ms, now_ms) if day is None else (_day_start_ms(day), _day_end_ms(day))
        known = (_camera_of(stream), None, None, clock_quality, REASON_CORRUPT, stream, epoch)
        note(connection, (*known, sequence, sequence, 1, *span))


def _day_in_ledger(
    connection: sqlite3.Connection, stream_id: int, sequence: int, event_time_ms: object
) -> str | None:
    """Return the day the ledger counts the row under; the row's own time may be what was damaged."""
    plausible = isinstance(event_time_ms, int) and 0 <= event_time_ms <= TIMESTAMP_MAXIMUM_MILLISECONDS
    told = day_of(event_time_ms) if plausible and isinstance(event_time_ms, int) else ""
    row = connection.execute(
        "SELECT day FROM ledger WHERE stream_id = ? AND made > acknowledged + dropped "
        "ORDER BY day = ? DESC, ? BETWEEN first_sequence AND last_sequence DESC, day LIMIT 1",
        (stream_id, told, sequence),
    ).fetchone()
    return None if row is None else str(row[0])


def _note_silence(connection: sqlite3.Connection, reason: str, now_ms: int, clock_quality: str) -> None:
    unknown = (None, None, None, clock_quality, reason, None, None, None, None, 0)
    note(connection, (*unknown, now_ms, now_ms))


def _camera_of(stream: str) -> str | None:
    camera = stream.split("/", maxsplit=1)[0]
    return None if camera == DEVICE_STREAM_CAMERA else camera


def _day_start_ms(day: str) -> int:
    return int(datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=timezone.utc).timestamp()) * 1000


def _day_end_ms(day: str) -> int:
    return _day_start_ms(day) + _DAY_MILLISECONDS - 1
