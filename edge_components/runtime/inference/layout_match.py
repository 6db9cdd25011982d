"""Tells of which layout a model's outputs are, by their names and shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from edge_components.runtime.inference.layout_types import (
    FASTEST_DET_STRIDE,
    GRID_STRIDES,
    LARGE_GRID_STRIDES,
    NamedShapes,
    Shape,
    grid_cells,
)

UNKNOWN_CLASSES = 0
MAXIMUM_END_TO_END_BOXES = 1000
"""Such exports keep 100 to 300 boxes; rows of grids are more."""


@dataclass(frozen=True)
class ModelOutputs:
    """The names and shapes of a model's outputs for one picture, at an input width and height."""

    shapes: NamedShapes
    width: int
    height: int

    def single(self, dimensions: int) -> Shape | None:
        """Return the shape of the only output, None when there are more or it has other dimensions."""
        if len(self.shapes) != 1 or len(self.shapes[0][1]) != dimensions or self.shapes[0][1][0] != 1:
            return None
        return self.shapes[0][1]

    def cells(self, strides: Sequence[int] = GRID_STRIDES) -> int:
        """Return how many cells the grids of `strides` have at this input."""
        return grid_cells(self.width, self.height, strides)


Match = Callable[[ModelOutputs], "int | None"]
"""Returns the number of classes, UNKNOWN_CLASSES where outputs do not tell it, None for another layout."""


def match_yolox(outputs: ModelOutputs) -> int | None:
    """Return the classes when the outputs are rows of raw offsets, one a cell."""
    shape = outputs.single(3)
    if shape is None or shape[1] != outputs.cells() or shape[2] <= 5:
        return None
    return shape[2] - 5


def match_yolo_v5(outputs: ModelOutputs) -> int | None:
    """Return the classes when the outputs are rows of boxes, three a cell (or one, decoded elsewhere)."""
    shape = outputs.single(3)
    cells, large = outputs.cells(), outputs.cells(LARGE_GRID_STRIDES)
    if shape is None or shape[1] not in (3 * cells, 3 * large, cells) or shape[2] <= 5:
        return None
    return shape[2] - 5


def match_yolo_v8(outputs: ModelOutputs) -> int | None:
    """Return the classes when the outputs are columns of boxes, one a cell."""
    shape = outputs.single(3)
    if shape is None or shape[2] != outputs.cells() or shape[1] <= 4:
        return None
    return shape[1] - 4


def match_fastest_det(outputs: ModelOutputs) -> int | None:
    """Return the classes when the outputs are FastestDet's planes."""
    shape = outputs.single(4)
    coarse = (outputs.height // FASTEST_DET_STRIDE, outputs.width // FASTEST_DET_STRIDE)
    if shape is None or shape[1] <= 5 or shape[2:] != coarse:
        return None
    return shape[1] - 5


def match_end_to_end(outputs: ModelOutputs) -> int | None:
    """Return that the classes are not told when the outputs are finished boxes, a score and a class a row."""
    shape = outputs.single(3)
    fits = shape is not None and shape[2] == 6 and shape[1] <= MAXIMUM_END_TO_END_BOXES
    return UNKNOWN_CLASSES if fits else None


def match_classification(outputs: ModelOutputs) -> int | None:
    """Return the classes when the outputs are scores of classes."""
    shape = outputs.single(2) or outputs.single(4)
    if shape is None or shape[1] < 2 or any(side != 1 for side in shape[2:]):
        return None
    return shape[1]


EFFICIENT_NMS_NAMES = ("num_dets", "det_boxes", "det_scores", "det_classes")
BATCHED_NMS_NAMES = ("num_detections", "nmsed_boxes", "nmsed_scores", "nmsed_classes")
TAO_NMS_NAMES = ("BatchedNMS", "BatchedNMS_1", "BatchedNMS_2", "BatchedNMS_3")
"""What older TAO exports call the same four."""


def nms_order(names: Sequence[str], wanted: Sequence[Sequence[str]]) -> tuple[int, ...] | None:
    """Return where count, boxes, scores and classes are among `names`, None when they are not all there."""
    for known in wanted:
        if sorted(names) == sorted(known):
            return tuple(list(names).index(name) for name in known)
    return None


def _match_nms(outputs: ModelOutputs, wanted: Sequence[Sequence[str]]) -> int | None:
    order = nms_order([name for name, _ in outputs.shapes], wanted)
    if order is None:
        return None
    count, boxes, scores, classes = (outputs.shapes[index][1] for index in order)
    right = len(boxes) == 3 and boxes[2] == 4 and int(np.prod(count)) == 1
    kept = boxes[:2]
    return UNKNOWN_CLASSES if right and scores[:2] == kept and classes[:2] == kept else None


def match_efficient_nms(outputs: ModelOutputs) -> int | None:
    """Return the classes when the outputs are the EfficientNMS plug-in's four outputs."""
    return _match_nms(outputs, (EFFICIENT_NMS_NAMES,))


def match_batched_nms(outputs: ModelOutputs) -> int | None:
    """Return the classes when the outputs are the BatchedNMS plug-in's four outputs."""
    return _match_nms(outputs, (BATCHED_NMS_NAMES, TAO_NMS_NAMES))


def ssd_order(outputs: NamedShapes) -> tuple[int, int] | None:
    """Return where scores and boxes are among the outputs, by name and else by shape; None without them."""
    if len(outputs) != 2 or any(len(shape) != 3 or shape[0] != 1 for _, shape in outputs):
        return None
    names = [name for name, _ in outputs]
    orders = [(names.index("scores"), names.index("boxes"))] if sorted(names) == ["boxes", "scores"] else []
    for scores, boxes in (*orders, (0, 1), (1, 0)):
        score_shape, box_shape = outputs[scores][1], outputs[boxes][1]
        if box_shape[2] == 4 and score_shape[1] == box_shape[1] and score_shape[2] >= 2:
            return scores, boxes
    return None


def match_ssd(outputs: ModelOutputs) -> int | None:
    """Return the classes when the outputs are scores and boxes."""
    order = ssd_order(outputs.shapes)
    return None if order is None else outputs.shapes[order[0]][1][2] - 1
