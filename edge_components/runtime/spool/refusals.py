"""Records that a full disk refused: numbered and declared as dropped, though they never were in the file.

Their numbers are taken and their counts raised as if they had been stored and dropped at once, so that made
stays what arrived, what waits and what is declared. It takes a few pages, which the reserve has.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from edge_components.runtime.spool import store
from edge_components.runtime.spool.drops import Victim, note_ranges
from edge_components.runtime.spool.epochs import Epoch
from edge_components.runtime.spool.rows import PreparedRow

REASON_DISK_FULL = "disk_full"


def note_refused(connection: sqlite3.Connection, epoch: Epoch, rows: Sequence[PreparedRow]) -> None:
    """Number `rows`, count them as made and as dropped, and note the ranges for the next `gaps` records."""
    numbered = store.allot(connection, epoch.epoch_id, rows)
    days = store.sequences_by_day(numbered)
    for (stream_id, day), sequences in days.items():
        store.count_made(connection, stream_id, day, sequences)
    store.count_dropped(connection, {key: len(sequences) for key, sequences in days.items()})
    refused = [
        Victim(
            row_id=0,
            stream_id=stream_id,
            epoch=epoch.epoch,
            stream=row.stream,
            shape=row.shape,
            clock_quality=row.record.clock_quality,
            sequence=sequence,
            event_time_ms=row.record.event_time_ms,
            size_bytes=0,
        )
        for stream_id, sequence, row in numbered
    ]
    note_ranges(connection, refused, REASON_DISK_FULL)
