"""Plane geometry on arrays of points: sides, crossings, distances, containment."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]


def sides(starts: Floats, ends: Floats, points: Floats) -> Floats:
    """Return (end - start) x (point - start), (N, S), for points (N, 2) and segments (S, 2) to (S, 2)."""
    along = ends - starts
    return np.asarray(
        along[:, 0] * (points[:, 1, None] - starts[:, 1]) - along[:, 1] * (points[:, 0, None] - starts[:, 0])
    )


def segment_distances(starts: Floats, ends: Floats, points: Floats) -> Floats:
    """Return the distances (N, S) from points (N, 2) to the nearest point of each segment."""
    along = ends - starts
    squared = np.maximum((along * along).sum(axis=1), 1e-12)
    x, y = points[:, 0, None] - starts[:, 0], points[:, 1, None] - starts[:, 1]
    share = np.clip((x * along[:, 0] + y * along[:, 1]) / squared, 0.0, 1.0)
    return np.asarray(np.hypot(x - share * along[:, 0], y - share * along[:, 1]))


def inside_polygon(polygon: Floats, points: Floats) -> Booleans:
    """Return which points (N, 2) lie inside the polygon (M, 2), by the even-odd rule, edges undecided."""
    x, y = points[:, 0, None], points[:, 1, None]
    x1, y1 = polygon[:, 0], polygon[:, 1]
    x2, y2 = np.roll(x1, -1), np.roll(y1, -1)
    spans = (y1 > y) != (y2 > y)
    rise = np.where(y2 == y1, 1.0, y2 - y1)
    hits = spans & (x < (x2 - x1) * (y - y1) / rise + x1)
    return np.asarray(hits.sum(axis=1) % 2 == 1)
