"""Frame times of a file: its own where they are sane, else counted."""

from __future__ import annotations

import math

MAXIMUM_STEP_SECONDS = 60.0
DEFAULT_FRAMES_PER_SECOND = 25.0


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
