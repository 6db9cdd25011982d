"""The model that one camera counts by, and those that its frames in flight still need."""

from __future__ import annotations

import logging
import threading

from contract.errors import CrowdLensError
from edge_components.runtime.inference.model_settings import DetectorSettings
from edge_components.vision.camera_documents import CameraDocuments
from edge_components.vision.component_settings import VisionSettings
from edge_components.vision.model_bench import BorrowedModel, ModelBench, ModelPlace, locate
from edge_components.vision.stages import FrameModel

logger = logging.getLogger(__name__)


class HeldModel:
    """Borrows for one camera; methods may be called from any thread.

    `problem` says why another model that was wanted did not take the place of the one held.
    """

    def __init__(self, bench: ModelBench) -> None:
        self.problem: str | None = None
        self._bench = bench
        self._lock = threading.Lock()
        self._model: BorrowedModel | None = None
        self._outgoing: list[BorrowedModel] = []
        self._refused: tuple[ModelPlace, object] | None = None
        self._tried: object = None

    @property
    def name(self) -> str | None:
        """What the model held is called; None while there is none."""
        return None if self._model is None else self._model.place.shown

    def place_of(self, documents: CameraDocuments, settings: VisionSettings) -> ModelPlace:
        """Return where the project's model lies, or the configuration's; raises `CrowdLensError`."""
        project = documents.project
        return locate(settings.model if project is None else project.project.model.text, self._bench.models)

    def borrow(self, documents: CameraDocuments, settings: VisionSettings) -> BorrowedModel:
        """Return the model that documents and settings want; raises `CrowdLensError`."""
        wanted = DetectorSettings(provider=settings.provider, threads=settings.threads)
        return self._bench.borrow(self.place_of(documents, settings), wanted)

    def other_place(self, documents: CameraDocuments, settings: VisionSettings) -> ModelPlace | None:
        """Return where a model lies that is wanted now and neither held nor refused; None without one."""
        if self._model is None:
            return None
        try:
            place = self.place_of(documents, settings)
        except CrowdLensError as error:
            self.refuse(None, str(error))
            return None
        if place == self._model.place:
            self.problem, self._refused = None, None
            return None
        # Taken before it is opened: what is changed while it is tried will be tried once more.
        self._tried = place.fingerprint()
        return None if (place, self._tried) == self._refused else place

    def refuse(self, place: ModelPlace | None, reason: str) -> None:
        """Remember that the model at `place` cannot be used; it is tried again when it changes on disk."""
        self._refused = None if place is None else (place, self._tried)
        self.problem = f"{self.name} stays: {reason}"

    def hold(self, model: BorrowedModel) -> None:
        """Hold `model` from now on; the one before stays until `drop_former`."""
        with self._lock:
            if self._model is not None:
                self._outgoing.append(self._model)
            self._model, self.problem, self._refused = model, None, None

    def keep_open(self, model: BorrowedModel) -> None:
        """Keep a model that is soon wanted, until `drop_former`."""
        with self._lock:
            self._outgoing.append(model)

    def drop_former(self, in_use: FrameModel | None = None) -> None:
        """Give back all models but the one held, unless that is not yet the one `in_use`."""
        with self._lock:
            if in_use is not None and (self._model is None or self._model.model is not in_use):
                return
            outgoing, self._outgoing = self._outgoing, []
        for model in outgoing:
            model.give_back()

    def close(self) -> None:
        """Give back all models."""
        with self._lock:
            if self._model is not None:
                self._outgoing.append(self._model)
            self._model = None
        self.drop_former()
