"""A tracker that is told who is who: DeepStream followed the objects already."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from contract.errors import CrowdLensError
from edge_components.runtime.counting import motion
from edge_components.runtime.counting.completion import at_frame_edge
from edge_components.runtime.counting.tracked import TrackerStep
from edge_components.runtime.counting.tracker import Tracker
from edge_components.runtime.inference.detections import Detections

Integers = npt.NDArray[np.int64]


class GivenTracksError(CrowdLensError):
    """Raised when detections and their numbers do not belong together; a mistake of the caller."""


class GivenTracks(Tracker):
    """Takes objects for who `expect` said they are; boxes are filtered and tracks end as our own do.

    A number counts from its first sighting, for DeepStream tells an object only once it is sure of it.
    """

    def reset(self) -> None:
        """Forget everything."""
        super().reset()
        self._numbers: tuple[int, ...] | None = None
        self._slot_of: dict[int, int] = {}
        self._given = 0

    @property
    def confirmed_tracks(self) -> int:
        """How many tracks began."""
        return self._given + super().confirmed_tracks

    def expect(self, numbers: Sequence[int] | None) -> None:
        """Say whose the detections of the next frame are, in their order; None lets our tracker find out."""
        self._numbers = None if numbers is None else tuple(numbers)

    def update(self, detections: Detections, time_seconds: float) -> TrackerStep:
        """Take in the detections of the next frame, at a time later than that of the frame before."""
        numbers = self._numbers
        if numbers is None:
            return super().update(detections, time_seconds)
        if len(detections) != len(numbers):
            raise GivenTracksError(f"{len(detections)} detections came with {len(numbers)} numbers")
        self._frame_index += 1
        self._frames_with_boxes += len(detections) > 0
        self._times = (time_seconds, *self._times[:2])
        tracks = self._tracks
        tracks.alive[self._ended] = False
        active, gaps, predicted = self._predict(time_seconds)
        self._slot_of = {int(tracks.ids[slot]): int(slot) for slot in active}
        found = np.array([place for place, one in enumerate(numbers) if one in self._slot_of], np.int64)
        seen = np.array([self._slot_of[numbers[place]] for place in found], np.int64)
        places = np.searchsorted(active, seen)
        fast = np.zeros(len(seen), np.bool_)
        self._correct(seen, predicted[places], gaps[places], fast, detections=detections, found=found)
        new = np.setdiff1d(np.arange(len(detections)), found)
        present = np.concatenate((seen, self._begin(detections, new, numbers)))
        frame = self._frame(self._frame_index, time_seconds, present, tracks.latest(present))
        return TrackerStep([frame], self._ended, tracks.ids[self._ended])

    def _begin(self, detections: Detections, which: Integers, numbers: tuple[int, ...]) -> Integers:
        """Start the tracks of detections `which` and return their slots."""
        slots = self._tracks.take(len(which))
        self.boxes_without_room += len(which) - len(slots)
        which = which[: len(slots)]
        if not len(slots):
            return slots
        boxes = detections.boxes[which].astype(np.float64)
        rows = motion.new_rows(motion.boxes_to_places(boxes), self.settings.motion)
        self._tracks.start(slots, rows, self._frames_with_boxes, self._times[0])
        self._tracks.elect(slots, detections.class_ids[which], detections.confidences[which])
        self._tracks.tentative[slots] = False
        self._tracks.ids[slots] = [numbers[place] for place in which]
        self._given += len(slots)
        self._note(slots, detections.confidences[which], at_frame_edge(boxes, self._frame_box))
        return slots
