"""Brings a published version onto the device: whole, checked file by file, or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from contract.errors import DiskFullError
from contract.files import write_whole
from contract.model_manifest import (
    MANIFEST_FILE,
    MAXIMUM_MANIFEST_BYTES,
    MAXIMUM_SIGNATURE_BYTES,
    SIGNATURE_FILE,
    ManifestFile,
    ModelManifest,
    ModelManifestError,
    ModelReference,
    parse_manifest,
    parse_reference,
)
from edge_components.model_store.errors import MissingVersionError, ModelRefusedError, NotNowError
from edge_components.model_store.signature import is_signed
from edge_components.model_store.store_folder import StoreFolder
from edge_components.runtime.object_store import PARTIAL_SUFFIX, ObjectMismatchError, ObjectMissingError

_BLOCK_BYTES = 1 << 20
_REPLACED = ".replaced-"


class Objects(Protocol):
    """What of the artifacts bucket is used."""

    def read(self, key: str, maximum_bytes: int) -> bytes:
        """Return a small object."""
        ...

    def fetch(
        self,
        key: str,
        into: Path,
        *,
        size: int,
        sha256: str,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """Put a large object at `into`, going on from what is there."""
        ...


@dataclass(frozen=True)
class Published:
    """A manifest as it was published, its signature checked where one is demanded."""

    manifest: ModelManifest
    content: bytes
    signature: bytes | None = None

    @property
    def sha256(self) -> str:
        """Digest that tells this publication from another of the same version."""
        return hashlib.sha256(self.content).hexdigest()


def read_published(objects: Objects, reference: ModelReference, signing_key: str | None) -> Published:
    """Return the manifest of `reference`.

    Raises `MissingVersionError`, `ModelRefusedError` for a bad one or a bad signature, `ObjectStoreError`.
    """
    try:
        content = objects.read(reference.key(MANIFEST_FILE), MAXIMUM_MANIFEST_BYTES)
    except ObjectMissingError as error:
        raise MissingVersionError(
            f"model {reference}: {error}; expected it to be pushed by `crowdlens models push`"
        ) from error
    except ObjectMismatchError as error:
        raise ModelRefusedError(f"model {reference}: {error}") from error
    signature = None
    if signing_key:
        signature = _signature(objects, reference)
        check_signature(reference, content, signature, signing_key)
    try:
        return Published(parse_manifest(content, reference), content, signature)
    except ModelManifestError as error:
        raise ModelRefusedError(f"model {reference}: {error}") from error


def _signature(objects: Objects, reference: ModelReference) -> bytes | None:
    try:
        return objects.read(reference.key(SIGNATURE_FILE), MAXIMUM_SIGNATURE_BYTES)
    except ObjectMissingError:
        return None


def check_signature(reference: ModelReference, content: bytes, signature: bytes | None, key: str) -> None:
    """Raise `ModelRefusedError` unless the manifest's `content` is signed by the owner of `key`."""
    if signature is None:
        raise ModelRefusedError(
            f"model {reference} is not signed: this device takes signed versions alone (signingKey is set)"
        )
    if not is_signed(content, signature, key):
        raise ModelRefusedError(f"model {reference}: {SIGNATURE_FILE} is not by the key this device trusts")


def missing_bytes(folder: StoreFolder, manifest: ModelManifest) -> int:
    """Return how many bytes of a version are still to be fetched."""
    download = folder.download(manifest.reference)
    there = sum(path.stat().st_size for path in download.glob("*")) if download.is_dir() else 0
    return max(0, manifest.size_bytes - there)


def fetch_package(
    folder: StoreFolder,
    objects: Objects,
    published: Published,
    progress: Callable[[str, int, int], None],
) -> None:
    """Fetch the files of a version into its download folder, going on where an attempt was broken off.

    `progress` hears the file's name, the bytes there and all of them, and may raise to break off. Raises
    `ModelRefusedError` for a file that is not the manifest's though it was fetched in one go, `DiskFullError`
    (what was fetched is removed: the room belongs to the records first), `NotNowError` and
    `ObjectStoreError` for what may pass.
    """
    reference = published.manifest.reference
    download = folder.download(reference)
    try:
        for file in published.manifest.files:
            _fetch_file(objects, reference, file, download / file.name, _told(progress, file))
    except DiskFullError:
        shutil.rmtree(download, ignore_errors=True)
        raise
    except ObjectMissingError as error:
        # The manifest is pushed last, so the file was there: a policy, a bucket that is being repaired.
        raise NotNowError(f"model {reference}: {error}") from error
    except ObjectMismatchError as error:
        raise ModelRefusedError(f"model {reference}: {error}") from error


