"""Model versions in the artifacts bucket: uploaded once, never changed, listed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cli.model_push.package import CheckedPackage
from contract.device_store import MODELS_PREFIX
from contract.errors import WorkFailedError
from contract.model_manifest import (
    MANIFEST_FILE,
    SIGNATURE_FILE,
    ModelManifest,
    ModelManifestError,
    manifest_bytes,
    parse_manifest,
    parse_reference,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MISSING = ("404", "NoSuchKey", "NotFound")
_TAKEN = ("PreconditionFailed", "ConditionalRequestConflict")


class VersionTakenError(WorkFailedError):
    """Raised when the bucket holds other content under the version; devices may be running it."""


@dataclass(frozen=True)
class PublishedVersion:
    """A version in the bucket; `problem` is a sentence when its manifest cannot be read."""

    model: str
    manifest: ModelManifest | None
    is_signed: bool
    published_at: str
    problem: str | None


def push(
    client: S3Client,
    bucket: str,
    package: CheckedPackage,
    signature: bytes | None,
    say: Callable[[str], None],
) -> bool:
    """Upload the package's files and then its manifest; False when the same version is there already.

    Raises `VersionTakenError`; what the client raises is left to the caller.
    """
    manifest, content = package.manifest, manifest_bytes(package.manifest)
    reference = manifest.reference
    found = _read(client, bucket, reference.key(MANIFEST_FILE))
    if found is not None:
        _check_same(found, content, str(reference))
        return False
    for file in manifest.files:
        say(f"uploading {file.name}, {file.size_bytes / 1e6:.1f} MB")
        client.upload_file(str(package.folder / file.name), bucket, reference.key(file.name))
    if signature is not None:
        client.put_object(Bucket=bucket, Key=reference.key(SIGNATURE_FILE), Body=signature)
    _put_manifest(client, bucket, reference.key(MANIFEST_FILE), content, str(reference))
    return True


def versions(client: S3Client, bucket: str, name: str | None) -> list[PublishedVersion]:
    """Return what is published, newest first; all models without a `name`."""
    prefix = f"{MODELS_PREFIX}{name}/" if name else MODELS_PREFIX
    objects = {
        item["Key"]: item["LastModified"]
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for item in page.get("Contents", [])
    }
    manifests = [key for key in objects if key.endswith(f"/{MANIFEST_FILE}")]
    manifests.sort(key=lambda key: objects[key], reverse=True)
    return [
        _version(
            client,
            bucket,
            key,
            f"{key.removesuffix(MANIFEST_FILE)}{SIGNATURE_FILE}" in objects,
            objects[key].strftime("%Y-%m-%d %H:%M UTC"),
        )
        for key in manifests
    ]


def _version(client: S3Client, bucket: str, key: str, is_signed: bool, published_at: str) -> PublishedVersion:
    model = "@".join(key.removeprefix(MODELS_PREFIX).removesuffix(f"/{MANIFEST_FILE}").rsplit("/", 1))
    try:
        manifest = parse_manifest(_read(client, bucket, key) or b"", parse_reference(model))
    except ModelManifestError as error:
        return PublishedVersion(model, None, is_signed, published_at, str(error))
    return PublishedVersion(model, manifest, is_signed, published_at, None)


def _put_manifest(client: S3Client, bucket: str, key: str, content: bytes, model: str) -> None:
    """Write the manifest, the last object of a version, unless somebody else just did."""
    from botocore.exceptions import ClientError

    try:
        client.put_object(Bucket=bucket, Key=key, Body=content, IfNoneMatch="*")
    except ClientError as error:
        if _code(error) not in _TAKEN:
            raise
        _check_same(_read(client, bucket, key) or b"", content, model)


def _check_same(found: bytes, content: bytes, model: str) -> None:
    if found != content:
        raise VersionTakenError(
            f"{model} is published with other content, and devices may be running it: "
            "expected another --version"
        )


def _read(client: S3Client, bucket: str, key: str) -> bytes | None:
    from botocore.exceptions import ClientError

    try:
        return bytes(client.get_object(Bucket=bucket, Key=key)["Body"].read())
    except ClientError as error:
        if _code(error) in _MISSING:
            return None
        raise


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
