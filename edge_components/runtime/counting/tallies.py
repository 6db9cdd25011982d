"""What happened in each of the latest frames, kept open until nothing can change it any more.

A track is confirmed some frames after it was first seen, and one that was hidden turns up again. Both change
frames that have passed. So frames stay here for a few seconds before they go into windows and totals.
"""

from __future__ import annotations

import enum
from collections import deque
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Stay(enum.IntEnum):
    """What a stay in a zone begins or ends with; positions in `FrameTally.stays`."""

    ENTRIES = 0
    EXITS = 1
    APPEARED = 2
    VANISHED = 3
    DWELL_SECONDS = 4
    DWELL_COUNT = 5


@dataclass
class FrameTally:
    """One frame: `occupancy` (Z, C) objects inside, `stays` (Z, C, 6) by `Stay` or None."""

    index: int
    time_seconds: float
    event_time_ms: int
    clock_quality: str
    suspect: bool
    occupancy: Integers
    stays: Floats | None = field(default=None)


class FrameTallies:
    """The open frames, by index.

    A stay that begins or ends in a frame that was closed is booked in the oldest open one, so that stays add
    up at any frame rate; objects inside closed frames are dropped. `late` counts both.
    """

    def __init__(self, zones: int, classes: int) -> None:
        self.classes = classes
        self._shape = (zones, classes)
        self._frames: deque[FrameTally] = deque()
        self._waiting: Floats | None = None
        self.late = 0

    def open(
        self, index: int, time_seconds: float, event_time_ms: int, clock_quality: str, suspect: bool
    ) -> None:
        """Open the next frame; indices follow one another."""
        occupancy = np.zeros(self._shape, np.int64)
        tally = FrameTally(index, time_seconds, event_time_ms, clock_quality, suspect, occupancy)
        tally.stays, self._waiting = self._waiting, None
        self._frames.append(tally)

    def close_until(self, time_seconds: float) -> list[FrameTally]:
        """Return, in order, the frames up to `time_seconds`; they are closed."""
        closed = []
        while self._frames and self._frames[0].time_seconds <= time_seconds:
            closed.append(self._frames.popleft())
        return closed

    def event_time_ms(self, index: int) -> int | None:
        """Return the event time of an open frame, None when it was closed."""
        tally = self._tally(index)
        return None if tally is None else tally.event_time_ms

    def suspect_at(self, time_seconds: float) -> bool | None:
        """Return whether the first open frame at or after a moment is suspect, None when there is none."""
        return next((tally.suspect for tally in self._frames if tally.time_seconds >= time_seconds), None)

    def add(self, index: int, zones: npt.NDArray[np.intp], classes: Integers) -> None:
        """Count one more object inside each of `zones` (K,) for its class of `classes` (K,)."""
        tally = self._tally(index)
        if tally is not None:
            np.add.at(tally.occupancy, (zones, classes), 1)

    def add_range(self, first: int, end: int, zone: int, position: int, objects: int) -> None:
        """Count `objects` more inside a zone in the frames from `first` to before `end`."""
        if not self._frames:
            return
        offset = self._frames[0].index
        self.late += max(0, min(offset, end) - first)
        for index in range(max(first, offset), min(end, offset + len(self._frames))):
            self._frames[index - offset].occupancy[zone, position] += objects

    def stay(self, index: int, zone: int, position: int, kind: Stay, amount: float = 1.0) -> None:
        """Book the beginning or end of a stay in the frame in which it happened."""
        tally = self._tally(index) or (self._frames[0] if self._frames else None)
        stays = self._waiting if tally is None else tally.stays
        if stays is None:
            stays = np.zeros((*self._shape, len(Stay)))
        stays[zone, position, kind] += amount
        if tally is None:
            self._waiting = stays
        else:
            tally.stays = stays

    def dwell(self, index: int, zone: int, position: int, seconds: float) -> None:
        """Book the length of a stay whose end was seen."""
        self.stay(index, zone, position, Stay.DWELL_SECONDS, max(0.0, seconds))
        self.stay(index, zone, position, Stay.DWELL_COUNT)

    def _tally(self, index: int) -> FrameTally | None:
        if self._frames and 0 <= index - self._frames[0].index < len(self._frames):
            return self._frames[index - self._frames[0].index]
        self.late += 1
        return None