def _fetch_file(
    objects: Objects, reference: ModelReference, file: ManifestFile, target: Path, told: Callable[[int], None]
) -> None:
    """Fetch one file; bytes of an earlier attempt may be damaged and are given one fetch from the start."""

    def fetch() -> None:
        objects.fetch(
            reference.key(file.name), target, size=file.size_bytes, sha256=file.sha256, progress=told
        )

    if target.is_file():
        if _file_problem(target.parent, file) is None:
            return
        target.unlink()
    partial = target.with_name(target.name + PARTIAL_SUFFIX)
    is_resumed = partial.is_file() and partial.stat().st_size > 0
    try:
        fetch()
    except ObjectMismatchError:
        if not is_resumed:
            raise
        partial.unlink(missing_ok=True)
        fetch()


def install_package(folder: StoreFolder, published: Published) -> None:
    """Move a whole download to the packages, in one step; raises `NotNowError` when it is not whole.

    Its files were right when they were fetched: what is wrong now was done by this device.
    """
    reference = published.manifest.reference
    download, target = folder.download(reference), folder.package(reference)
    write_whole(download / MANIFEST_FILE, published.content, durable=True)
    if published.signature is not None:
        write_whole(download / SIGNATURE_FILE, published.signature, durable=True)
    problem = package_problem(download, reference)
    if problem is not None:
        shutil.rmtree(download, ignore_errors=True)
        raise NotNowError(f"model {reference}: {problem}; it is fetched anew")
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        # Damaged, and perhaps the active one: `finish_installs` ends what is cut off between the two names.
        shutil.rmtree(_replaced(folder, reference), ignore_errors=True)
        target.rename(_replaced(folder, reference))
    download.rename(target)
    sync_folder(target.parent)
    shutil.rmtree(_replaced(folder, reference), ignore_errors=True)


def keep_signature(folder: StoreFolder, published: Published) -> None:
    """Lay the signature of an installed version beside it: it may be demanded later, without a network."""
    path = folder.package(published.manifest.reference) / SIGNATURE_FILE
    if published.signature is not None and not path.is_file():
        write_whole(path, published.signature, durable=True)


def finish_installs(folder: StoreFolder) -> None:
    """End the replacement of a damaged package that was cut off in the middle."""
    for replaced in folder.incoming.glob(f"{_REPLACED}*"):
        reference = parse_reference(replaced.name[len(_REPLACED) :])
        download, target = folder.download(reference), folder.package(reference)
        if not target.exists():
            is_whole = package_problem(download, reference) is None
            (download if is_whole else replaced).rename(target)
        shutil.rmtree(replaced, ignore_errors=True)


def _replaced(folder: StoreFolder, reference: ModelReference) -> Path:
    return folder.incoming / f"{_REPLACED}{reference}"


def installed_manifest(package: Path, reference: ModelReference) -> Published:
    """Return the manifest a package was installed with; raises `ModelRefusedError` when it cannot be read."""
    signature = package / SIGNATURE_FILE
    try:
        content = (package / MANIFEST_FILE).read_bytes()
        manifest = parse_manifest(content, reference)
        return Published(manifest, content, signature.read_bytes() if signature.is_file() else None)
    except (OSError, ModelManifestError) as error:
        raise ModelRefusedError(f"model {reference}: {MANIFEST_FILE} on this device is damaged") from error


def package_problem(package: Path, reference: ModelReference) -> str | None:
    """Return what is wrong with the files of a package as one clause, None when all are as published."""
    try:
        manifest = installed_manifest(package, reference).manifest
    except ModelRefusedError as error:
        return str(error)
    return next((problem for file in manifest.files if (problem := _file_problem(package, file))), None)


def _file_problem(package: Path, file: ManifestFile) -> str | None:
    try:
        found = sha256_of_file(package / file.name)
    except OSError as error:
        return f"{file.name} cannot be read ({error.strerror or error})"
    if found == file.sha256:
        return None
    return f"{file.name} on this device has sha256 {found[:12]}…: expected {file.sha256[:12]}…"


def sha256_of_file(path: Path) -> str:
    """Return a file's sha256 as hexadecimal digits; raises `OSError`."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def sync_folder(folder: Path) -> None:
    """Make new names in `folder` outlive a cut of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _told(progress: Callable[[str, int, int], None], file: ManifestFile) -> Callable[[int], None]:
    return lambda there: progress(file.name, there, file.size_bytes)
