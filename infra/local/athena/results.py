"""Where the result objects of queries go."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.athena.errors import AthenaQueryError, Fault


class Results(Protocol):
    """Keeps result objects."""

    def write(self, location: str, body: bytes) -> None:
        """Keep `body` at the ``s3://`` address `location`; raises `AthenaQueryError` when it cannot."""


class FolderResults:
    """Keeps result objects as files below a folder, as ``<bucket>/<key>``."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)

    def write(self, location: str, body: bytes) -> None:
        """Write the file that stands for `location`."""
        bucket, key = _bucket_and_key(location)
        path = (self.folder / bucket / key).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise AthenaQueryError(Fault.GENERIC, f"output location {location!r} leaves the results folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)


class S3Results:
    """Keeps result objects in a bucket of an S3 endpoint."""

    def __init__(self, *, endpoint_url: str, region: str, access_key: str, secret_key: str) -> None:
        self._client = boto3.client(
            "s3",
            endpoint_url=endpoint_url,
            region_name=region,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=Config(s3={"addressing_style": "path"}, proxies={}, retries={"max_attempts": 2}),
        )

    def write(self, location: str, body: bytes) -> None:
        """Put the object."""
        bucket, key = _bucket_and_key(location)
        try:
            self._client.put_object(Bucket=bucket, Key=key, Body=body)
        except (BotoCoreError, ClientError) as error:
            raise AthenaQueryError(
                Fault.UNREACHABLE, f"Unable to verify/create output bucket {bucket}: {error}"
            ) from error


def _bucket_and_key(location: str) -> tuple[str, str]:
    parts = urlsplit(location)
    return parts.netloc, parts.path.lstrip("/")
