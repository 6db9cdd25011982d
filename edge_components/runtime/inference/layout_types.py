"""What the output layouts share: the boxes they give, the outputs they take, and the grids of YOLO models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from contract.errors import CrowdLensError
from edge_components.runtime.inference.detections import FloatArray, IntegerArray

GRID_STRIDES = (8, 16, 32)
LARGE_GRID_STRIDES = (8, 16, 32, 64)
"""Of YOLOv5's and YOLOv7's models for 1280 pixels."""
FASTEST_DET_STRIDE = 16
Outputs = Sequence[npt.NDArray[Any]]
Shape = tuple[int, ...]
NamedShapes = Sequence[tuple[str, Shape]]


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

    def decode(self, outputs: Outputs, minimum_confidence: float, *, item: int = 0) -> Candidates:
        """Return the boxes of at least `minimum_confidence` of picture `item` of the batch in `outputs`."""
        ...


def grid_cells(input_width: int, input_height: int, strides: Sequence[int] = GRID_STRIDES) -> int:
    """Return how many cells the grids of `strides` have together."""
    return sum((input_width // stride) * (input_height // stride) for stride in strides)


def cell_centres(input_width: int, input_height: int) -> tuple[FloatArray, FloatArray]:
    """Return the centres (cells, 2) in input pixels and the strides (cells,) of the grids' cells."""
    centres, strides = [], []
    for stride in GRID_STRIDES:
        rows, columns = np.mgrid[: input_height // stride, : input_width // stride]
        centres.append((np.stack((columns.ravel(), rows.ravel()), axis=1) + 0.5) * stride)
        strides.append(np.full(rows.size, stride))
    return np.concatenate(centres).astype(np.float32), np.concatenate(strides).astype(np.float32)


def best_class(scores: FloatArray) -> tuple[IntegerArray, FloatArray]:
    """Return the best class and its score of each column of `scores` (C, N)."""
    class_ids = scores.argmax(axis=0)
    best: FloatArray = scores[class_ids, np.arange(scores.shape[1])]
    return class_ids, best


def corners(centres: FloatArray, sizes: FloatArray) -> FloatArray:
    """Return boxes (N, 4) of centres (N, 2) and sizes (N, 2)."""
    half = sizes / 2
    boxes: FloatArray = np.concatenate((centres - half, centres + half), axis=1)
    return boxes
