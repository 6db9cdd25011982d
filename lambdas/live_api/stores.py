"""Where photos and the export of places lie: a folder on one machine, a bucket in the cloud."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from contract.errors import WorkFailedError
from lambdas.shared.observability import make_logger

_S3 = "s3://"
_DENIED = frozenset({"AccessDenied", "403"})
_MISSING = frozenset({"NoSuchKey", "404", "NoSuchBucket"}) | _DENIED
logger = make_logger("live_api")


class StoreError(WorkFailedError):
    """Raised when a photo or the export could not be written or read."""


class Store(Protocol):
    """Bytes by name."""

    def read(self, name: str) -> bytes | None:
        """Return what is stored under `name`, None when nothing is; raises `StoreError`."""

    def write(self, name: str, content: bytes, content_type: str) -> None:
        """Store `content` under `name`; raises `StoreError`."""


class FolderStore:
    """Files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> bytes | None:
        """Return the file's bytes, None when there is none."""
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{name} could not be read: {error.strerror}") from error

    def write(self, name: str, content: bytes, content_type: str) -> None:
        """Write a file whole: who reads meanwhile finds the old one."""
        del content_type
        target = self._folder / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".writing-")
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(temporary).replace(target)
        except OSError as error:
            raise StoreError(f"{name} could not be written: {error.strerror}") from error


class BucketStore:
    """Objects of a bucket below a prefix."""

    def __init__(self, bucket: str, prefix: str, client: Any = None) -> None:
        self._bucket = bucket
        self._prefix = prefix
        # A viewer waits: better an error soon than an answer late.
        waits = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2})
        self._client = client or boto3.client("s3", config=waits)

    def read(self, name: str) -> bytes | None:
        """Return the object's bytes, None when there is none."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=f"{self._prefix}{name}")
            return bytes(answer["Body"].read())
        except ClientError as error:
            # Who may not list a bucket is told "access denied" of an object that is not there.
            code = error.response.get("Error", {}).get("Code")
            if code in _DENIED:
                # It may as well be a policy that lets nobody read.
                logger.warning("object not readable", extra={"object": name, "reason": str(error)})
            if code in _MISSING:
                return None
            raise StoreError(f"{name} could not be read: {error}") from error
        except BotoCoreError as error:
            raise StoreError(f"{name} could not be read: {error}") from error

    def write(self, name: str, content: bytes, content_type: str) -> None:
        """Put an object."""
        try:
            self._client.put_object(
                Bucket=self._bucket, Key=f"{self._prefix}{name}", Body=content, ContentType=content_type
            )
        except (ClientError, BotoCoreError) as error:
            raise StoreError(f"{name} could not be written: {error}") from error


def store_at(address: str) -> Store:
    """Return the store at ``s3://bucket/prefix/`` or in a folder."""
    if address.startswith(_S3):
        bucket, _, prefix = address.removeprefix(_S3).partition("/")
        return BucketStore(bucket, prefix if not prefix or prefix.endswith("/") else f"{prefix}/")
    return FolderStore(Path(address))


def store_and_name(address: str, default_name: str) -> tuple[Store, str]:
    """Return the store and the name of one thing at ``s3://bucket/path/name``, or of one in a folder."""
    if address.startswith(_S3) and not address.endswith("/"):
        folder, _, name = address.rpartition("/")
        return store_at(f"{folder}/"), name
    return store_at(address), default_name
