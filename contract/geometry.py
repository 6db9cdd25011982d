"""Plane geometry on image coordinates (x right, y down), in plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

Point = tuple[float, float]


def polygon_area(polygon: Sequence[Point]) -> float:
    """Return the area of a simple polygon in square pixels (shoelace formula)."""
    closed = [*polygon, polygon[0]]
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairwise(closed))) / 2


def side_of(start: Point, end: Point, point: Point) -> float:
    """Return (end - start) x (point - start): positive on the side that an "in" crossing comes from."""
    return (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0])


def segments_touch(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Return whether segment ab and segment cd have a point in common."""
    d1, d2, d3, d4 = side_of(a, b, c), side_of(a, b, d), side_of(c, d, a), side_of(c, d, b)
    if ((d1 > 0) != (d2 > 0) and d1 != 0 and d2 != 0) and ((d3 > 0) != (d4 > 0) and d3 != 0 and d4 != 0):
        return True
    return (
        (d1 == 0 and _within(a, b, c))
        or (d2 == 0 and _within(a, b, d))
        or (d3 == 0 and _within(c, d, a))
        or (d4 == 0 and _within(c, d, b))
    )


def _within(start: Point, end: Point, point: Point) -> bool:
    return min(start[0], end[0]) <= point[0] <= max(start[0], end[0]) and min(start[1], end[1]) <= point[
        1
    ] <= max(start[1], end[1])


def crossing_edges(points: Sequence[Point], *, closed: bool) -> tuple[int, int] | None:
    """Return the indices of two edges that touch though they are no neighbours, or None.

    Edge i runs from point i to the next; a closed outline has an edge from the last point to the first.
    """
    edges = list(pairwise([*points, points[0]] if closed else points))
    for first in range(len(edges)):
        for second in range(first + 1, len(edges)):
            neighbours = second == first + 1 or (closed and first == 0 and second == len(edges) - 1)
            if not neighbours and segments_touch(*edges[first], *edges[second]):
                return first, second
            if neighbours and _folds_back(edges[first], edges[second]):
                return first, second
    return None


def _folds_back(first: tuple[Point, Point], second: tuple[Point, Point]) -> bool:
    """Return whether two edges that share one point also lie on top of one another."""
    shared = first[1] if first[1] == second[0] else first[0]
    other = first[0] if shared == first[1] else first[1]
    far = second[1] if shared == second[0] else second[0]
    same_direction = (other[0] - shared[0]) * (far[0] - shared[0]) + (other[1] - shared[1]) * (
        far[1] - shared[1]
    )
    return side_of(shared, other, far) == 0 and same_direction > 0
