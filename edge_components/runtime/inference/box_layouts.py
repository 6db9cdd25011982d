"""Layouts of models that give finished boxes: NMS plug-ins of TensorRT, and faces with scores per box."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge_components.runtime.inference.detections import FloatArray
from edge_components.runtime.inference.layout_match import (
    BATCHED_NMS_NAMES,
    EFFICIENT_NMS_NAMES,
    TAO_NMS_NAMES,
    nms_order,
)
from edge_components.runtime.inference.layout_types import Candidates, Outputs, best_class

IN_ORDER = (0, 1, 2, 3)
"""Count, boxes, scores, classes: the order of both plug-ins' outputs."""


class EfficientNms:
    """TensorRT's EfficientNMS: num_dets (B, 1), det_boxes (B, K, 4) in input pixels, scores, classes (B, K).

    https://github.com/NVIDIA/TensorRT/tree/main/plugin/efficientNMSPlugin
    """

    def __init__(self, output_names: Sequence[str] = ()) -> None:
        self._order = nms_order(output_names, (EFFICIENT_NMS_NAMES,)) or IN_ORDER

    def decode(self, outputs: Outputs, minimum_confidence: float, *, item: int = 0) -> Candidates:
        """Return the confident boxes among those the plug-in kept."""
        return _kept(outputs, self._order, minimum_confidence, item)


class BatchedNms:
    """TensorRT's BatchedNMS as TAO's YOLOv4 uses it: the same four, the boxes as shares of the input.

    https://github.com/NVIDIA/TensorRT/tree/release/10.16/plugin/batchedNMSPlugin; classes are float32.
    """

    def __init__(self, input_width: int, input_height: int, output_names: Sequence[str] = ()) -> None:
        self._order = nms_order(output_names, (BATCHED_NMS_NAMES, TAO_NMS_NAMES)) or IN_ORDER
        self._size = np.array([input_width, input_height] * 2, np.float32)

    def decode(self, outputs: Outputs, minimum_confidence: float, *, item: int = 0) -> Candidates:
        """Return the confident boxes among those the plug-in kept."""
        kept = _kept(outputs, self._order, minimum_confidence, item)
        return Candidates(kept.boxes * self._size, kept.confidences, kept.class_ids)


def _kept(outputs: Outputs, order: Sequence[int], minimum_confidence: float, item: int) -> Candidates:
    count, boxes, scores, classes = (outputs[index][item] for index in order)
    # The rest of the rows is what a former picture or nobody wrote there.
    number = min(max(int(count.reshape(-1)[0]), 0), len(scores))
    confidences = scores[:number].reshape(-1).astype(np.float32, copy=False)
    class_ids = classes[:number].reshape(-1).astype(np.int64)
    sure = (confidences >= minimum_confidence) & (class_ids >= 0)
    picked = boxes[:number].reshape(-1, 4)[sure].astype(np.float32, copy=False)
    return Candidates(picked, confidences[sure], class_ids[sure])


class EndToEnd:
    """Finished boxes (B, K, 6): corners in input pixels, score, class; unused ones score 0."""

    def decode(self, outputs: Outputs, minimum_confidence: float, *, item: int = 0) -> Candidates:
        """Return the confident boxes."""
        rows = outputs[0][item]
        picked = rows[rows[:, 4] >= minimum_confidence].astype(np.float32, copy=False)
        return Candidates(picked[:, :4], picked[:, 4], picked[:, 5].astype(np.int64))


class Ssd:
    """Scores (B, N, 1 + C), the background first, and boxes (B, N, 4) as shares of the input, both decoded.

    UltraFace's faces (https://github.com/Linzaer/Ultra-Light-Fast-Generic-Face-Detector-1MB) and other SSDs.
    """

    def __init__(self, input_width: int, input_height: int, output_names: Sequence[str] = ()) -> None:
        self._size = np.array([input_width, input_height] * 2, np.float32)
        self._order = (1, 0) if list(output_names) == ["boxes", "scores"] else None
        if list(output_names) == ["scores", "boxes"]:
            self._order = (0, 1)

    def decode(self, outputs: Outputs, minimum_confidence: float, *, item: int = 0) -> Candidates:
        """Return the confident boxes; a score is the best class's, the background left out."""
        first, second = self._order or ((0, 1) if outputs[1].shape[2] == 4 else (1, 0))
        scores, boxes = outputs[first][item], outputs[second][item]
        best = scores[:, 1:].max(axis=1)
        cells = np.flatnonzero(best >= minimum_confidence)
        class_ids, confidences = best_class(scores[cells, 1:].T.astype(np.float32, copy=False))
        picked: FloatArray = boxes[cells].astype(np.float32, copy=False) * self._size
        return Candidates(picked, confidences, class_ids)
