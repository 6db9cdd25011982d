"""A time that only goes forward and evenly, whatever the camera's clock and the network do."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

from contract.tables import CLOCK_SYNCED

_SMALLEST_STEP_MS = 1
_BUNCHED_SHARE = 0.35
_BUNCHED_MS = 15
"""No camera that is used for counting gives more than 60 frames a second for long."""
_SET_BACK_INTERVALS = 1.5
_SET_BACK_UNKNOWN_MS = 2000
_FIRST_INTERVAL_MS, _FIRST_GAP_MS = 40.0, 1000.0
_MEMORY_MS = 3500
_MEMORY_FRAMES = 512
_REMEMBERED_CLOCKS = 64
_LONGEST_GAP_MS = 15_000
"""No stream comes in bunches this far apart: the camera was away, or its clock was set forward."""


class Timeline:
    """Turns event times into steady seconds that always grow, and back.

    Frames may come in bunches, or with times cut to whole seconds. A time that follows the one before by less
    than 0.35 of the usual interval and less than 15 ms, that is equal, or that lies up to one and a half
    intervals earlier, is taken to be one usual interval later, but never further ahead of its own time than
    the longest gap of the last seconds. A time that lies further back is a clock that was set back: steady
    time goes on by one interval, later records carry the new time and earlier moments keep the old one.
    `not_forward` counts times that did not grow, `set_back` clocks set back, `spread` frames of a bunch.
    """

    def __init__(self) -> None:
        self.not_forward = 0
        self.set_back = 0
        self.spread = 0
        self._steady_ms: int | None = None
        self._stamp_ms = 0
        self._pace = _Pace()
        self._clocks: deque[tuple[int, int]] = deque([(0, 0)], maxlen=_REMEMBERED_CLOCKS)
        self._qualities: deque[tuple[int, str]] = deque(maxlen=_REMEMBERED_CLOCKS)

    def advance(self, event_time_ms: int, clock_quality: str = CLOCK_SYNCED) -> float:
        """Return the steady time, in seconds, of the next frame, whose time is of this quality."""
        set_back, before_ms = self.set_back, self._steady_ms
        steady_seconds = self._advance(event_time_ms)
        if not self._qualities or self._qualities[-1][1] != clock_quality:
            since_ms = round(steady_seconds * 1000)
            if self.set_back > set_back and before_ms is not None:
                # The new clock tells the time from right after the frame before.
                since_ms = before_ms + _SMALLEST_STEP_MS
            self._qualities.append((since_ms, clock_quality))
        return steady_seconds

    def clock_quality(self, steady_seconds: float) -> str:
        """Return the quality that the event time of a moment has: that of the clock as it was then."""
        steady_ms = round(steady_seconds * 1000)
        for since_ms, quality in reversed(self._qualities):
            if steady_ms >= since_ms:
                return quality
        return self._qualities[0][1] if self._qualities else CLOCK_SYNCED

    def _advance(self, event_time_ms: int) -> float:
        if self._steady_ms is None:
            self._pace.add(event_time_ms, leads=True)
            self._steady_ms = self._stamp_ms = event_time_ms
            return self._steady_ms / 1000
        stamp_ms = self._stamp(event_time_ms)
        step_ms, self._stamp_ms = stamp_ms - self._stamp_ms, stamp_ms
        bunched = self._pace.is_bunched(step_ms)
        self._steady_ms = self._next(self._steady_ms, stamp_ms, bunched=bunched)
        self._pace.add(stamp_ms, leads=not bunched)
        return self._steady_ms / 1000

    def _stamp(self, event_time_ms: int) -> int:
        """Return a time on the scale of the first clock."""
        stamp_ms = event_time_ms - self._clocks[-1][1]
        if stamp_ms > self._stamp_ms:
            return stamp_ms
        self.not_forward += 1
        interval_ms = self._pace.interval_ms
        least_ms = _SET_BACK_INTERVALS * interval_ms if self._pace.known else _SET_BACK_UNKNOWN_MS
        if self._steady_ms is not None and stamp_ms < self._stamp_ms - least_ms:
            self.set_back += 1
            stamp_ms = self._stamp_ms + max(_SMALLEST_STEP_MS, round(interval_ms))
            self._clocks.append((self._steady_ms + _SMALLEST_STEP_MS, event_time_ms - stamp_ms))
        return stamp_ms

    def _next(self, steady_ms: int, stamp_ms: int, *, bunched: bool) -> int:
        interval_ms = self._pace.interval_ms
        if not bunched and stamp_ms > steady_ms:
            return stamp_ms
        if not bunched:
            # Steady time is ahead: half the pace until the camera's own has caught up.
            return steady_ms + max(_SMALLEST_STEP_MS, round(interval_ms / 2))
        self.spread += 1
        latest_ms = stamp_ms + self._pace.longest_gap_ms
        return max(round(min(steady_ms + interval_ms, latest_ms)), steady_ms + _SMALLEST_STEP_MS)

    def since_last(self, event_time_ms: int) -> float:
        """Return the seconds from the last frame to `event_time_ms`, 0 before the first frame."""
        if self._steady_ms is None:
            return 0.0
        return max(0, event_time_ms - self._clocks[-1][1] - self._steady_ms) / 1000

    def event_time_ms(self, steady_seconds: float) -> int:
        """Return the event time of a moment of steady time, by the clock as it was then."""
        steady_ms = round(steady_seconds * 1000)
        offset_ms = next((offset for since, offset in reversed(self._clocks) if steady_ms >= since), None)
        return max(0, steady_ms + (self._clocks[0][1] if offset_ms is None else offset_ms))


class _Pace:
    """The usual interval of the last seconds, measured between frames that no bunch can explain."""

    def __init__(self) -> None:
        self._frames = 0
        self._leaders: deque[tuple[int, int]] = deque(maxlen=_MEMORY_FRAMES)

    @property
    def known(self) -> bool:
        """Whether an interval was measured."""
        return len(self._leaders) >= 2

    @property
    def interval_ms(self) -> float:
        """The mean interval between frames; that of 25 frames a second until it is known."""
        if not self.known:
            return _FIRST_INTERVAL_MS
        (first, first_ms), (last, last_ms) = self._leaders[0], self._leaders[-1]
        return (last_ms - first_ms) / (last - first)

    @property
    def longest_gap_ms(self) -> float:
        """The longest time between frames that led a bunch."""
        times = [stamp_ms for _, stamp_ms in self._leaders]
        gaps = [after - before for before, after in pairwise(times)]
        return max(gaps, default=_FIRST_GAP_MS)

    def is_bunched(self, step_ms: int) -> bool:
        """Return whether a frame that comes `step_ms` after another belongs to one bunch with it."""
        if step_ms <= 0:
            return True
        return self.known and step_ms < min(_BUNCHED_SHARE * self.interval_ms, _BUNCHED_MS)

    def add(self, stamp_ms: int, *, leads: bool) -> None:
        """Take in a frame; one leads that does not belong to the bunch of the frame before."""
        self._frames += 1
        leaders = self._leaders
        # Where no gap comes for so long, the camera has become faster.
        if not leads and stamp_ms - leaders[-1][1] <= self.longest_gap_ms:
            return
        if leaders and stamp_ms <= leaders[-1][1]:
            return
        if leaders and stamp_ms - leaders[-1][1] > _LONGEST_GAP_MS:
            leaders.clear()
        leaders.append((self._frames, stamp_ms))
        while len(leaders) > 2 and stamp_ms - leaders[0][1] > _MEMORY_MS:
            leaders.popleft()
