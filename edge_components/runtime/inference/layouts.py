"""The output layouts of detectors: how each is recognised and turned into boxes.

Layouts are recognised by the shapes of a model's outputs at its input size:

- `yolox_grid`: one output (1, N, 5 + C), N the cells of strides 8, 16 and 32 (YOLOX without decoding,
  https://github.com/Megvii-BaseDetection/YOLOX, demo/ONNXRuntime);
- `yolo_v8`: one output (1, 4 + C, N), boxes as centre and size in input pixels (YOLOv8 and YOLO11 exports);
- `fastest_det`: one output (1, 5 + C, H / 16, W / 16) (https://github.com/dog-qiuqiu/FastestDet).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from contract.errors import CrowdLensError
from edge_components.runtime.inference.detections import FloatArray, IntegerArray

GRID_STRIDES = (8, 16, 32)
FASTEST_DET_STRIDE = 16
Outputs = Sequence[npt.NDArray[Any]]


class UnknownLayoutError(CrowdLensError):
    """Raised when a model's outputs are of no layout known here; the text lists both."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """Boxes (N, 4) left, top, right, bottom in pixels of the model's input, before suppression."""

    boxes: FloatArray
    confidences: FloatArray
    class_ids: IntegerArray


class Layout(Protocol):
    """How the outputs of one kind of detector are read."""

    def decode(self, outputs: Outputs, minimum_confidence: float) -> Candidates:
        """Return the boxes of at least `minimum_confidence` in `outputs` of a batch of one."""
        ...


@dataclass(frozen=True)
class LayoutTraits:
    """What a bare ONNX file of a layout expects of its input, unless its package says otherwise."""

    description: str
    channels: str
    scale: float
    letterbox: bool
    confidence: float
    non_maximum_suppression: float


TRAITS = {
    "yolox_grid": LayoutTraits(
        "yolox_grid [1, N, 5+C] with N the cells of strides 8, 16, 32", "bgr", 1.0, True, 0.3, 0.45
    ),
    "yolo_v8": LayoutTraits("yolo_v8 [1, 4+C, N] with the same N", "rgb", 1 / 255, True, 0.25, 0.5),
    "fastest_det": LayoutTraits("fastest_det [1, 5+C, H/16, W/16]", "bgr", 1 / 255, False, 0.5, 0.45),
}
"""The known layouts by name."""


def recognise(
    outputs: Sequence[tuple[str, tuple[int, ...]]], input_width: int, input_height: int
) -> tuple[str, int]:
    """Return the layout's name and its number of classes for outputs given as (name, shape).

    Raises `UnknownLayoutError`, whose text lists the outputs found and the layouts known.
    """
    if len(outputs) == 1:
        shape = outputs[0][1]
        cells = grid_cells(input_width, input_height)
        if len(shape) == 3 and shape[0] == 1:
            if shape[1] == cells and shape[2] > 5:
                return "yolox_grid", shape[2] - 5
            if shape[2] == cells and shape[1] > 4:
                return "yolo_v8", shape[1] - 4
        coarse = (input_height // FASTEST_DET_STRIDE, input_width // FASTEST_DET_STRIDE)
        if len(shape) == 4 and shape[0] == 1 and shape[1] > 5 and shape[2:] == coarse:
            return "fastest_det", shape[1] - 5
    found = ", ".join(f"{name} {list(shape)}" for name, shape in outputs)
    known = "; ".join(traits.description for traits in TRAITS.values())
    raise UnknownLayoutError(
        f"outputs are {found} at input {input_width}x{input_height}: expected one of the layouts {known}"
    )


def grid_cells(input_width: int, input_height: int) -> int:
    """Return how many cells the grids of strides 8, 16 and 32 have together."""
    return sum((input_width // stride) * (input_height // stride) for stride in GRID_STRIDES)


def make_layout(name: str, input_width: int, input_height: int) -> Layout:
    """Return the layout called `name` for a model's input size; raises `UnknownLayoutError`."""
    if name == "yolox_grid":
        return YoloxGrid(input_width, input_height)
    if name == "yolo_v8":
        return YoloV8()
    if name == "fastest_det":
        return FastestDet(input_width, input_height)
    raise UnknownLayoutError(f"layout is {name!r}: expected one of {', '.join(TRAITS)}")


