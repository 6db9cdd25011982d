"""Counts the tracks that cross a line.

The foot point's path is cut with every segment of the line, so only what passes within the line's extent
counts and every passage has a place and a time between two frames. Passages add up (in = +1, out = -1)
until the foot point is clear of the line; what is left then is counted once, at the last passage in that
direction. Jitter and turning back on the line cancel out. docs/counting.md states the rules for users.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from contract.scene import Line
from edge_components.vision.geometry_arrays import segment_distances, sides
from edge_components.vision.slots import SlotArrays
from edge_components.vision.tracked import TrackedFrame, TrackerStep

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LineSettings:
    """How clear of the line a foot point must be; lengths are shares of the box's height."""

    band: float = 0.12
    minimum_travel: float = 0.25
    clear_sightings: int = 2
    extrapolation_seconds: float = 0.5
    grown_share: float = 0.8
    overhang_share: float = 0.15


@dataclass(frozen=True)
class Crossing:
    """One crossing; `time_seconds` and `x`, `y` (pixels) are where the foot point met the line."""

    line: str
    direction: str
    track: int
    slot: int
    class_id: int
    time_seconds: float
    x: float
    y: float


class LineCounter:
    """Counts crossings of `lines` in a `width` x `height` frame."""

    def __init__(
        self, lines: Sequence[Line], width: int, height: int, settings: LineSettings | None = None
    ) -> None:
        self.settings = settings or LineSettings()
        self._names = [line.name for line in lines]
        segments = [(pair, index) for index, line in enumerate(lines) for pair in pairwise(line.points)]
        self._starts = np.array([pair[0] for pair, _ in segments], np.float64).reshape(-1, 2)
        self._ends = np.array([pair[1] for pair, _ in segments], np.float64).reshape(-1, 2)
        self._line_of = np.array([index for _, index in segments], np.int64)
        # The last segment of a line owns its end point too; the others leave it to the next segment.
        self._is_last = np.array(
            [
                position == len(segments) - 1 or segments[position + 1][1] != index
                for position, (_, index) in enumerate(segments)
            ],
            np.bool_,
        )
        self._limits = np.array([width, height], np.float64)
        count = len(lines)
        self._state = SlotArrays(
            {
                "track": ((), np.int64, 0),
                "class_id": ((), np.int64, 0),
                "foot": ((2,), np.float64, 0.0),
                "velocity": ((2,), np.float64, 0.0),
                "height": ((), np.float64, 0.0),
                "overhang": ((), np.bool_, False),
                "time": ((), np.float64, 0.0),
                "anchor": ((count, 2), np.float64, 0.0),
                "net": ((count,), np.int64, 0),
                "clear": ((count,), np.int64, 0),
                # Time, x and y of the latest passage: [..., 0, :] out, [..., 1, :] in.
                "passage": ((count, 2, 3), np.float64, 0.0),
            }
        )

    def update(self, step: TrackerStep) -> list[Crossing]:
        """Take in what the tracker has found out and return the crossings that are certain now."""
        if not self._names:
            return []
        crossings: list[Crossing] = []
        for frame in step.frames:
            crossings += self._advance(frame, step.frames[-1])
        crossings += self.finish(step.ended)
        return crossings

    def finish(self, slots: Integers | None = None) -> list[Crossing]:
        """End the tracks in `slots` (all when None) and return the crossings they were about to complete."""
        state = self._state
        if slots is None:
            slots = np.flatnonzero(state["track"])
        if not self._names or not len(slots):
            return []
        slots = slots[state["track"][slots] > 0]
        pending = np.logical_or.reduce(state["net"][slots] != 0, axis=1) if len(slots) else slots
        leaving = slots[np.logical_or(pending, state["overhang"][slots])]
        crossings = self._run_on(leaving)
        state.clear(slots)
        return crossings

    def _advance(self, frame: TrackedFrame, latest: TrackedFrame) -> list[Crossing]:
        slots = frame.slots
        if not len(slots):
            return []
        state = self._state
        state.reserve(slots)
        feet, heights = frame.feet, frame.heights
        new = state["track"][slots] != frame.ids
        if new.any():
            self._enter(frame, latest, np.flatnonzero(new), feet)
        self._pass(slots, feet, frame.time_seconds)
        state["foot"][slots] = feet
        state["time"][slots] = frame.time_seconds
        state["velocity"][slots] = frame.velocities
        state["height"][slots] = heights
        state["overhang"][slots] = frame.at_edge & self._reaches_out(frame.boxes)
        return self._settle(slots, feet, heights, self.settings.clear_sightings)

    def _reaches_out(self, boxes: Floats) -> npt.NDArray[np.bool_]:
        size = boxes[:, 2:] - boxes[:, :2]
        out = np.maximum(-boxes[:, :2], boxes[:, 2:] - self._limits)
        return np.asarray((out > self.settings.overhang_share * size).any(axis=1))

    def _enter(self, frame: TrackedFrame, latest: TrackedFrame, which: Integers, feet: Floats) -> None:
        """Begin new tracks; one that grew into the frame over its edge begins where it came from."""
        state, slots = self._state, frame.slots[which]
        state.clear(slots)
        state["track"][slots] = frame.ids[which]
        state["class_id"][slots] = frame.class_ids[which]
        state["foot"][slots] = feet[which]
        state["anchor"][slots] = feet[which][:, None, :]
        state["time"][slots] = frame.time_seconds
        order = {int(slot): position for position, slot in enumerate(latest.slots)}
        for position in which[frame.at_edge[which]]:
            now = order.get(int(frame.slots[position]))
            if now is not None:
                self._enter_over_the_edge(frame, int(position), latest, now, feet[position])

    def _enter_over_the_edge(
        self, frame: TrackedFrame, position: int, latest: TrackedFrame, now: int, foot: Floats
    ) -> None:
        first, present = frame.boxes[position], latest.boxes[now]
        grown = (first[2:] - first[:2]) < self.settings.grown_share * (present[2:] - present[:2])
        start = foot - latest.velocities[now] * self.settings.extrapolation_seconds
        outside = (start < 0) | (start > self._limits)
        if not np.logical_and(grown, outside).any():
            return
        slot = int(frame.slots[position])
        self._state["foot"][slot] = start
        self._state["anchor"][slot] = start
        self._state["time"][slot] = frame.time_seconds - self.settings.extrapolation_seconds

    def _pass(self, slots: Integers, feet: Floats, time_seconds: float | Floats) -> None:
        """Note every passage of a segment on the way from the last foot point to `feet`."""
        state = self._state
        before = sides(self._starts, self._ends, state["foot"][slots])
        after = sides(self._starts, self._ends, feet)
        changed = (before > 0) != (after > 0)
        if not changed.any():
            return
        times = np.broadcast_to(time_seconds, len(slots))
        for position, segment in zip(*np.nonzero(changed), strict=True):
            share = before[position, segment] / (before[position, segment] - after[position, segment])
            slot = int(slots[position])
            start = state["foot"][slot]
            place = start + share * (feet[position] - start)
            if self._within(int(segment), place):
                moment = state["time"][slot] + share * (times[position] - state["time"][slot])
                self._note(slot, int(self._line_of[segment]), before[position, segment] > 0, moment, place)

    def _within(self, segment: int, place: Floats) -> bool:
        along = self._ends[segment] - self._starts[segment]
        share = float((place - self._starts[segment]) @ along / (along @ along))
        return 0.0 <= share < 1.0 or (share == 1.0 and bool(self._is_last[segment]))

    def _note(self, slot: int, line: int, inwards: bool, moment: float, place: Floats) -> None:
        state = self._state
        state["net"][slot, line] += 1 if inwards else -1
        state["clear"][slot, line] = 0
        state["passage"][slot, line, int(inwards)] = (moment, *place)

    def _settle(self, slots: Integers, feet: Floats, heights: Floats, sightings: int) -> list[Crossing]:
        """Count what was passed by tracks that have been clear of the line for `sightings` sightings."""
        state = self._state
        nets = state["net"][slots]
        if not nets.any():
            return []
        which, lines = np.nonzero(nets)
        distances = segment_distances(self._starts, self._ends, feet[which])
        distances[self._line_of[None, :] != lines[:, None]] = np.inf
        pairs = slots[which], lines
        travelled = np.linalg.norm(feet[which] - state["anchor"][pairs], axis=1)
        clear = (distances.min(axis=1) >= self.settings.band * heights[which]) & (
            travelled >= self.settings.minimum_travel * heights[which]
        )
        state["clear"][pairs] = np.where(clear, state["clear"][pairs] + 1, 0)
        certain = np.flatnonzero(state["clear"][pairs] >= sightings)
        return [self._count(int(pairs[0][k]), int(lines[k]), feet[which[k]]) for k in certain]

    def _count(self, slot: int, line: int, foot: Floats) -> Crossing:
        state = self._state
        inwards = bool(state["net"][slot, line] > 0)
        moment, x, y = state["passage"][slot, line, int(inwards)]
        state["net"][slot, line] = 0
        state["clear"][slot, line] = 0
        state["anchor"][slot, line] = foot
        return Crossing(
            line=self._names[line],
            direction="in" if inwards else "out",
            track=int(state["track"][slot]),
            slot=slot,
            class_id=int(state["class_id"][slot]),
            time_seconds=float(moment),
            x=float(x),
            y=float(y),
        )

    def _run_on(self, slots: Integers) -> list[Crossing]:
        """Let tracks that ended at a line, or over the frame's edge, go on as they went for a moment."""
        if not len(slots):
            return []
        state = self._state
        reach = self.settings.extrapolation_seconds
        feet = state["foot"][slots] + state["velocity"][slots] * reach
        outside = ((feet < 0) | (feet > self._limits)).any(axis=1)
        leaves = state["overhang"][slots] & outside
        # Inside the frame nobody knows where a lost track went: only passages it has made may count.
        passed = state["net"][slots].copy()
        self._pass(slots, feet, state["time"][slots] + reach)
        stays = ~leaves
        kept = state["net"][slots[stays]] == passed[stays]
        state["net"][slots[stays]] = np.where(kept, passed[stays], 0)
        return self._settle(slots, feet, state["height"][slots], 1)
