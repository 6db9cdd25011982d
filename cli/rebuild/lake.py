"""The lake as a rebuild reads it: raw and compacted objects, in a bucket or in a folder, each record once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import boto3
import pyarrow as pa
from botocore.exceptions import BotoCoreError, ClientError

from contract.errors import CrowdLensError
from contract.lake import COMPACTED_PREFIX, RAW_PREFIX, compacted_prefix, raw_prefix
from contract.tables import Table
from lambdas.rds_loader.notifications import ObjectCreated
from lambdas.rds_loader.objects import ObjectStore, read_objects, table_and_day
from lambdas.rds_loader.rows import without_repeats
from lambdas.shared.lake_schema import arrow_schema
from lambdas.shared.lake_store import LakeObject, LakeObjectMissingError, LakeStore, LakeStoreError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_OBJECT_SUFFIX = ".parquet"


class LakeFolderError(CrowdLensError):
    """Raised when a folder is no lake."""


@dataclass(frozen=True)
class ListedObject:
    """An object that the lake has; `size_bytes` is of the parquet file."""

    created: ObjectCreated
    table_name: str
    day: str
    size_bytes: int


class Lake(ObjectStore, Protocol):
    """A lake that can be listed."""

    def keys(self, prefix: str, start_after: str) -> Iterator[tuple[str, str, int]]:
        """Yield key, etag and size of the objects below `prefix` whose key comes after `start_after`."""


class BucketLake(LakeStore):
    """The lake in its bucket."""

    def __init__(self, bucket: str, client: S3Client | None = None) -> None:
        self._lister: S3Client = client or boto3.client("s3")
        super().__init__(bucket, client)

    def keys(self, prefix: str, start_after: str) -> Iterator[tuple[str, str, int]]:
        """Yield key, etag and size, by key; raises `LakeStoreError`."""
        pages = self._lister.get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix, StartAfter=start_after):
                for item in page.get("Contents", []):
                    yield item["Key"], item["ETag"].strip('"'), item["Size"]
        except (ClientError, BotoCoreError) as error:
            raise LakeStoreError(f"the objects below {prefix} cannot be listed: {error}") from error


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

    def get(self, key: str) -> LakeObject:
        """Return an object; raises `LakeObjectMissingError`."""
        path = self._folder / key
        try:
            body = path.read_bytes()
            modified = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
        except FileNotFoundError as error:
            raise LakeObjectMissingError(f"object {key} is not in {self.bucket}") from error
        return LakeObject(body, _etag(body), modified)

    def keys(self, prefix: str, start_after: str) -> Iterator[tuple[str, str, int]]:
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
        parts.append(found.data)
    return without_repeats(pa.concat_tables(parts))
