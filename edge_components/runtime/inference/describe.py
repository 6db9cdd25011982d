"""Makes a package description for a bare ONNX file from one inference and what the file says of itself."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_components.runtime.inference.coco import COCO_LABELS
from edge_components.runtime.inference.layouts import TRAITS, UnknownLayoutError, looks_decoded, recognise
from edge_components.runtime.inference.model_package import (
    CLASSIFICATION,
    ModelInput,
    ModelPackage,
    ModelPackageError,
    Thresholds,
    check_labels,
    sha256_of,
)
from edge_components.runtime.inference.session import Session

DEFAULT_INPUT_SIDE_PX = 640
"""For a bare ONNX file that leaves its input size open; the usual size of such exports."""
FACE_LABELS = ("face",)


def describe(session: Session, labels: Sequence[str] | None = None) -> ModelPackage:
    """Return a package for a bare ONNX file, its layout recognised from one inference.

    Labels are those given, else the file's own `names` (Ultralytics), else COCO's when it has 80 classes,
    else `face` for SSD boxes of one class. Raises `UnknownLayoutError`, or `ModelPackageError` when nothing
    names the classes.
    """
    width = session.input.width or DEFAULT_INPUT_SIDE_PX
    height = session.input.height or DEFAULT_INPUT_SIDE_PX
    layout, classes = _recognised(session, width, height)
    traits = TRAITS[layout]
    names = _labels(session, layout, classes, labels)
    return ModelPackage(
        name=_identifier(session.path.stem),
        version="1",
        task=_task(layout, names),
        input=ModelInput(
            width,
            height,
            traits.channels,
            traits.scale,
            mean=traits.mean,
            standard_deviation=traits.standard_deviation,
            letterbox=traits.letterbox,
        ),
        layout=layout,
        labels=names,
        thresholds=Thresholds(traits.confidence, traits.non_maximum_suppression),
        sha256=sha256_of(session.path),
        licence="unknown",
        description=f"made from {session.path.name}",
        model_path=session.path,
    )


def probe(session: Session, width: int, height: int) -> list[tuple[str, npt.NDArray[Any]]]:
    """Return the names and outputs of one inference on a black picture."""
    outputs = session.run(np.zeros((1, 3, height, width), session.input.element_type))
    return list(zip(session.output_names, outputs, strict=True))


def _recognised(session: Session, width: int, height: int) -> tuple[str, int]:
    outputs = probe(session, width, height)
    try:
        layout, classes = recognise([(name, output.shape) for name, output in outputs], width, height)
    except UnknownLayoutError as error:
        raise UnknownLayoutError(f"model {session.path}: {error}") from error
    if layout == "yolox_grid" and looks_decoded(outputs[0][1][0], width, height):
        return "yolo_v5", classes
    return layout, classes


def _task(layout: str, labels: Sequence[str]) -> str:
    if layout == CLASSIFICATION:
        return CLASSIFICATION
    return "face" if tuple(labels) == FACE_LABELS else "detection"


def _labels(session: Session, layout: str, classes: int, given: Sequence[str] | None) -> tuple[str, ...]:
    labels = given or _own_names(session.metadata.get("names", ""))
    if labels is None and classes == len(COCO_LABELS) and layout != CLASSIFICATION:
        labels = COCO_LABELS
    if labels is None and classes == 1 and layout == "ssd":
        labels = FACE_LABELS
    told = f"{classes} classes" if classes else "an unknown number of classes"
    if labels is None:
        raise ModelPackageError(
            f"model {session.path} has {told} and names none: expected their labels, in order"
        )
    if classes and len(labels) != classes:
        raise ModelPackageError(
            f"model {session.path} has {told} but {len(labels)} labels: expected one per class"
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
