"""Says what a frame shows as a whole: prepare, infer, read the probabilities of the model's classes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_components.runtime.inference.detections import FloatArray
from edge_components.runtime.inference.layouts import Outputs
from edge_components.runtime.inference.model_package import CLASSIFICATION, ModelPackage, ModelPackageError
from edge_components.runtime.inference.model_settings import DetectorSettings
from edge_components.runtime.inference.open_session import open_session
from edge_components.runtime.inference.preprocess import Image, PreparedFrame, Preprocessor
from edge_components.runtime.inference.session import ModelLoadError, Session

DEFAULT_TOP = 5
SUM_TOLERANCE = 0.02
"""How far probabilities in half precision may be from adding up to one."""


@dataclass(frozen=True)
class LabelProbability:
    """One class of the model: its index from 0, its label and its probability from 0 to 1."""

    index: int
    label: str
    probability: float


@dataclass(frozen=True, eq=False)
class Classification:
    """What a frame shows: `probabilities` is float32 of shape (C,), in the order of `labels`."""

    probabilities: FloatArray
    labels: tuple[str, ...]

    def top(self, k: int = DEFAULT_TOP) -> list[LabelProbability]:
        """Return the `k` most probable classes, the first the most probable; equals in the model's order."""
        order = np.argsort(-self.probabilities, kind="stable")[: max(0, k)]
        return [self.of(int(index)) for index in order]

    def of(self, index: int) -> LabelProbability:
        """Return the class with `index`, from 0."""
        return LabelProbability(index, self.labels[index], float(self.probabilities[index]))


class Classifier:
    """A classifier over ONNX Runtime or a TensorRT engine, with the stages of a detector.

    `confidence` is the probability that its package calls sure.
    """

    def __init__(self, package: ModelPackage, session: Session, settings: DetectorSettings) -> None:
        self.package = package
        self.name = package.name
        self.labels = package.labels
        self.confidence = settings.confidence or package.thresholds.confidence
        self.provider = session.provider
        self.requested_providers = session.requested_providers
        self.provider_note = session.provider_note
        self.provider_steps = session.provider_steps
        self._session = session
        self._preprocessor = Preprocessor(package.input, session.input.element_type, session.new_tensor)
        self._buffer = self.new_buffer()

    def new_buffer(self) -> PreparedFrame:
        """Return a buffer for `preprocess`; frames in flight at once each need one."""
        return self._preprocessor.new_buffer()

    def preprocess(self, frame_bgr: Image, buffer: PreparedFrame) -> PreparedFrame:
        """Fill `buffer` with `frame_bgr` (h, w, 3) and return it."""
        return self._preprocessor.prepare(frame_bgr, buffer)

    def infer(self, prepared: PreparedFrame) -> Outputs:
        """Return the model's raw outputs; raises `ModelLoadError` when the runtime fails."""
        return self._session.run(prepared.tensor)

    def postprocess(
        self,
        outputs: Outputs,
        prepared: PreparedFrame | None = None,  # noqa: ARG002 - what the stages pass to any model
        *,
        item: int = 0,
    ) -> Classification:
        """Return the probabilities of picture `item`; raises `ModelLoadError` when they are no numbers."""
        scores = outputs[0][item].reshape(-1).astype(np.float32, copy=False)
        if not np.isfinite(scores).all():
            raise ModelLoadError(f"model {self.name} gives probabilities that are not finite numbers")
        return Classification(as_probabilities(scores), self.labels)

    def classify(self, frame_bgr: Image, k: int = DEFAULT_TOP) -> list[LabelProbability]:
        """Return the `k` most probable classes of one frame; not for use from several threads."""
        prepared = self.preprocess(frame_bgr, self._buffer)
        return self.postprocess(self.infer(prepared), prepared).top(k)

    def close(self) -> None:
        """Give back what the model holds; it cannot be used afterwards."""
        self._session.close()


def open_classifier(
    path: str | Path,
    settings: DetectorSettings | None = None,
    *,
    engine: Path | None = None,
    engine_only: bool = False,
) -> Classifier:
    """Return a classifier for a package folder or a bare ONNX file, checked by one inference.

    With `engine` the package's TensorRT engine runs, as with `open_detector`. Raises `ModelPackageError`,
    `ModelLoadError` or `UnknownLayoutError`, each one sentence.
    """
    settings = settings or DetectorSettings()
    package, session = open_session(path, settings, engine, engine_only=engine_only)
    if package.task != CLASSIFICATION:
        session.close()
        raise ModelPackageError(f"model {path} is for {package.task}: expected classification")
    return Classifier(package, session, settings)


def as_probabilities(scores: FloatArray) -> FloatArray:
    """Return `scores` (C,) when they are probabilities already, else their softmax."""
    if (scores >= 0).all() and abs(float(scores.sum()) - 1) <= SUM_TOLERANCE:
        return scores
    exponentials = np.exp(scores - scores.max())
    probabilities: FloatArray = exponentials / exponentials.sum()
    return probabilities
