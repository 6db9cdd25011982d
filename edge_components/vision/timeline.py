"""A time that only goes forward, whatever the camera's clock does."""

from __future__ import annotations

_SMALLEST_STEP_MS = 1
_JUMP_BACK_MS = 2000


class Timeline:
    """Turns event times into steady seconds that always grow, and back.

    A time equal to the one before, or up to two seconds earlier, is jitter: it is taken as one
    millisecond later. One that lies further back is a clock that was set back: steady time goes on by one
    millisecond and the records
    from then on carry the new time. `not_forward` counts both, `set_back` the second.
    """

    def __init__(self) -> None:
        self.not_forward = 0
        self.set_back = 0
        self._steady_ms: int | None = None
        self._offset_ms = 0

    def advance(self, event_time_ms: int) -> float:
        """Return the steady time, in seconds, of the next frame."""
        if self._steady_ms is None:
            self._steady_ms = event_time_ms
            return self._steady_ms / 1000
        steady_ms = event_time_ms - self._offset_ms
        if steady_ms <= self._steady_ms:
            self.not_forward += 1
            if self._steady_ms - steady_ms > _JUMP_BACK_MS:
                self.set_back += 1
                self._offset_ms = event_time_ms - self._steady_ms - _SMALLEST_STEP_MS
            steady_ms = self._steady_ms + _SMALLEST_STEP_MS
        self._steady_ms = steady_ms
        return steady_ms / 1000

    def since_last(self, event_time_ms: int) -> float:
        """Return the seconds from the last frame to `event_time_ms`, 0 before the first frame."""
        if self._steady_ms is None:
            return 0.0
        return max(0, event_time_ms - self._offset_ms - self._steady_ms) / 1000

    def event_time_ms(self, steady_seconds: float) -> int:
        """Return the event time of a moment of steady time, by the clock as it is now."""
        return max(0, round(steady_seconds * 1000) + self._offset_ms)
