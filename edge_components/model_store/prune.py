"""Keeps the store within its bytes: old versions go, the active and the previous one never do."""

from __future__ import annotations

import shutil

from contract.model_manifest import MANIFEST_FILE, ModelReference
from edge_components.model_store.pointers import ActiveModel, read_active, read_previous
from edge_components.model_store.store_folder import StoreFolder, size_bytes_of


def prune(
    folder: StoreFolder, maximum_bytes: int, *, wanted: ModelReference | None = None
) -> list[ModelReference]:
    """Remove old versions, oldest first, until the store holds `maximum_bytes`; return which.

    Engines that neither the active nor the previous model uses go first: they can be built again. `wanted` is
    being brought in and stays, its download included.
    """
    keep = [model for model in (read_active(folder), read_previous(folder)) if model is not None]
    _remove_downloads(folder, wanted)
    if size_bytes_of(folder.root) > maximum_bytes:
        _remove_engines(folder, keep)
    protected = {model.reference for model in keep} | ({wanted} if wanted else set())
    old = [reference for reference in folder.installed() if reference not in protected]
    old.sort(key=lambda reference: (folder.package(reference) / MANIFEST_FILE).stat().st_mtime)
    removed: list[ModelReference] = []
    for reference in old:
        if size_bytes_of(folder.root) <= maximum_bytes:
            break
        folder.remove_package(reference)
        removed.append(reference)
    return removed


def remove_leftovers(folder: StoreFolder) -> None:
    """Remove what an interrupted build or removal left behind."""
    for path in folder.engines.glob(".*"):
        path.unlink(missing_ok=True)
    for package in folder.packages.glob("*/*"):
        if not (package / MANIFEST_FILE).is_file():
            shutil.rmtree(package, ignore_errors=True)


def _remove_downloads(folder: StoreFolder, wanted: ModelReference | None) -> None:
    for path in folder.incoming.glob("*"):
        if wanted is None or path.name != str(wanted):
            shutil.rmtree(path, ignore_errors=True)


def _remove_engines(folder: StoreFolder, keep: list[ActiveModel]) -> None:
    used = {model.engine for model in keep}
    for engine in folder.engines.glob("*.plan"):
        if str(engine.relative_to(folder.root)) not in used:
            engine.unlink(missing_ok=True)
            engine.with_suffix(".json").unlink(missing_ok=True)
