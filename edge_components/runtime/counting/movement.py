"""Which way tracks go, and on which side of a line they go along it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from contract.scene import EventRule, Line
from edge_components.runtime.counting.geometry_arrays import Segments
from edge_components.runtime.counting.slots import SlotArrays

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_LEASH = 0.3
"""Length of the leash as a share of the box's height."""
_STILL_SECONDS = 1.0
_ALONG_COSINE = 0.5
"""Who goes at more than 60 degrees to a line crosses it rather than going along it."""
_SIDE_MARGIN = 0.1


class Headings:
    """The ways tracks go in the picture.

    A point follows each foot point as if on a short leash, so jitter does not turn it; the way from that
    point to the foot is the heading. It is known once the leash has been taut, and kept while standing.
    """

    def __init__(self) -> None:
        self._state = SlotArrays(
            {
                "track": ((), np.int64, 0),
                "point": ((2,), np.float64, 0.0),
                "heading": ((2,), np.float64, np.nan),
                "moved": ((), np.float64, -np.inf),
            }
        )

    def update(
        self, slots: Integers, ids: Integers, feet: Floats, heights: Floats, time_seconds: float
    ) -> None:
        """Take in where the tracks (K,) are now."""
        state = self._state
        state.reserve(slots)
        new = state["track"][slots] != ids
        state.clear(slots[new])
        state["track"][slots] = ids
        state["point"][slots[new]] = feet[new]
        way = feet - state["point"][slots]
        length, leash = np.hypot(way[:, 0], way[:, 1]), _LEASH * heights
        taut = (length > leash) & (length > 0)
        heading = way[taut] / length[taut, None]
        state["heading"][slots[taut]] = heading
        state["point"][slots[taut]] = feet[taut] - leash[taut, None] * heading
        state["moved"][slots[taut]] = time_seconds

    def of(self, slots: Integers) -> Floats:
        """Return the headings (K, 2), of length 1; NaN where a track has not moved yet."""
        return self._state["heading"][slots]

    def standing(self, slots: Integers, time_seconds: float) -> npt.NDArray[np.bool_]:
        """Return which tracks (K,) have not moved for a second."""
        return np.asarray(time_seconds - self._state["moved"][slots] > _STILL_SECONDS)


class _Path:
    """A line as segments; every place belongs to the nearest of them."""

    def __init__(self, line: Line) -> None:
        ends = list(pairwise(line.points))
        starts, stops = np.array(ends, np.float64).transpose(1, 0, 2)
        self._segments = Segments(starts, stops)
        along = stops - starts
        self._directions = along / np.hypot(along[:, 0], along[:, 1])[:, None]

    def nearest(self, feet: Floats) -> tuple[Floats, Floats]:
        """Return direction (K, 2) and signed distance (K,) of the segment nearest to each foot point."""
        distances = self._segments.distances(feet)
        nearest = distances.argmin(axis=1)
        rows = np.arange(len(feet))
        side = np.sign(self._segments.sides(feet)[rows, nearest])
        return self._directions[nearest], side * distances[rows, nearest]


class WrongDirection:
    """The angle between the way tracks go and the way allowed by a rule of kind wrong_direction."""

    def __init__(self, rule: EventRule, line: Line | None) -> None:
        self._path = None if line is None else _Path(line)
        self._out = rule.allowed == "out"
        angle = np.radians(rule.allowed) if isinstance(rule.allowed, float) else 0.0
        self._fixed = np.array([np.sin(angle), -np.cos(angle)])

    def degrees(self, headings: Floats, standing: npt.NDArray[np.bool_], feet: Floats) -> Floats:
        """Return the angles (K,) from 0 to 180; 0 for tracks that stand or have not moved yet."""
        allowed = np.broadcast_to(self._fixed, headings.shape)
        if self._path is not None:
            along, _ = self._path.nearest(feet)
            # "in" goes to the side where (to - from) x (p - from) < 0.
            allowed = np.column_stack((along[:, 1], -along[:, 0])) * (-1.0 if self._out else 1.0)
        angles = np.degrees(np.arccos(np.clip((headings * allowed).sum(axis=1), -1.0, 1.0)))
        return np.where(standing | np.isnan(angles), 0.0, angles)


@dataclass(frozen=True)
class Going:
    """Tracks (K,) and their ways: foot points (K, 2), box heights (K,) and headings (K, 2)."""

    slots: Integers
    ids: Integers
    feet: Floats
    heights: Floats
    headings: Floats


class WrongSide:
    """How long tracks have gone along a line on the wrong side of it, by a rule of kind wrong_side."""

    def __init__(self, rule: EventRule, line: Line) -> None:
        self._path = _Path(line)
        self._right = 1.0 if rule.keep == "right" else -1.0
        self._state = SlotArrays(
            {
                "track": ((), np.int64, 0),
                "side": ((), np.float64, 0.0),
                "since": ((), np.float64, np.nan),
            }
        )

    def seconds(self, tracks: Going, inside: npt.NDArray[np.bool_], time_seconds: float) -> Floats:
        """Return the seconds (K,) of tracks that are `inside`, 0 for the others."""
        state, slots, ids = self._state, tracks.slots, tracks.ids
        feet, heights, headings = tracks.feet, tracks.heights, tracks.headings
        state.reserve(slots)
        state.clear(slots[state["track"][slots] != ids])
        state["track"][slots] = ids
        along, distance = self._path.nearest(feet)
        clear = np.abs(distance) >= _SIDE_MARGIN * heights
        side = np.where(clear, np.sign(distance), state["side"][slots])
        state["side"][slots] = side
        cosine = (headings * along).sum(axis=1)
        # In the picture, the right hand of who goes along the line is where the cross product is positive.
        wrong = inside & (np.abs(cosine) >= _ALONG_COSINE) & (np.sign(cosine) * side * self._right < 0)
        since = state["since"][slots]
        since = np.where(wrong, np.where(np.isnan(since), time_seconds, since), np.nan)
        state["since"][slots] = since
        return np.where(wrong, time_seconds - since, 0.0)
