"""The spool: records wait here, on disk, until the queue has accepted them."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

from contract.errors import DiskFullError
from contract.identity import check_identifier
from contract.records import Record, StoredRecord
from contract.tables import CLOCK_SYNCED
from edge_components.runtime.boot import read_boot_id
from edge_components.runtime.clock import DeviceClock
from edge_components.runtime.spool import store
from edge_components.runtime.spool.claims import NO_EPOCH_HELD, claim, release
from edge_components.runtime.spool.damage import Found, SetAside, find_damage, prune, rescue
from edge_components.runtime.spool.drops import make_room
from edge_components.runtime.spool.epochs import Epoch, enter_epoch, unsynced_offset_ms
from edge_components.runtime.spool.errors import SpoolError
from edge_components.runtime.spool.files import open_files, opening
from edge_components.runtime.spool.gap_records import take_gaps
from edge_components.runtime.spool.ledger import SpoolCounts, read_counts, settle, take_ledger_records
from edge_components.runtime.spool.losses import drop_damaged, note_rewind
from edge_components.runtime.spool.newer import held_records
from edge_components.runtime.spool.properties import DEFAULT_MAXIMUM_BYTES, bound, check_device, set_bound
from edge_components.runtime.spool.refusals import note_refused
from edge_components.runtime.spool.reserve import Reserve
from edge_components.runtime.spool.restamp import ROWS_A_TURN, Turn, shift_unsynced
from edge_components.runtime.spool.rows import PreparedRow, SpooledRow, prepare
from edge_components.runtime.spool.writing import Writer

__all__ = ["DEFAULT_MAXIMUM_BYTES", "MINIMUM_MAXIMUM_BYTES", "Spool"]

MINIMUM_MAXIMUM_BYTES = 64 * 1024

logger = logging.getLogger(__name__)


class Spool:
    """Stores records durably, numbers them, and hands them to one publisher.

    Several processes (and threads) may append and one may read; all open the same `path`. The epoch is
    continued when a process restarts within a boot, and minted anew after a boot, for a new or copied file
    and for one that was put back from a backup. `maximum_bytes` bounds what waits (payloads and row headers);
    it is kept in the file, and None takes the file's. Raises `SpoolError` when the file cannot be used and
    `DiskFullError` when there is no room. An open spool must not be carried over a fork.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        device: str,
        maximum_bytes: int | None = None,
        clock: DeviceClock | None = None,
        boot_id: str | None = None,
    ) -> None:
        check_identifier("device", device)
        if maximum_bytes is not None and maximum_bytes < MINIMUM_MAXIMUM_BYTES:
            raise SpoolError(f"maximum_bytes is {maximum_bytes}: expected at least {MINIMUM_MAXIMUM_BYTES}")
        self.path = Path(path)
        self.device = device
        self.clock = clock or DeviceClock()
        boot = read_boot_id() if boot_id is None else boot_id
        self._files = open_files(self.path, boot)
        self._database = self._files.database
        self._writer = Writer(self._files, Reserve(self.path))
        try:
            found = self._writer.drain(lambda connection: self._begin(connection, boot, maximum_bytes))
            self._set_aside = self._rescue(found)
        except BaseException:
            self._files.close()
            raise

    def _begin(self, connection: sqlite3.Connection, boot_id: str, maximum_bytes: int | None) -> list[Found]:
        check_device(connection, self.path, self.device)
        found = find_damage(connection, self.path, self.clock)
        set_bound(connection, maximum_bytes)
        self._epoch = self._enter(connection, boot_id, damaged=bool(found))
        return found

    @property
    def epoch(self) -> str:
        """The epoch this instance numbers its records under."""
        return self._epoch.epoch

    @property
    def set_aside(self) -> tuple[SetAside, ...]:
        """The damaged files that this opening declared, the one it replaced among them."""
        return self._set_aside

    def _rescue(self, found: Sequence[Found]) -> tuple[SetAside, ...]:
        """Take over what damaged files still hold; one opening at a time."""
        if not found:
            return ()
        with opening(self.path):
            done = [rescue(self._writer.bounded, one, self.clock) for one in found]
            with self._database.transaction() as connection:
                prune(connection, self.path, bound(connection))
        return tuple(one for one in done if one is not None)

    def append(self, records: Sequence[Record]) -> list[StoredRecord]:
        """Store `records` in one transaction and return them numbered, once they are safe on disk.

        When the spool is full, the lowest priority is dropped and declared; these records may be among it.
        Raises `RecordError` for a record that does not fit its table, before anything is stored, and
        `DiskFullError` when there is no room: then nothing is stored, and the records are declared dropped.
        """
        prepared = [prepare(record) for record in records]
        if not prepared:
            return []
        try:
            with self._writer.numbering() as connection:
                return self._insert(connection, prepared)
        except DiskFullError:
            self._declare_refused(prepared)
            raise

    def _declare_refused(self, rows: Sequence[PreparedRow]) -> None:
        try:
            self._writer.drain(lambda connection: note_refused(connection, self._epoch, rows))
        except (SpoolError, DiskFullError) as error:
            extra = {"records": len(rows), "error": str(error)}
            logger.error("refused records not declared", extra=extra)  # noqa: TRY400 - its text says all

    def read(self, *, maximum_rows: int, hold_unsynced: bool = False) -> list[SpooledRow]:
        """Return what to send next and remember that it may have been sent.

        First the rows of earlier reads that were never acknowledged; of the room left the newest half, then
        the most precious and oldest. Rows returned here are not dropped until they are acknowledged. With
        `hold_unsynced`, this boot's unsynced rows stay until they are restamped. A row whose bytes were
        damaged is dropped and declared.
        """
        if maximum_rows < 1:
            raise SpoolError(f"maximum_rows is {maximum_rows}: expected at least 1")
        held_epoch_id = self._epoch.epoch_id if hold_unsynced else NO_EPOCH_HELD
        return self._writer.drain(lambda connection: self._claim(connection, maximum_rows, held_epoch_id))

    def _claim(
        self, connection: sqlite3.Connection, maximum_rows: int, held_epoch_id: int
    ) -> list[SpooledRow]:
        self._declare_gaps(connection)
        claimed = claim(connection, maximum_rows, held_epoch_id=held_epoch_id)
        if claimed.damaged:
            quality = self.clock.quality
            drop_damaged(connection, claimed.damaged, now_ms=self.clock.now_ms(), clock_quality=quality)
        return claimed.rows

    def acknowledge(self, row_ids: Iterable[int]) -> int:
        """Remove rows that the queue accepted; return how many of them were still here."""
        chosen = list(row_ids)
        return self._writer.drain(lambda connection: store.acknowledge(connection, chosen))

    def release(self, row_ids: Iterable[int]) -> int:
        """Take back that rows of a read may have been sent; return how many were marked so.

        For rows of which it is certain that they are not in the queue: they may be restamped and dropped.
        """
        chosen = list(row_ids)
        return self._writer.drain(lambda connection: release(connection, chosen)) if chosen else 0

    def held(self) -> dict[str, int]:
        """Return how many records wait for a newer release, by the table or ``table.column`` it must know."""
        with self._database.snapshot() as connection:
            return held_records(connection)

    def counts(self) -> SpoolCounts:
        """Return what was made, acknowledged and dropped and what waits, at one instant."""
        with self._database.snapshot() as connection:
            return read_counts(connection)

    def waiting(self) -> tuple[int, int]:
        """Return how many records wait and the bytes they count, without a scan."""
        with self._database.snapshot() as connection:
            return store.waiting(connection)

    @property
    def maximum_bytes(self) -> int:
        """The bound on what waits, as the file has it."""
        with self._database.snapshot() as connection:
            return bound(connection)

    def write_ledger(self) -> list[StoredRecord]:
        """Append a `stream_ledger` record for each epoch, stream and UTC day that changed since the last."""
        with self._writer.numbering() as connection:
            self._declare_gaps(connection)
            settle(connection)
            records = take_ledger_records(
                connection, now_ms=self.clock.now_ms(), clock_quality=self.clock.quality
            )
            return self._insert(connection, [prepare(record) for record in records])

    def restamp(self) -> int:
        """Move this boot's waiting unsynced records to synced time; return how many were moved.

        Does nothing while the clock is unsynced. Rows that were read and not yet acknowledged stay as they
        are, for they may have been sent.
        """
        if self.clock.quality != CLOCK_SYNCED:
            return 0
        moved, after_row_id = 0, 0
        while (turn := self._restamp_some(after_row_id)).last_row_id is not None:
            moved, after_row_id = moved + turn.moved, turn.last_row_id
        return moved

    def restamp_within_reserve(self, maximum_rows: int) -> int:
        """Move at most so many, the oldest, on a full disk too: then in the room that is kept back.

        Moved rows are larger than they were. Moving all at once could use up what sending them takes.
        """
        if self.clock.quality != CLOCK_SYNCED:
            return 0
        return self._writer.drain(lambda connection: self._shift(connection, 0, maximum_rows)).moved

    def _restamp_some(self, after_row_id: int) -> Turn:
        with self._database.transaction() as connection:
            return self._shift(connection, after_row_id, ROWS_A_TURN)

    def _shift(self, connection: sqlite3.Connection, after_row_id: int, maximum_rows: int) -> Turn:
        offset_ms = unsynced_offset_ms(connection, self._epoch)
        if offset_ms is None:
            return Turn(None, 0)
        shift_ms = self.clock.offset_ms - offset_ms
        return shift_unsynced(connection, self._epoch, shift_ms, after_row_id, maximum_rows)

    def close(self) -> None:
        """Close the file; everything stored stays. The instance cannot be used afterwards."""
        self._files.close()

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _enter(self, connection: sqlite3.Connection, boot_id: str, *, damaged: bool) -> Epoch:
        mark = self._files.mark.read()
        rewound = mark is not None and mark > store.last_row_id(connection)
        if mark is not None and rewound:
            store.skip_row_ids(connection, mark)
            if not damaged:
                note_rewind(connection, now_ms=self.clock.now_ms(), clock_quality=self.clock.quality)
        may_continue = mark is not None and not rewound
        return enter_epoch(
            connection, boot_id, self._files.file_number, self.clock, may_continue=may_continue
        )

    def _insert(self, connection: sqlite3.Connection, rows: Sequence[PreparedRow]) -> list[StoredRecord]:
        stored = store.insert(connection, self._epoch.epoch_id, self._epoch.epoch, rows) if rows else []
        make_room(connection, bound(connection))
        return stored

    def _declare_gaps(self, connection: sqlite3.Connection) -> None:
        gaps = take_gaps(connection)
        if gaps:
            self._insert(connection, [prepare(gap) for gap in gaps])
