"""Tracks at the frame's edge: how they go on beyond it, and where those came from that grew into the frame.

A track that leaves over the edge of the frame is last seen before its foot point is out, at low frame rates
long before; one that comes in is first seen late. So both are followed a little beyond the edge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_components.runtime.counting.tracked import TrackedFrame

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class EdgeSettings:
    """How far tracks are followed beyond what was seen of them; shares are of the box's sides."""

    run_on_seconds: float = 0.5
    grown_share: float = 0.8
    """A box that was at most as large when it was first seen has grown into the frame."""
    overhang_share: float = 0.15
    """A box that reaches out by more than this is about to leave."""


class FrameEdge:
    """The edge of a `width` x `height` frame."""

    def __init__(self, width: int, height: int, settings: EdgeSettings | None = None) -> None:
        self.settings = settings or EdgeSettings()
        self.limits = np.array([width, height], np.float64)

    def reached(self, frame: TrackedFrame) -> Booleans:
        """Return which tracks (K,) of a frame reach out of it."""
        if not frame.at_edge.any():
            return frame.at_edge
        boxes = frame.boxes
        size = boxes[:, 2:] - boxes[:, :2]
        out = np.maximum(-boxes[:, :2], boxes[:, 2:] - self.limits)
        return np.asarray(frame.at_edge & (out > self.settings.overhang_share * size).any(axis=1))

    def beyond(self, feet: Floats) -> Booleans:
        """Return which foot points (K, 2) are outside the frame."""
        return np.asarray(((feet < 0) | (feet > self.limits)).any(axis=1))

    def origins(self, frame: TrackedFrame, latest: TrackedFrame, which: Integers) -> dict[int, Floats]:
        """Return where tracks that grew into the frame were `run_on_seconds` before `frame`.

        `which` are positions of tracks in `frame`, the first in which they were seen; `latest` is the present
        frame, which knows their velocities. Keys are such positions, values foot points outside the frame.
        """
        cut = which[frame.at_edge[which]]
        if not len(cut):
            return {}
        order = {int(slot): position for position, slot in enumerate(latest.slots)}
        found = {}
        for position in map(int, cut):
            now = order.get(int(frame.slots[position]))
            if now is None:
                continue
            start = frame.feet[position] - latest.velocities[now] * self.settings.run_on_seconds
            outside = (start < 0) | (start > self.limits)
            if (outside & self._has_grown(frame.boxes[position], latest.boxes[now])).any():
                found[position] = start
        return found

    def _has_grown(self, first: Floats, present: Floats) -> Booleans:
        """Return along which axes (2,) a box was much smaller when it was first seen."""
        return np.asarray((first[2:] - first[:2]) < self.settings.grown_share * (present[2:] - present[:2]))
