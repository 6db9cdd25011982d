"""Plane geometry on arrays of points: sides, crossings, distances, containment."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]


class Segments:
    """Segments from `starts` (S, 2) to `ends` (S, 2); what does not change with the points is kept."""

    def __init__(self, starts: Floats, ends: Floats) -> None:
        self.starts, self.ends = starts, ends
        along = ends - starts
        self._start_x, self._start_y = starts[:, 0].copy(), starts[:, 1].copy()
        self._along_x, self._along_y = along[:, 0].copy(), along[:, 1].copy()
        self._squared = np.maximum((along * along).sum(axis=1), 1e-12)

    def __len__(self) -> int:
        return len(self.starts)

    def sides(self, points: Floats) -> Floats:
        """Return (end - start) x (point - start), (N, S), for points (N, 2)."""
        x, y = self._from_starts(points)
        return np.asarray(self._along_x * y - self._along_y * x)

    def offsets(self, points: Floats) -> tuple[Floats, Floats]:
        """Return x and y, (N, S) each, of the way to points (N, 2) from the nearest point of each segment."""
        x, y = self._from_starts(points)
        share = (x * self._along_x + y * self._along_y) / self._squared
        share = np.minimum(np.maximum(share, 0.0), 1.0)
        return np.asarray(x - share * self._along_x), np.asarray(y - share * self._along_y)

    def distances(self, points: Floats) -> Floats:
        """Return the distances (N, S) from points (N, 2) to the nearest point of each segment."""
        return np.asarray(np.hypot(*self.offsets(points)))

    def _from_starts(self, points: Floats) -> tuple[Floats, Floats]:
        return points[:, :1] - self._start_x, points[:, 1:] - self._start_y


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
