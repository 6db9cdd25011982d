"""The rows of one read on their way into messages, and which of them cannot be in the queue so far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from contract.records import StoredRecord
from contract.tables import CLOCK_UNSYNCED
from edge_components.runtime.spool import SpooledRow


class Turn:
    """Finds the row of a record again, for packing regroups records by stream."""

    def __init__(self, rows: Sequence[SpooledRow]) -> None:
        self.records = [row.stored for row in rows]
        self.failed = False
        self._row_ids = {_identity(row.stored): row.row_id for row in rows}
        self._unsent = {row.row_id for row in rows if not row.again and _is_unsynced(row.stored)}

    def row_ids(self, records: Iterable[StoredRecord]) -> list[int]:
        """Return the row ids of `records`."""
        return [self._row_ids[_identity(record)] for record in records]

    def may_be_taken(self, records: Iterable[StoredRecord]) -> None:
        """Note that the queue may have `records`, now or at any later time."""
        if self._unsent:
            self._unsent.difference_update(self.row_ids(records))

    @property
    def unsent(self) -> list[int]:
        """Unsynced rows that were never in a message the queue may have: to be given back to the spool.

        Only these gain by it: once the time is known they can still be moved to it.
        """
        return sorted(self._unsent)


def _identity(stored: StoredRecord) -> tuple[str, str, int]:
    return stored.epoch, stored.stream, stored.sequence


def _is_unsynced(stored: StoredRecord) -> bool:
    return stored.record.clock_quality == CLOCK_UNSYNCED
