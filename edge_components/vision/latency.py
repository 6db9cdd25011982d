"""Percentiles of times in fixed memory."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

_SMALLEST_MILLISECONDS = 0.001
_BINS_PER_DECADE = 64
_DECADES = 9
_RATIO = 10 ** (1 / _BINS_PER_DECADE)
RECENT_SECONDS = 60.0


@dataclass(frozen=True)
class LatencySummary:
    """Percentiles in milliseconds, right within 2 %."""

    p50: float
    p95: float
    p99: float
    maximum: float


class LatencyHistogram:
    """Counts times in logarithmic bins from 1 µs to 1,000 s; each is 3.7 % wide."""

    def __init__(self) -> None:
        self._counts = [0] * (_BINS_PER_DECADE * _DECADES + 1)
        self._maximum_milliseconds = 0.0
        self.total = 0

    def add(self, milliseconds: float) -> None:
        """Count one time."""
        ratio = max(milliseconds, _SMALLEST_MILLISECONDS) / _SMALLEST_MILLISECONDS
        place = int(math.log10(ratio) * _BINS_PER_DECADE)
        self._counts[min(place, len(self._counts) - 1)] += 1
        self._maximum_milliseconds = max(self._maximum_milliseconds, milliseconds)
        self.total += 1

    def take_in(self, other: LatencyHistogram) -> None:
        """Count what `other` has counted, too."""
        self._counts = [own + more for own, more in zip(self._counts, other._counts, strict=True)]
        self._maximum_milliseconds = max(self._maximum_milliseconds, other._maximum_milliseconds)
        self.total += other.total

    def percentile(self, percent: float) -> float:
        """Return the time that `percent` of 100 are at or below, in milliseconds; 0 when there are none."""
        wanted = math.ceil(self.total * percent / 100)
        seen = 0
        for place, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                middle: float = _SMALLEST_MILLISECONDS * _RATIO ** (place + 0.5)
                return min(middle, self._maximum_milliseconds)
        return 0.0

    def summary(self) -> LatencySummary:
        """Return the usual percentiles, rounded to a microsecond."""
        figures = (*(self.percentile(percent) for percent in (50, 95, 99)), self._maximum_milliseconds)
        return LatencySummary(*(round(figure, 3) for figure in figures))


class RecentLatency:
    """Percentiles of the last minute: of two histograms of half a minute that alternate, together."""

    def __init__(
        self, seconds: float = RECENT_SECONDS, monotonic_seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._half_seconds = seconds / 2
        self._monotonic_seconds = monotonic_seconds
        self.restart()

    def restart(self) -> None:
        """Forget all: what follows has nothing to do with what was."""
        self._before, self._present = LatencyHistogram(), LatencyHistogram()
        self._began_seconds = self._monotonic_seconds()

    def add(self, milliseconds: float) -> None:
        """Count one time."""
        self._turn_over()
        self._present.add(milliseconds)

    def summary(self) -> LatencySummary | None:
        """Return the usual percentiles, None when nothing came for a minute."""
        self._turn_over()
        both = LatencyHistogram()
        both.take_in(self._before)
        both.take_in(self._present)
        return both.summary() if both.total else None

    def _turn_over(self) -> None:
        passed_seconds = self._monotonic_seconds() - self._began_seconds
        if passed_seconds >= 2 * self._half_seconds:
            self.restart()
        elif passed_seconds >= self._half_seconds:
            self._before, self._present = self._present, LatencyHistogram()
            self._began_seconds += self._half_seconds
