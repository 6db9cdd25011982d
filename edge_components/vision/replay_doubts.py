"""What about a text of detections looks like a mistake of whoever replays it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

_OUTSIDE_SHARE = 0.1
_REACHED_SHARE = 0.7
_ENOUGH_BOXES = 50


def doubts_about(
    rows: npt.NDArray[np.float64], width: int, height: int, confidence: float, warnings: Mapping[str, int]
) -> list[str]:
    """Return a sentence for each doubt about the rows (N, 6): frame, left, top, width, height, confidence."""
    if not len(rows):
        return ["the text holds no detections: all counts are 0"]
    doubts = []
    weak = int((rows[:, 5] < confidence).sum())
    if weak:
        doubts.append(
            f"{weak:,} of {len(rows):,} boxes have a confidence below {confidence:g} and start no track; "
            "--confidence sets what does"
        )
    if warnings.get("boxes_outside", 0) > _OUTSIDE_SHARE * len(rows):
        doubts.append(f"many boxes lie outside of {width}x{height}: is --size the size of these pictures?")
    with np.errstate(invalid="ignore", over="ignore"):
        reached = rows[:, 1:3] + rows[:, 3:5]
    reached = reached[np.isfinite(reached).all(axis=1)]
    if (
        len(reached) >= _ENOUGH_BOXES
        and (reached.max(axis=0) < _REACHED_SHARE * np.array([width, height])).all()
    ):
        right, bottom = reached.max(axis=0)
        doubts.append(
            f"no box reaches beyond {right:.0f}x{bottom:.0f} of {width}x{height}: is --size the size of "
            "these pictures?"
        )
    return doubts
