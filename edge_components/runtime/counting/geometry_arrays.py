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


def segment_offsets(starts: Floats, ends: Floats, points: Floats) -> tuple[Floats, Floats]:
    """Return x and y, (N, S) each, of the way to points (N, 2) from the nearest point of each segment."""
    along = ends - starts
    squared = np.maximum((along * along).sum(axis=1), 1e-12)
    x, y = points[:, 0, None] - starts[:, 0], points[:, 1, None] - starts[:, 1]
    share = np.clip((x * along[:, 0] + y * along[:, 1]) / squared, 0.0, 1.0)
    return np.asarray(x - share * along[:, 0]), np.asarray(y - share * along[:, 1])


def segment_distances(starts: Floats, ends: Floats, points: Floats) -> Floats:
    """Return the distances (N, S) from points (N, 2) to the nearest point of each segment."""
    return np.asarray(np.hypot(*segment_offsets(starts, ends, points)))


def lengths_despite(doubts: Floats, x: Floats, y: Floats) -> Floats:
    """Return how long ways (x, y), all (N,), are at least when their ends may be `doubts` off along x."""
    length = np.hypot(x, y)
    return np.asarray(length - doubts * np.abs(x) / np.maximum(length, 1e-9))


def edges_to_the_right(starts: Floats, ends: Floats, points: Floats) -> Booleans:
    """Return which edges (S, 2) to (S, 2) a ray from each point (N, 2) towards the right meets, as (N, S).

    An odd number of a polygon's edges means that the point is inside it; a point on an edge is not decided.
    """
    x, y = points[:, 0, None], points[:, 1, None]
    (x1, y1), (x2, y2) = starts.T, ends.T
    spans = (y1 > y) != (y2 > y)
    slope = (x2 - x1) / np.where(y2 == y1, 1.0, y2 - y1)
    return np.asarray(spans & (x < slope * (y - y1) + x1))
