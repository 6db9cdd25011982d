"""The lake as the reconciler reads it: listings, and files of which only some columns are fetched."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from contract.lake import day_of_folder
from lambdas.shared.lake_store import LakeObjectMissingError, LakeStoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

READS_AT_ONCE: Final = 8
WHOLE_BYTES: Final = 256 * 1024
"""A smaller object is fetched in one request; of a larger one, only what is read."""
_CLIENT_CONFIG = Config(
    connect_timeout=3,
    read_timeout=30,
    retries={"mode": "standard", "total_max_attempts": 5},
    max_pool_connections=READS_AT_ONCE,
)
_GONE = frozenset({"NoSuchKey", "404", "PreconditionFailed", "412"})


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as a listing shows it; `etag` has no quotes, `size` is in bytes."""

    key: str
    etag: str
    size: int
    last_modified: datetime


class Lake(Protocol):
    """What the reconciler asks of a lake; every method raises `LakeStoreError` when it fails."""

    @property
    def bucket(self) -> str:
        """The name that notifications use for it."""

    def days(self, prefix: str) -> list[str]:
        """Return the days of the ``day=YYYY-MM-DD/`` folders below `prefix`, ascending."""

    def listing(self, prefix: str) -> list[Listed]:
        """Return the objects under `prefix`, by key."""

    def open(self, item: Listed) -> IO[bytes]:
        """Return this very version as a file; `LakeObjectMissingError` when it is gone, here or in a read."""


class S3Lake:
    """The lake bucket. One client is shared by threads, which boto3 allows."""

    def __init__(self, bucket: str, client: S3Client | None = None) -> None:
        self.bucket = bucket
        self._client: S3Client = client or boto3.client("s3", config=_CLIENT_CONFIG)

    def days(self, prefix: str) -> list[str]:
        """Return the days below `prefix`; one request per 1,000 days, however many objects."""
        with _s3_errors(f"the days under {prefix}"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=prefix, Delimiter="/"
            )
            return _days(item["Prefix"] for page in pages for item in page.get("CommonPrefixes", []))

    def listing(self, prefix: str) -> list[Listed]:
        """Return the objects under `prefix`, by key."""
        with _s3_errors(f"the objects under {prefix}"):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            return [
                Listed(item["Key"], item["ETag"].strip('"'), item["Size"], item["LastModified"])
                for page in pages
                for item in page.get("Contents", [])
            ]

    def open(self, item: Listed) -> IO[bytes]:
        """Return the object as a file."""
        if item.size <= WHOLE_BYTES:
            return io.BytesIO(self.read(item, 0, item.size))
        return io.BufferedReader(_RangedFile(self, item), WHOLE_BYTES)

    def version_of(self, item: Listed) -> str | None:
        """Return the version of a listed object; None when it is gone, or the bucket has no versions."""
        try:
            with _s3_errors(f"object {item.key}"):
                answer = self._client.head_object(Bucket=self.bucket, Key=item.key, IfMatch=f'"{item.etag}"')
        except LakeObjectMissingError:
            return None
        return answer.get("VersionId")

    def read(self, item: Listed, start: int, size: int) -> bytes:
        """Return `size` bytes of this version from `start` on."""
        ranged: dict[str, Any] = {"Range": f"bytes={start}-{start + size - 1}"} if size < item.size else {}
        with _s3_errors(f"object {item.key}"):
            answer = self._client.get_object(
                Bucket=self.bucket, Key=item.key, IfMatch=f'"{item.etag}"', **ranged
            )
            return answer["Body"].read()


class _RangedFile(io.RawIOBase):
    """An object of which each read is a request for just these bytes."""

    def __init__(self, lake: S3Lake, item: Listed) -> None:
        super().__init__()
        self._lake = lake
        self._item = item
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        starts = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._item.size}
        self._place = starts[whence] + offset
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: Any) -> int:
        size = min(len(buffer), self._item.size - self._place)
        if size <= 0:
            return 0
        found = self._lake.read(self._item, self._place, size)
        buffer[: len(found)] = found
        self._place += len(found)
        return len(found)


class FolderLake:
    """A lake in a folder, each object a file, as `make demo` leaves it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.bucket = str(folder)

    def days(self, prefix: str) -> list[str]:
        """Return the days of the folders below `prefix`."""
        return _days(f"{path.name}/" for path in (self._folder / prefix).glob("day=*"))

    def listing(self, prefix: str) -> list[Listed]:
        """Return the files under `prefix`; a file's time stands for when it arrived."""
        return [self._listed(path) for path in sorted((self._folder / prefix).rglob("*.*")) if path.is_file()]

    def open(self, item: Listed) -> IO[bytes]:
        """Return the file."""
        try:
            return (self._folder / item.key).open("rb")
        except FileNotFoundError as error:
            raise LakeObjectMissingError(f"object {item.key} is not in {self.bucket}") from error

    def _listed(self, path: Path) -> Listed:
        status = path.stat()
        changed = datetime.fromtimestamp(status.st_mtime, tz=UTC)
        # What S3 gives an object of one part.
        etag = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
        return Listed(path.relative_to(self._folder).as_posix(), etag, status.st_size, changed)


def _days(prefixes: Iterable[str]) -> list[str]:
    return sorted(day for prefix in prefixes if (day := day_of_folder(prefix)))


@contextmanager
def _s3_errors(what: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _GONE:
            raise LakeObjectMissingError(f"{what} is not as it was listed") from error
        raise LakeStoreError(f"{what} cannot be read: {error}") from error
    except BotoCoreError as error:
        raise LakeStoreError(f"{what} cannot be read: {error}") from error
