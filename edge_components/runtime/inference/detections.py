"""The one columnar type that every detector produces and the tracker takes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
IntegerArray = npt.NDArray[np.int64]
BooleanArray = npt.NDArray[np.bool_]

MINIMUM_BOX_SIDE_PX = 1.0
"""A box of which less than a pixel lies inside the frame shows nothing."""
OVERHANG_SHARE = 0.5
"""How far a box may reach over the frame's edge, as a share of the frame's size."""


class DetectionsError(ValueError):
    """Raised when the arrays of a frame's detections do not belong together; a mistake of the caller."""


@dataclass(frozen=True, eq=False)
class Detections:
    """The objects a detector found in one frame.

    `boxes` is float32 of shape (N, 4): left, top, right, bottom in pixels of the frame. `confidences` is
    float32 of shape (N,), from 0 to 1. `class_ids` is int64 of shape (N,): indices into the detector's
    labels. Shapes are checked and types converted when it is made (`DetectionsError`); `clean` judges the
    values.
    """

    boxes: FloatArray
    confidences: FloatArray
    class_ids: IntegerArray

    def __post_init__(self) -> None:
        boxes = _array("boxes", self.boxes, np.float32)
        if boxes.ndim != 2 or boxes.shape[1] != 4:
            if boxes.size:
                raise DetectionsError(f"boxes has shape {boxes.shape}: expected (N, 4)")
            boxes = boxes.reshape(0, 4)
        object.__setattr__(self, "boxes", boxes)
        for name, kind in (("confidences", np.float32), ("class_ids", np.int64)):
            values = _array(name, getattr(self, name), kind)
            if values.shape != (len(boxes),):
                raise DetectionsError(f"{name} has shape {values.shape}: expected ({len(boxes)},)")
            object.__setattr__(self, name, values)

    def __len__(self) -> int:
        return len(self.boxes)

    @classmethod
    def empty(cls) -> Detections:
        """Return the detections of a frame in which nothing was found."""
        return cls(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int64))

    def select(self, index: BooleanArray | IntegerArray) -> Detections:
        """Return the detections that a boolean mask of shape (N,) or an index array picks."""
        return Detections(self.boxes[index], self.confidences[index], self.class_ids[index])


def _array(name: str, values: object, kind: Any) -> npt.NDArray[Any]:
    try:
        return np.asarray(values, dtype=kind)
    except (TypeError, ValueError) as error:
        raise DetectionsError(f"{name} cannot be read as {np.dtype(kind).name}: {error}") from error


@dataclass
class CleaningCounts:
    """How many boxes were dropped or mended, by reason, since it was made."""

    not_finite: int = 0
    reversed: int = 0
    outside: int = 0
    clipped: int = 0
    too_many: int = 0

    @property
    def dropped(self) -> int:
        """The number of boxes that were dropped for whatever reason; clipped boxes are kept."""
        return self.not_finite + self.reversed + self.outside + self.too_many

    def as_dict(self) -> dict[str, int]:
        """Return the counts by reason."""
        return {field.name: int(getattr(self, field.name)) for field in fields(self)}


def clean(
    detections: Detections, width: int, height: int, counts: CleaningCounts, *, maximum: int = 1000
) -> Detections:
    """Return the detections that can be tracked in a `width` x `height` frame, and add the rest to `counts`.

    Dropped: boxes or confidences that are not finite, boxes whose right or bottom edge is not beyond the
    left or top one, boxes with less than a pixel inside the frame, and the least confident beyond `maximum`.
    A box may reach over the frame's edge by half the frame, because the hidden part tells where somebody
    walks out; what lies further outside is clipped.
    """
    if not len(detections):
        return detections
    left, top, right, bottom = detections.boxes.T
    inside = (left >= 0) & (top >= 0) & (right <= width) & (bottom <= height)
    with np.errstate(invalid="ignore", over="ignore"):  # infinite boxes are dropped below
        large = (right - left >= MINIMUM_BOX_SIDE_PX) & (bottom - top >= MINIMUM_BOX_SIDE_PX)
    if len(detections) <= maximum and (inside & large & np.isfinite(detections.confidences)).all():
        return detections
    return _clean_slowly(detections, width, height, counts, maximum)


def _clean_slowly(
    detections: Detections, width: int, height: int, counts: CleaningCounts, maximum: int
) -> Detections:
    finite = np.isfinite(detections.boxes).all(axis=1) & np.isfinite(detections.confidences)
    counts.not_finite += int((~finite).sum())
    kept = detections.select(finite)
    forward = np.logical_and.reduce(kept.boxes[:, 2:] > kept.boxes[:, :2], axis=1)
    counts.reversed += int((~forward).sum())
    kept = kept.select(forward)
    size = np.array([width, height, width, height], np.float32)
    visible = np.clip(kept.boxes, 0.0, size)
    large = np.logical_and.reduce(visible[:, 2:] - visible[:, :2] >= MINIMUM_BOX_SIDE_PX, axis=1)
    counts.outside += int((~large).sum())
    kept = kept.select(large)
    limited = np.clip(kept.boxes, -size * OVERHANG_SHARE, size * (1 + OVERHANG_SHARE))
    counts.clipped += int((limited != kept.boxes).any(axis=1).sum())
    kept = Detections(limited, kept.confidences, kept.class_ids)
    if len(kept) > maximum:
        counts.too_many += len(kept) - maximum
        kept = kept.select(np.sort(np.argsort(-kept.confidences, kind="stable")[:maximum]))
    return kept
