"""Turns frame times into event times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from contract.tables import CLOCK_SYNCED
from edge_components.vision.sources.frames import Frame, SourceInfo


class Clock(Protocol):
    """What is needed of the device's clock (`edge_components.runtime.clock.DeviceClock`)."""

    @property
    def quality(self) -> str:
        """One of the contract's clock qualities."""
        ...

    def now_ms(self) -> int:
        """Return the present event time in milliseconds since 1970 UTC."""
        ...

    def at_monotonic_ms(self, seconds: float) -> int:
        """Return the event time of a moment of `time.monotonic`."""
        ...

    def refresh(self) -> bool:
        """Look at the wall clock again when due; return whether event time was moved."""
        ...


class EventTimes:
    """Event times of a source's frames, in milliseconds since 1970 UTC.

    A live frame has the time of its grab. A file's frame has `start_time_ms` plus its presentation time; the
    start defaults to now less the file's duration, so that nothing lies in the future. `on_clock_moved` is
    called when time sync moved event time, so that records made before can be restamped.
    """

    def __init__(
        self,
        clock: Clock,
        info: SourceInfo,
        *,
        start_time_ms: int | None = None,
        on_clock_moved: Callable[[], object] | None = None,
    ) -> None:
        self._clock = clock
        self._live = info.live
        self._on_clock_moved = on_clock_moved
        duration_ms = round((info.duration_seconds or 0.0) * 1000)
        self._start_ms = clock.now_ms() - duration_ms if start_time_ms is None else start_time_ms
        self._quality = clock.quality if start_time_ms is None else CLOCK_SYNCED

    @property
    def quality(self) -> str:
        """The clock quality of what is recorded now."""
        return self._clock.quality if self._live else self._quality

    def of(self, frame: Frame) -> int:
        """Return the event time of `frame`."""
        if self._live:
            self._refresh()
        return self.at(frame.time_seconds)

    def at(self, time_seconds: float) -> int:
        """Return the event time of a moment on the scale of the frames' times."""
        if self._live:
            return self._clock.at_monotonic_ms(time_seconds)
        return self._start_ms + round(time_seconds * 1000)

    def _refresh(self) -> None:
        if self._clock.refresh() and self._on_clock_moved is not None:
            self._on_clock_moved()
