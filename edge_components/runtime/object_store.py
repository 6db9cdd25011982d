"""Reads objects of one S3 bucket: small ones into memory, large ones into a file, resumed where cut off."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

from contract.errors import DiskFullError, WorkFailedError

if TYPE_CHECKING:
    from collections.abc import Mapping

CHUNK_BYTES = 256 * 1024
PARTIAL_SUFFIX = ".partial"
_CONNECT_SECONDS, _READ_SECONDS = 10, 30
_ATTEMPTS = 4
_MISSING = frozenset({"NoSuchKey", "404", "NotFound"})
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidToken"})


class ObjectStoreError(WorkFailedError):
    """Raised when an object could not be read now: another try may work. The text names it and says why."""


class ObjectMissingError(ObjectStoreError):
    """Raised when there is no such object, or this device may not see it."""


class ObjectMismatchError(ObjectStoreError):
    """Raised when an object is not what it was said to be: size or sha256; trying again does not help."""


class ObjectClient(Protocol):
    """What of boto3's S3 client is used."""

    def get_object(self, **arguments: Any) -> Mapping[str, Any]:
        """Answer with a ``Body`` to read from, and raise `botocore.exceptions.ClientError`."""
        ...


def make_client() -> ObjectClient:
    """Return a client of the default credential chain, Greengrass's token exchange included."""
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
        tcp_keepalive=True,
    )
    client: Any = boto3.session.Session().client("s3", config=config)
    return cast("ObjectClient", client)


class ObjectStore:
    """One bucket; a client is made at the first call and again when its credentials expired."""

    def __init__(self, bucket: str, client_factory: Callable[[], ObjectClient] = make_client) -> None:
        self.bucket = bucket
        self._client_factory = client_factory
        self._client: ObjectClient | None = None

    def read(self, key: str, maximum_bytes: int) -> bytes:
        """Return the object `key`; raises `ObjectStoreError`, its subclasses included."""
        with self._told(key):
            content = bytes(self._get(key)["Body"].read(maximum_bytes + 1))
        if len(content) > maximum_bytes:
            raise ObjectMismatchError(f"{self._name(key)} is larger than {maximum_bytes} bytes")
        return content

    def fetch(
        self,
        key: str,
        into: Path,
        *,
        size: int,
        sha256: str,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """Put the object `key` at `into`, whole, checked and on the disk, or not at all.

        What was fetched before lies beside it as ``.partial`` and is gone on from. `progress` hears the bytes
        there so far and may raise to break off. Raises `ObjectMismatchError` for another size or sha256,
        `ObjectMissingError`, `ObjectStoreError` and `DiskFullError` (which leaves what was fetched).
        """
        partial = into.with_name(into.name + PARTIAL_SUFFIX)
        with self._told(key):
            into.parent.mkdir(parents=True, exist_ok=True)
            if partial.exists() and partial.stat().st_size > size:
                partial.unlink()
            with partial.open("ab") as file:
                self._go_on(key, file, size, progress or (lambda _: None))
        found = _sha256_of(partial)
        if found != sha256.lower():
            partial.unlink()
            raise ObjectMismatchError(f"{self._name(key)} has sha256 {found}: expected {sha256.lower()}")
        partial.replace(into)

    def _go_on(self, key: str, file: BinaryIO, size: int, progress: Callable[[int], None]) -> None:
        there = file.tell()
        if there < size:
            answer = self._get(key, **({"Range": f"bytes={there}-"} if there else {}))
            if there and "ContentRange" not in answer:
                # A store that knows no ranges sends everything again.
                file.truncate(0)
                there = 0
            for chunk in iter(lambda: answer["Body"].read(CHUNK_BYTES), b""):
                there += len(chunk)
                if there > size:
                    file.truncate(0)
                    raise ObjectMismatchError(f"{self._name(key)} is larger than {size} bytes")
                file.write(chunk)
                progress(there)
        file.flush()
        os.fsync(file.fileno())
        if there < size:
            raise ObjectStoreError(f"{self._name(key)} ended after {there} of {size} bytes")

    def _get(self, key: str, **more: str) -> Mapping[str, Any]:
        if self._client is None:
            self._client = self._client_factory()
        return self._client.get_object(Bucket=self.bucket, Key=key, **more)

    @contextmanager
    def _told(self, key: str) -> Iterator[None]:
        """Turn what boto3 and the disk raise into the errors of this module."""
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

        name = self._name(key)
        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in _EXPIRED:
                self._client = None
            if code in _MISSING or code == "AccessDenied":
                reason = "is not there" if code in _MISSING else "is not there or not granted to this device"
                raise ObjectMissingError(f"{name} {reason}") from error
            if code == "InvalidRange":
                raise ObjectMismatchError(f"{name} is smaller than it was said to be") from error
            raise ObjectStoreError(f"{name} could not be read: {code}") from error
        except (BotoCoreError, HTTPClientError, ValueError) as error:
            if "Credential" in type(error).__name__ or "Metadata" in type(error).__name__:
                self._client = None
            raise ObjectStoreError(f"{name} could not be read: {str(error).rstrip('.')}") from error
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFullError(f"{name} could not be stored: the disk has no room left") from error
            raise ObjectStoreError(f"{name} could not be stored: {error}") from error

    def _name(self, key: str) -> str:
        return f"object s3://{self.bucket}/{key}"


def _sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(CHUNK_BYTES), b""):
            digest.update(chunk)
    return digest.hexdigest()
