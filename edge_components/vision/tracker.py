"""Follows objects from frame to frame by their motion alone.

Confident detections are matched to all predicted tracks at once, so that the likelihood of all pairs together
is greatest; faint ones then keep tracks that would otherwise be lost (Zhang et al., "ByteTrack", ECCV 2022).
How far a match may reach grows with the time since the track was seen, and so does its cost. A track gets its
id when it is confirmed; what never is confirmed never had one. All state belongs to the instance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edge_components.vision import motion
from edge_components.vision.association import widened_overlap
from edge_components.vision.detections import Detections
from edge_components.vision.matching import Matcher
from edge_components.vision.tracked import TrackedFrame, TrackerSettings, TrackerStep

__all__ = ["TrackedFrame", "Tracker", "TrackerSettings", "TrackerStep"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

_EDGE_PX = 1.5
_INITIAL_SLOTS = 64


# Columns of a sighting, kept while a track is tentative.
_INDEX, _TIME, _CONFIDENCE, _AT_EDGE = 0, 1, 2, 3
_BOX, _VELOCITY = slice(4, 8), slice(8, 10)
_SIGHTING_LENGTH = 10


class Tracker:
    """Gives every object in a `width` x `height` frame an id of its own while it is in view.

    `anchor_shares` says by class id how far down its box an object is (see `TrackedFrame`).
    """

    def __init__(
        self,
        width: int,
        height: int,
        settings: TrackerSettings | None = None,
        anchor_shares: Sequence[float] | None = None,
    ) -> None:
        self.settings = settings or TrackerSettings()
        self._anchor_shares = None if anchor_shares is None else np.array(anchor_shares, np.float64)
        self._frame_box = np.array([0.0, 0.0, width, height])
        self.reset()

    def reset(self) -> None:
        """Forget everything: the tracker is as it was when it was made."""
        self._allocate(_INITIAL_SLOTS)
        self._next_id = 1
        self._frame_index = -1
        self._time_seconds = self._previous_seconds = 0.0
        self._ended = np.empty(0, np.int64)

    def _allocate(self, slots: int) -> None:
        self._rows = np.zeros((slots, motion.ROW_LENGTH))
        self._sightings = np.zeros((slots, self.settings.confirmation_hits, _SIGHTING_LENGTH))
        self._ids = np.zeros(slots, np.int64)
        self._class_ids = np.zeros(slots, np.int64)
        self._hits = np.zeros(slots, np.int64)
        self._last_seen = np.zeros(slots)
        self._alive = np.zeros(slots, np.bool_)

    @property
    def slots(self) -> int:
        """How many slots there are; consumers size their own arrays by it."""
        return len(self._alive)

    @property
    def confirmed_tracks(self) -> int:
        """How many ids have been given out."""
        return self._next_id - 1

    def update(self, detections: Detections, time_seconds: float) -> TrackerStep:
        """Take in the detections of the next frame, at a time later than that of the frame before.

        Returns what has become known. Work and memory are bounded by `maximum_tracks`.
        """
        self._frame_index += 1
        interval = time_seconds - self._time_seconds if self._frame_index else 0.0
        self._previous_seconds = self._time_seconds
        self._time_seconds = time_seconds
        self._alive[self._ended] = False
        active = np.flatnonzero(self._alive)
        gaps = time_seconds - self._last_seen[active]
        expired = gaps > self.settings.memory_seconds
        ended, active, gaps = active[expired], active[~expired], gaps[~expired]
        predicted = motion.predict(self._rows[active], gaps, self.settings.motion)
        tracks, found, unused = self._match(active, predicted, gaps, detections)
        seen = active[tracks]
        self._correct(seen, predicted[tracks], detections, found, time_seconds)
        missed = np.ones(len(active), np.bool_)
        missed[tracks] = False
        patience = max(
            self.settings.confirmation_gap_seconds, self.settings.confirmation_gap_frames * interval
        )
        given_up = missed & (self._ids[active] == 0) & (gaps > patience)
        self._alive[active[given_up]] = False
        self._alive[ended[self._ids[ended] == 0]] = False
        self._ended = ended[self._ids[ended] > 0]
        self._start(detections, unused, time_seconds)
        return TrackerStep(self._report(seen, time_seconds), self._ended, self._ids[self._ended])

    def _match(
        self, active: Integers, predicted: Floats, gaps: Floats, detections: Detections
    ) -> tuple[Integers, Integers, Integers]:
        """Return matched positions in `active` and in the detections, and confident detections left over."""
        settings = self.settings
        confidences = detections.confidences
        high = np.flatnonzero(confidences >= settings.high_confidence)
        if not len(active):
            nothing = np.empty(0, np.int64)
            return nothing, nothing, self._unused(high, nothing, detections)
        matcher = Matcher(predicted, self._class_ids[active], detections, self._frame_box[2:], settings)
        high = matcher.match(np.arange(len(active)), high, settings.minimum_overlap)
        recent = (gaps <= settings.recent_seconds) | (self._last_seen[active] >= self._previous_seconds)
        # Somebody who turned on his heel is where his motion does not allow, but nobody else is left for him.
        open_tracks = np.flatnonzero((matcher.partners < 0) & recent)
        high = matcher.match(open_tracks, high, settings.turn_minimum_overlap, gated=False)
        faint = (confidences >= settings.low_confidence) & (confidences < settings.high_confidence)
        if faint.any():
            rest = np.flatnonzero((matcher.partners < 0) & recent & (self._ids[active] > 0))
            matcher.match(rest, np.flatnonzero(faint), settings.faint_minimum_overlap)
        tracks = np.flatnonzero(matcher.partners >= 0)
        return tracks, matcher.partners[tracks], self._unused(high, matcher.partners[tracks], detections)

    def _unused(self, high: Integers, matched: Integers, detections: Detections) -> Integers:
        """Return which leftovers may start a track: those that are not a second box on an object."""
        if not len(high):
            return high
        high = high[np.argsort(-detections.confidences[high], kind="stable")]
        others = np.concatenate((matched, high))
        boxes = detections.boxes.astype(np.float64)
        overlap = widened_overlap(boxes[high], boxes[others], np.zeros(len(high)))
        twice = overlap > self.settings.duplicate_overlap
        twice &= detections.class_ids[high][:, None] == detections.class_ids[others][None, :]
        # Among the leftovers the more confident one stays.
        twice &= np.tri(len(high), len(others), len(matched) - 1, dtype=np.bool_)
        return np.sort(high[~np.logical_or.reduce(twice, axis=1)])

    def _correct(
        self, seen: Integers, predicted: Floats, detections: Detections, found: Integers, time_seconds: float
    ) -> None:
        if not len(seen):
            return
        boxes = detections.boxes[found].astype(np.float64)
        measured, at_edge = self._completed(boxes, predicted)
        self._rows[seen] = motion.update(predicted, measured, self.settings.motion)
        self._last_seen[seen] = time_seconds
        self._hits[seen] += 1
        self._note(seen, detections.confidences[found], at_edge, time_seconds)

    def _completed(self, boxes: Floats, predicted: Floats) -> tuple[Floats, Booleans]:
        """Return places of boxes, those that the frame's edge cuts made whole, and which are at the edge.

        A person who walks out keeps the size he had; without this his foot point would slow down to half the
        speed and never pass a line near the edge.
        """
        cut = np.abs(boxes - self._frame_box) < _EDGE_PX
        beyond = (boxes[:, :2] < 0).any(axis=1) | (boxes[:, 2:] > self._frame_box[2:]).any(axis=1)
        at_edge: Booleans = np.logical_or.reduce(cut, axis=1)
        if at_edge.any():
            size = np.maximum(predicted[:, 2:4], boxes[:, 2:] - boxes[:, :2])
            one_side = cut[:, :2] ^ cut[:, 2:]
            first, last = one_side & cut[:, :2], one_side & cut[:, 2:]
            boxes = boxes.copy()
            boxes[:, :2] = np.where(first, boxes[:, 2:] - size, boxes[:, :2])
            boxes[:, 2:] = np.where(last, boxes[:, :2] + size, boxes[:, 2:])
        return motion.boxes_to_places(boxes), at_edge | np.asarray(beyond)

    def _note(
        self, slots: Integers, confidences: npt.NDArray[np.float32], at_edge: Booleans, time_seconds: float
    ) -> None:
        """Keep the sighting; the last place of a slot's list is overwritten once the track is confirmed."""
        place = np.minimum(self._hits[slots], self.settings.confirmation_hits) - 1
        sighting = np.empty((len(slots), _SIGHTING_LENGTH))
        sighting[:, _INDEX] = self._frame_index
        sighting[:, _TIME] = time_seconds
        sighting[:, _CONFIDENCE] = confidences
        sighting[:, _AT_EDGE] = at_edge
        rows = self._rows[slots]
        sighting[:, _BOX] = motion.places_to_boxes(rows[:, motion.PLACE])
        sighting[:, _VELOCITY] = rows[:, 4:6]
        self._sightings[slots, place] = sighting

    def _start(self, detections: Detections, unused: Integers, time_seconds: float) -> None:
        unused = unused[detections.confidences[unused] >= self.settings.new_track_confidence]
        slots = self._free_slots(len(unused))
        unused = unused[: len(slots)]
        if not len(slots):
            return
        boxes = detections.boxes[unused].astype(np.float64)
        self._rows[slots] = motion.new_rows(motion.boxes_to_places(boxes), self.settings.motion)
        self._ids[slots] = 0
        self._class_ids[slots] = detections.class_ids[unused]
        self._hits[slots] = 1
        self._last_seen[slots] = time_seconds
        self._alive[slots] = True
        limits = self._frame_box[2:] - _EDGE_PX
        at_edge = (boxes[:, :2] < _EDGE_PX).any(axis=1) | (boxes[:, 2:] > limits).any(axis=1)
        self._note(slots, detections.confidences[unused], np.asarray(at_edge), time_seconds)

    def _free_slots(self, wanted: int) -> Integers:
        if not wanted:
            return np.empty(0, np.int64)
        free = np.flatnonzero(~self._alive)
        while len(free) < wanted and self.slots < self.settings.maximum_tracks:
            self._grow()
            free = np.flatnonzero(~self._alive)
        return free[:wanted]

    def _grow(self) -> None:
        old = self.slots
        kept = {name: value for name, value in vars(self).items() if name in _SLOT_ARRAYS}
        self._allocate(min(2 * old, self.settings.maximum_tracks))
        for name, value in kept.items():
            getattr(self, name)[:old] = value

    def _report(self, seen: Integers, time_seconds: float) -> list[TrackedFrame]:
        confirmed = self._ids[seen] > 0
        newly = seen[~confirmed & (self._hits[seen] >= self.settings.confirmation_hits)]
        frames: list[TrackedFrame] = []
        if len(newly):
            self._ids[newly] = np.arange(self._next_id, self._next_id + len(newly))
            self._next_id += len(newly)
            frames = self._earlier_sightings(newly)
        present = seen[self._ids[seen] > 0]
        last = np.minimum(self._hits[present], self.settings.confirmation_hits) - 1
        frames.append(self._frame(self._frame_index, time_seconds, present, self._sightings[present, last]))
        return frames

    def _earlier_sightings(self, newly: Integers) -> list[TrackedFrame]:
        earlier = self._sightings[newly, :-1]
        indices = earlier[:, :, _INDEX]
        frames = []
        for index in np.unique(indices):
            which, place = np.nonzero(indices == index)
            sightings = earlier[which, place]
            frames.append(self._frame(int(index), float(sightings[0, _TIME]), newly[which], sightings))
        return frames

    def _frame(self, index: int, time_seconds: float, slots: Integers, sightings: Floats) -> TrackedFrame:
        return TrackedFrame(
            index=index,
            time_seconds=time_seconds,
            slots=slots,
            ids=self._ids[slots],
            class_ids=self._class_ids[slots],
            boxes=sightings[:, _BOX],
            velocities=sightings[:, _VELOCITY],
            confidences=sightings[:, _CONFIDENCE],
            at_edge=sightings[:, _AT_EDGE] > 0,
            anchor_shares=None
            if self._anchor_shares is None
            else self._anchor_shares[self._class_ids[slots]],
        )


_SLOT_ARRAYS = ("_rows", "_sightings", "_ids", "_class_ids", "_hits", "_last_seen", "_alive")
