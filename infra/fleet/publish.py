"""Puts component artifacts into the artifacts bucket, where a version's objects never change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from contract.errors import WorkFailedError
from infra.bundles import ROOT
from infra.fleet.archives import Archive
from infra.fleet.components import LIBRARIES, Component
from infra.fleet.targets import TARGETS
from infra.fleet.wheelhouse import build_wheelhouse

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ARTIFACTS = ROOT / "build" / "artifacts"
_DIGEST = "content-digest"


class PublishError(WorkFailedError):
    """Raised when an artifact cannot be uploaded, or the bucket holds another under its name."""


@dataclass(frozen=True)
class Published:
    """An artifact in the bucket; `is_new` is False when it was there before."""

    key: str
    size_bytes: int
    is_new: bool


def s3_client() -> S3Client:
    """Return a client of the default credential chain; raises `PublishError` where that makes none."""
    import boto3

    try:
        return boto3.client("s3")
    except BotoCoreError as error:
        raise PublishError(f"the AWS settings make no S3 client: {error}") from error


def write_artifacts(component: Component, folder: Path = ARTIFACTS) -> Iterator[tuple[Archive, Path]]:
    """Write the archives of `component` below `folder` and yield each with its path.

    The libraries need a package index, unless their wheels were fetched before.
    """
    for archive in component.archives:
        more = _wheels_of(archive) if component.name == LIBRARIES else {}
        yield archive, archive.write(folder / component.name / component.version, more)


def _wheels_of(archive: Archive) -> dict[str, Path]:
    (target,) = (target for target in TARGETS if f"{target.name}.zip" == archive.file_name)
    return {wheel.name: wheel for wheel in sorted(build_wheelhouse(target).glob("*.whl"))}


def publish(
    component: Component, client: S3Client, *, bucket: str, stage: str, folder: Path = ARTIFACTS
) -> Iterator[Published]:
    """Upload what `bucket` does not have yet of `component`; raises `PublishError`.

    An object that stands for other content is left alone: devices may be running it.
    """
    for archive, path in write_artifacts(component, folder):
        key = component.key_of(archive, stage)
        size_bytes = path.stat().st_size
        try:
            found = _digest_in_bucket(client, bucket, key)
            if found is None:
                client.upload_file(str(path), bucket, key, ExtraArgs={"Metadata": {_DIGEST: archive.digest}})
        except (BotoCoreError, Boto3Error, ClientError) as error:
            raise PublishError(f"{key} could not be put into {bucket}: {error}") from error
        if found not in (None, archive.digest):
            raise PublishError(f"{bucket} holds other content as {key}: expected a new component version")
        yield Published(key, size_bytes, is_new=found is None)


def _digest_in_bucket(client: S3Client, bucket: str, key: str) -> str | None:
    """Return the content digest of the object, None when there is no such object."""
    try:
        return client.head_object(Bucket=bucket, Key=key)["Metadata"].get(_DIGEST, "unknown")
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in ("404", "NoSuchKey", "NotFound"):
            return None
        raise
