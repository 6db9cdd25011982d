"""Counts the tracks that cross a line.

The foot point's path is cut with every segment of the line, so only what passes within the line's extent
counts and every passage has a place and a time between two frames. Passages add up (in = +1, out = -1)
until the foot point is clear of the line; what is left then is counted once, at the last passage in that
direction. Jitter and turning back on the line cancel out. docs/counting.md states the rules for users.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from contract.scene import Line
from edge_components.runtime.counting.box_sizes import BoxSizes
from edge_components.runtime.counting.frame_edge import EdgeSettings, FrameEdge
from edge_components.runtime.counting.geometry_arrays import Segments, lengths_despite
from edge_components.runtime.counting.slots import SlotArrays
from edge_components.runtime.counting.tracked import TrackedFrame, TrackerStep

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_OF_TRACKS = ("track", "class_id", "foot", "velocity", "size", "doubt", "overhang", "time")
_OF_LINES = ("anchor", "net", "clear", "beyond", "passage")
_TIE_BREAK_PX = (3.1e-7, 7.3e-7)
"""Lines are moved by this much, so that no way leads exactly through a corner or touches it from outside."""


@dataclass(frozen=True)
class LineSettings:
    """How clear of the line a foot point must be; lengths are shares of the object's size (`BoxSizes`).

    The noise of a box grows with its sides: by its height alone, a car that waits on a line would be counted.
    """

    band: float = 0.12
    minimum_travel: float = 0.25
    clear_sightings: int = 2
    edge: EdgeSettings = field(default_factory=EdgeSettings)


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
        self._lines = tuple(lines)
        self._names = [line.name for line in lines]
        segments = [(pair, index) for index, line in enumerate(lines) for pair in pairwise(line.points)]
        self._segments = Segments(
            np.array([pair[0] for pair, _ in segments], np.float64).reshape(-1, 2) + _TIE_BREAK_PX,
            np.array([pair[1] for pair, _ in segments], np.float64).reshape(-1, 2) + _TIE_BREAK_PX,
        )
        self._line_of = np.array([index for _, index in segments], np.int64)
        self._edge = FrameEdge(width, height, self.settings.edge)
        self._sizes = BoxSizes()
        count = len(lines)
        self._state = SlotArrays(
            {
                "track": ((), np.int64, 0),
                "class_id": ((), np.int64, 0),
                "foot": ((2,), np.float64, 0.0),
                "velocity": ((2,), np.float64, 0.0),
                "size": ((), np.float64, 0.0),
                "doubt": ((), np.float64, 0.0),
                "overhang": ((), np.bool_, False),
                "time": ((), np.float64, 0.0),
                "anchor": ((count, 2), np.float64, 0.0),
                "net": ((count,), np.int64, 0),
                "clear": ((count,), np.int64, 0),
                "beyond": ((count,), np.int64, 0),
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

    def take_over(self, before: LineCounter) -> None:
        """Go on with the tracks of `before`; at lines that both have, with what is begun there, too.

        `before` is left as it is: crossings of those lines that it would complete now are completed here.
        """
        slots = np.flatnonzero(before._state["track"])
        state, known = self._state, before._state
        state.reserve(slots)
        self._sizes = before._sizes
        for name in _OF_TRACKS:
            state[name][slots] = known[name][slots]
        state["anchor"][slots] = known["foot"][slots][:, None, :]
        for position, line in enumerate(self._lines):
            if line in before._lines:
                same = before._lines.index(line)
                for name in _OF_LINES:
                    state[name][slots, position] = known[name][slots, same]

    def _advance(self, frame: TrackedFrame, latest: TrackedFrame) -> list[Crossing]:
        slots = frame.slots
        if not len(slots):
            return []
        state = self._state
        state.reserve(slots)
        feet = frame.feet
        new = state["track"][slots] != frame.ids
        if new.any():
            self._enter(frame, latest, np.flatnonzero(new), feet)
        self._pass(slots, feet, frame.time_seconds)
        state["foot"][slots] = feet
        state["time"][slots] = frame.time_seconds
        state["velocity"][slots] = frame.velocities
        state["size"][slots], state["doubt"][slots] = self._sizes.update(frame)
        state["overhang"][slots] = self._edge.reached(frame)
        return self._settle(slots, feet, self.settings.clear_sightings)

    def _enter(self, frame: TrackedFrame, latest: TrackedFrame, which: Integers, feet: Floats) -> None:
        """Begin new tracks; one that grew into the frame over its edge begins where it came from."""
        state, slots = self._state, frame.slots[which]
        state.clear(slots)
        state["track"][slots] = frame.ids[which]
        state["class_id"][slots] = frame.class_ids[which]
        state["foot"][slots] = feet[which]
        state["anchor"][slots] = feet[which][:, None, :]
        state["time"][slots] = frame.time_seconds
        for position, start in self._edge.origins(frame, latest, which).items():
            slot = int(frame.slots[position])
            state["foot"][slot] = start
            state["anchor"][slot] = start
            state["time"][slot] = frame.time_seconds - self.settings.edge.run_on_seconds

    def _pass(self, slots: Integers, feet: Floats, time_seconds: float | Floats) -> None:
        """Note every passage of a segment on the way from the last foot point to `feet`."""
        state = self._state
        both = self._segments.sides(np.concatenate((state["foot"][slots], feet)))
        before, after = both[: len(feet)], both[len(feet) :]
        changed = (before > 0) != (after > 0)
        if not changed.any():
            return
        times = np.broadcast_to(time_seconds, len(slots))
        for position, segment in zip(*np.nonzero(changed), strict=True):
            share = before[position, segment] / (before[position, segment] - after[position, segment])
            slot = int(slots[position])
            start = state["foot"][slot]
            way = feet[position] - start
            if self._meets(int(segment), start, way):
                place = start + share * way
                moment = state["time"][slot] + share * (times[position] - state["time"][slot])
                self._note(slot, int(self._line_of[segment]), before[position, segment] > 0, moment, place)

    def _meets(self, segment: int, start: Floats, way: Floats) -> bool:
        """Return whether the ends of a segment are on different sides of the way from `start`.

        Two segments that share a corner are asked about it in the same numbers, so neither a way through the
        corner nor one that touches it is counted by one of them alone.
        """
        first, last = self._segments.starts[segment] - start, self._segments.ends[segment] - start
        return bool((way[0] * first[1] > way[1] * first[0]) != (way[0] * last[1] > way[1] * last[0]))

    def _note(self, slot: int, line: int, inwards: bool, moment: float, place: Floats) -> None:
        state = self._state
        state["net"][slot, line] += 1 if inwards else -1
        state["clear"][slot, line] = state["beyond"][slot, line] = 0
        state["passage"][slot, line, int(inwards)] = (moment, *place)

    def _settle(self, slots: Integers, feet: Floats, sightings: int) -> list[Crossing]:
        """Count what was passed by tracks that have been clear of the line for `sightings` sightings."""
        state = self._state
        nets = state["net"][slots]
        if not nets.any():
            return []
        which, lines = np.nonzero(nets)
        pairs = slots[which], lines
        sizes, doubts = state["size"][pairs[0]], state["doubt"][pairs[0]]
        distances = lengths_despite(doubts, *self._offsets(feet[which], lines))
        travelled = lengths_despite(doubts, *(feet[which] - state["anchor"][pairs]).T)
        clear = (distances >= self.settings.band * sizes) & (
            travelled >= self.settings.minimum_travel * sizes
        )
        state["clear"][pairs] = np.where(clear, state["clear"][pairs] + 1, 0)
        state["beyond"][pairs] += 1
        certain = np.flatnonzero(state["clear"][pairs] >= sightings)
        return [self._count(int(pairs[0][k]), int(lines[k]), feet[which[k]]) for k in certain]

    def _offsets(self, feet: Floats, lines: Integers) -> tuple[Floats, Floats]:
        """Return x and y of the way to each foot point (K, 2) from the nearest point of its line (K,)."""
        x, y = self._segments.offsets(feet)
        far = np.where(self._line_of[None, :] == lines[:, None], np.hypot(x, y), np.inf)
        nearest = np.arange(len(feet)), far.argmin(axis=1)
        return x[nearest], y[nearest]

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
        reach = self.settings.edge.run_on_seconds
        feet = state["foot"][slots] + state["velocity"][slots] * reach
        beyond = self._edge.beyond(feet)
        leaves = state["overhang"][slots] & beyond
        # Inside the frame nobody knows where a lost track went: only passages it has made may count, and not
        # one that was its very last step, which may have been a jump to somebody else's box.
        least = np.where(beyond, 1, self.settings.clear_sightings)
        passed = np.where(state["beyond"][slots] >= least[:, None], state["net"][slots], 0)
        self._pass(slots, feet, state["time"][slots] + reach)
        stays = ~leaves
        kept = state["net"][slots[stays]] == passed[stays]
        state["net"][slots[stays]] = np.where(kept, passed[stays], 0)
        return self._settle(slots, feet, 1)
