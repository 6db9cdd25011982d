"""A bucket in memory that keeps S3's promises, and raw objects of any rows."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contract.columns import Column, ColumnType
from contract.identity import record_id
from contract.lake import raw_key
from contract.tables import TABLES
from lambdas.compactor.store import Listed
from lambdas.shared.lake_parquet import encode_parquet
from lambdas.shared.lake_store import LakeObjectMissingError
from lambdas.shared.leases import Lease, Leases

TABLE = "camera_status"
DAY = "2026-11-20"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class Clock:
    """The present, moved by hand."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def pass_time(self, **parts: float) -> None:
        self.now += timedelta(**parts)


@dataclass
class MemoryStore:
    """A bucket: strongly consistent, each request whole or not at all, versions told apart by ETag."""

    clock: Clock
    objects: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)

    def put(self, key: str, body: bytes) -> None:
        self.objects[key] = (body, self.clock())

    def days(self, prefix: str) -> list[str]:
        rest = (key.removeprefix(prefix) for key in self.objects if key.startswith(prefix))
        return sorted({name.partition("/")[0].removeprefix("day=") for name in rest})

    def listing(self, prefix: str) -> list[Listed]:
        return [
            Listed(key, _etag(body), len(body), stored_at)
            for key, (body, stored_at) in sorted(self.objects.items())
            if key.startswith(prefix)
        ]

    def get(self, key: str, etag: str) -> bytes:
        body, _ = self.objects.get(key, (b"", None))
        if key not in self.objects or _etag(body) != etag:
            raise LakeObjectMissingError(f"object {key} is not as it was listed")
        return body

    def put_new(self, key: str, body: bytes, content_type: str) -> str:
        if key not in self.objects:
            self.put(key, body)
        return _etag(self.objects[key][0])

    def delete(self, objects: Sequence[Listed]) -> int:
        gone = [item for item in objects if key_is(self, item)]
        for item in gone:
            del self.objects[item.key]
            self.deleted.append(item.key)
        return len(gone)


class LyingLeases(Leases):
    """Gives every lease to everyone and never takes one back: the worst a lease can do."""

    def __init__(self) -> None:
        self.taken = 0

    def take(self, name: str, seconds: float) -> Lease | None:
        self.taken += 1
        return Lease(name, "all", self.taken, 0, seconds)

    def renew(self, lease: Lease) -> Lease:
        return lease

    def release(self, lease: Lease) -> None:
        """Nobody minds."""


def key_is(store: MemoryStore, item: Listed) -> bool:
    return item.key in store.objects and _etag(store.objects[item.key][0]) == item.etag


def _etag(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def row_values(number: int, column: Column) -> Any:
    """A value for the record `number`; equal numbers are the same record, everywhere."""
    camera = f"camera-{number % 3}"
    if column.name == "record_id":
        return record_id("edge-1", "0123456789ab", f"{camera}/{TABLE}", number + 1)
    fixed = {
        "site": "seoul-1",
        "device": "edge-1",
        "camera": camera,
        "epoch": "0123456789ab",
        "stream": f"{camera}/{TABLE}",
    }
    if column.name in fixed:
        return fixed[column.name]
    if column.name == "sequence":
        return number + 1
    if column.type is ColumnType.TIMESTAMP:
        return datetime(2026, 11, 20) + timedelta(seconds=number)  # noqa: DTZ001 - as parquet keeps it
    kinds = {ColumnType.TEXT: f"{column.name} {number % 2}", ColumnType.INTEGER: number % 5}
    return kinds.get(column.type, number / 4 if column.type is ColumnType.REAL else number % 2 == 0)


def rows_table(numbers: Iterable[int], table: str = TABLE) -> pa.Table:
    wanted = list(numbers)
    columns = TABLES[table].columns
    return pa.table(
        [
            pa.array([row_values(number, column) for number in wanted], pa.type_for_alias(column.arrow_type))
            for column in columns
        ],
        names=[column.name for column in columns],
    )


def raw_object(numbers: Collection[int], name: str, day: str = DAY, table: str = TABLE) -> tuple[str, bytes]:
    return raw_key(table, day, name), encode_parquet(rows_table(numbers, table), TABLES[table])


def ids_in(body: bytes) -> list[str]:
    ids: list[str] = pq.ParquetFile(io.BytesIO(body)).read(columns=["record_id"]).column(0).to_pylist()
    return ids


def id_of(number: int) -> str:
    return str(row_values(number, TABLES[TABLE].columns[0]))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> MemoryStore:
    return MemoryStore(clock)


@pytest.fixture
def lake() -> Any:
    """What the tests here are made of."""
    return Helpers


class Helpers:
    """The functions of this file, for tests that cannot import it."""

    TABLE = TABLE
    DAY = DAY
    Clock = Clock
    MemoryStore = MemoryStore
    LyingLeases = LyingLeases
    raw_object = staticmethod(raw_object)
    rows_table = staticmethod(rows_table)
    ids_in = staticmethod(ids_in)
    id_of = staticmethod(id_of)


Factory = Callable[..., Any]
