"""Copy the lake of a run to a folder that stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from contract.files import write_whole
from contract.lake import COMPACTED_PREFIX, COVERS_PREFIX, QUARANTINE_PREFIX, RAW_PREFIX
from infra.local.disk import clear_disk_errors
from lambdas.shared.lake_store import LakeObjectMissingError, LakeStore

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

COPIED_PREFIXES = (RAW_PREFIX, COMPACTED_PREFIX, COVERS_PREFIX, QUARANTINE_PREFIX)
"""Raw first: what is taken away while it is copied has been in a compacted object for an hour by then."""


@dataclass(frozen=True)
class LakeCopy:
    """What was copied: objects that hold records, and the bytes of all."""

    objects: int
    bytes: int


def copy_lake(
    client: S3Client, bucket: str, folder: Path, *, prefixes: Sequence[str] = COPIED_PREFIXES
) -> LakeCopy:
    """Copy every object under `prefixes` to `folder`/<key>, each file whole or not at all.

    An object that goes meanwhile is left out: the compactor takes none away whose rows are not in another.
    Raises `DiskFullError` and `LakeStoreError`.
    """
    store = LakeStore(bucket, client)
    objects = copied_bytes = 0
    with clear_disk_errors(folder):
        for prefix in prefixes:
            # Listed whole before any is read: nothing that is made meanwhile comes without what it replaces.
            for key, _, _ in list(store.keys(prefix)):
                try:
                    body = store.get(key).body
                except LakeObjectMissingError:
                    continue
                write_whole(folder / key, body)
                objects += prefix in (RAW_PREFIX, COMPACTED_PREFIX)
                copied_bytes += len(body)
    return LakeCopy(objects, copied_bytes)
