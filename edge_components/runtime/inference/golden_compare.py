"""Compares what a model found in its golden picture with what its package promises."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_components.runtime.inference.classifier import Classification
from edge_components.runtime.inference.detections import Detections
from edge_components.runtime.inference.golden_file import ExpectedDetection, GoldenDetections, GoldenLabels


def detection_difference(
    golden: GoldenDetections, found: Detections, labels: Sequence[str], confidence: float
) -> str | None:
    """Return the first difference between `found` and what `golden` expects as a sentence, None without one.

    `found` holds weak detections too. What is sure by more than the tolerance must be on both sides; what
    lies within the tolerance of `confidence` may be missing on either.
    """
    if not (np.isfinite(found.boxes).all() and np.isfinite(found.confidences).all()):
        return "boxes or confidences are not finite numbers"
    left = np.ones(len(found), dtype=bool)
    for expected in golden.detections:
        match = _match(expected, found, labels, left)
        problem = _problem(expected, found, match, golden, confidence)
        if problem is not None:
            return problem
        if match is not None:
            left[match] = False
    sure = np.flatnonzero(left & (found.confidences >= confidence + golden.confidence))
    if not len(sure):
        return None
    extra = sure[int(np.argmax(found.confidences[sure]))]
    label, sureness = labels[found.class_ids[extra]], found.confidences[extra]
    where = _corners(found.boxes[extra])
    return f"{label} with confidence {sureness:.2f} at {where} is not in the golden picture"


def _match(
    expected: ExpectedDetection,
    found: Detections,
    labels: Sequence[str],
    left: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> int | None:
    same = np.array([labels[class_id] == expected.label for class_id in found.class_ids], dtype=bool)
    candidates = np.flatnonzero(left & same)
    if not len(candidates):
        return None
    distances = np.abs(found.boxes[candidates] - np.array(expected.box, np.float32)).max(axis=1)
    return int(candidates[int(distances.argmin())])


def _problem(
    expected: ExpectedDetection,
    found: Detections,
    match: int | None,
    golden: GoldenDetections,
    confidence: float,
) -> str | None:
    what = f"{expected.label} at {_corners(expected.box)}"
    doubtful = expected.confidence < confidence + golden.confidence
    if match is None:
        return None if doubtful else f"{what} is not found"
    distance = float(np.abs(found.boxes[match] - np.array(expected.box, np.float32)).max())
    if distance > golden.box_pixels:
        if doubtful:
            return None
        return f"{what} lies {distance:.1f} pixels off: expected at most {golden.box_pixels:g}"
    difference = abs(float(found.confidences[match]) - expected.confidence)
    if difference > golden.confidence:
        return (
            f"{what} has confidence {found.confidences[match]:.3f}: expected {expected.confidence:.3f} "
            f"± {golden.confidence:g}"
        )
    return None


def _corners(box: Sequence[float] | np.ndarray[tuple[int], np.dtype[np.float32]]) -> str:
    return "({})".format(", ".join(f"{float(side):.0f}" for side in box))


def label_difference(golden: GoldenLabels, found: Classification) -> str | None:
    """Return the first difference between `found` and what `golden` expects as a sentence, None without one.

    A class that is not expected may be no more probable than the least probable of those expected.
    """
    for expected in golden.top:
        if expected.index >= len(found.labels) or found.labels[expected.index] != expected.label:
            return f"class {expected.index} is not {expected.label}"
        probability = found.of(expected.index).probability
        if abs(probability - expected.probability) > golden.probability:
            return (
                f"{expected.label} has probability {probability:.3f}: expected {expected.probability:.3f} "
                f"± {golden.probability:g}"
            )
    known = {expected.index for expected in golden.top}
    limit = min(expected.probability for expected in golden.top) + golden.probability
    for other in found.top(len(golden.top) + 1):
        if other.index not in known and other.probability > limit:
            return f"{other.label} has probability {other.probability:.3f}: expected at most {limit:.3f}"
    return None
