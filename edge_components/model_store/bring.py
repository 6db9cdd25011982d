"""Brings a version to the device where there is room for it, the oldest versions making way."""

from __future__ import annotations

from collections.abc import Callable, Collection

from contract.model_manifest import ModelManifest, ModelReference
from edge_components.model_store.device_facts import DeviceProbe
from edge_components.model_store.errors import ModelRefusedError, NotNowError
from edge_components.model_store.packages import (
    Objects,
    Published,
    fetch_package,
    install_package,
    missing_bytes,
)
from edge_components.model_store.prune import prune, removable_bytes
from edge_components.model_store.store_folder import StoreFolder, size_bytes_of

RESERVE_BYTES = 128 * 1024**2
"""What a download must leave free: the spool lives on the same disk."""
ENGINE_SHARE = 2
"""Room for the engine, as a multiple of the package."""
_MEBIBYTE = 2**20


def bring_package(
    folder: StoreFolder,
    objects: Objects,
    published: Published,
    *,
    maximum_bytes: int,
    probe: DeviceProbe,
    say: Callable[[str], None],
    check_wanted: Callable[[], None],
    listed: Collection[ModelReference] = (),
) -> None:
    """Fetch and install a version.

    Raises `NotNowError` or `DiskFullError` for want of room, `ModelRefusedError`, `ObjectStoreError`, and
    what `check_wanted` raises to break off.
    """
    said = ""

    def progress(name: str, there: int, size: int) -> None:
        nonlocal said
        check_wanted()
        # Tenths: whoever listens may write each into a log.
        sentence = f"fetching {name}: {there * 10 // size * 10} %"
        if sentence != said:
            say(sentence)
        said = sentence

    _make_room(folder, published.manifest, maximum_bytes, probe, listed)
    say("fetching")
    fetch_package(folder, objects, published, progress)
    say("installing")
    install_package(folder, published)


def _make_room(
    folder: StoreFolder,
    manifest: ModelManifest,
    limit: int,
    probe: DeviceProbe,
    listed: Collection[ModelReference],
) -> None:
    """Let old versions go as far as that makes enough room; where it cannot, they all stay."""
    reference = manifest.reference
    if manifest.size_bytes > limit:
        raise ModelRefusedError(
            f"model {reference} has {manifest.size_bytes} bytes: expected at most {limit} (maximumBytes)"
        )
    needed = missing_bytes(folder, manifest) + ENGINE_SHARE * manifest.size_bytes + RESERVE_BYTES
    free = probe.disk_free_bytes(folder.root)
    if free + removable_bytes(folder, wanted=reference, listed=listed) < needed:
        raise NotNowError(
            f"the disk of {folder.root} has {free // _MEBIBYTE} MiB free: model {reference} needs "
            f"{needed // _MEBIBYTE} MiB, with its engine and {RESERVE_BYTES // _MEBIBYTE} MiB that stay free"
        )
    kept_bytes = min(limit - manifest.size_bytes, size_bytes_of(folder.root) - max(0, needed - free))
    prune(folder, kept_bytes, wanted=reference, listed=listed)
