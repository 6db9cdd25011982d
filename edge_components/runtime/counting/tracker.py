"""Follows objects from frame to frame by their motion alone.

Confident detections are matched to all predicted tracks at once, so that the likelihood of all pairs together
is greatest; faint ones then keep tracks that would otherwise be lost (Zhang et al., "ByteTrack", ECCV 2022).
How far a match may reach grows with the time since the track was seen, and so does its cost. A track gets its
id when it is confirmed; what never is confirmed never had one. A track that was away for a while is back only
when it has been confirmed anew, so that no stray box moves it. All state belongs to the instance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from edge_components.runtime.counting import motion
from edge_components.runtime.counting import track_slots as columns
from edge_components.runtime.counting.association import same_object
from edge_components.runtime.counting.completion import at_frame_edge, complete_at_frame, complete_covered
from edge_components.runtime.counting.matching import Matcher
from edge_components.runtime.counting.track_slots import TrackSlots
from edge_components.runtime.counting.tracked import TrackedFrame, TrackerSettings, TrackerStep
from edge_components.runtime.inference.detections import Detections

__all__ = ["TrackedFrame", "Tracker", "TrackerSettings", "TrackerStep"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

_ROUNDING_SECONDS = 1e-6


class Tracker:
    """Gives every object in a `width` x `height` frame an id of its own while it is in view.

    `anchor_shares` says by class id how far down its box an object is (see `TrackedFrame`); `class_groups`
    which classes a detector may take for one another: classes of one group share tracks, whose class is what
    most of the first sightings say.
    """

    def __init__(
        self,
        width: int,
        height: int,
        settings: TrackerSettings | None = None,
        anchor_shares: Sequence[float] | None = None,
        class_groups: Sequence[int] | None = None,
    ) -> None:
        self.settings = settings or TrackerSettings()
        self._anchor_shares = None if anchor_shares is None else np.array(anchor_shares, np.float64)
        self._class_groups = None if class_groups is None else np.array(class_groups, np.int64)
        self._frame_box = np.array([0.0, 0.0, width, height])
        self.reset()

    def reset(self) -> None:
        """Forget everything: the tracker is as it was when it was made."""
        self._tracks = TrackSlots(self.settings.maximum_tracks, self.settings.sightings_kept)
        self._first_id = self._next_id = 1
        self._frame_index = -1
        self._frames_with_boxes = 0
        self._times = (0.0, -np.inf, -np.inf)
        self._ended = np.empty(0, np.int64)
        self.boxes_without_room = 0
        """How many confident boxes started no track because all slots were taken."""

    @property
    def slots(self) -> int:
        """How many slots there are; consumers size their own arrays by it."""
        return len(self._tracks)

    def number_from(self, first_id: int) -> None:
        """Give the first id that is due as `first_id`; for a tracker that follows on another."""
        self._first_id = self._next_id = first_id

    @property
    def frame_index(self) -> int:
        """The index of the latest frame, -1 before the first."""
        return self._frame_index

    @property
    def next_id(self) -> int:
        """The id that the next confirmed track gets."""
        return self._next_id

    @property
    def confirmed_tracks(self) -> int:
        """How many ids have been given out."""
        return self._next_id - self._first_id

    def update(self, detections: Detections, time_seconds: float) -> TrackerStep:
        """Take in the detections of the next frame, at a time later than that of the frame before.

        Returns what has become known. Work and memory are bounded by `maximum_tracks`.
        """
        self._frame_index += 1
        # A frame without any box says little of a track: it may not have been analysed at all.
        self._frames_with_boxes += len(detections.boxes) > 0
        self._times = (time_seconds, *self._times[:2])
        tracks = self._tracks
        tracks.alive[self._ended] = False
        active, gaps, predicted = self._predict(time_seconds)
        matched, found, fast, unused = self._match(active, predicted, gaps, detections)
        seen = active[matched]
        self._doubt_returned(seen, gaps[matched])
        self._correct(seen, predicted[matched], gaps[matched], fast, detections=detections, found=found)
        missed = np.ones(len(active), np.bool_)
        missed[matched] = False
        self._give_up(active[missed], gaps[missed])
        self._start(detections, unused)
        return TrackerStep(self._report(seen), self._ended, tracks.ids[self._ended])

    def _predict(self, time_seconds: float) -> tuple[Integers, Floats, Floats]:
        """End what is gone; return the slots of the others, for how long they are unseen, and where they are.

        Gone is who was not seen within the memory, and who must have left the frame.
        """
        tracks, settings = self._tracks, self.settings
        active = np.flatnonzero(tracks.alive)
        gaps = time_seconds - tracks.last_seen[active]
        predicted = motion.predict(tracks.rows[active], gaps, settings.motion)
        gone = gaps > settings.memory_seconds
        missed = (gaps > settings.gone_seconds) & (tracks.last_seen[active] < self._times[1])
        if missed.any():
            gone |= missed & self._outside(predicted) & ~tracks.tentative[active]
        ended = active[gone]
        self._ended = ended[tracks.ids[ended] > 0]
        if not len(ended):
            return active, gaps, predicted
        tracks.alive[ended[tracks.ids[ended] == 0]] = False
        return active[~gone], gaps[~gone], predicted[~gone]

    def _outside(self, predicted: Floats) -> Booleans:
        """Return which predicted rows (N,) have their centres outside the frame."""
        centres = predicted[:, :2]
        return np.asarray(((centres < 0) | (centres > self._frame_box[2:])).any(axis=1))

    def _groups(self, class_ids: Integers) -> Integers:
        return class_ids if self._class_groups is None else self._class_groups[class_ids]

    def _match(
        self, active: Integers, predicted: Floats, gaps: Floats, detections: Detections
    ) -> tuple[Integers, Integers, Booleans, Integers]:
        """Return matched positions in `active` and in the detections, which are fast, and boxes left over."""
        settings, tracks = self.settings, self._tracks
        confidences, groups = detections.confidences, self._groups(detections.class_ids)
        high = np.flatnonzero(confidences >= settings.high_confidence)
        nothing = np.empty(0, np.int64)
        if not len(active):
            return nothing, nothing, nothing.astype(np.bool_), self._unused(high, nothing, detections, groups)
        own_groups = self._groups(tracks.class_ids[active])
        limits = self._frame_box[2:]
        matcher = Matcher(predicted, own_groups, detections, groups, limits=limits, settings=settings)
        high = matcher.match(np.arange(len(active)), high, settings.minimum_overlap)
        recent = (gaps <= settings.recent_seconds) | (tracks.last_seen[active] >= self._times[1])
        # Somebody who turned on his heel is where his motion does not allow, but nobody else is left for him.
        high = matcher.match(matcher.open(recent), high, settings.turn_minimum_overlap, gated=False)
        faint = np.flatnonzero(
            (confidences >= settings.low_confidence) & (confidences < settings.high_confidence)
        )
        if len(faint):
            rest = matcher.open(recent & ~tracks.tentative[active])
            matcher.match(rest, faint, settings.faint_minimum_overlap)
        slow = matcher.partners >= 0
        high = self._unused(high, matcher.partners[slow], detections, groups)
        if len(high):
            once = matcher.open((tracks.hits[active] == 1) & (tracks.ids[active] == 0) & recent)
            high = matcher.match_fast(once, high, gaps[once])
        matched = np.flatnonzero(matcher.partners >= 0)
        return matched, matcher.partners[matched], ~slow[matched], high

    def _unused(
        self, high: Integers, matched: Integers, detections: Detections, groups: Integers
    ) -> Integers:
        """Return which leftovers may start a track: those that are not a second box on an object."""
        if not len(high):
            return high
        high = high[np.argsort(-detections.confidences[high], kind="stable")]
        others = np.concatenate((matched, high))
        boxes = detections.boxes.astype(np.float64)
        twice = same_object(boxes[high], boxes[others], self.settings.duplicate_overlap)
        twice &= groups[high][:, None] == groups[others][None, :]
        # Among the leftovers the more confident one stays.
        twice &= np.tri(len(high), len(others), len(matched) - 1, dtype=np.bool_)
        return np.asarray(high[~np.logical_or.reduce(twice, axis=1)])

    def _doubt_returned(self, seen: Integers, gaps: Floats) -> None:
        tracks = self._tracks
        long = (gaps > self.settings.direct_seconds) & (tracks.last_seen[seen] < self._times[2])
        if long.any():
            back = seen[long & ~tracks.tentative[seen]]
            tracks.doubt(back, self._frames_with_boxes, self._times[0])

    def _correct(
        self,
        seen: Integers,
        predicted: Floats,
        gaps: Floats,
        fast: Booleans,
        *,
        detections: Detections,
        found: Integers,
    ) -> None:
        if not len(seen):
            return
        tracks, settings = self._tracks, self.settings
        boxes = detections.boxes[found].astype(np.float64)
        at_edge = at_frame_edge(boxes, self._frame_box)
        boxes = complete_at_frame(boxes, predicted, self._frame_box)
        as_seen = motion.boxes_to_places(boxes)
        boxes, covered = complete_covered(boxes, predicted, settings)
        places = motion.boxes_to_places(boxes)
        rows = motion.update(predicted, places, settings.motion)
        covered_seconds = tracks.time_covered(seen, covered, self._times[0])
        if covered.any():
            lasting = covered_seconds > settings.covered_seconds
            motion.keep_size(rows, tracks.rows[seen], covered & ~lasting)
            self._believe(seen[lasting], rows, as_seen, lasting)
        if fast.any():
            steps = (places - tracks.rows[seen][:, motion.PLACE])[fast, :2]
            rows[fast] = motion.moving_rows(places[fast], steps, gaps[fast], settings.motion)
        tracks.rows[seen] = rows
        tracks.last_seen[seen] = self._times[0]
        tracks.hits[seen] += 1
        tracks.vote(seen, detections.class_ids[found], detections.confidences[found])
        self._note(seen, detections.confidences[found], at_edge)

    def _believe(self, slots: Integers, rows: Floats, places: Floats, lasting: Booleans) -> None:
        """Take those who were lower than expected for long for somebody who is."""
        if not len(slots):
            return
        rows[lasting, motion.PLACE] = places[lasting]
        motion.believe_size(rows, places, lasting, self.settings.motion)
        self._tracks.covered_since[slots] = np.inf

    def _note(self, slots: Integers, confidences: npt.NDArray[np.float32], at_edge: Booleans) -> None:
        sightings = np.empty((len(slots), columns.SIGHTING_LENGTH))
        sightings[:, columns.INDEX] = self._frame_index
        sightings[:, columns.TIME] = self._times[0]
        sightings[:, columns.CONFIDENCE] = confidences
        sightings[:, columns.AT_EDGE] = at_edge
        rows = self._tracks.rows[slots]
        sightings[:, columns.BOX] = motion.places_to_boxes(rows[:, motion.PLACE])
        sightings[:, columns.VELOCITY] = rows[:, 4:6]
        self._tracks.note(slots, sightings)

    def _give_up(self, missed: Integers, gaps: Floats) -> None:
        """Drop tentative tracks that were missed for too long, or too often."""
        tracks, settings = self._tracks, self.settings
        tentative = tracks.tentative[missed]
        if not tentative.any():
            return
        missed, gaps = missed[tentative], gaps[tentative]
        interval = self._times[0] - self._times[1]
        patience = max(settings.confirmation_gap_seconds, settings.confirmation_gap_frames * interval)
        rare = (self._frames_since_first(missed) > settings.doubtful_frames) & ~self._found_often(missed)
        tracks.drop(missed[(gaps > patience) | rare])

    def _frames_since_first(self, slots: Integers) -> Integers:
        return np.asarray(self._frames_with_boxes + 1 - self._tracks.first_frame[slots])

    def _found_often(self, slots: Integers) -> Booleans:
        share = self.settings.confirmation_share * self._frames_since_first(slots)
        return np.asarray(self._tracks.hits[slots] >= share)

    def _start(self, detections: Detections, unused: Integers) -> None:
        if not len(unused):
            return
        wanted = unused[detections.confidences[unused] >= self.settings.new_track_confidence]
        slots = self._tracks.take(len(wanted))
        self.boxes_without_room += len(wanted) - len(slots)
        # `unused` comes with the most confident first, should there not be room for all.
        wanted = np.sort(wanted[: len(slots)])
        if not len(slots):
            return
        boxes = detections.boxes[wanted].astype(np.float64)
        rows = motion.new_rows(motion.boxes_to_places(boxes), self.settings.motion)
        self._tracks.start(slots, rows, self._frames_with_boxes, self._times[0])
        self._tracks.elect(slots, detections.class_ids[wanted], detections.confidences[wanted])
        self._note(slots, detections.confidences[wanted], at_frame_edge(boxes, self._frame_box))

    def _report(self, seen: Integers) -> list[TrackedFrame]:
        tracks, frames = self._tracks, list[TrackedFrame]()
        tentative = seen[tracks.tentative[seen]]
        newly = self._confirmable(tentative) if len(tentative) else tentative
        if len(newly):
            tracks.tentative[newly] = False
            nameless = newly[tracks.ids[newly] == 0]
            tracks.ids[nameless] = np.arange(self._next_id, self._next_id + len(nameless))
            self._next_id += len(nameless)
            frames = self._earlier_sightings(newly)
        present = seen[~tracks.tentative[seen]]
        frames.append(self._frame(self._frame_index, self._times[0], present, tracks.latest(present)))
        return frames

    def _confirmable(self, tentative: Integers) -> Integers:
        """Return the tracks seen often enough, over time and in enough of the frames."""
        tracks, settings = self._tracks, self.settings
        hits = tracks.hits[tentative]
        age = self._times[0] - tracks.first_seen[tentative]
        known = (age >= settings.confirmation_seconds - _ROUNDING_SECONDS) | (tracks.ids[tentative] > 0)
        enough = (hits >= settings.confirmation_hits) & known & self._found_often(tentative)
        return np.asarray(tentative[enough | (hits >= settings.sightings_kept)])

    def _earlier_sightings(self, newly: Integers) -> list[TrackedFrame]:
        which, sightings = self._tracks.earlier(newly)
        indices = sightings[:, columns.INDEX]
        frames = []
        for index in np.unique(indices):
            these = indices == index
            time_seconds = float(sightings[these][0, columns.TIME])
            frames.append(self._frame(int(index), time_seconds, newly[which[these]], sightings[these]))
        return frames

    def _frame(self, index: int, time_seconds: float, slots: Integers, sightings: Floats) -> TrackedFrame:
        class_ids = self._tracks.class_ids[slots]
        return TrackedFrame(
            index=index,
            time_seconds=time_seconds,
            slots=slots,
            ids=self._tracks.ids[slots],
            class_ids=class_ids,
            boxes=sightings[:, columns.BOX],
            velocities=sightings[:, columns.VELOCITY],
            confidences=sightings[:, columns.CONFIDENCE],
            at_edge=sightings[:, columns.AT_EDGE] > 0,
            anchor_shares=None if self._anchor_shares is None else self._anchor_shares[class_ids],
        )
