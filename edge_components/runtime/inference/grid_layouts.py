"""Layouts of models that give one row per cell of their grids: YOLOX, YOLOv5 to YOLO11, FastestDet."""

from __future__ import annotations

import numpy as np

from edge_components.runtime.inference.layout_types import (
    FASTEST_DET_STRIDE,
    Candidates,
    Outputs,
    best_class,
    cell_centres,
    corners,
)


class YoloxGrid:
    """YOLOX's raw grid: offsets and logarithmic sizes per cell; objectness and class scores are 0 to 1."""

    def __init__(self, input_width: int, input_height: int) -> None:
        centres, self._strides = cell_centres(input_width, input_height)
        self._origins = centres - self._strides[:, None] / 2

    def decode(self, outputs: Outputs, minimum_confidence: float, *, item: int = 0) -> Candidates:
        """Return the confident boxes; a score is objectness × the best class's score."""
        rows = outputs[0][item]
        # A class score is at most 1, so a cell below the threshold here is below it in the end.
        cells = np.flatnonzero(rows[:, 4] >= minimum_confidence)
        picked = rows[cells].astype(np.float32, copy=False)
        class_ids, scores = best_class(picked[:, 5:].T)
        confidences = picked[:, 4] * scores
        sure = confidences >= minimum_confidence
        picked, cells = picked[sure], cells[sure]
        strides = self._strides[cells, None]
        centres = picked[:, :2] * strides + self._origins[cells]
        # exp(12) strides are wider than any input; more would overflow into infinity.
        sizes = np.exp(np.minimum(picked[:, 2:4], 12.0)) * strides
        return Candidates(corners(centres, sizes), confidences[sure], class_ids[sure])


class YoloV5:
    """YOLOv5's and YOLOv7's decoded rows: centre and size in input pixels, objectness, class scores."""

    def decode(self, outputs: Outputs, minimum_confidence: float, *, item: int = 0) -> Candidates:
        """Return the confident boxes; a score is objectness × the best class's score."""
        rows = outputs[0][item]
        # A class score is at most 1, so a row below the threshold here is below it in the end.
        picked = rows[rows[:, 4] >= minimum_confidence].astype(np.float32, copy=False)
        class_ids, scores = best_class(picked[:, 5:].T)
        confidences = picked[:, 4] * scores
        sure = confidences >= minimum_confidence
        picked = picked[sure]
        return Candidates(corners(picked[:, :2], picked[:, 2:4]), confidences[sure], class_ids[sure])


class YoloV8:
    """YOLOv8's decoded boxes: centre and size in input pixels, one score per class and no objectness."""

    def decode(self, outputs: Outputs, minimum_confidence: float, *, item: int = 0) -> Candidates:
        """Return the confident boxes; a score is the best class's."""
        columns = outputs[0][item]
        scores = columns[4:]
        best = scores[0] if len(scores) == 1 else scores.max(axis=0)
        cells = np.flatnonzero(best >= minimum_confidence)
        picked = columns[:, cells].astype(np.float32, copy=False)
        class_ids, confidences = best_class(picked[4:])
        return Candidates(corners(picked[:2].T, picked[2:4].T), confidences, class_ids)


class FastestDet:
    """FastestDet's coarse grid: tanh offsets, sigmoid sizes relative to the input, softmaxed classes."""

    def __init__(self, input_width: int, input_height: int) -> None:
        self._size = np.array([input_width, input_height], np.float32)
        self._columns = input_width // FASTEST_DET_STRIDE
        self._grid = np.array([self._columns, input_height // FASTEST_DET_STRIDE], np.float32)

    def decode(self, outputs: Outputs, minimum_confidence: float, *, item: int = 0) -> Candidates:
        """Return the confident boxes; a score is objectness^0.6 × best class^0.4 (its authors')."""
        planes = outputs[0][item]
        planes = planes.reshape(len(planes), -1)
        # The class factor is at most 1.
        cells = np.flatnonzero(planes[0] >= minimum_confidence ** (1 / 0.6))
        picked = planes[:, cells].astype(np.float32, copy=False)
        class_ids, scores = best_class(picked[5:])
        confidences = picked[0] ** 0.6 * scores**0.4
        sure = confidences >= minimum_confidence
        picked, cells = picked[:, sure], cells[sure]
        corner = np.stack((cells % self._columns, cells // self._columns), axis=1).astype(np.float32)
        centres = (corner + np.tanh(picked[1:3].T)) / self._grid * self._size
        sizes = self._size / (1 + np.exp(np.minimum(-picked[3:5].T, 80.0)))
        return Candidates(corners(centres, sizes), confidences[sure], class_ids[sure])
