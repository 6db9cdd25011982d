"""The spool: records wait here, on disk, until the queue has accepted them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from contract.errors import DiskFullError
from contract.identity import check_identifier
from contract.records import Record, StoredRecord
from contract.tables import CLOCK_SYNCED
from edge_components.runtime.boot import read_boot_id
from edge_components.runtime.clock import DeviceClock
from edge_components.runtime.spool import store
from edge_components.runtime.spool.claims import NO_EPOCH_HELD, claim
from edge_components.runtime.spool.damage import Found, SetAside, find_damage, prune, rescue
from edge_components.runtime.spool.drops import make_room
from edge_components.runtime.spool.epochs import Epoch, enter_epoch, unsynced_offset_ms
from edge_components.runtime.spool.errors import SpoolError
from edge_components.runtime.spool.files import open_files, opening
from edge_components.runtime.spool.gap_records import take_gaps
from edge_components.runtime.spool.ledger import SpoolCounts, read_counts, settle, take_ledger_records
from edge_components.runtime.spool.losses import drop_damaged, note_rewind
from edge_components.runtime.spool.reserve import Reserve
from edge_components.runtime.spool.restamp import Turn, shift_unsynced
from edge_components.runtime.spool.rows import PreparedRow, SpooledRow, prepare

T = TypeVar("T")

DEFAULT_MAXIMUM_BYTES = 2 * 1024**3
"""Holds seven days of at least one very busy camera: the package's docstring does the arithmetic."""
MINIMUM_MAXIMUM_BYTES = 64 * 1024


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
        self._reserve = Reserve(self.path)
        self._reserve.take()
        try:
            with self._numbering() as connection:
                self._check_device(connection)
                found = find_damage(connection, self.path, self.clock)
                self._set_bound(connection, maximum_bytes)
                self._epoch = self._enter(connection, boot, damaged=bool(found))
            self._set_aside = self._rescue(found)
        except BaseException:
            self._files.close()
            raise

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
            done = [rescue(self._bounded, one, self.clock) for one in found]
            with self._database.transaction() as connection:
                prune(connection, self.path, self._bound(connection))
        return tuple(one for one in done if one is not None)

    def append(self, records: Sequence[Record]) -> list[StoredRecord]:
        """Store `records` in one transaction and return them numbered, once they are safe on disk.

        When the spool is full, the lowest priority is dropped and declared; these records may be among it.
        Raises `RecordError` for a record that does not fit its table, before anything is stored, and
        `DiskFullError` when there is no room, with nothing stored.
        """
        prepared = [prepare(record) for record in records]
        if not prepared:
            return []
        with self._numbering() as connection:
            return self._insert(connection, prepared)

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
        return self._drain(lambda connection: self._claim(connection, maximum_rows, held_epoch_id))

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
        return self._drain(lambda connection: store.acknowledge(connection, chosen))

    def _drain(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do what a publisher needs, on a full disk too: then the reserve is given up for it."""
        try:
            with self._numbering() as connection:
                done = work(connection)
        except DiskFullError:
            if not self._reserve.give_up():
                raise
            with self._numbering() as connection:
                return work(connection)
        self._reserve.take()
        return done

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
            return self._bound(connection)

    def write_ledger(self) -> list[StoredRecord]:
        """Append a `stream_ledger` record for each epoch, stream and UTC day that changed since the last."""
        with self._numbering() as connection:
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

    def _restamp_some(self, after_row_id: int) -> Turn:
        with self._database.transaction() as connection:
            offset_ms = unsynced_offset_ms(connection, self._epoch)
            if offset_ms is None:
                return Turn(None, 0)
            shift_ms = self.clock.offset_ms - offset_ms
            return shift_unsynced(connection, self._epoch, shift_ms, after_row_id)

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

    @contextmanager
    def _numbering(self) -> Iterator[sqlite3.Connection]:
        """Hold a transaction that may number records; none is told to anybody before the mark covers it."""
        with self._database.transaction() as connection:
            yield connection
            last_row_id = store.last_row_id(connection)
        self._files.mark.raise_to(last_row_id)

    @contextmanager
    def _bounded(self) -> Iterator[sqlite3.Connection]:
        """Hold a transaction that may number records and leaves no more than the bound waiting."""
        with self._numbering() as connection:
            yield connection
            make_room(connection, self._bound(connection))

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
        make_room(connection, self._bound(connection))
        return stored

    def _declare_gaps(self, connection: sqlite3.Connection) -> None:
        gaps = take_gaps(connection)
        if gaps:
            self._insert(connection, [prepare(gap) for gap in gaps])

    def _check_device(self, connection: sqlite3.Connection) -> None:
        connection.execute(
            "INSERT INTO properties (name, value) VALUES ('device', ?) ON CONFLICT (name) DO NOTHING",
            (self.device,),
        )
        owner = connection.execute("SELECT value FROM properties WHERE name = 'device'").fetchone()[0]
        if owner != self.device:
            raise SpoolError(
                f"spool {self.path} belongs to device {owner!r}: expected it to be opened as that, "
                f"not as {self.device!r}; give another spool path"
            )

    def _set_bound(self, connection: sqlite3.Connection, maximum_bytes: int | None) -> None:
        """Keep the bound in the file: a publisher that does not know it must not drop by another."""
        connection.execute(
            "INSERT INTO properties (name, value) VALUES ('maximum_bytes', ?) ON CONFLICT (name) DO UPDATE "
            "SET value = coalesce(?, value)",
            (str(maximum_bytes or DEFAULT_MAXIMUM_BYTES), maximum_bytes and str(maximum_bytes)),
        )

    @staticmethod
    def _bound(connection: sqlite3.Connection) -> int:
        row = connection.execute("SELECT value FROM properties WHERE name = 'maximum_bytes'").fetchone()
        return int(row[0])
