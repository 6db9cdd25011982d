"""Pairs the tracks of a frame with its detections."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_components.runtime.counting import motion
from edge_components.runtime.counting.association import (
    IMPOSSIBLE,
    assign,
    lone_pairs,
    squared_distances,
    upper_distances,
    widened_overlap,
)
from edge_components.runtime.counting.tracked import TrackerSettings
from edge_components.runtime.inference.detections import Detections

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Matcher:
    """The pairs of one frame; `partners` (T,) is the detection of each track, -1 for none.

    `predicted` are the tracks' rows (T, ROW_LENGTH), `limits` the frame's width and height. Only what is of
    one group may match: `groups` (T,) and `found_groups` (D,).
    """

    def __init__(
        self,
        predicted: Floats,
        groups: Integers,
        detections: Detections,
        found_groups: Integers,
        *,
        limits: Floats,
        settings: TrackerSettings,
    ) -> None:
        self._boxes = _visible(motion.places_to_boxes(predicted[:, motion.PLACE]), limits)
        self._found = _visible(detections.boxes.astype(np.float64), limits)
        self._groups, self._found_groups = groups, found_groups
        self._settings = settings
        heights = predicted[:, motion.HEIGHT]
        deviations = motion.place_uncertainty_px(predicted)
        self._margins = settings.margin * heights + np.minimum(
            settings.margin_deviations * deviations, settings.margin_maximum * heights
        )
        self._variances = deviations**2 + (settings.motion.place_noise * heights) ** 2
        self._gate = settings.gate_deviations**2
        self._heights = np.maximum(self._boxes[:, 3] - self._boxes[:, 1], 1.0)
        self._found_heights = self._found[:, 3] - self._found[:, 1]
        self.partners = np.full(len(predicted), -1, np.int64)

    def open(self, which: npt.NDArray[np.bool_]) -> Integers:
        """Return the tracks among `which` (T,) that have no partner."""
        return np.flatnonzero((self.partners < 0) & which)

    def match(
        self, tracks: Integers, found: Integers, minimum_overlap: float, *, gated: bool = True
    ) -> Integers:
        """Match `tracks` with the detections `found` and return which of these are left.

        Boxes must overlap by `minimum_overlap` once widened and, when `gated`, lie where the motion allows.
        """
        if not len(tracks) or not len(found):
            return found
        costs = self._costs(tracks, found, minimum_overlap, gated=gated)
        return self._pair(tracks, found, *assign(costs))

    def match_fast(self, tracks: Integers, found: Integers, gaps: Floats) -> Integers:
        """Match `tracks` seen once with detections far away, where there is but one choice on either side.

        `gaps` (one for each of `tracks`) are seconds. Boxes must be of nearly one size. Returns what is left.
        """
        if not len(tracks) or not len(found):
            return found
        heights = self._heights[tracks]
        reach = self._settings.fastest_heights_per_second * gaps * heights
        near = squared_distances(self._boxes[tracks], self._found[found]) <= (reach**2)[:, None]
        ratio = self._found_heights[found][None, :] / heights[:, None]
        most = self._settings.fast_size_ratio
        near &= (ratio < most) & (ratio * most > 1.0) & self._same_group(tracks, found)
        return self._pair(tracks, found, *lone_pairs(near))

    def _costs(self, tracks: Integers, found: Integers, minimum_overlap: float, *, gated: bool) -> Floats:
        settings = self._settings
        boxes, others, variances = self._boxes[tracks], self._found[found], self._variances[tracks]
        penalty = settings.covered_penalty * variances
        distances = upper_distances(boxes, others, settings.short_ratio, penalty) / variances[:, None]
        costs = 0.5 * distances + np.log(variances / self._heights[tracks] ** 2)[:, None]
        ratio = self._found_heights[found][None, :] / self._heights[tracks][:, None]
        impossible = widened_overlap(boxes, others, self._margins[tracks]) < minimum_overlap
        if gated:
            impossible |= distances > self._gate
        impossible |= ~self._same_group(tracks, found)
        impossible |= (ratio > settings.height_ratio) | (ratio * settings.height_ratio < 1.0)
        costs[impossible] = IMPOSSIBLE
        return np.asarray(costs)

    def _same_group(self, tracks: Integers, found: Integers) -> npt.NDArray[np.bool_]:
        return np.asarray(self._groups[tracks][:, None] == self._found_groups[found][None, :])

    def _pair(self, tracks: Integers, found: Integers, rows: Integers, columns: Integers) -> Integers:
        self.partners[tracks[rows]] = found[columns]
        left = np.ones(len(found), np.bool_)
        left[columns] = False
        return found[left]


def _visible(boxes: Floats, limits: Floats) -> Floats:
    """Return the parts of boxes (N, 4) that lie in the frame, which is all a detector can see."""
    return np.minimum(np.maximum(boxes, 0.0), np.concatenate((limits, limits)))
