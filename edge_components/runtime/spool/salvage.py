"""What a damaged spool file can still tell about the records it held."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class LostCount:
    """One ledger row of a damaged file: what an epoch and stream made on a UTC day and what of it waited."""

    epoch: str
    stream: str
    day: str
    made: int
    acknowledged: int
    dropped: int
    first_sequence: int
    last_sequence: int

    @property
    def lost(self) -> int:
        """Records that still waited in the file."""
        return self.made - self.acknowledged - self.dropped


def read_lost_counts(path: Path) -> list[LostCount]:
    """Return the ledger of the damaged file at `path`, or an empty list where it cannot be read."""
    try:
        connection = sqlite3.connect(path, timeout=1.0)
    except sqlite3.Error:
        return []
    try:
        rows = connection.execute(
            "SELECT epoch, stream, day, made, acknowledged, dropped, first_sequence, ledger.last_sequence "
            "FROM ledger JOIN streams USING (stream_id) JOIN epochs USING (epoch_id) "
            "ORDER BY epoch_id, stream_id, day"
        ).fetchall()
        return [LostCount(*row) for row in rows]
    except (sqlite3.Error, UnicodeDecodeError):
        return []
    finally:
        connection.close()
