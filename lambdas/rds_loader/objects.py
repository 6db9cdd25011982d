"""Objects of the lake, read for loading: raw ones as S3 announces them, compacted ones in a rebuild."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from contract.errors import CrowdLensError
from contract.lake import COMPACTED_PREFIX, parse_compacted_key, parse_raw_key
from contract.tables import TABLES
from lambdas.rds_loader.ledger import LedgerEntry
from lambdas.rds_loader.notifications import ObjectCreated
from lambdas.rds_loader.repository import PreparedObject
from lambdas.shared.lake_parquet import decode_parquet
from lambdas.shared.lake_store import LakeObject

READERS = 4
"""Objects fetched at once; a batch of small ones is mostly waiting for S3."""


class WrongBucketError(CrowdLensError):
    """Raised when a notification names another bucket than the lake's."""


class ObjectStore(Protocol):
    """Where lake objects are read: S3, a folder."""

    @property
    def bucket(self) -> str:
        """The name that notifications use for it."""

    def get(self, key: str) -> LakeObject:
        """Return an object; raises an error derived from `CrowdLensError`."""


def table_and_day(key: str) -> tuple[str, str]:
    """Return the table and the UTC day of a lake object's key; raises `LakeKeyError`."""
    if key.startswith(COMPACTED_PREFIX):
        compacted = parse_compacted_key(key)
        return compacted.table, compacted.day
    table, day, _ = parse_raw_key(key)
    return table, day


def read_object(store: ObjectStore, created: ObjectCreated) -> PreparedObject:
    """Return the object's rows; raises an error derived from `CrowdLensError` when they cannot be read."""
    check_object(store, created)
    table_name, day = table_and_day(created.key)
    stored = store.get(created.key)
    data = decode_parquet(stored.body, TABLES[table_name], created.key)
    entry = LedgerEntry(created.key, stored.etag, table_name, day, data.num_rows, len(stored.body))
    return PreparedObject(entry, data)


def check_object(store: ObjectStore, created: ObjectCreated) -> None:
    """Raise `WrongBucketError` or `LakeKeyError` unless the object is one of the lake's."""
    if created.bucket != store.bucket:
        raise WrongBucketError(f"bucket is {created.bucket!r}: expected {store.bucket!r}")
    table_and_day(created.key)


def read_objects(
    store: ObjectStore, wanted: Sequence[ObjectCreated]
) -> list[tuple[ObjectCreated, PreparedObject | CrowdLensError]]:
    """Return each of `wanted` with its rows, or with what is wrong with it; several are fetched at once."""

    def attempt(created: ObjectCreated) -> tuple[ObjectCreated, PreparedObject | CrowdLensError]:
        try:
            return created, read_object(store, created)
        except CrowdLensError as error:
            return created, error

    if len(wanted) < 2:
        return [attempt(created) for created in wanted]
    with ThreadPoolExecutor(READERS, thread_name_prefix="lake-read") as readers:
        return list(readers.map(attempt, wanted))
