"""Whether what lies on the device is what was published, built and signed."""

from __future__ import annotations

from contract.model_manifest import ModelReference
from edge_components.model_store.engine_builder import is_intact
from edge_components.model_store.errors import ModelStoreError
from edge_components.model_store.packages import (
    Published,
    check_signature,
    installed_manifest,
    package_problem,
)
from edge_components.model_store.pointers import ActiveModel
from edge_components.model_store.store_folder import StoreFolder


def is_installed(folder: StoreFolder, reference: ModelReference, published: Published | None = None) -> bool:
    """Return whether the package is here, whole, and (where given) the one that was published."""
    package = folder.package(reference)
    if reference not in set(folder.installed()) or package_problem(package, reference):
        return False
    return published is None or installed_manifest(package, reference).sha256 == published.sha256


def has_engine(folder: StoreFolder, model: ActiveModel) -> bool:
    """Return whether the engine of `model` is there, and the one that was built."""
    engine = folder.root / str(model.engine)
    return engine.is_file() and (engine.parent != folder.engines or is_intact(engine))


def signature_problem(folder: StoreFolder, model: ActiveModel, key: str | None) -> str | None:
    """Return why a model is not signed as the key, where one is demanded, wants it; None when it is."""
    if not key:
        return None
    try:
        installed = installed_manifest(folder.root / model.package, model.reference)
        check_signature(model.reference, installed.content, installed.signature, key)
    except ModelStoreError as error:
        return str(error)
    return None


def hardware_of(made_for: str) -> str:
    """Return the TensorRT, GPU and JetPack that an activation was for, without the settings."""
    return made_for.partition(", engine ")[0]
