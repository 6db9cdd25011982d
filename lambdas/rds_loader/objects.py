"""Objects of the lake, read for loading: raw ones as S3 announces them, compacted ones in a rebuild."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Protocol

from contract.errors import CrowdLensError
from contract.lake import table_and_day
from contract.tables import TABLES
from lambdas.rds_loader.ledger import LedgerEntry
from lambdas.rds_loader.notifications import ObjectCreated
from lambdas.rds_loader.repository import ROWS_PER_PORTION, PreparedObject
from lambdas.shared.lake_parquet import decode_parquet, decode_parts, rows_in
from lambdas.shared.lake_store import LakeObject, LakeObjectMissingError

READERS = 4
"""Objects fetched at once; a batch of small ones is mostly waiting for S3."""
LARGE_BYTES = 512 * 1024
"""From here on an object stays as it came, and its rows are decoded as they are written: they take 15 to 50
times the room. A raw object of a full batch is about this large, a compacted one up to 64 MB."""


class WrongBucketError(CrowdLensError):
    """Raised when a notification names another bucket than the lake's."""


class RowsGoneError(CrowdLensError):
    """Raised when nothing in the lake can hold the rows of an object that was announced."""


class ObjectStore(Protocol):
    """Where lake objects are read: S3, a folder."""

    @property
    def bucket(self) -> str:
        """The name that notifications use for it."""

    def get(self, key: str, version_id: str | None = None) -> LakeObject:
        """Return an object, or that version of it; raises an error derived from `CrowdLensError`."""

    def keys(self, prefix: str, start_after: str = "") -> Iterator[tuple[str, str, int]]:
        """Yield key, etag and size of the objects below `prefix` whose key comes after `start_after`."""


def read_object(store: ObjectStore, created: ObjectCreated) -> PreparedObject:
    """Return the object's rows; raises an error derived from `CrowdLensError` when they cannot be read."""
    check_object(store, created)
    table_name, day = table_and_day(created.key)
    stored = _stored(store, created)
    table, body = TABLES[table_name], stored.body
    if len(body) < LARGE_BYTES:
        data = decode_parquet(body, table, created.key)
        entry = LedgerEntry(created.key, stored.etag, table_name, day, data.num_rows, len(body))
        return PreparedObject(entry, lambda: [data])
    entry = LedgerEntry(created.key, stored.etag, table_name, day, rows_in(body, created.key), len(body))
    return PreparedObject(entry, partial(decode_parts, body, table, created.key, ROWS_PER_PORTION))


def _stored(store: ObjectStore, created: ObjectCreated) -> LakeObject:
    """Return the object, or what its key named when it was announced: the compactor takes raw keys away."""
    try:
        return store.get(created.key)
    except LakeObjectMissingError:
        if created.version_id is None:
            raise
    return store.get(created.key, created.version_id)


def check_object(store: ObjectStore, created: ObjectCreated) -> None:
    """Raise `WrongBucketError` or `LakeKeyError` unless the object is one of the lake's."""
    if created.bucket != store.bucket:
        raise WrongBucketError(f"bucket is {created.bucket!r}: expected {store.bucket!r}")
    table_and_day(created.key)


def read_objects(
    store: ObjectStore, wanted: Sequence[ObjectCreated]
) -> Iterator[tuple[ObjectCreated, PreparedObject | CrowdLensError]]:
    """Yield each of `wanted` with its rows, or with what is wrong with it.

    A few are fetched ahead of the one that is asked for: memory holds these, not all of `wanted`.
    """

    def attempt(created: ObjectCreated) -> tuple[ObjectCreated, PreparedObject | CrowdLensError]:
        try:
            return created, read_object(store, created)
        except CrowdLensError as error:
            return created, error

    if len(wanted) < 2:
        yield from map(attempt, wanted)
        return
    waiting = iter(wanted)
    with ThreadPoolExecutor(READERS, thread_name_prefix="lake-read") as readers:
        ahead = deque(readers.submit(attempt, created) for created in islice(waiting, READERS))
        while ahead:
            found = ahead.popleft().result()
            ahead.extend(readers.submit(attempt, created) for created in islice(waiting, 1))
            yield found
