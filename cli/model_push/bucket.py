"""Model versions in the artifacts bucket: uploaded once, never changed, listed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from cli.model_push.package import CheckedPackage
from contract.device_store import MODELS_PREFIX
from contract.errors import WorkFailedError
from contract.model_manifest import (
    MANIFEST_FILE,
    SIGNATURE_FILE,
    ManifestFile,
    ModelManifest,
    ModelManifestError,
    ModelReference,
    manifest_bytes,
    parse_manifest,
    parse_reference,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_BLOCK_BYTES = 1 << 20
_MISSING = ("404", "NoSuchKey", "NotFound")
_TAKEN = ("PreconditionFailed", "ConditionalRequestConflict")


class VersionTakenError(WorkFailedError):
    """Raised when the bucket holds other content under the version; devices may be running it."""


class SigningKey(Protocol):
    """What of a private key is used."""

    def sign(self, content: bytes) -> bytes:
        """Return a signature of `content`."""
        ...

    def has_signed(self, content: bytes, signature: bytes) -> bool:
        """Return whether `signature` is one of `content` by this key."""
        ...


@dataclass(frozen=True)
class Pushed:
    """What a push came to: whether the version is new, and whether a signature lies in the bucket."""

    is_new: bool
    is_signed: bool


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
    key: SigningKey | None,
    say: Callable[[str], None],
) -> Pushed:
    """Upload the package's files, then its signature and manifest; only the signature where it is there.

    Nothing in the bucket is ever replaced: of two pushes at the same time one wins every object, and the
    other stops before the manifest. Raises `VersionTakenError`; what the client raises is left to the caller.
    """
    manifest, content = package.manifest, manifest_bytes(package.manifest)
    reference = manifest.reference
    found = _read(client, bucket, reference.key(MANIFEST_FILE))
    if found is not None:
        _check_same(found, content, str(reference))
    else:
        for file in manifest.files:
            say(f"uploading {file.name}, {file.size_bytes / 1e6:.1f} MB")
            _put_file(client, bucket, reference, package.folder, file)
        for file in manifest.files:
            _check_file(client, bucket, reference, file)
    if key is not None:
        _put_signature(client, bucket, reference, content, key)
    if found is None:
        _put_manifest(client, bucket, reference, content)
    is_signed = _read(client, bucket, reference.key(SIGNATURE_FILE)) is not None
    return Pushed(is_new=found is None, is_signed=is_signed)


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


def _put_file(
    client: S3Client, bucket: str, reference: ModelReference, folder: Path, file: ManifestFile
) -> None:
    """Write a file of a version; one that is there already is `_check_file`'s to judge."""
    with (folder / file.name).open("rb") as body:
        _put_new(client, bucket, reference.key(file.name), body)


def _check_file(client: S3Client, bucket: str, reference: ModelReference, file: ManifestFile) -> None:
    """Raise `VersionTakenError` unless what lies in the bucket is the manifest's, byte for byte."""
    from botocore.exceptions import ClientError

    digest, size = hashlib.sha256(), 0
    try:
        body = client.get_object(Bucket=bucket, Key=reference.key(file.name))["Body"]
        while block := body.read(_BLOCK_BYTES):
            digest.update(block)
            size += len(block)
    except ClientError as error:
        if _code(error) not in _MISSING:
            raise
    if (size, digest.hexdigest()) != (file.size_bytes, file.sha256):
        raise VersionTakenError(
            f"{reference}: {file.name} in the bucket is that of another push, under way or broken off, so no "
            "manifest was written: expected another --version"
        )


def _put_signature(
    client: S3Client, bucket: str, reference: ModelReference, content: bytes, key: SigningKey
) -> None:
    """Write the signature of a manifest, or see that the one there is by the same key."""
    name = reference.key(SIGNATURE_FILE)
    if _put_new(client, bucket, name, key.sign(content)):
        return
    if not key.has_signed(content, _read(client, bucket, name) or b""):
        raise VersionTakenError(
            f"{reference}: {SIGNATURE_FILE} in the bucket is by another key or of another push: expected "
            "another --version"
        )


def _put_manifest(client: S3Client, bucket: str, reference: ModelReference, content: bytes) -> None:
    """Write the manifest, the last object of a version, unless somebody else just did."""
    name = reference.key(MANIFEST_FILE)
    if not _put_new(client, bucket, name, content):
        _check_same(_read(client, bucket, name) or b"", content, str(reference))


def _put_new(client: S3Client, bucket: str, key: str, body: bytes | IO[bytes]) -> bool:
    """Write an object where there is none; False where there is one."""
    from botocore.exceptions import ClientError

    try:
        client.put_object(Bucket=bucket, Key=key, Body=body, IfNoneMatch="*")
    except ClientError as error:
        if _code(error) not in _TAKEN:
            raise
        return False
    return True


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
