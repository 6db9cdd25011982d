"""Objects of S3: whole files in and out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError

from contract.errors import WorkFailedError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_TRANSFER = TransferConfig(max_concurrency=4)
_GONE = frozenset({"NoSuchKey", "NoSuchBucket", "404"})


class BucketError(WorkFailedError):
    """Raised when S3 refused or failed; the text names the object."""


class ObjectGoneError(BucketError):
    """Raised when an object is not, or no longer, there."""


@dataclass(frozen=True)
class Head:
    """Size and age of an object."""

    size: int
    last_modified: datetime


class Bucket:
    """One bucket."""

    def __init__(self, name: str, client: S3Client) -> None:
        self.name = name
        self._client = client

    def head(self, key: str) -> Head:
        """Return what is known of an object; raises `ObjectGoneError` or `BucketError`."""
        with _told(key):
            answer = self._client.head_object(Bucket=self.name, Key=key)
            return Head(answer["ContentLength"], answer["LastModified"])

    def download(self, key: str, stream: BinaryIO) -> None:
        """Write an object into `stream`; raises `ObjectGoneError` or `BucketError`."""
        with _told(key):
            self._client.download_fileobj(self.name, key, stream, Config=_TRANSFER)

    def texts(self, prefix: str, suffix: str) -> dict[str, str]:
        """Return the texts below `prefix` whose keys end in `suffix`; raises `BucketError`."""
        with _told(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
            keys = [one["Key"] for page in pages for one in page.get("Contents", ())]
            return {
                key: self._client.get_object(Bucket=self.name, Key=key)["Body"]
                .read()
                .decode("utf-8", "replace")
                for key in keys
                if key.endswith(suffix)
            }

    def put_file(self, key: str, path: Path, content_type: str) -> None:
        """Store a file, replacing what was there; raises `BucketError`."""
        extra: dict[str, Any] = {"ContentType": content_type}
        with _told(key):
            self._client.upload_file(str(path), self.name, key, ExtraArgs=extra, Config=_TRANSFER)

    def put_text(self, key: str, text: str, content_type: str) -> None:
        """Store a text, replacing what was there; raises `BucketError`."""
        with _told(key):
            self._client.put_object(Bucket=self.name, Key=key, Body=text.encode(), ContentType=content_type)


@contextmanager
def _told(key: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        gone = error.response.get("Error", {}).get("Code") in _GONE
        kind = ObjectGoneError if gone else BucketError
        raise kind(f"object {key}: {error}") from error
    except (BotoCoreError, Boto3Error) as error:
        raise BucketError(f"object {key}: {error}") from error
