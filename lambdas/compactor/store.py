"""The lake bucket as the compactor uses it: listings, reads of one version, writes of new keys, deletions.

It never replaces an object: a key is written once, and S3 refuses the second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from contract.lake import day_of_folder
from lambdas.shared.lake_store import LakeObjectMissingError, LakeStoreError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

READS_AT_ONCE = 16
_DELETE_BATCH = 1000
"""As many keys as DeleteObjects takes."""
_CLIENT_CONFIG = Config(
    connect_timeout=3,
    read_timeout=30,
    retries={"mode": "standard", "total_max_attempts": 5},
    max_pool_connections=READS_AT_ONCE,
)
_CHANGED = frozenset({"PreconditionFailed", "412"})
_GONE = _CHANGED | {"NoSuchKey", "404"}
_CONFLICT = frozenset({"ConditionalRequestConflict", "409"})
_PUT_ATTEMPTS = 3
"""S3 answers 409, which the SDK does not repeat, while another's write of the same new key is under way."""


@dataclass(frozen=True)
class Listed:
    """An object as a listing shows it; `etag` has no quotes, `size` is in bytes."""

    key: str
    etag: str
    size: int
    last_modified: datetime


class ObjectStore(Protocol):
    """What the compactor asks of a bucket; every method raises `LakeStoreError` when S3 fails."""

    def days(self, prefix: str) -> list[str]:
        """Return the days of the ``day=YYYY-MM-DD/`` folders below `prefix`, ascending."""

    def listing(self, prefix: str) -> list[Listed]:
        """Return the objects under `prefix`, by key."""

    def get(self, key: str, etag: str) -> bytes:
        """Return the body of this very version; raises `LakeObjectMissingError` when it is gone."""

    def put_new(self, key: str, body: bytes, content_type: str) -> str:
        """Store `body` under a key made of its digest, unless it is there already; return the ETag."""

    def delete(self, objects: Sequence[Listed]) -> int:
        """Take these versions from the readers' sight and return how many went; a newer one stays."""


class S3ObjectStore:
    """The lake bucket in S3. One client is shared by threads, which boto3 allows."""

    def __init__(self, bucket: str, client: S3Client | None = None) -> None:
        self.bucket = bucket
        self._client: S3Client = client or boto3.client("s3", config=_CLIENT_CONFIG)

    def days(self, prefix: str) -> list[str]:
        """Return the days of the folders below `prefix`; one request per 1,000 days, however many objects."""
        found: list[str] = []
        try:
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=prefix, Delimiter="/"
            )
            for page in pages:
                found += [day_of_folder(item["Prefix"]) or "" for item in page.get("CommonPrefixes", [])]
        except (ClientError, BotoCoreError) as error:
            raise LakeStoreError(f"the days under {prefix} could not be listed: {error}") from error
        return sorted(day for day in found if day)

    def listing(self, prefix: str) -> list[Listed]:
        """Return the objects under `prefix`, by key."""
        try:
            return list(self._listed(prefix))
        except (ClientError, BotoCoreError) as error:
            raise LakeStoreError(f"the objects under {prefix} could not be listed: {error}") from error

    def get(self, key: str, etag: str) -> bytes:
        """Return the body of this very version."""
        try:
            return self._client.get_object(Bucket=self.bucket, Key=key, IfMatch=f'"{etag}"')["Body"].read()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in _GONE:
                raise LakeObjectMissingError(f"object {key} is not as it was listed") from error
            raise LakeStoreError(f"object {key} could not be read: {error}") from error
        except BotoCoreError as error:
            raise LakeStoreError(f"object {key} could not be read: {error}") from error

    def put_new(self, key: str, body: bytes, content_type: str) -> str:
        """Store `body` unless the key exists; S3 decides between two who try at once."""
        for _ in range(_PUT_ATTEMPTS):
            try:
                answer = self._client.put_object(
                    Bucket=self.bucket, Key=key, Body=body, ContentType=content_type, IfNoneMatch="*"
                )
                return answer["ETag"].strip('"')
            except ClientError as error:
                code = error.response.get("Error", {}).get("Code")
                if code in _CHANGED:
                    break
                if code not in _CONFLICT:
                    raise LakeStoreError(f"object {key} could not be written: {error}") from error
            except BotoCoreError as error:
                raise LakeStoreError(f"object {key} could not be written: {error}") from error
        return self._etag(key)

    def delete(self, objects: Sequence[Listed]) -> int:
        """Delete these versions: in a versioned bucket a marker hides them, and nothing is destroyed."""
        gone = 0
        for start in range(0, len(objects), _DELETE_BATCH):
            batch = objects[start : start + _DELETE_BATCH]
            identifiers = [{"Key": item.key, "ETag": f'"{item.etag}"'} for item in batch]
            try:
                answer = self._client.delete_objects(
                    Bucket=self.bucket,
                    Delete={"Objects": identifiers, "Quiet": True},  # type: ignore[typeddict-item]
                )
            except (ClientError, BotoCoreError) as error:
                raise LakeStoreError(f"{len(batch)} covered objects could not be deleted: {error}") from error
            kept = answer.get("Errors", [])
            for refused in kept:
                # One that changed since is for the next run to look at anew; any other reason is a fault.
                if refused.get("Code") not in _GONE:
                    raise LakeStoreError(
                        f"covered object {refused.get('Key')} could not be deleted: {refused.get('Code')} "
                        f"{refused.get('Message', '')}"
                    )
            gone += len(batch) - len(kept)
        return gone

    def _listed(self, prefix: str) -> Iterator[Listed]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        for page in pages:
            for item in page.get("Contents", []):
                yield Listed(item["Key"], item["ETag"].strip('"'), item["Size"], item["LastModified"])

    def _etag(self, key: str) -> str:
        try:
            return self._client.head_object(Bucket=self.bucket, Key=key)["ETag"].strip('"')
        except (ClientError, BotoCoreError) as error:
            raise LakeStoreError(f"object {key} could not be looked at: {error}") from error
