"""Boxes that show a part of somebody made whole by what is known of him.

What is cut is known by the side that stays: a person who walks out of the frame keeps the size he had, and
one who goes behind a counter keeps his head where it was and his feet where they must be. Without this a
foot point would slow down at the frame's edge, or jump to wherever the cover begins.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_components.runtime.counting import motion
from edge_components.runtime.counting.tracked import TrackerSettings

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

_STAYS = 0.5
"""The edge that is not covered is off by no more than this share of what the covered one is."""
EDGE_PX = 1.5
"""A box that ends so near the frame's edge is cut by it."""


def cut_by_frame(boxes: Floats, frame: Floats) -> Booleans:
    """Return which sides (N, 4) of boxes (N, 4) the frame (4,) cuts."""
    return np.asarray(np.abs(boxes - frame) < EDGE_PX)


def at_frame_edge(boxes: Floats, frame: Floats) -> Booleans:
    """Return which boxes (N, 4) touch the frame (4,) or reach beyond it."""
    near = (boxes[:, :2] < frame[:2] + EDGE_PX) | (boxes[:, 2:] > frame[2:] - EDGE_PX)
    return np.asarray(near[:, 0] | near[:, 1])


def complete_at_frame(boxes: Floats, predicted: Floats, frame: Floats) -> Floats:
    """Return boxes (N, 4) that the frame cuts on one side with the size that `predicted` rows (N) have."""
    cut = cut_by_frame(boxes, frame)
    if not cut.any():
        return boxes
    size = np.maximum(predicted[:, 2:4], boxes[:, 2:] - boxes[:, :2])
    one_side = cut[:, :2] ^ cut[:, 2:]
    first, last = one_side & cut[:, :2], one_side & cut[:, 2:]
    boxes = boxes.copy()
    boxes[:, :2] = np.where(first, boxes[:, 2:] - size, boxes[:, :2])
    boxes[:, 2:] = np.where(last, boxes[:, :2] + size, boxes[:, 2:])
    return boxes


def complete_covered(boxes: Floats, predicted: Floats, settings: TrackerSettings) -> tuple[Floats, Booleans]:
    """Return boxes (N, 4) that something covers from below or above made as high as expected, and which.

    A box is taken for covered when it is shorter than `short_ratio` of what `predicted` rows (N) say and by
    more than `short_deviations` of what is uncertain of it. Its height then tells nothing. One edge must be
    where it was expected; when both have moved, the box is merely a bad one.
    """
    heights = predicted[:, motion.HEIGHT]
    seen = boxes[:, 3] - boxes[:, 1]
    deviations = motion.size_uncertainty_px(predicted, settings.motion)
    covered = (seen < settings.short_ratio * heights) & (
        seen < heights - settings.short_deviations * deviations
    )
    if not covered.any():
        return boxes, covered
    top = np.abs(boxes[:, 1] - (predicted[:, 1] - 0.5 * heights))
    bottom = np.abs(boxes[:, 3] - (predicted[:, 1] + 0.5 * heights))
    from_below, from_above = top < _STAYS * bottom, bottom < _STAYS * top
    covered &= from_below | from_above
    boxes = boxes.copy()
    boxes[:, 3] = np.where(covered & from_below, boxes[:, 1] + heights, boxes[:, 3])
    boxes[:, 1] = np.where(covered & from_above, boxes[:, 3] - heights, boxes[:, 1])
    return boxes, covered
