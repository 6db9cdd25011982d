"""Box arithmetic, decoding, suppression and letterboxing used to evaluate a model package.

Needs no PyTorch.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from training.arrays import Floats32, Image

PAD_VALUE = 114


@dataclass(frozen=True)
class Detections:
    """Boxes (D, 4) as left, top, right, bottom in pixels and scores (D,), best first."""

    boxes: Floats32
    scores: Floats32


def overlaps(first: Floats32, second: Floats32) -> Floats32:
    """Return intersection over union (A, B) of boxes (A, 4) and (B, 4) given as left, top, right, bottom."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=2)
    areas_first = np.prod(first[:, 2:] - first[:, :2], axis=1)
    areas_second = np.prod(second[:, 2:] - second[:, :2], axis=1)
    union = areas_first[:, None] + areas_second[None] - shared
    return np.asarray(shared / np.maximum(union, 1e-9), dtype=np.float32)


def letterbox(picture: Image, width: int, height: int) -> tuple[Image, float]:
    """Shrink or grow a picture into width x height at the top left, the rest grey 114.

    Also return the scale.
    """
    scale = min(width / picture.shape[1], height / picture.shape[0])
    size = (min(width, round(picture.shape[1] * scale)), min(height, round(picture.shape[0] * scale)))
    canvas = np.full((height, width, 3), PAD_VALUE, np.uint8)
    canvas[: size[1], : size[0]] = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
    return canvas, scale


def suppress(boxes: Floats32, scores: Floats32, *, confidence: float, overlap: float) -> Detections:
    """Keep boxes of at least `confidence`, dropping any that overlaps a better one by more than `overlap`."""
    strong = scores >= confidence
    boxes, scores = boxes[strong], scores[strong]
    order = np.argsort(-scores, kind="stable")
    boxes, scores = boxes[order], scores[order]
    shared = overlaps(boxes, boxes)
    alive = np.ones(len(boxes), dtype=bool)
    for index in range(len(boxes)):
        if alive[index]:
            alive[index + 1 :] &= shared[index, index + 1 :] <= overlap
    return Detections(boxes[alive], scores[alive])


def decode_yolo_v8(output: Floats32, *, scale: float, confidence: float, overlap: float) -> Detections:
    """Turn one output (5, N) into detections in pixels of the picture before it was letterboxed."""
    centre, size, scores = output[:2].T, output[2:4].T, output[4]
    boxes = np.concatenate([centre - size / 2, centre + size / 2], axis=1) / np.float32(scale)
    return suppress(boxes.astype(np.float32), scores, confidence=confidence, overlap=overlap)
