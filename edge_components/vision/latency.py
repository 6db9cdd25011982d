"""Percentiles of times in fixed memory."""

from __future__ import annotations

import math
from dataclasses import dataclass

_SMALLEST_MILLISECONDS = 0.001
_BINS_PER_DECADE = 64
_DECADES = 9
_RATIO = 10 ** (1 / _BINS_PER_DECADE)


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
