"""Which detection belongs to which track: what may be compared, and the cheapest matching of all."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_AS_WIDE, _WITHIN = 0.85, 0.95
IMPOSSIBLE = 1e6
"""Cost of a pair that must not be matched; finite because the solver wants a complete matrix."""


def widened_overlap(first: Floats, second: Floats, margins: Floats) -> Floats:
    """Return the intersection over union (T, D) of boxes (T, 4) and (D, 4), both widened by margins (T,).

    Widening both boxes lets small or fast objects match across a gap in which the plain boxes do not touch
    (Yang et al., "Hard to Track Objects with Irregular Motions and Similar Appearances", WACV 2023).
    """
    margin = margins[:, None]
    widths = np.minimum(first[:, None, 2], second[None, :, 2])
    widths -= np.maximum(first[:, None, 0], second[None, :, 0])
    widths += 2 * margin
    heights = np.minimum(first[:, None, 3], second[None, :, 3])
    heights -= np.maximum(first[:, None, 1], second[None, :, 1])
    heights += 2 * margin
    np.maximum(widths, 0.0, out=widths)
    np.maximum(heights, 0.0, out=heights)
    widths *= heights
    size = (first[:, 2:] - first[:, :2]) + 2 * margin
    other = second[:, 2:] - second[:, :2]
    area = (size[:, 0] * size[:, 1])[:, None] + (other[None, :, 0] + 2 * margin) * (
        other[None, :, 1] + 2 * margin
    )
    area -= widths
    return np.asarray(widths / np.maximum(area, 1e-9))


def same_object(first: Floats, second: Floats, minimum_overlap: float) -> npt.NDArray[np.bool_]:
    """Return which boxes (N, 4) are second boxes on the objects of boxes (M, 4), as (N, M).

    They overlap by `minimum_overlap`, or lie within the other and are as wide: its upper or lower half.
    """
    overlap = widened_overlap(first, second, np.zeros(len(first)))
    across = np.minimum(first[:, None, 2], second[None, :, 2]) - np.maximum(
        first[:, None, 0], second[None, :, 0]
    )
    widths, others = (boxes[:, 2] - boxes[:, 0] for boxes in (first, second))
    as_wide = across > _AS_WIDE * np.maximum(widths[:, None], others[None, :])
    down = np.minimum(first[:, None, 3], second[None, :, 3]) - np.maximum(
        first[:, None, 1], second[None, :, 1]
    )
    within = down > _WITHIN * (first[:, 3] - first[:, 1])[:, None]
    return np.asarray((overlap > minimum_overlap) | (as_wide & within))


def squared_distances(first: Floats, second: Floats) -> Floats:
    """Return the squared distances (T, D) between the centres of boxes (T, 4) and (D, 4)."""
    sums = (first[:, :2] + first[:, 2:])[:, None, :] - (second[:, :2] + second[:, 2:])[None, :, :]
    return np.asarray(0.25 * (sums[:, :, 0] ** 2 + sums[:, :, 1] ** 2))


def upper_distances(first: Floats, second: Floats, short_ratio: float, penalty: Floats) -> Floats:
    """Return the squared distances (T, D) between boxes (T, 4) and (D, 4), by their upper edges where nearer.

    That is for the boxes of the second that are lower than `short_ratio` of the first: what is seen of
    somebody behind a cover. `penalty` (T,) in squared pixels is added there.
    """
    across = (0.5 * ((first[:, 0] + first[:, 2])[:, None] - (second[:, 0] + second[:, 2])[None, :])) ** 2
    top = first[:, 1][:, None] - second[:, 1][None, :]
    bottom = first[:, 3][:, None] - second[:, 3][None, :]
    down = (0.5 * (top + bottom)) ** 2
    short = (second[:, 3] - second[:, 1])[None, :] < short_ratio * (first[:, 3] - first[:, 1])[:, None]
    np.copyto(down, np.minimum(down, top**2 + penalty[:, None]), where=short)
    return np.asarray(across + down)


def lone_pairs(possible: npt.NDArray[np.bool_]) -> tuple[Indices, Indices]:
    """Return the rows and columns of those pairs of `possible` (T, D) that have no rival on either side."""
    lone = (possible.sum(axis=1) == 1)[:, None] & (possible.sum(axis=0) == 1)[None, :]
    rows, columns = np.nonzero(possible & lone)
    return rows, columns


def assign(costs: Floats) -> tuple[Indices, Indices]:
    """Return the rows and columns of the cheapest matching of costs (T, D), impossible pairs left out."""
    if not costs.size:
        return np.empty(0, np.intp), np.empty(0, np.intp)
    rows, columns = linear_sum_assignment(costs)
    possible = costs[rows, columns] < IMPOSSIBLE
    return rows[possible], columns[possible]
