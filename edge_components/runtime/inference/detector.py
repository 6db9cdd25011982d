"""Finds objects in frames with a model: prepare, infer, read the boxes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from edge_components.runtime.inference.describe import describe
from edge_components.runtime.inference.detections import Detections
from edge_components.runtime.inference.layouts import TRAITS, Outputs, make_layout
from edge_components.runtime.inference.model_package import CLASSIFICATION, ModelPackage, ModelPackageError
from edge_components.runtime.inference.model_settings import DetectorSettings
from edge_components.runtime.inference.non_maximum_suppression import suppress
from edge_components.runtime.inference.open_session import open_session
from edge_components.runtime.inference.preprocess import (
    Image,
    PreparedBatch,
    PreparedFrame,
    Preprocessor,
    to_frame,
)
from edge_components.runtime.inference.session import Session

__all__ = ["Detector", "DetectorSettings", "OnnxDetector", "describe", "open_detector"]


class Detector(Protocol):
    """What the pipeline needs of a detector; the three stages may run in three threads.

    `confidence` is what the model's package calls a sure detection; weaker ones are given too.
    """

    name: str
    confidence: float
    labels: tuple[str, ...]
    provider: str
    requested_providers: tuple[str, ...]

    def new_buffer(self) -> PreparedFrame:
        """Return a buffer for `preprocess`."""
        ...

    def preprocess(self, frame_bgr: Image, buffer: PreparedFrame) -> PreparedFrame:
        """Fill `buffer` with the frame."""
        ...

    def infer(self, prepared: PreparedFrame) -> Outputs:
        """Return the model's raw outputs."""
        ...

    def postprocess(self, outputs: Outputs, prepared: PreparedFrame) -> Detections:
        """Return the objects in pixels of the frame."""
        ...


class OnnxDetector:
    """A detector over ONNX Runtime or a TensorRT engine; owns its session and one buffer for `detect`.

    `provider_steps` has a sentence for each faster way to run the model that could not be had.
    """

    def __init__(self, package: ModelPackage, session: Session, settings: DetectorSettings) -> None:
        self.package = package
        self.name = package.name
        self.labels = package.labels
        self.provider = session.provider
        self.requested_providers = session.requested_providers
        self.provider_note = session.provider_note
        self.provider_steps = session.provider_steps
        self._session = session
        self._layout = make_layout(
            package.layout, package.input.width, package.input.height, session.output_names
        )
        self._suppressed = TRAITS[package.layout].suppressed
        self._preprocessor = Preprocessor(package.input, session.input.element_type, session.new_tensor)
        self.confidence = settings.confidence or package.thresholds.confidence
        self._minimum_confidence = min(settings.minimum_confidence, self.confidence)
        self._overlap = settings.non_maximum_suppression or package.thresholds.non_maximum_suppression
        self._maximum_candidates = settings.maximum_candidates
        self._wanted = _wanted(package, settings.classes)
        self._buffer = self.new_buffer()
        self._batch: PreparedBatch | None = None

    def new_buffer(self) -> PreparedFrame:
        """Return a buffer for `preprocess`; frames in flight at once each need one."""
        return self._preprocessor.new_buffer()

    def preprocess(self, frame_bgr: Image, buffer: PreparedFrame) -> PreparedFrame:
        """Fill `buffer` with `frame_bgr` (h, w, 3) and return it."""
        return self._preprocessor.prepare(frame_bgr, buffer)

    def infer(self, prepared: PreparedFrame) -> Outputs:
        """Return the model's raw outputs; raises `ModelLoadError` when the runtime fails."""
        return self._session.run(prepared.tensor)

    def postprocess(self, outputs: Outputs, prepared: PreparedFrame, *, item: int = 0) -> Detections:
        """Return the wanted objects after suppression, in pixels of the frame, `item` of its batch."""
        found = self._layout.decode(outputs, self._minimum_confidence, item=item)
        boxes, confidences, class_ids = found.boxes, found.confidences, found.class_ids
        # A class beyond the labels can be of models alone whose outputs do not tell how many they have.
        wanted = class_ids < len(self.labels)
        if self._wanted is not None:
            wanted[wanted] = self._wanted[class_ids[wanted]]
        if not wanted.all():
            boxes, confidences, class_ids = boxes[wanted], confidences[wanted], class_ids[wanted]
        keep = suppress(
            boxes,
            confidences,
            class_ids,
            overlap_threshold=2.0 if self._suppressed else self._overlap,
            maximum_candidates=self._maximum_candidates,
        )
        return Detections(to_frame(boxes[keep], prepared), confidences[keep], class_ids[keep])

    def detect(self, frame_bgr: Image) -> Detections:
        """Return the objects in one frame; not for use from several threads."""
        prepared = self.preprocess(frame_bgr, self._buffer)
        return self.postprocess(self.infer(prepared), prepared)

    def detect_batch(self, frames_bgr: Sequence[Image]) -> list[Detections]:
        """Return the objects in each of several frames, as many at a time as the model takes.

        Not for use from several threads.
        """
        size = self._session.input.maximum_batch or max(1, len(frames_bgr))
        if self._batch is None or len(self._batch.tensor) != size:
            self._batch = self._preprocessor.new_batch(size)
        found = []
        for start in range(0, len(frames_bgr), size):
            frames = frames_bgr[start : start + size]
            parts = [
                self.preprocess(frame, buffer)
                for frame, buffer in zip(frames, self._batch.pictures, strict=False)
            ]
            outputs = self._session.run(self._batch.tensor[: len(frames)])
            found += [self.postprocess(outputs, part, item=item) for item, part in enumerate(parts)]
        return found

    def close(self) -> None:
        """Give back what the model holds; it cannot be used afterwards."""
        self._session.close()


def open_detector(
    path: str | Path,
    settings: DetectorSettings | None = None,
    *,
    engine: Path | None = None,
    engine_only: bool = False,
) -> OnnxDetector:
    """Return a detector for a package folder or a bare ONNX file of a known layout, checked by one inference.

    With `engine` the package's TensorRT engine runs; when it cannot, its ONNX file does and `provider_note`
    says why, unless `engine_only`. Raises `ModelPackageError`, `ModelLoadError` or `UnknownLayoutError`, each
    one sentence.
    """
    settings = settings or DetectorSettings()
    package, session = open_session(path, settings, engine, engine_only=engine_only)
    if package.task == CLASSIFICATION:
        session.close()
        raise ModelPackageError(f"model {path} is for classification: expected detection or face")
    return OnnxDetector(package, session, settings)


def _wanted(
    package: ModelPackage, classes: Sequence[str] | None
) -> np.ndarray[tuple[int], np.dtype[np.bool_]] | None:
    if classes is None:
        return None
    unknown = next((label for label in classes if label not in package.labels), None)
    if unknown is not None:
        shown = ", ".join(package.labels[:8]) + (", …" if len(package.labels) > 8 else "")
        raise ModelPackageError(
            f"class {unknown!r} is no label of model {package.name}: expected some of {shown}"
        )
    return np.array([label in classes for label in package.labels], dtype=bool)