class YoloxGrid:
    """YOLOX's raw grid: offsets and logarithmic sizes per cell; objectness and class scores are 0 to 1."""

    def __init__(self, input_width: int, input_height: int) -> None:
        origins, strides = [], []
        for stride in GRID_STRIDES:
            rows, columns = np.mgrid[: input_height // stride, : input_width // stride]
            origins.append(np.stack((columns.ravel(), rows.ravel()), axis=1) * stride)
            strides.append(np.full(rows.size, stride))
        self._origins = np.concatenate(origins).astype(np.float32)
        self._strides = np.concatenate(strides).astype(np.float32)

    def decode(self, outputs: Outputs, minimum_confidence: float) -> Candidates:
        """Return the confident boxes; a score is objectness × the best class's score."""
        rows = outputs[0][0]
        # A class score is at most 1, so a cell below the threshold here is below it in the end.
        cells = np.flatnonzero(rows[:, 4] >= minimum_confidence)
        picked = rows[cells].astype(np.float32, copy=False)
        class_ids, scores = _best_class(picked[:, 5:].T)
        confidences = picked[:, 4] * scores
        sure = confidences >= minimum_confidence
        picked, cells = picked[sure], cells[sure]
        strides = self._strides[cells, None]
        centres = picked[:, :2] * strides + self._origins[cells]
        # exp(12) strides are wider than any input; more would overflow into infinity.
        sizes = np.exp(np.minimum(picked[:, 2:4], 12.0)) * strides
        return Candidates(_corners(centres, sizes), confidences[sure], class_ids[sure])


class YoloV8:
    """YOLOv8's decoded boxes: centre and size in input pixels, one score per class and no objectness."""

    def decode(self, outputs: Outputs, minimum_confidence: float) -> Candidates:
        """Return the confident boxes; a score is the best class's."""
        columns = outputs[0][0]
        scores = columns[4:]
        best = scores[0] if len(scores) == 1 else scores.max(axis=0)
        cells = np.flatnonzero(best >= minimum_confidence)
        picked = columns[:, cells].astype(np.float32, copy=False)
        class_ids, confidences = _best_class(picked[4:])
        return Candidates(_corners(picked[:2].T, picked[2:4].T), confidences, class_ids)


class FastestDet:
    """FastestDet's coarse grid: tanh offsets, sigmoid sizes relative to the input, softmaxed classes."""

    def __init__(self, input_width: int, input_height: int) -> None:
        self._size = np.array([input_width, input_height], np.float32)
        self._columns = input_width // FASTEST_DET_STRIDE
        self._grid = np.array([self._columns, input_height // FASTEST_DET_STRIDE], np.float32)

    def decode(self, outputs: Outputs, minimum_confidence: float) -> Candidates:
        """Return the confident boxes; a score is objectness^0.6 × best class^0.4 (its authors')."""
        planes = outputs[0][0]
        planes = planes.reshape(len(planes), -1)
        # The class factor is at most 1.
        cells = np.flatnonzero(planes[0] >= minimum_confidence ** (1 / 0.6))
        picked = planes[:, cells].astype(np.float32, copy=False)
        class_ids, scores = _best_class(picked[5:])
        confidences = picked[0] ** 0.6 * scores**0.4
        sure = confidences >= minimum_confidence
        picked, cells = picked[:, sure], cells[sure]
        corner = np.stack((cells % self._columns, cells // self._columns), axis=1).astype(np.float32)
        centres = (corner + np.tanh(picked[1:3].T)) / self._grid * self._size
        sizes = self._size / (1 + np.exp(np.minimum(-picked[3:5].T, 80.0)))
        return Candidates(_corners(centres, sizes), confidences[sure], class_ids[sure])


def _best_class(scores: FloatArray) -> tuple[IntegerArray, FloatArray]:
    """Return the best class and its score of each column of `scores` (C, N)."""
    class_ids = scores.argmax(axis=0)
    best: FloatArray = scores[class_ids, np.arange(scores.shape[1])]
    return class_ids, best


def _corners(centres: FloatArray, sizes: FloatArray) -> FloatArray:
    half = sizes / 2
    corners: FloatArray = np.concatenate((centres - half, centres + half), axis=1)
    return corners
