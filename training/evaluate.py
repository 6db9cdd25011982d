"""Average precision of person detections against truth; needs no PyTorch.

Precision is made monotone and integrated over all recall points, as in PASCAL VOC from 2010 on. Matching is
greedy by score at an overlap of 0.5; detections that only match people marked as not counted are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from training.arrays import Floats, Floats32, Image
from training.boxes import Detections, overlaps

Detect = Callable[[Image], Detections]


@dataclass(frozen=True)
class PictureTruth:
    """The people of one picture: boxes (P, 4) as corners in pixels and whether each must be found (P,)."""

    boxes: Floats32
    counted: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


@dataclass(frozen=True)
class Evaluation:
    """Average precision, and precision and recall at one confidence."""

    average_precision: float
    precision: float
    recall: float
    people: int


def match(detections: Detections, truth: PictureTruth, *, overlap: float = 0.5) -> tuple[Floats32, Floats32]:
    """Return the scores of counted detections (D,) and whether each is right (D,), for one picture.

    A counted person is matched before one that need not be found; a second box on one person is wrong.
    """
    shared = overlaps(detections.boxes, truth.boxes)
    free = np.ones(len(truth.boxes), dtype=bool)
    scores, right = [], []
    for index, score in enumerate(detections.scores):
        allowed = shared[index] * free * (shared[index] >= overlap)
        needed = allowed * truth.counted
        chosen = int(np.argmax(needed if needed.any() else allowed)) if allowed.any() else -1
        if chosen >= 0:
            free[chosen] = False
        if chosen < 0 or truth.counted[chosen]:
            scores.append(float(score))
            right.append(float(chosen >= 0))
    return np.asarray(scores, np.float32), np.asarray(right, np.float32)


def average_precision(scores: Floats32, right: Floats32, people: int) -> float:
    """Return the area under the monotone precision-recall curve; 0 where there are no people."""
    if not people or not len(scores):
        return 0.0
    order = np.argsort(-scores, kind="stable")
    found = np.cumsum(right[order])
    precision: Floats = found / np.arange(1, len(found) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    recall = np.concatenate([[0.0], found / people])
    return float(np.sum(np.diff(recall) * precision))


def evaluate(
    pictures: Iterable[tuple[Image, PictureTruth]], detect: Detect, *, confidence: float, overlap: float = 0.5
) -> Evaluation:
    """Run a detector over pictures.

    `detect` should answer with low scores too, so that the curve is whole.
    """
    all_scores, all_right, people = [], [], 0
    for picture, truth in pictures:
        scores, right = match(detect(picture), truth, overlap=overlap)
        all_scores.append(scores)
        all_right.append(right)
        people += int(truth.counted.sum())
    scores = np.concatenate([*all_scores, np.zeros(0, np.float32)])
    right = np.concatenate([*all_right, np.zeros(0, np.float32)])
    shown = scores >= confidence
    found = float(right[shown].sum())
    return Evaluation(
        average_precision=average_precision(scores, right, people),
        precision=found / max(1, int(shown.sum())),
        recall=found / max(1, people),
        people=people,
    )


def truth_of_rows(
    rows: Floats32, *, least_visible: float = 0.5, least_height_pixels: float = 20.0
) -> PictureTruth:
    """Return what must be found of a dataset's truth rows (P, 6): people visible and tall enough.

    The rest may be.
    """
    heights = rows[:, 3] - rows[:, 1]
    kept = rows[rows[:, 4] > 0.02]
    heights = heights[rows[:, 4] > 0.02]
    return PictureTruth(kept[:, :4], (kept[:, 4] >= least_visible) & (heights >= least_height_pixels))
