"""Copy the lake of a run to a folder that stays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from contract.files import write_whole
from contract.lake import RAW_PREFIX
from infra.local.disk import clear_disk_errors

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class LakeCopy:
    """What was copied."""

    objects: int
    bytes: int


def copy_lake(client: S3Client, bucket: str, folder: Path, *, prefix: str = RAW_PREFIX) -> LakeCopy:
    """Copy every object under `prefix` to `folder`/<key>, each file whole or not at all.

    Raises `DiskFullError`.
    """
    objects = copied_bytes = 0
    with clear_disk_errors(folder):
        for key in _keys(client, bucket, prefix):
            body = client.get_object(Bucket=bucket, Key=key)["Body"].read()
            write_whole(folder / key, body)
            objects += 1
            copied_bytes += len(body)
    return LakeCopy(objects, copied_bytes)


def _keys(client: S3Client, bucket: str, prefix: str) -> list[str]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]
