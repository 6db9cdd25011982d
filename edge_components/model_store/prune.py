"""Keeps the store within its bytes: old versions go; the active, the previous and listed ones never do."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

from contract.model_manifest import MANIFEST_FILE, ModelReference
from edge_components.model_store.pointers import ActiveModel, read_active, read_previous, read_ready
from edge_components.model_store.store_folder import StoreFolder, size_bytes_of


def prune(
    folder: StoreFolder,
    maximum_bytes: int,
    *,
    wanted: ModelReference | None = None,
    listed: Collection[ModelReference] = (),
) -> list[ModelReference]:
    """Remove old versions, oldest first, until the store holds `maximum_bytes`; return which.

    Engines that no kept model uses go first: they can be built again. `wanted` is being brought in and stays,
    its download included; `listed` ones are for projects and stay, too.
    """
    for path in _downloads(folder, wanted):
        shutil.rmtree(path, ignore_errors=True)
    if size_bytes_of(folder.root) > maximum_bytes:
        for engine in _unused_engines(folder):
            engine.unlink(missing_ok=True)
            engine.with_suffix(".json").unlink(missing_ok=True)
    removed: list[ModelReference] = []
    for reference in _old(folder, wanted, listed):
        if size_bytes_of(folder.root) <= maximum_bytes:
            break
        folder.remove_package(reference)
        removed.append(reference)
    return removed


def removable_bytes(
    folder: StoreFolder, *, wanted: ModelReference | None = None, listed: Collection[ModelReference] = ()
) -> int:
    """Return how many bytes `prune` could remove at most."""
    folders = [*_downloads(folder, wanted), *map(folder.package, _old(folder, wanted, listed))]
    engines = sum(engine.stat().st_size for engine in _unused_engines(folder))
    return engines + sum(size_bytes_of(path) for path in folders)


def remove_leftovers(folder: StoreFolder) -> None:
    """Remove what an interrupted build or removal left behind."""
    for path in folder.engines.glob(".*"):
        path.unlink(missing_ok=True)
    for package in folder.packages.glob("*/*"):
        if not (package / MANIFEST_FILE).is_file():
            shutil.rmtree(package, ignore_errors=True)


def _kept(folder: StoreFolder) -> list[ActiveModel]:
    models = (read_active(folder), read_previous(folder), *read_ready(folder).values())
    return [model for model in models if model is not None]


def _old(
    folder: StoreFolder, wanted: ModelReference | None, listed: Collection[ModelReference]
) -> list[ModelReference]:
    """Return the versions that may go, oldest first."""
    protected = {wanted, *listed, *(model.reference for model in _kept(folder))}
    old = [reference for reference in folder.installed() if reference not in protected]
    return sorted(old, key=lambda reference: (folder.package(reference) / MANIFEST_FILE).stat().st_mtime)


def _downloads(folder: StoreFolder, wanted: ModelReference | None) -> list[Path]:
    """Return the downloads of versions that nobody waits for any more."""
    return [path for path in folder.incoming.glob("*") if wanted is None or path.name != str(wanted)]


def _unused_engines(folder: StoreFolder) -> list[Path]:
    used = {model.engine for model in _kept(folder)}
    return [path for path in folder.engines.glob("*.plan") if str(path.relative_to(folder.root)) not in used]
