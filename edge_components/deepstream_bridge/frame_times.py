"""When a frame was: its number times the frame interval, held to the time its file was written."""

from __future__ import annotations

GAIN = 0.02
"""How much of the difference is followed at each frame: half of it in 34 frames, about a second."""
RESYNC_MILLISECONDS = 1000.0


class FrameTimes:
    """Event times of one stream's frames, in milliseconds.

    t(n) = p + 0.02 (w - p) with p = t(m) + (n - m) x interval, m the frame before and w the time at which the
    file was written last. So the few tens of milliseconds that writing is late now and then are taken out,
    and a rate that is not quite the one given is followed. When p and w are more than a second apart the
    stream stood still, its clock was set or the rate is another one: then t(n) = w.
    With `follow` off, for a recorded file that is read faster than it was filmed, t(n) = p.
    """

    def __init__(self, frames_per_second: float, *, follow: bool = True) -> None:
        self._interval_ms = 1000.0 / frames_per_second
        self._follow = follow
        self._last: tuple[int, float] | None = None
        self.resyncs = 0

    def restart(self) -> None:
        """Begin anew: frame numbers start again."""
        self._last = None

    def of(self, frame: int, written_ms: float) -> int:
        """Return the event time of `frame`, whose file was written at `written_ms`."""
        if self._last is None:
            time_ms = written_ms
        else:
            before, before_ms = self._last
            time_ms = before_ms + (frame - before) * self._interval_ms
            if self._follow:
                time_ms = self._followed(time_ms, written_ms)
        self._last = frame, time_ms
        return round(time_ms)

    def _followed(self, expected_ms: float, written_ms: float) -> float:
        error_ms = written_ms - expected_ms
        if abs(error_ms) > RESYNC_MILLISECONDS:
            self.resyncs += 1
            return written_ms
        return expected_ms + GAIN * error_ms
