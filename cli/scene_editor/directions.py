"""Which way over a line counts as "in", in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from contract.geometry import Point

VARIES = "varies"
WORDS = {
    "left_to_right": "left to right",
    "upper_left_to_lower_right": "upper left to lower right",
    "top_to_bottom": "top to bottom",
    "upper_right_to_lower_left": "upper right to lower left",
    "right_to_left": "right to left",
    "lower_right_to_upper_left": "lower right to upper left",
    "bottom_to_top": "bottom to top",
    "lower_left_to_upper_right": "lower left to upper right",
    VARIES: "which way differs along the line",
}
_CLOCKWISE = tuple(WORDS)[:8]
"""The eight directions on the screen by angle from "right", clockwise because y runs downwards."""
_SHARE_OF_LENGTH = 0.3
"""A line whose ends lie closer together than this share of its length turns round on itself."""


def in_direction(points: Sequence[Point]) -> str:
    """Return the key in `WORDS` of the direction that counts as "in" over a line through `points`.

    "in" goes from the side where (to - from) x (p - from) is positive to the side where it is negative. The
    directions of all segments, weighted by length, add up to that of the straight line between the ends.
    """
    length = math.fsum(math.dist(start, end) for start, end in pairwise(points))
    (x1, y1), (x2, y2) = points[0], points[-1]
    if math.dist(points[0], points[-1]) < _SHARE_OF_LENGTH * length:
        return VARIES
    angle = math.atan2(-(x2 - x1), y2 - y1)
    return _CLOCKWISE[round(angle / (math.pi / 4)) % 8]


def in_words(points: Sequence[Point]) -> str:
    """Return a phrase like ``left to right counts as "in"`` for a line through `points`."""
    direction = in_direction(points)
    if direction == VARIES:
        return 'which way counts as "in" differs along the line'
    return f'{WORDS[direction]} counts as "in"'
