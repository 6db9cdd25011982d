"""Frame times of a file or stream: its own where they are sane, else counted or when they arrived."""

from __future__ import annotations

import math

MAXIMUM_STEP_SECONDS = 60.0
DEFAULT_FRAMES_PER_SECOND = 25.0
_CLOCK_DRIFT = 0.001
_MAXIMUM_DELAY_SECONDS = 3.0


class PresentationTimes:
    """Turns presentation times into strictly growing seconds since the first frame.

    A time that stands still, runs back or jumps by more than a minute is replaced by one frame period after
    the frame before, and later times go on from there.
    """

    def __init__(self, frames_per_second: float) -> None:
        self._period_seconds = 1 / frames_per_second
        self._offset_seconds: float | None = None
        self._last_seconds = 0.0

    def next(self, position_seconds: float) -> float:
        """Return the time of the next frame, whose file gives `position_seconds`."""
        position = position_seconds if math.isfinite(position_seconds) else 0.0
        if self._offset_seconds is None:
            self._offset_seconds = -position
            return 0.0
        seconds = position + self._offset_seconds
        if not 0 < seconds - self._last_seconds <= MAXIMUM_STEP_SECONDS:
            seconds = self._last_seconds + self._period_seconds
            self._offset_seconds = seconds - position
        self._last_seconds = seconds
        return seconds


def sane_frame_rate(declared: float) -> float:
    """Return the declared frame rate when a camera could have it, else 25."""
    sane = math.isfinite(declared) and 0.1 <= declared <= 240
    return declared if sane else DEFAULT_FRAMES_PER_SECOND


class StreamTimes:
    """Turns a live stream's own times into moments on the clock of the grabs.

    Frames arrive late, and in bunches, when the network falters; the stream's own times say how far apart
    they were taken. The frame that arrived earliest for its time ties the two clocks together, and the tie
    loosens slowly, so that a camera's clock may run fast or slow. A time is never later than its grab. A
    stream whose times stand still, jump, or fall behind for good is not believed: the grab is taken.
    """

    def __init__(self) -> None:
        self._believed = True
        self._delay_seconds: float | None = None
        self._position_seconds = 0.0
        self._last_seconds = -math.inf

    def next(self, position_seconds: float, grabbed_at: float) -> float:
        """Return the moment of a frame with the stream's time `position_seconds`; times grow strictly."""
        moment = self._moment(position_seconds, grabbed_at)
        if moment is None or moment <= self._last_seconds:
            moment = grabbed_at
        self._last_seconds = moment
        return moment

    def _moment(self, position: float, grabbed_at: float) -> float | None:
        if not self._believed or not math.isfinite(position):
            return None
        step, self._position_seconds = position - self._position_seconds, position
        offset = grabbed_at - position
        if self._delay_seconds is None:
            self._delay_seconds = offset
            return grabbed_at
        if not 0 < step <= MAXIMUM_STEP_SECONDS:
            # A stream that begins anew is tied anew; one without times stands at 0 and is never believed.
            self._believed, self._delay_seconds = step < 0, None
            return None
        self._delay_seconds = min(self._delay_seconds + _CLOCK_DRIFT * step, offset)
        if offset - self._delay_seconds > _MAXIMUM_DELAY_SECONDS:
            self._believed = False
            return None
        return position + self._delay_seconds
