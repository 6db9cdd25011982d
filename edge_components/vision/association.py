"""Which detection belongs to which track: what may be compared, and the cheapest matching of all."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

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


def squared_distances(first: Floats, second: Floats) -> Floats:
    """Return the squared distances (T, D) between the centres of boxes (T, 4) and (D, 4)."""
    sums = (first[:, :2] + first[:, 2:])[:, None, :] - (second[:, :2] + second[:, 2:])[None, :, :]
    return np.asarray(0.25 * (sums[:, :, 0] ** 2 + sums[:, :, 1] ** 2))


def assign(costs: Floats) -> tuple[Indices, Indices]:
    """Return the rows and columns of the cheapest matching of costs (T, D), impossible pairs left out."""
    if not costs.size:
        return np.empty(0, np.intp), np.empty(0, np.intp)
    rows, columns = linear_sum_assignment(costs)
    possible = costs[rows, columns] < IMPOSSIBLE
    return rows[possible], columns[possible]
