"""Windows of several devices as time itself: who was there at each instant, whatever the windows' phase.

Devices need not begin their windows together, nor make them equally long. At any instant a count is the sum
of the windows that cover it, so seconds are those that some window covers, each once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

LONGEST_WINDOW: Final = timedelta(minutes=10)
"""How far before a stretch of time a window is looked for that reaches into it."""
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - naive UTC, as MySQL keeps it
_MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Window:
    """`count` were seen from `start` (naive UTC) for `seconds`, by one device or several together."""

    start: datetime
    seconds: float
    count: int


@dataclass
class Total:
    """A stretch of time: seconds that windows cover, the count times seconds, and the most at one instant."""

    seconds: float = 0.0
    count_seconds: float = 0.0
    maximum: int = 0


def totals_by_bucket(windows: Iterable[Window], bucket_seconds: int) -> dict[datetime, Total]:
    """Return what `windows` counted in each bucket of so many seconds since 1970, by its start (naive UTC).

    A window that reaches over the end of a bucket counts in both, with its seconds in each.
    """
    length = bucket_seconds * 1000
    found: dict[int, Total] = {}
    for start, end, count in _stretches(windows):
        at = start
        while at < end:
            bucket = at // length
            until = min(end, (bucket + 1) * length)
            _add(found.setdefault(bucket, Total()), (until - at) / 1000, count)
            at = until
    return {_EPOCH + bucket * length * _MILLISECOND: total for bucket, total in found.items()}


def _add(total: Total, seconds: float, count: int) -> None:
    total.seconds += seconds
    total.count_seconds += seconds * count
    total.maximum = max(total.maximum, count)


def _stretches(windows: Iterable[Window]) -> Iterable[tuple[int, int, int]]:
    """Yield stretches (milliseconds since 1970) in which the count stays the same and is not 0."""
    changes: dict[int, int] = {}
    for window in windows:
        start = (window.start - _EPOCH) // _MILLISECOND
        end = start + round(window.seconds * 1000)
        changes[start] = changes.get(start, 0) + window.count
        changes[end] = changes.get(end, 0) - window.count
    count, before = 0, 0
    for moment in sorted(changes):
        if count > 0:
            yield before, moment, count
        count, before = count + changes[moment], moment
