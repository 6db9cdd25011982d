"""The models in use: found by what a configuration or project calls them, opened once, shared by cameras."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from contract.errors import CrowdLensError
from contract.model_manifest import MANIFEST_FILE, ModelManifestError, parse_reference
from edge_components.runtime.inference.classifier import open_classifier
from edge_components.runtime.inference.detector import open_detector
from edge_components.runtime.inference.model_package import CLASSIFICATION, read_package
from edge_components.runtime.inference.model_settings import DetectorSettings
from edge_components.vision.arguments import DEFAULT_MODEL, find_model
from edge_components.vision.component_settings import STORE_MODEL
from edge_components.vision.engine_cache import kept_engines
from edge_components.vision.stages import FrameModel

logger = logging.getLogger(__name__)

ACTIVE_FILE, READY_FILE, REFUSED_FILE = "active.json", "ready.json", "refused.json"


class ModelPlaceError(CrowdLensError):
    """Raised for a model that is not on this device; the text says what was looked for."""


@dataclass(frozen=True)
class ModelPlace:
    """Where a model lies; `shown` is its name for people, such as ``person_demo@2``."""

    package: Path
    engine: Path | None
    shown: str

    def fingerprint(self) -> tuple[tuple[str, int, int], ...]:
        """Return names, sizes and times of what lies there: another one when somebody has changed a file."""
        inside = self.package.iterdir() if self.package.is_dir() else ()
        engine = () if self.engine is None else (self.engine,)
        return tuple(sorted(_state(path) for path in (self.package, *inside, *engine)))


def _state(path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except OSError:
        return str(path), -1, -1
    return str(path), found.st_size, found.st_mtime_ns


class OpenModel(Protocol):
    """Opens the model at a place."""

    def __call__(self, place: ModelPlace, settings: DetectorSettings) -> FrameModel:
        """Return it, checked by one inference; raises `CrowdLensError`."""
        ...


def open_model(place: ModelPlace, settings: DetectorSettings) -> FrameModel:
    """Return the detector or classifier at `place`; raises `CrowdLensError`."""
    is_package = place.package.is_dir()
    if is_package and read_package(place.package).task == CLASSIFICATION:
        return open_classifier(place.package, settings, engine=place.engine)
    return open_detector(place.package, settings, engine=place.engine)


def locate(wanted: str, models: Path) -> ModelPlace:
    """Return where the model that is `wanted` lies.

    `wanted` is ``store`` (the store's active model, the shipped one until there is one), ``name@version`` of
    a package in the store below `models`, with its engine where the store made one, the name of a shipped
    model, or a path. Raises `CrowdLensError`, also for a version that failed in the store.
    """
    if wanted == STORE_MODEL:
        return _active(models) or ModelPlace(find_model(DEFAULT_MODEL), None, DEFAULT_MODEL)
    try:
        reference = parse_reference(wanted)
    except ModelManifestError:
        return ModelPlace(find_model(wanted), None, Path(wanted).name)
    active = _active(models)
    if active is not None and active.shown == wanted:
        return active
    package = models / "packages" / reference.name / reference.version
    if not package.is_dir():
        raise ModelPlaceError(f"model {wanted} is not on this device: expected it in the model store")
    refusal = _refusal(wanted, package, models)
    if refusal is not None:
        raise ModelPlaceError(f"model {wanted} is refused by the model store: {refusal}")
    return _place(_document(models / READY_FILE).get(wanted), models) or ModelPlace(package, None, wanted)


def _refusal(wanted: str, package: Path, models: Path) -> str | None:
    """Return why the store refused the very package at hand; an operator's choice is of the active one."""
    refusal = _document(models / REFUSED_FILE).get(wanted)
    if not isinstance(refusal, dict) or refusal.get("by_operator"):
        return None
    try:
        here = hashlib.sha256((package / MANIFEST_FILE).read_bytes()).hexdigest()
    except OSError:
        here = ""
    return str(refusal.get("reason")) if refusal.get("manifest_sha256") in ("", here) else None


def _active(models: Path) -> ModelPlace | None:
    """Return what the store's pointer names, None where there is none that can be read."""
    return _place(_document(models / ACTIVE_FILE), models)


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _place(pointer: Any, models: Path) -> ModelPlace | None:
    try:
        engine = pointer.get("engine")
        shown = f"{pointer['name']}@{pointer['version']}"
        package = models / str(pointer["package"])
    except (KeyError, TypeError, AttributeError):
        return None
    return ModelPlace(package, None if engine is None else models / str(engine), shown)


class _Shelf:
    """One model's place on the bench."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.model: FrameModel | None = None
        self.users = 0


class ModelBench:
    """Opens each model once for all who borrow it, and closes it when nobody does any more.

    Opening may take minutes; only those who want the same model wait for it.
    """

    def __init__(self, models: Path, *, opener: OpenModel = open_model) -> None:
        self.models = models
        self._opener = opener
        self._lock = threading.Lock()
        self._shelves: dict[tuple[ModelPlace, DetectorSettings], _Shelf] = {}

    def borrow(self, place: ModelPlace, settings: DetectorSettings) -> BorrowedModel:
        """Return the model at `place`; raises `CrowdLensError`."""
        with self._lock:
            shelf = self._shelves.setdefault((place, settings), _Shelf())
        with shelf.lock:
            if shelf.model is None:
                with kept_engines(place.package, settings, self.models) as wanted:
                    shelf.model = self._opener(place, wanted)
                logger.info("model opened", extra={"model": place.shown, "provider": shelf.model.provider})
            shelf.users += 1
            return BorrowedModel(place, shelf.model, lambda: _give_back(shelf))


def _give_back(shelf: _Shelf) -> None:
    with shelf.lock:
        shelf.users -= 1
        if shelf.users:
            return
        model, shelf.model = shelf.model, None
        close = getattr(model, "close", None)
        if close is not None:
            close()


class BorrowedModel:
    """A model that is held until it is given back."""

    def __init__(self, place: ModelPlace, model: FrameModel, give_back: Callable[[], None]) -> None:
        self.place = place
        self.model = model
        self._give_back: Callable[[], None] | None = give_back

    def give_back(self) -> None:
        """Let it go; a second call does nothing."""
        call, self._give_back = self._give_back, None
        if call is not None:
            call()
