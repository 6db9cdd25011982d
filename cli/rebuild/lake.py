"""The lake as a rebuild reads it: raw and compacted objects, in a bucket or in a folder, each record once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from contract.errors import CrowdLensError
from contract.lake import COMPACTED_PREFIX, RAW_PREFIX, compacted_prefix, raw_prefix, table_and_day
from contract.tables import Table
from lambdas.rds_loader.notifications import ObjectCreated
from lambdas.rds_loader.objects import ObjectStore, read_objects
from lambdas.rds_loader.rows import without_repeats
from lambdas.shared.lake_schema import arrow_schema
from lambdas.shared.lake_store import LakeObject, LakeObjectMissingError

_OBJECT_SUFFIX = ".parquet"
Lake = ObjectStore
"""A lake that can be read and listed: a bucket's is `lambdas.shared.lake_store.LakeStore`."""


class LakeFolderError(CrowdLensError):
    """Raised when a folder is no lake."""


@dataclass(frozen=True)
class ListedObject:
    """An object that the lake has; `size_bytes` is of the parquet file."""

    created: ObjectCreated
    table_name: str
    day: str
    size_bytes: int


class FolderLake:
    """The lake in a folder, as `make demo` leaves it."""

    def __init__(self, folder: Path) -> None:
        if not (folder / RAW_PREFIX).is_dir() and not (folder / COMPACTED_PREFIX).is_dir():
            raise LakeFolderError(
                f"lake is {str(folder)!r}: expected a folder with {RAW_PREFIX}<table>/day=…/, "
                "which `make demo` leaves in OUT/lake"
            )
        self._folder = folder
        self.bucket = str(folder)

    def get(self, key: str, version_id: str | None = None) -> LakeObject:
        """Return an object; a folder has no versions of it. Raises `LakeObjectMissingError`."""
        if version_id is not None:
            raise LakeObjectMissingError(f"object {key} has no version {version_id} in {self.bucket}")
        path = self._folder / key
        try:
            body = path.read_bytes()
            modified = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
        except FileNotFoundError as error:
            raise LakeObjectMissingError(f"object {key} is not in {self.bucket}") from error
        return LakeObject(body, _etag(body), modified)

    def keys(self, prefix: str, start_after: str = "") -> Iterator[tuple[str, str, int]]:
        """Yield key, etag and size, by key."""
        for path in sorted((self._folder / prefix).rglob(f"*{_OBJECT_SUFFIX}")):
            key = path.relative_to(self._folder).as_posix()
            if key > start_after:
                body = path.read_bytes()
                yield key, _etag(body), len(body)


def _etag(body: bytes) -> str:
    # What S3 gives an object of one part.
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def list_objects(lake: Lake, table: Table, first_day: str) -> list[ListedObject]:
    """Return the objects of `table`, raw and compacted, of UTC days from `first_day` on.

    The same record may lie in several of them. Raises errors derived from `CrowdLensError`.
    """
    found = []
    for prefix in (compacted_prefix(table.name), raw_prefix(table.name)):
        for key, etag, size in lake.keys(prefix, f"{prefix}day={first_day}"):
            if key.endswith(_OBJECT_SUFFIX):
                table_name, day = table_and_day(key)
                found.append(ListedObject(ObjectCreated(lake.bucket, key, etag), table_name, day, size))
    return found


def read_records(lake: Lake, table: Table, objects: list[ListedObject]) -> pa.Table:
    """Return the records of the objects, each once, by record id; raises `CrowdLensError`'s kind."""
    parts = [arrow_schema(table).empty_table()]
    for _, found in read_objects(lake, [listed.created for listed in objects]):
        if isinstance(found, CrowdLensError):
            raise found
        parts += found.parts()
    return without_repeats(pa.concat_tables(parts))
