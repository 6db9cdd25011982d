"""Pairs the tracks of a frame with its detections."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_components.vision import motion
from edge_components.vision.association import IMPOSSIBLE, assign, squared_distances, widened_overlap
from edge_components.vision.detections import Detections
from edge_components.vision.tracked import TrackerSettings

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Matcher:
    """The pairs of one frame; `partners` (T,) is the detection of each track, -1 for none.

    `predicted` are the tracks' rows (T, ROW_LENGTH), `limits` the frame's width and height.
    """

    def __init__(
        self,
        predicted: Floats,
        class_ids: Integers,
        detections: Detections,
        limits: Floats,
        settings: TrackerSettings,
    ) -> None:
        self._boxes = _visible(motion.places_to_boxes(predicted[:, motion.PLACE]), limits)
        self._found = _visible(detections.boxes.astype(np.float64), limits)
        self._class_ids = class_ids
        self._found_class_ids = detections.class_ids
        heights = predicted[:, motion.HEIGHT]
        deviations = motion.place_uncertainty_px(predicted)
        self._margins = settings.margin * heights + np.minimum(
            settings.margin_deviations * deviations, settings.margin_maximum * heights
        )
        self._variances = deviations**2 + (settings.motion.place_noise * heights) ** 2
        self._gate = settings.gate_deviations**2
        self._heights = np.maximum(self._boxes[:, 3] - self._boxes[:, 1], 1.0)
        self._found_heights = self._found[:, 3] - self._found[:, 1]
        self._height_ratio = settings.height_ratio
        self.partners = np.full(len(predicted), -1, np.int64)

    def match(
        self, tracks: Integers, found: Integers, minimum_overlap: float, *, gated: bool = True
    ) -> Integers:
        """Match `tracks` with the detections `found` and return which of these are left.

        Boxes must overlap by `minimum_overlap` once widened and, when `gated`, lie where the motion allows.
        """
        if not len(tracks) or not len(found):
            return found
        boxes, others, variances = self._boxes[tracks], self._found[found], self._variances[tracks]
        distances = squared_distances(boxes, others) / variances[:, None]
        costs = 0.5 * distances + np.log(variances / self._heights[tracks] ** 2)[:, None]
        ratio = self._found_heights[found][None, :] / self._heights[tracks][:, None]
        impossible = widened_overlap(boxes, others, self._margins[tracks]) < minimum_overlap
        if gated:
            impossible |= distances > self._gate
        impossible |= self._class_ids[tracks][:, None] != self._found_class_ids[found][None, :]
        impossible |= (ratio > self._height_ratio) | (ratio * self._height_ratio < 1.0)
        costs[impossible] = IMPOSSIBLE
        rows, columns = assign(costs)
        self.partners[tracks[rows]] = found[columns]
        left = np.ones(len(found), np.bool_)
        left[columns] = False
        return found[left]


def _visible(boxes: Floats, limits: Floats) -> Floats:
    """Return the parts of boxes (N, 4) that lie in the frame, which is all a detector can see."""
    clipped = np.maximum(boxes, 0.0)
    clipped[:, :2] = np.minimum(clipped[:, :2], limits)
    clipped[:, 2:] = np.minimum(clipped[:, 2:], limits)
    return clipped
