"""A lake in memory, written as `lake_writer` writes it, and what its devices did on a day."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import IO, Any

import pyarrow as pa
import pytest

from contract.envelope import decode_message, pack_messages
from contract.lake import CompactedObject, covers_key, day_of_folder, parse_raw_key
from contract.records import StoredRecord
from contract.tables import TABLES
from lambdas.lake_writer.columns import build_tables
from lambdas.lake_writer.objects import raw_objects
from lambdas.reconciler.account import Counts
from lambdas.reconciler.reconciler import DayFound, Reconciler, ReconcilerRules
from lambdas.reconciler.store import Listed
from lambdas.shared.lake_parquet import decode_parquet, encode_parquet
from lambdas.shared.lake_store import LakeObjectMissingError

NOON = datetime(2025, 11, 21, 12, tzinfo=UTC)
DAY = "2025-11-21"
LONG_AGO = 600.0
"""Minutes: far beyond every grace."""
_NOON_MS = round(NOON.timestamp() * 1000)


@dataclass
class World:
    """Records reach the lake `age` minutes before noon."""

    make: Callable[..., list[StoredRecord]]
    device: str = "edge-1"
    now: datetime = NOON
    bucket: str = "lake"
    objects: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)
    loaded: dict[str, str] = field(default_factory=dict)
    rows_in: dict[tuple[str, str], int] = field(default_factory=dict)
    ledger_sequence: int = 0

    def clock(self) -> datetime:
        return self.now

    def put(
        self, records: Sequence[StoredRecord], age: float = LONG_AGO, *, load: bool = True, name: str = ""
    ) -> list[str]:
        """Store records in an object for each day; return the keys."""
        messages = [decode_message(packed.body) for packed in pack_messages("s", self.device, records)]
        digests = [hashlib.sha256(f"{name}{records}".encode()).hexdigest()] * len(messages)
        keys = []
        for rows in build_tables(messages):
            for upload in raw_objects(rows, digests):
                self.store(upload.key, upload.body, age)
                keys.append(upload.key)
                if load:
                    self.loaded[upload.key] = etag_of(upload.body)
                    place = (rows.table.name, upload.key.split("day=")[1][:10])
                    self.rows_in[place] = self.rows_in.get(place, 0) + upload.rows
        return keys

    def store(self, key: str, body: bytes, age: float = LONG_AGO) -> None:
        self.objects[key] = (body, self.now - timedelta(minutes=age))

    def counts(self, first: int, last: int, **options: Any) -> list[StoredRecord]:
        """Zone counts `first` to `last`."""
        return self.make(count=last - first + 1, first_sequence=first, **options) if last >= first else []

    def tell(
        self,
        made: int,
        *,
        dropped: int = 0,
        first: int = 1,
        last: int | None = None,
        age: float = LONG_AGO,
        day: str = DAY,
        epoch: str = "0123456789ab",
        written_by: str | None = None,
        hole: bool = False,
    ) -> None:
        """Put a ledger row about zone_counts into the lake."""
        self.ledger_sequence += 2 if hole else 1
        row = self.make(
            "stream_ledger",
            count=1,
            camera=None,
            epoch=written_by or epoch,
            first_sequence=self.ledger_sequence,
            start_ms=_NOON_MS + self.ledger_sequence,
            ledger_stream="plaza-1/zone_counts",
            ledger_epoch=epoch,
            ledger_day=day,
            made=made,
            dropped=dropped,
            last_sequence=last or first + made - 1,
        )
        fixed = [_with(stored, first_sequence=first) for stored in row]
        self.put(fixed, age)

    def gap(self, first: int, last: int) -> None:
        """Declare zone counts dropped."""
        row = self.make(
            "gaps",
            count=1,
            camera=None,
            epoch="0123456789ab",
            first_sequence=first + 1_000,
            gap_stream="plaza-1/zone_counts",
            gap_epoch="0123456789ab",
            last_sequence=last,
            records=last - first + 1,
        )
        self.put([_with(stored, first_sequence=first) for stored in row])

    def compact(self, keys: Sequence[str], *, age: float = 30.0, keep_raw: bool = False) -> None:
        """Fold raw objects of one table and day into a compacted one, with its cover."""
        table, day, _ = parse_raw_key(keys[0])
        rows = [decode_parquet(self.objects[key][0], TABLES[table], key) for key in keys]
        body = encode_parquet(pa.concat_tables(rows), TABLES[table])
        key = CompactedObject(table, day, 0, 1, sum(map(len, rows)), hashlib.sha1(body).hexdigest()).key  # noqa: S324
        inputs = [[one, etag_of(self.objects[one][0]), 1] for one in keys]
        cover = {
            "cover": 1,
            "table": table,
            "day": day,
            "inputs": inputs,
            "outputs": [[key, etag_of(body), 1]],
        }
        self.store(key, body, age)
        self.store(covers_key(table, day, "c" * 40), json.dumps(cover).encode(), age)
        if not keep_raw:
            for one in keys:
                del self.objects[one]

    def days(self, prefix: str) -> list[str]:
        found = (key[: key.index("/", len(prefix)) + 1] for key in self.objects if key.startswith(prefix))
        return sorted({day for folder in found if (day := day_of_folder(folder))})

    def listing(self, prefix: str) -> list[Listed]:
        return [
            Listed(key, etag_of(body), len(body), at)
            for key, (body, at) in sorted(self.objects.items())
            if key.startswith(prefix)
        ]

    def open(self, item: Listed) -> IO[bytes]:
        if item.key not in self.objects:
            raise LakeObjectMissingError(item.key)
        return io.BytesIO(self.objects[item.key][0])

    def etags(self, keys: Sequence[str]) -> dict[str, str]:
        return {key: self.loaded[key] for key in keys if key in self.loaded}

    def rows(self, table: str, day: str) -> int:
        return self.rows_in.get((table, day), 0)

    def reconciler(self, *, mysql: bool = True, **rules: Any) -> Reconciler:
        return Reconciler(self, self if mysql else None, ReconcilerRules(**rules), clock=self.clock)

    def reconcile(self, day: str = DAY, *, mysql: bool = True, **rules: Any) -> DayFound:
        reconciler = self.reconciler(mysql=mysql, **rules)
        loads = reconciler.loads(day)
        told, streams = reconciler.survey([day])
        found = reconciler.account(loads, told, streams)
        assert not reconciler.unreadable.reasons
        return found

    def zone_counts(self, day: str = DAY, device: str = "edge-1") -> Counts:
        return self.reconcile(day).devices[device].tables["zone_counts"]


def etag_of(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def _with(stored: StoredRecord, **values: Any) -> StoredRecord:
    """Set a column that is called like an argument of the factory."""
    return replace(stored, record=replace(stored.record, values={**stored.record.values, **values}))


@pytest.fixture
def world(make_records: Callable[..., list[StoredRecord]]) -> World:
    return World(make_records)
