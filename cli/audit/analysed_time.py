"""When a camera was analysed, told by its own records: without that, missing would count as zero."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Span = tuple[int, int]
_OK, _ENDED = "ok", "ended"


@dataclass(frozen=True)
class Status:
    """A change of the camera's state; `first` says that a run began with it."""

    at_ms: int
    state: str
    first: bool


def run_spans(statuses: Sequence[Status], moments: Iterable[int]) -> list[Span]:
    """Return from when to when each run surely lasted.

    A run begins with its first status and ends with the last thing it recorded: its status `ended`, or the
    last of `moments`, times of any of its records, before the next run began. Of a run that began earlier
    than the records looked at, the first of them stands for its beginning.
    """
    ordered = sorted(statuses, key=lambda status: status.at_ms)
    times = sorted([*moments, *(status.at_ms for status in ordered)])
    if not times:
        return []
    starts = sorted({times[0], *(status.at_ms for status in ordered if status.first)})
    bounds = [*starts[1:], times[-1] + 1]
    return [
        (start, times[bisect_left(times, bound) - 1]) for start, bound in zip(starts, bounds, strict=True)
    ]


def unhealthy_spans(statuses: Sequence[Status]) -> list[Span]:
    """Return when the camera was neither well nor at its end, from status to status."""
    ordered = sorted(statuses, key=lambda status: status.at_ms)
    ends = [status.at_ms for status in ordered[1:]]
    return [
        (status.at_ms, end)
        for status, end in zip(ordered, ends, strict=False)
        if status.state not in (_OK, _ENDED)
    ]


def trimmed(windows: Sequence[Span], statuses: Sequence[Status]) -> list[Span]:
    """Return windows (start, end) without what lies before a run's first frame or after its end."""
    starts = [status.at_ms for status in statuses if status.first]
    ends = [status.at_ms for status in statuses if status.state == _ENDED]
    found = []
    for start, end in windows:
        begun = [at for at in starts if start < at < end]
        ended = [at for at in ends if start < at < end]
        # A window in which one run followed another is kept whole: it is told as suspect.
        restarted = bool(begun and ended)
        found.append(
            (start if restarted or not begun else begun[0], end if restarted or not ended else ended[-1])
        )
    return found
