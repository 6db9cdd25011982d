"""Finds objects in frames with an ONNX model: prepare, infer, read the boxes."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from edge_components.runtime.inference.coco import COCO_LABELS
from edge_components.runtime.inference.detections import Detections
from edge_components.runtime.inference.layouts import (
    TRAITS,
    Outputs,
    UnknownLayoutError,
    make_layout,
    recognise,
)
from edge_components.runtime.inference.model_package import (
    DESCRIPTION_FILE,
    ModelInput,
    ModelPackage,
    ModelPackageError,
    Thresholds,
    check_labels,
    read_package,
    sha256_of,
)
from edge_components.runtime.inference.non_maximum_suppression import suppress
from edge_components.runtime.inference.onnx_session import ModelLoadError, OnnxSession
from edge_components.runtime.inference.preprocess import Image, PreparedFrame, Preprocessor, to_frame

DEFAULT_INPUT_SIDE_PX = 640
"""For a bare ONNX file that leaves its input size open; the usual size of such exports."""


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


@dataclass(frozen=True)
class DetectorSettings:
    """How a detector runs; None takes the package's value.

    `provider` is auto, tensorrt, cuda or cpu; `threads` are ONNX Runtime's intra-op threads; `classes` keeps
    only these labels. `minimum_confidence` lies below the package's threshold because the tracker follows
    known objects through weaker detections; what starts a track is decided there, by `Detector.confidence`.
    """

    provider: str = "auto"
    threads: int = 1
    minimum_confidence: float = 0.1
    confidence: float | None = None
    non_maximum_suppression: float | None = None
    classes: tuple[str, ...] | None = None
    maximum_candidates: int = 512


class OnnxDetector:
    """A detector over ONNX Runtime; owns its session and one buffer for `detect`."""

    def __init__(self, package: ModelPackage, session: OnnxSession, settings: DetectorSettings) -> None:
        self.package = package
        self.name = package.name
        self.labels = package.labels
        self.provider = session.provider
        self.requested_providers = session.requested_providers
        self.provider_note = session.provider_note
        self._session = session
        self._layout = make_layout(package.layout, package.input.width, package.input.height)
        self._preprocessor = Preprocessor(package.input, session.input.element_type)
        self.confidence = settings.confidence or package.thresholds.confidence
        self._minimum_confidence = min(settings.minimum_confidence, self.confidence)
        self._overlap = settings.non_maximum_suppression or package.thresholds.non_maximum_suppression
        self._maximum_candidates = settings.maximum_candidates
        self._wanted = _wanted(package, settings.classes)
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

    def postprocess(self, outputs: Outputs, prepared: PreparedFrame) -> Detections:
        """Return the wanted objects after suppression, in pixels of the frame."""
        found = self._layout.decode(outputs, self._minimum_confidence)
        boxes, confidences, class_ids = found.boxes, found.confidences, found.class_ids
        if self._wanted is not None:
            wanted = self._wanted[class_ids]
            boxes, confidences, class_ids = boxes[wanted], confidences[wanted], class_ids[wanted]
        keep = suppress(
            boxes,
            confidences,
            class_ids,
            overlap_threshold=self._overlap,
            maximum_candidates=self._maximum_candidates,
        )
        return Detections(to_frame(boxes[keep], prepared), confidences[keep], class_ids[keep])

    def detect(self, frame_bgr: Image) -> Detections:
        """Return the objects in one frame; not for use from several threads."""
        prepared = self.preprocess(frame_bgr, self._buffer)
        return self.postprocess(self.infer(prepared), prepared)


def open_detector(
    path: str | Path, settings: DetectorSettings | None = None, *, engine: Path | None = None
) -> OnnxDetector:
    """Return a detector for a package folder or a bare ONNX file of a known layout, checked by one inference.

    With `engine` the package's native TensorRT engine runs instead of its ONNX file. Raises
    `ModelPackageError`, `ModelLoadError` or `UnknownLayoutError`, each one sentence.
    """
    path, settings = Path(path), settings or DetectorSettings()
    if engine is not None:
        raise ModelLoadError(f"engine {engine} cannot be opened: TensorRT is not installed")
    if not path.exists():
        raise ModelLoadError(f"model {path}: no such file or folder")
    if path.is_dir() or path.name == DESCRIPTION_FILE:
        package = read_package(path if path.is_dir() else path.parent)
        session = OnnxSession(package.model_path, provider=settings.provider, threads=settings.threads)
        _check_against_session(package, session)
    else:
        session = OnnxSession(path, provider=settings.provider, threads=settings.threads)
        package = describe(session)
    return OnnxDetector(package, session, settings)


def describe(session: OnnxSession, labels: Sequence[str] | None = None) -> ModelPackage:
    """Return a package for a bare ONNX file, its layout recognised from one inference.

    Labels are those given, else the file's own `names` (Ultralytics), else COCO's when it has 80 classes.
    Raises `UnknownLayoutError`, or `ModelPackageError` when nothing names the classes.
    """
    width = session.input.width or DEFAULT_INPUT_SIDE_PX
    height = session.input.height or DEFAULT_INPUT_SIDE_PX
    layout, classes = _probe(session, width, height)
    traits = TRAITS[layout]
    return ModelPackage(
        name=_identifier(session.path.stem),
        version="1",
        task="detection",
        input=ModelInput(width, height, traits.channels, traits.scale, letterbox=traits.letterbox),
        layout=layout,
        labels=_labels(session, classes, labels),
        thresholds=Thresholds(traits.confidence, traits.non_maximum_suppression),
        sha256=sha256_of(session.path),
        licence="unknown",
        description=f"made from {session.path.name}",
        model_path=session.path,
    )


def _probe(session: OnnxSession, width: int, height: int) -> tuple[str, int]:
    outputs = session.run(np.zeros((1, 3, height, width), session.input.element_type))
    shapes = [(name, output.shape) for name, output in zip(session.output_names, outputs, strict=True)]
    try:
        return recognise(shapes, width, height)
    except UnknownLayoutError as error:
        raise UnknownLayoutError(f"model {session.path}: {error}") from error


def _check_against_session(package: ModelPackage, session: OnnxSession) -> None:
    size = (package.input.width, package.input.height)
    fixed = (session.input.width or size[0], session.input.height or size[1])
    if fixed != size:
        raise ModelPackageError(
            f"model package {package.model_path.parent}: input is {size[0]}x{size[1]} but the model takes "
            f"{fixed[0]}x{fixed[1]}"
        )
    layout, classes = _probe(session, *size)
    if (layout, classes) != (package.layout, len(package.labels)):
        raise ModelPackageError(
            f"model package {package.model_path.parent}: layout {package.layout} with {len(package.labels)} "
            f"labels does not fit the model, whose outputs are {layout} with {classes} classes"
        )


def _labels(session: OnnxSession, classes: int, given: Sequence[str] | None) -> tuple[str, ...]:
    labels = given or _own_names(session.metadata.get("names", ""))
    if labels is None and classes == len(COCO_LABELS):
        labels = COCO_LABELS
    if labels is None:
        raise ModelPackageError(
            f"model {session.path} has {classes} classes and names none: expected their labels, in order"
        )
    if len(labels) != classes:
        raise ModelPackageError(
            f"model {session.path} has {classes} classes but {len(labels)} labels: expected one per class"
        )
    return check_labels(list(labels))


def _own_names(text: str) -> tuple[str, ...] | None:
    """Read Ultralytics' `names` metadata, a dict literal such as {0: 'person'}."""
    try:
        names = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if not isinstance(names, dict) or not all(isinstance(key, int) for key in names):
        return None
    return tuple(str(names[key]).strip() for key in sorted(names))


def _identifier(stem: str) -> str:
    cleaned = "".join(c if (c.isascii() and c.isalnum()) or c in "_-" else "_" for c in stem).strip("_-")
    return cleaned[:64] or "model"


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
