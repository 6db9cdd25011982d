"""How many frames a second a camera gives, and how many it usually gives."""

from __future__ import annotations

from collections import deque

_CHECK_SECONDS = 0.5
_STEADY_SHARE = 0.15


class FrameRate:
    """The frame rate over the last `window_seconds`, and the usual one.

    The usual rate is the highest there was, until a lower one has been steady, within 15 % of its mean, for
    `settle_seconds`: a camera that lengthens its exposure by night gives fewer frames evenly, while a network
    or a machine that is too weak gives them now and then.
    """

    def __init__(self, window_seconds: float, settle_seconds: float) -> None:
        self._window_seconds = window_seconds
        self._settle_seconds = settle_seconds
        self._points: deque[tuple[float, int]] = deque()
        self._history: deque[tuple[float, float]] = deque()
        self.present: float | None = None
        self.usual = 0.0

    def restart(self) -> None:
        """Begin anew after a time without frames; the usual rate is kept."""
        self._points.clear()
        self._history.clear()
        self.present = None

    def observe(self, index: int, seconds: float) -> None:
        """Take in a frame by its number and time."""
        if self._points and seconds - self._points[-1][0] < _CHECK_SECONDS:
            return
        self._points.append((seconds, index))
        while len(self._points) > 2 and seconds - self._points[1][0] >= self._window_seconds:
            self._points.popleft()
        first_seconds, first_index = self._points[0]
        elapsed_seconds = seconds - first_seconds
        if elapsed_seconds >= self._window_seconds:
            self.present = (index - first_index) / elapsed_seconds
            self._judge(seconds, self.present)

    def _judge(self, seconds: float, present: float) -> None:
        history = self._history
        history.append((seconds, present))
        while len(history) > 2 and seconds - history[1][0] >= self._settle_seconds:
            history.popleft()
        if present >= self.usual:
            self.usual = present
        elif seconds - history[0][0] >= self._settle_seconds:
            rates = [rate for _, rate in history]
            mean = sum(rates) / len(rates)
            if max(rates) - min(rates) <= _STEADY_SHARE * mean:
                self.usual = mean
