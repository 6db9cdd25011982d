"""Where quarantined messages lie: in the lake's bucket, or in the folder a demo leaves."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from contract.errors import CrowdLensError
from contract.lake import QUARANTINE_PREFIX
from lambdas.shared.quarantine import Quarantined, QuarantineDocumentError, QuarantineKind

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

READS_AT_ONCE = 8
_GONE = frozenset({"NoSuchKey", "404"})


class QuarantineKeyError(CrowdLensError):
    """Raised when a key names no message in quarantine."""


@dataclass(frozen=True)
class Kept:
    """A message in quarantine and the key it lies under."""

    key: str
    message: Quarantined


@dataclass(frozen=True)
class Selection:
    """Which messages are meant; None is all. `day` is the UTC day they were sent, YYYY-MM-DD."""

    day: str | None = None
    kind: QuarantineKind | None = None
    device: str | None = None
    table: str | None = None

    @property
    def prefix(self) -> str:
        """The prefix that all keys of the selection have."""
        return QUARANTINE_PREFIX if self.day is None else f"{QUARANTINE_PREFIX}day={self.day}/"

    def holds(self, message: Quarantined) -> bool:
        """Return whether `message` is meant."""
        return (
            self.kind in (None, message.kind)
            and self.device in (None, message.device)
            and (self.table is None or self.table in message.tables)
        )


class Quarantine(Protocol):
    """A place of quarantined messages."""

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys under `prefix`."""

    def read(self, key: str) -> bytes:
        """Return the document under `key`; raises `QuarantineKeyError` when there is none."""

    def remove(self, key: str) -> None:
        """Remove the document under `key`."""


class BucketQuarantine:
    """The quarantine of the lake in `bucket`; methods raise what boto3 raises."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys under `prefix`."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        for page in pages:
            yield from (entry["Key"] for entry in page.get("Contents", []))

    def read(self, key: str) -> bytes:
        """Return the document under `key`; raises `QuarantineKeyError` when there is none."""
        from botocore.exceptions import ClientError

        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _GONE:
                raise QuarantineKeyError(f"{key} is not, or no longer, in quarantine") from error
            raise

    def remove(self, key: str) -> None:
        """Remove the document under `key`; the bucket keeps an old version for some days."""
        self._client.delete_object(Bucket=self._bucket, Key=key)


class FolderQuarantine:
    """The quarantine of the lake in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys under `prefix`."""
        paths = sorted((self._folder / prefix).rglob("*.json"))
        yield from (path.relative_to(self._folder).as_posix() for path in paths)

    def read(self, key: str) -> bytes:
        """Return the document under `key`; raises `QuarantineKeyError` when there is none."""
        path = self._folder / key
        if not key.startswith(QUARANTINE_PREFIX) or ".." in path.parts or not path.is_file():
            raise QuarantineKeyError(f"{key} is not, or no longer, in quarantine")
        return path.read_bytes()

    def remove(self, key: str) -> None:
        """Remove the document under `key`."""
        (self._folder / key).unlink(missing_ok=True)


def select(
    place: Quarantine, selection: Selection, *, skipped: Callable[[str], None] = lambda _: None
) -> Iterator[Kept]:
    """Yield the messages of `selection`, by key, reading several at once.

    `skipped` is told a sentence of each object that is no quarantine document. One that goes meanwhile is
    left out.
    """
    keys = place.keys(selection.prefix)
    with ThreadPoolExecutor(READS_AT_ONCE) as pool:
        while some := list(itertools.islice(keys, 8 * READS_AT_ONCE)):
            for key, found in zip(some, pool.map(lambda key: _read(place, key), some), strict=True):
                if isinstance(found, str):
                    skipped(found)
                elif found is not None and selection.holds(found):
                    yield Kept(key, found)


def _read(place: Quarantine, key: str) -> Quarantined | str | None:
    try:
        return Quarantined.from_bytes(place.read(key), key)
    except QuarantineDocumentError as error:
        return str(error)
    except QuarantineKeyError:
        return None
