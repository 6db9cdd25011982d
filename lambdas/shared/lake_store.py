"""Objects of the lake bucket: put, get, list, nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from contract.errors import WorkFailedError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MAXIMUM_CONNECTIONS = 16
_CLIENT_CONFIG = Config(
    connect_timeout=3,
    read_timeout=20,
    retries={"mode": "standard", "total_max_attempts": 4},
    max_pool_connections=MAXIMUM_CONNECTIONS,
)
_GONE = frozenset({"NoSuchKey", "NoSuchVersion", "404"})


class LakeStoreError(WorkFailedError):
    """Raised when S3 refused or failed; the text names the object and S3's reason."""


class LakeObjectMissingError(LakeStoreError):
    """Raised when an object is not, or no longer, in the bucket."""


@dataclass(frozen=True)
class LakeObject:
    """The bytes of an object and what S3 says about it; `etag` has no quotes."""

    body: bytes
    etag: str
    last_modified: datetime


class LakeStore:
    """The lake bucket. One client is shared by threads, which boto3 allows."""

    def __init__(self, bucket: str, client: S3Client | None = None) -> None:
        self.bucket = bucket
        self._client: S3Client = client or boto3.client("s3", config=_CLIENT_CONFIG)

    def put(self, key: str, body: bytes, *, content_type: str) -> None:
        """Store `body` under `key`, replacing what was there; raises `LakeStoreError`."""
        try:
            self._client.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType=content_type)
        except (ClientError, BotoCoreError) as error:
            raise LakeStoreError(f"object {key} could not be written: {error}") from error

    def get(self, key: str, version_id: str | None = None) -> LakeObject:
        """Return the object `key`, or that version of it; `LakeObjectMissingError` or `LakeStoreError`."""
        try:
            if version_id is None:
                answer = self._client.get_object(Bucket=self.bucket, Key=key)
            else:
                answer = self._client.get_object(Bucket=self.bucket, Key=key, VersionId=version_id)
            return LakeObject(answer["Body"].read(), answer["ETag"].strip('"'), answer["LastModified"])
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _GONE:
                raise LakeObjectMissingError(f"object {key} is not in the bucket {self.bucket}") from error
            raise LakeStoreError(f"object {key} could not be read: {error}") from error
        except BotoCoreError as error:
            raise LakeStoreError(f"object {key} could not be read: {error}") from error

    def keys(self, prefix: str, start_after: str = "") -> Iterator[tuple[str, str, int]]:
        """Yield key, etag and size of what is below `prefix` after `start_after`, by key.

        Raises `LakeStoreError`.
        """
        pages = self._client.get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self.bucket, Prefix=prefix, StartAfter=start_after):
                for item in page.get("Contents", []):
                    yield item["Key"], item["ETag"].strip('"'), item["Size"]
        except (ClientError, BotoCoreError) as error:
            raise LakeStoreError(f"the objects below {prefix} cannot be listed: {error}") from error
