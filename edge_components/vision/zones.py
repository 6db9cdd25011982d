"""Who is inside which zone: entries, exits, stays and occupancy, with hysteresis at the edge.

A track is inside or outside from its first sighting by its foot point alone. After that it changes when
the foot point has been on the other side either clearly (beyond a margin, twice) or for long enough. The
change is then dated back to the moment the foot point went over, in the frame tallies too, so that a late
decision costs no accuracy. docs/counting.md states the rules for users.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from contract.geometry import polygon_area
from contract.scene import Zone
from edge_components.vision.geometry_arrays import edges_to_the_right, segment_distances
from edge_components.vision.slots import SlotArrays
from edge_components.vision.tallies import FrameTallies, Stay
from edge_components.vision.tracked import TrackedFrame, TrackerStep

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

_ON_EDGE_PX = 1e-6


@dataclass(frozen=True)
class ZoneSettings:
    """When a foot point has changed sides."""

    margin: float = 0.1
    """Share of the box's height that a foot point must be beyond the edge to be clearly over it."""
    margin_of_zone: float = 0.15
    """The margin is at most this share of the square root of the zone's area: small zones count too."""
    clear_sightings: int = 2
    settle_seconds: float = 1.0
    hold_seconds: float = 1.0
    """How long a track that is not seen still counts in the live occupancy."""


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
        polygons = [np.array(zone.polygon, np.float64) for zone in zones]
        # All zones' edges in one array, so that one call places every foot point in every zone.
        self._starts = np.concatenate([*polygons, np.empty((0, 2))])
        self._ends = np.concatenate(
            [*(np.roll(polygon, -1, axis=0) for polygon in polygons), np.empty((0, 2))]
        )
        self._first_edges = np.cumsum([0, *map(len, polygons)])[:-1]
        areas = np.array([polygon_area(zone.polygon) for zone in zones])
        self._margin_limits = self.settings.margin_of_zone * np.sqrt(areas)
        self._limits = np.array([width, height], np.float64)
        self._tallies = tallies
        self._classes = tallies.classes
        count = len(zones)
        self._state = SlotArrays(
            {
                "track": ((), np.int64, 0),
                "class": ((), np.int64, 0),
                "index": ((), np.int64, 0),
                "time": ((), np.float64, 0.0),
                "at_edge": ((), np.bool_, False),
                "inside": ((count,), np.bool_, False),
                "entered": ((count,), np.float64, 0.0),
                "distance": ((count,), np.float64, 0.0),
                # A run is a row of sightings on the other side than the state says.
                "run": ((count,), np.int64, 0),
                "run_clear": ((count,), np.int64, 0),
                "run_index": ((count,), np.int64, 0),
                "run_time": ((count,), np.float64, 0.0),
            }
        )

    def update(self, step: TrackerStep) -> None:
        """Take in what the tracker has found out; frames of the step must be open in the tallies."""
        if not len(self._starts):
            return
        for frame in step.frames:
            if len(frame.slots):
                self._advance(frame)
        self._vanish(step.ended)

    def finish(self, time_seconds: float) -> None:
        """Book the tracks as gone that were out of sight when the run ended; the others are still there."""
        state = self._state
        gone = (state["track"] > 0) & (time_seconds - state["time"] > self.settings.hold_seconds)
        self._vanish(np.flatnonzero(gone))

    def occupancy(self, time_seconds: float) -> Integers:
        """Return how many tracks are inside, by zone and class (Z, C), those just out of sight included."""
        state = self._state
        present = (state["track"] > 0) & (time_seconds - state["time"] <= self.settings.hold_seconds)
        counts = np.zeros((state["inside"].shape[1], self._classes), np.int64)
        tracks, zones = np.nonzero(state["inside"][present])
        np.add.at(counts, (zones, state["class"][present][tracks]), 1)
        return counts

    def inside(self, slots: Integers) -> Booleans:
        """Return which zones (K, Z) the tracks in `slots` are inside of."""
        self._state.reserve(slots)
        return self._state["inside"][slots]

    def entered_seconds(self, slots: Integers) -> Floats:
        """Return since when (K, Z) the tracks in `slots` have been where they are."""
        return self._state["entered"][slots]

    def _advance(self, frame: TrackedFrame) -> None:
        state, slots = self._state, frame.slots
        state.reserve(slots)
        raw, distances = self._locate(frame.feet)
        new = state["track"][slots] != frame.ids
        if new.any():
            self._appear(frame, np.flatnonzero(new), raw)
        before = state["inside"][slots]
        self._hold(slots[~new], before[~new], frame.index)
        differs = raw != before
        if differs.any() or state["run"][slots].any():
            self._run(frame, differs, distances)
            self._change(frame, slots)
        self._book(slots, state["inside"][slots], frame.index)
        state["distance"][slots] = distances
        state["index"][slots] = frame.index
        state["time"][slots] = frame.time_seconds
        state["at_edge"][slots] = frame.at_edge

    def _locate(self, feet: Floats) -> tuple[Booleans, Floats]:
        """Return inside (K, Z), the edge included, and the distance to the edge (K, Z).

        A foot point below the frame counts at the frame's edge, where the zone ends too.
        """
        feet = np.clip(feet, 0.0, self._limits)
        hits = edges_to_the_right(self._starts, self._ends, feet)
        inside = np.add.reduceat(hits, self._first_edges, axis=1, dtype=np.int64) % 2 == 1
        distances = segment_distances(self._starts, self._ends, feet)
        distances = np.minimum.reduceat(distances, self._first_edges, axis=1)
        return inside | (distances <= _ON_EDGE_PX), distances

    def _appear(self, frame: TrackedFrame, which: Integers, raw: Booleans) -> None:
        state, slots = self._state, frame.slots[which]
        state.clear(slots)
        state["track"][slots] = frame.ids[which]
        state["class"][slots] = frame.class_ids[which]
        state["inside"][slots] = raw[which]
        state["entered"][slots] = frame.time_seconds
        for position, zone in zip(*np.nonzero(raw[which]), strict=True):
            self._tallies.stay(frame.index, int(zone), int(state["class"][slots[position]]), Stay.APPEARED)

    def _hold(self, slots: Integers, inside: Booleans, index: int) -> None:
        """Count tracks that were hidden for some frames as if they had been seen in them."""
        state = self._state
        for position in np.flatnonzero(state["index"][slots] < index - 1):
            slot = slots[position]
            for zone in np.flatnonzero(inside[position]):
                first = int(state["index"][slot]) + 1
                self._tallies.add_range(first, index, int(zone), int(state["class"][slot]), 1)

    def _run(self, frame: TrackedFrame, differs: Booleans, distances: Floats) -> None:
        state, slots = self._state, frame.slots
        begins = differs & (state["run"][slots] == 0)
        if begins.any():
            previous = state["distance"][slots]
            share = previous / np.maximum(previous + distances, 1e-9)
            times = state["time"][slots][:, None]
            times = times + share * (frame.time_seconds - times)
            state["run_time"][slots] = np.where(begins, times, state["run_time"][slots])
            state["run_index"][slots] = np.where(begins, frame.index, state["run_index"][slots])
        margins = np.minimum(self.settings.margin * frame.heights[:, None], self._margin_limits)
        clear = differs & (distances >= margins)
        state["run"][slots] = np.where(differs, state["run"][slots] + 1, 0)
        state["run_clear"][slots] = np.where(differs, state["run_clear"][slots] + clear, 0)

    def _change(self, frame: TrackedFrame, slots: Integers) -> None:
        state, settings = self._state, self.settings
        lasted = (frame.time_seconds - state["run_time"][slots] >= settings.settle_seconds) & (
            state["run"][slots] > settings.clear_sightings
        )
        certain = lasted | (state["run_clear"][slots] >= settings.clear_sightings)
        for position, zone in zip(*np.nonzero(certain), strict=True):
            self._flip(int(slots[position]), int(zone), frame.index)

    def _flip(self, slot: int, zone: int, index: int) -> None:
        state, tallies = self._state, self._tallies
        position = int(state["class"][slot])
        entering = not state["inside"][slot, zone]
        start, moment = int(state["run_index"][slot, zone]), float(state["run_time"][slot, zone])
        tallies.add_range(start, index, zone, position, 1 if entering else -1)
        if entering:
            tallies.stay(start, zone, position, Stay.ENTRIES)
        else:
            tallies.stay(start, zone, position, Stay.EXITS)
            tallies.dwell(start, zone, position, moment - float(state["entered"][slot, zone]))
        state["inside"][slot, zone] = entering
        state["entered"][slot, zone] = moment
        state["run"][slot, zone] = 0
        state["run_clear"][slot, zone] = 0

    def _book(self, slots: Integers, inside: Booleans, index: int) -> None:
        which, zones = np.nonzero(inside)
        if len(which):
            self._tallies.add(index, zones, self._state["class"][slots[which]])

    def _vanish(self, slots: Integers) -> None:
        """Book tracks that were last seen inside; who left over the frame's edge ends his stay there."""
        if not len(slots):
            return
        state = self._state
        self._state.reserve(slots)
        slots = slots[state["track"][slots] > 0]
        for position, zone in zip(*np.nonzero(state["inside"][slots]), strict=True):
            slot = int(slots[position])
            index, class_position = int(state["index"][slot]), int(state["class"][slot])
            self._tallies.stay(index, int(zone), class_position, Stay.VANISHED)
            if state["at_edge"][slot]:
                stayed = float(state["time"][slot] - state["entered"][slot, zone])
                self._tallies.dwell(index, int(zone), class_position, stayed)
        state.clear(slots)
