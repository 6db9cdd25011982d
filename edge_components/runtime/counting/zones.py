"""Who is inside which zone: entries, exits, stays and occupancy, with hysteresis at the edge.

A track is inside or outside from its first sighting by its foot point alone. After that it changes when
the foot point has been on the other side either clearly (beyond a margin, twice) or for long enough, and
changes again only when it has moved on in between: who stands on an edge changes once at most, however his
box trembles. The change is dated back to the moment the foot point went over, in the frame tallies too, so
that a late decision costs no accuracy. docs/counting.md states the rules for users.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from contract.scene import Zone
from edge_components.runtime.counting.box_sizes import BoxSizes
from edge_components.runtime.counting.frame_edge import FrameEdge
from edge_components.runtime.counting.tallies import FrameTallies, Stay
from edge_components.runtime.counting.tracked import TrackedFrame, TrackerStep
from edge_components.runtime.counting.zone_shapes import ZoneShapes
from edge_components.runtime.counting.zone_state import OF_TRACKS, OF_ZONES, ZoneSettings, zone_state

__all__ = ["ZoneCounter", "ZoneSettings"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]


class ZoneCounter:
    """Follows confirmed tracks through `zones` of a `width` x `height` frame and books what they do.

    The class ids of the tracks are positions in the tallies.
    """

    def __init__(
        self,
        zones: Sequence[Zone],
        width: int,
        height: int,
        tallies: FrameTallies,
        settings: ZoneSettings | None = None,
    ) -> None:
        self.settings = settings or ZoneSettings()
        self._outlines = [(zone.name, zone.polygon) for zone in zones]
        self._shapes = ZoneShapes(zones, width, height)
        self._margin_limits = self.settings.margin_of_zone * np.sqrt(self._shapes.areas)
        self._edge = FrameEdge(width, height, self.settings.edge)
        self._sizes = BoxSizes()
        self._tallies = tallies
        self._state = zone_state(len(zones))

    def update(self, step: TrackerStep) -> None:
        """Take in what the tracker has found out; frames of the step must be open in the tallies."""
        if not len(self._margin_limits):
            return
        for frame in step.frames:
            if len(frame.slots):
                self._advance(frame, step.frames[-1])
        self._vanish(step.ended)

    def finish(self, time_seconds: float) -> None:
        """Book the tracks as gone that were out of sight when the run ended; the others are still there."""
        state = self._state
        gone = (state["track"] > 0) & (time_seconds - state["time"] > self.settings.hold_seconds)
        self._vanish(np.flatnonzero(gone))

    def take_over(self, before: ZoneCounter) -> None:
        """Go on with the tracks of `before`: zones that both have keep who is inside, since when, and more.

        Who stands inside a zone that is new appears there.
        """
        state, known = self._state, before._state
        slots = np.flatnonzero(known["track"])
        if not len(slots) or not self._outlines:
            return
        state.reserve(slots)
        self._sizes = before._sizes
        for name in OF_TRACKS:
            state[name][slots] = known[name][slots]
        state["inside"][slots], state["distance"][slots] = self._shapes.locate(known["foot"][slots])
        state["entered"][slots] = known["time"][slots][:, None]
        for position, outline in enumerate(self._outlines):
            if outline in before._outlines:
                same = before._outlines.index(outline)
                for name in OF_ZONES:
                    state[name][slots, position] = known[name][slots, same]
            else:
                for slot in slots[state["inside"][slots, position]]:
                    index, class_position = int(state["index"][slot]), int(state["class"][slot])
                    self._tallies.stay(index, position, class_position, Stay.APPEARED)

    def occupancy(self, time_seconds: float) -> Integers:
        """Return how many tracks are inside, by zone and class (Z, C), those just out of sight included."""
        state = self._state
        present = (state["track"] > 0) & (time_seconds - state["time"] <= self.settings.hold_seconds)
        counts = np.zeros((state["inside"].shape[1], self._tallies.classes), np.int64)
        tracks, zones = np.nonzero(state["inside"] & present[:, None])
        np.add.at(counts, (zones, state["class"][tracks]), 1)
        return counts

    def inside(self, slots: Integers) -> Booleans:
        """Return which zones (K, Z) the tracks in `slots` are inside of."""
        self._state.reserve(slots)
        return self._state["inside"][slots]

    def entered_seconds(self, slots: Integers) -> Floats:
        """Return since when (K, Z) the tracks in `slots` have been where they are."""
        return self._state["entered"][slots]

    def _advance(self, frame: TrackedFrame, latest: TrackedFrame) -> None:
        state, slots, feet = self._state, frame.slots, frame.feet
        state.reserve(slots)
        raw, distances = self._shapes.locate(feet)
        new = state["track"][slots] != frame.ids
        if new.any():
            self._appear(frame, latest, np.flatnonzero(new), raw)
        before = state["inside"][slots]
        self._hold(slots[~new], before[~new], frame.index)
        state["size"][slots], state["doubt"][slots] = self._sizes.update(frame)
        self._unlock(slots, feet)
        differs = raw != before
        if differs.any() or state["run"][slots].any():
            margins = self._margins(slots)
            self._run(frame, differs, distances, margins)
            self._change(frame, feet, margins)
            before = state["inside"][slots]
        self._book(slots, before, frame.index)
        state["distance"][slots] = distances
        state["index"][slots] = frame.index
        state["time"][slots] = frame.time_seconds
        state["at_edge"][slots] = frame.at_edge
        state["overhang"][slots] = self._edge.reached(frame)
        state["foot"][slots] = feet
        state["velocity"][slots] = frame.velocities

    def _margins(self, slots: Integers) -> Floats:
        """Return how far (K, Z) is clearly over the edge of each zone for the tracks in `slots`."""
        margins = np.minimum(self.settings.margin * self._state["size"][slots][:, None], self._margin_limits)
        return np.asarray(margins)

    def _unlock(self, slots: Integers, feet: Floats) -> None:
        """Let tracks change again that have moved on from where they changed."""
        locked = self._state["locked"][slots]
        if not locked.any():
            return
        way = feet[:, None, :] - self._state["anchor"][slots]
        travelled = np.hypot(way[..., 0], way[..., 1]) - self._state["doubt"][slots][:, None]
        enough = self.settings.travel_margins * self._margins(slots)
        self._state["locked"][slots] = locked & (travelled < enough)

    def _appear(self, frame: TrackedFrame, latest: TrackedFrame, which: Integers, raw: Booleans) -> None:
        """Begin new tracks; one that grew into the frame over its edge begins where it came from."""
        state, slots = self._state, frame.slots[which]
        state.clear(slots)
        state["track"][slots] = frame.ids[which]
        state["class"][slots] = frame.class_ids[which]
        state["inside"][slots] = raw[which]
        state["entered"][slots] = frame.time_seconds
        for position, start in self._edge.origins(frame, latest, which).items():
            slot = frame.slots[position]
            inside, distances = self._shapes.locate(start[None])
            state["inside"][slot], state["distance"][slot] = inside[0], distances[0]
            state["time"][slot] = frame.time_seconds - self.settings.edge.run_on_seconds
        for position, zone in zip(*np.nonzero(state["inside"][slots]), strict=True):
            self._tallies.stay(frame.index, int(zone), int(state["class"][slots[position]]), Stay.APPEARED)

    def _hold(self, slots: Integers, inside: Booleans, index: int) -> None:
        """Count tracks that were hidden for some frames as if they had been seen in them."""
        state = self._state
        for position in np.flatnonzero(state["index"][slots] < index - 1):
            slot = slots[position]
            for zone in np.flatnonzero(inside[position]):
                first = int(state["index"][slot]) + 1
                self._tallies.add_range(first, index, int(zone), int(state["class"][slot]), 1)

    def _run(self, frame: TrackedFrame, differs: Booleans, distances: Floats, margins: Floats) -> None:
        state, slots = self._state, frame.slots
        begins = differs & (state["run"][slots] == 0)
        if begins.any():
            share = state["distance"][slots] / np.maximum(state["distance"][slots] + distances, 1e-9)
            since = state["time"][slots][:, None]
            times = since + share * (frame.time_seconds - since)
            state["run_time"][slots] = np.where(begins, times, state["run_time"][slots])
            state["run_index"][slots] = np.where(begins, frame.index, state["run_index"][slots])
        clear = self._is_clear(slots, distances, margins)
        for name, more in (("run", 1), ("run_clear", clear), ("run_depth", distances)):
            state[name][slots] = np.where(differs, state[name][slots] + more, 0)

    def _is_clear(self, slots: Integers, distances: Floats, margins: Floats) -> Booleans:
        """Return who is clearly over an edge; while part of his box is hidden, more is asked for."""
        doubts = self._state["doubt"][slots][:, None]
        return np.asarray(
            distances - doubts >= np.where(doubts > 0, self.settings.travel_margins, 1) * margins
        )

    def _change(self, frame: TrackedFrame, feet: Floats, margins: Floats) -> None:
        state, slots, settings = self._state, frame.slots, self.settings
        lasted = (frame.time_seconds - state["run_time"][slots] >= settings.settle_seconds) & (
            state["run"][slots] > settings.clear_sightings
        )
        deep = state["run_depth"][slots] >= settings.settle_margins * margins * state["run"][slots]
        deep &= state["doubt"][slots][:, None] == 0
        certain = (lasted & deep) | (state["run_clear"][slots] >= settings.clear_sightings)
        certain &= ~state["locked"][slots]
        for position, zone in zip(*np.nonzero(certain), strict=True):
            self._flip(int(slots[position]), int(zone), frame.index, feet[position])
        # What was not certain in time begins anew, so that no change is dated farther back than that.
        late, zones = np.nonzero(lasted & ~certain)
        again = slots[late], zones
        state["run_depth"][again] /= state["run"][again]
        state["run_clear"][again] = np.minimum(1, state["run_clear"][again])
        state["run"][again] = 1
        state["run_time"][again] = frame.time_seconds
        state["run_index"][again] = frame.index

    def _flip(self, slot: int, zone: int, index: int, foot: Floats) -> None:
        """Book a change in the frame in which the run began, and in those until the frame `index`."""
        state, tallies = self._state, self._tallies
        position = int(state["class"][slot])
        entering = not state["inside"][slot, zone]
        start, moment = int(state["run_index"][slot, zone]), float(state["run_time"][slot, zone])
        tallies.add_range(start, index, zone, position, 1 if entering else -1)
        tallies.stay(start, zone, position, Stay.ENTRIES if entering else Stay.EXITS)
        if not entering:
            tallies.dwell(start, zone, position, moment - float(state["entered"][slot, zone]))
        state["inside"][slot, zone] = entering
        state["entered"][slot, zone] = moment
        state["anchor"][slot, zone] = foot
        state["locked"][slot, zone] = True
        state["run"][slot, zone] = state["run_clear"][slot, zone] = state["run_depth"][slot, zone] = 0

    def _book(self, slots: Integers, inside: Booleans, index: int) -> None:
        which, zones = np.nonzero(inside)
        if len(which):
            self._tallies.add(index, zones, self._state["class"][slots[which]])

    def _vanish(self, slots: Integers) -> None:
        """Book tracks that were last seen inside; who left over the frame's edge ends his stay there."""
        if not len(slots):
            return
        state = self._state
        state.reserve(slots)
        slots = slots[state["track"][slots] > 0]
        self._run_on(slots)
        for position, zone in zip(*np.nonzero(state["inside"][slots]), strict=True):
            slot = int(slots[position])
            index, class_position = int(state["index"][slot]), int(state["class"][slot])
            self._tallies.stay(index, int(zone), class_position, Stay.VANISHED)
            if state["at_edge"][slot]:
                stayed = float(state["time"][slot] - state["entered"][slot, zone])
                self._tallies.dwell(index, int(zone), class_position, stayed)
        state.clear(slots)

    def _run_on(self, slots: Integers) -> None:
        """Let tracks that ended just over an edge, or over the frame's, go on as they went for a moment."""
        state, reach = self._state, self.settings.edge.run_on_seconds
        slots = slots[(state["run"][slots] > 0).any(axis=1) | state["overhang"][slots]]
        feet = state["foot"][slots] + state["velocity"][slots] * reach
        beyond = self._edge.beyond(feet)
        raw, distances = self._shapes.locate(feet)
        margins = self._margins(slots)
        self._unlock(slots, feet)
        # Inside the frame nobody knows where a lost track went: only what has begun may become certain.
        certain = (raw != state["inside"][slots]) & ~state["locked"][slots]
        certain &= self._is_clear(slots, distances, margins)
        least = np.where(beyond, 1, self.settings.clear_sightings)
        certain &= (state["overhang"][slots] & beyond)[:, None] | (state["run"][slots] >= least[:, None])
        for position, zone in zip(*np.nonzero(certain), strict=True):
            slot = int(slots[position])
            if not state["run"][slot, zone]:
                before = state["distance"][slot, zone]
                share = before / (before + distances[position, zone])
                state["run_time"][slot, zone] = state["time"][slot] + share * reach
                state["run_index"][slot, zone] = state["index"][slot]
            self._flip(slot, int(zone), int(state["index"][slot]) + 1, feet[position])
