"""The golden check: whether a model, as this machine runs it, gives what its package promises."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from contract.errors import CrowdLensError
from edge_components.runtime.inference.classifier import Classification, Classifier
from edge_components.runtime.inference.detections import Detections
from edge_components.runtime.inference.detector import OnnxDetector
from edge_components.runtime.inference.golden_compare import detection_difference, label_difference
from edge_components.runtime.inference.golden_file import (
    BOX_TOLERANCE_PX,
    CONFIDENCE_TOLERANCE,
    GOLDEN_PICTURE,
    PROBABILITY_TOLERANCE,
    ExpectedDetection,
    ExpectedLabel,
    Golden,
    GoldenDetections,
    GoldenError,
    GoldenLabels,
    read_golden,
    write_golden_file,
)
from edge_components.runtime.inference.model_settings import DetectorSettings
from edge_components.runtime.inference.open_model import Model, open_model
from edge_components.runtime.inference.preprocess import Image

TIMED_RUNS = 5


@dataclass(frozen=True)
class GoldenResult:
    """How a golden check went.

    `reason` is a sentence when it did not pass. `provider` is what really ran the model ("" when none
    could), `provider_note` a sentence when that is not what was asked for, `milliseconds` the median time
    of one picture, preparing and reading included.
    """

    passed: bool
    reason: str | None
    provider: str
    milliseconds: float
    provider_note: str | None = None


def check_golden(
    package_folder: str | Path, *, engine: Path | None = None, provider: str = "auto"
) -> GoldenResult:
    """Open the package's model (or its native `engine`), run the golden picture and compare.

    Raises nothing a bad package, model or engine could cause: the reason is in the result.
    """
    folder = Path(package_folder)
    try:
        golden = read_golden(folder)
        picture = read_picture(folder / golden.picture)
        settings = DetectorSettings(provider=provider)
        model = open_model(folder, settings, engine=engine, engine_only=engine is not None)
    except CrowdLensError as error:
        return GoldenResult(False, str(error), "", 0.0)
    try:
        reason, milliseconds = _compared(model, golden, picture)
    except CrowdLensError as error:
        reason, milliseconds = str(error), 0.0
    finally:
        model.close()
    if reason is not None:
        reason = f"golden check of {folder} failed on {model.provider}: {reason}"
    return GoldenResult(reason is None, reason, model.provider, milliseconds, model.provider_note)


def write_golden(package_folder: str | Path, picture: str | Path | Image) -> Golden:
    """Make `golden.png` and `golden.json` of a package from a picture, by the CPU, and return the latter.

    `picture` is a file or BGR pixels (h, w, 3); it is shipped with the package, so it should show nobody.
    Raises `GoldenError` when the model finds nothing in it, which would prove nothing.
    """
    folder = Path(package_folder)
    pixels = picture if isinstance(picture, np.ndarray) else read_picture(Path(picture))
    model = open_model(folder, DetectorSettings(provider="cpu"))
    golden = _expected(model, pixels)
    try:
        if not cv2.imwrite(str(folder / GOLDEN_PICTURE), pixels, [cv2.IMWRITE_PNG_COMPRESSION, 9]):
            raise GoldenError(f"{folder / GOLDEN_PICTURE} cannot be written")
        write_golden_file(folder, golden)
    except (OSError, cv2.error) as error:
        raise GoldenError(f"golden check cannot be written to {folder}: {error}") from error
    return golden


def read_picture(path: Path) -> Image:
    """Return a picture file's BGR pixels (h, w, 3); raises `GoldenError`."""
    try:
        pixels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    except (OSError, cv2.error) as error:
        raise GoldenError(f"picture {path} cannot be read: expected a PNG or JPEG file") from error
    if pixels is None:
        raise GoldenError(f"picture {path} cannot be read: expected a PNG or JPEG file")
    return np.asarray(pixels, np.uint8)


def _compared(model: Model, golden: Golden, picture: Image) -> tuple[str | None, float]:
    found, milliseconds = _timed(model, picture)
    if isinstance(golden, GoldenDetections) and isinstance(found, Detections):
        return detection_difference(golden, found, model.labels, model.confidence), milliseconds
    if isinstance(golden, GoldenLabels) and isinstance(found, Classification):
        return label_difference(golden, found), milliseconds
    return f"golden.json is for another task than the model's, which is {model.package.task}", milliseconds


def _timed(model: Model, picture: Image) -> tuple[Detections | Classification, float]:
    """Return what the model gives and the median milliseconds of a picture after a first, slower one."""
    found, seconds = _given(model, picture), []
    for _ in range(TIMED_RUNS):
        started = time.perf_counter()
        _given(model, picture)
        seconds.append(time.perf_counter() - started)
    return found, statistics.median(seconds) * 1000


def _given(model: Model, picture: Image) -> Detections | Classification:
    prepared = model.preprocess(picture, model.new_buffer())
    return model.postprocess(model.infer(prepared), prepared)


def _expected(model: Model, picture: Image) -> Golden:
    if isinstance(model, Classifier):
        top = tuple(
            ExpectedLabel(one.index, one.label, round(one.probability, 4)) for one in model.classify(picture)
        )
        return GoldenLabels(GOLDEN_PICTURE, PROBABILITY_TOLERANCE, top)
    found = model.detect(picture)
    sure = found.select(found.confidences >= model.confidence)
    if not len(sure):
        raise GoldenError(
            f"model {model.name} finds nothing with confidence {model.confidence:g} in the picture: "
            "expected one that shows what it looks for"
        )
    return GoldenDetections(
        GOLDEN_PICTURE, BOX_TOLERANCE_PX, CONFIDENCE_TOLERANCE, _expected_detections(model, sure)
    )


def _expected_detections(model: OnnxDetector, sure: Detections) -> tuple[ExpectedDetection, ...]:
    rows = zip(sure.boxes, sure.confidences, sure.class_ids, strict=True)
    return tuple(
        ExpectedDetection(
            model.labels[class_id],
            round(float(confidence), 4),
            (round(float(left), 2), round(float(top), 2), round(float(right), 2), round(float(bottom), 2)),
        )
        for (left, top, right, bottom), confidence, class_id in rows
    )
