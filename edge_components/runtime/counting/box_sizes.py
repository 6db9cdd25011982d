"""How large an object is, remembered while somebody hides part of its width."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_components.runtime.counting.slots import SlotArrays
from edge_components.runtime.counting.tracked import TrackedFrame

Floats = npt.NDArray[np.float64]

_HOLD_SECONDS = 4.0
_FORGET_SECONDS = 3.0
_TOLERANCE = 0.85
"""A box that is at least this share as wide as remembered is taken to be whole: boxes breathe."""


class BoxSizes:
    """The sizes of tracks, and how far from their boxes' middles they may really be.

    While half of a car is hidden, the box is half as wide and its middle a quarter of the car from where it
    was. What is seen is part of the whole, so the true middle is at most half of what is missing away.
    """

    def __init__(self) -> None:
        self._state = SlotArrays(
            {
                "track": ((), np.int64, 0),
                "width": ((), np.float64, 0.0),
                "held": ((), np.float64, 0.0),
                "time": ((), np.float64, 0.0),
            }
        )

    def update(self, frame: TrackedFrame) -> tuple[Floats, Floats]:
        """Take in a frame; return sizes (K,), the longer sides, and doubts (K,), both in pixels."""
        state, slots, now = self._state, frame.slots, frame.time_seconds
        state.reserve(slots)
        widths = frame.boxes[:, 2] - frame.boxes[:, 0]
        known = np.where(state["track"][slots] == frame.ids, state["width"][slots], 0.0)
        whole = widths >= _TOLERANCE * known
        held = np.where(whole, now, state["held"][slots])
        kept = np.where(
            whole | (now - held > _HOLD_SECONDS), np.exp((state["time"][slots] - now) / _FORGET_SECONDS), 1.0
        )
        known = np.maximum(widths, widths + (known - widths) * kept)
        state["track"][slots] = frame.ids
        state["width"][slots], state["held"][slots], state["time"][slots] = known, held, now
        # Half a person's width is less than what is asked for at lines and zones anyway.
        doubts = np.where(whole | (known < frame.heights), 0.0, 0.5 * (known - widths))
        return np.maximum(frame.heights, known), doubts
