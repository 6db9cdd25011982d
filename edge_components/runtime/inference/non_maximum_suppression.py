"""Keeps the most confident of the boxes that cover the same object."""

from __future__ import annotations

import numpy as np

from edge_components.runtime.inference.detections import FloatArray, IntegerArray


def suppress(
    boxes: FloatArray,
    confidences: FloatArray,
    class_ids: IntegerArray,
    *,
    overlap_threshold: float,
    maximum_candidates: int = 512,
) -> IntegerArray:
    """Return the indices of the boxes to keep, most confident first.

    A box goes when a more confident one of its class overlaps it by more than `overlap_threshold`
    (intersection over union). `boxes` is (N, 4) left, top, right, bottom; only the `maximum_candidates` most
    confident are looked at, which bounds the time and the memory of a frame.
    """
    order = np.argsort(-confidences, kind="stable")[:maximum_candidates]
    if len(order) < 2:
        return order
    ranked = boxes[order]
    suppresses = overlap_matrix(ranked) > overlap_threshold
    classes = class_ids[order]
    if (classes != classes[0]).any():
        suppresses &= classes[:, None] == classes
    return order[_greedy(suppresses)]


def overlap_matrix(boxes: FloatArray) -> FloatArray:
    """Return the intersection over union of every pair of `boxes` (N, 4) as (N, N)."""
    left, top, right, bottom = (np.ascontiguousarray(side) for side in boxes.T)
    width = np.minimum(right[:, None], right)
    width -= np.maximum(left[:, None], left)
    np.maximum(width, 0, out=width)
    intersection = np.minimum(bottom[:, None], bottom)
    intersection -= np.maximum(top[:, None], top)
    np.maximum(intersection, 0, out=intersection)
    intersection *= width
    area = (right - left) * (bottom - top)
    union = area[:, None] + area - intersection
    overlap: FloatArray = intersection / np.maximum(union, np.float32(1e-9))
    return overlap


def _greedy(suppresses: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> IntegerArray:
    gone = np.zeros(len(suppresses), dtype=bool)
    keep = []
    for rank in range(len(suppresses)):
        if not gone[rank]:
            keep.append(rank)
            gone |= suppresses[rank]
    return np.array(keep, dtype=np.int64)
