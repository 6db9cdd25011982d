"""What is usual: the mean of the same hour of the week over the last weeks, and a count against it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

WEEKS = 4
LEAST_WEEKS = 2
"""One week alone may have been a holiday: until there are two, the count that was typed in is usual."""
LEAST_SECONDS = 900.0
"""An hour of which less than a quarter was counted says nothing about the hour."""
LEVELS = ((200, "very_crowded"), (150, "crowded"), (100, "normal"), (50, "relaxed"), (0, "very_relaxed"))


@dataclass(frozen=True)
class HourTotal:
    """What was counted in an hour: the seconds of good windows, and count times seconds over them."""

    seconds: float
    occupancy_seconds: float


@dataclass(frozen=True)
class Usual:
    """The usual count; `weeks` is 0 where a person typed it in."""

    count: float
    weeks: int

    def as_dict(self) -> dict[str, object]:
        """Return it as the API shows it."""
        source = "history" if self.weeks else "manual"
        return {"count": round(self.count, 2), "source": source, "weeks": self.weeks}


@lru_cache(maxsize=512)
def same_hours(hour_start: datetime, time_zone: str) -> tuple[datetime, ...]:
    """Return the hours (naive UTC) of the last `WEEKS` weeks that are the hour of week of `hour_start`.

    The hour of week is the local one, also across a change of clocks: nine in the morning stays nine. Totals
    are by UTC hour; where local hours begin at half past, an hour stands for the local one it begins in.
    """
    zone = ZoneInfo(time_zone)
    local = hour_start.replace(tzinfo=UTC).astimezone(zone)
    found = []
    for week in range(1, WEEKS + 1):
        then = (local - timedelta(weeks=week)).astimezone(UTC)
        found.append(then.replace(tzinfo=None, minute=0, second=0, microsecond=0))
    return tuple(found)


def hour_of(moment: datetime) -> datetime:
    """Return the start of the hour that `moment` (naive UTC) lies in."""
    return moment.replace(minute=0, second=0, microsecond=0)


def usual_count(hours: Sequence[Sequence[HourTotal | None]], manual: float | None) -> Usual | None:
    """Return what is usual from each week's totals of every part that is counted together.

    `hours` has an item a week, with an item a part (a zone and class, or a box). A week in which a part is
    missing, or was hardly counted, is left out. `manual` counts until there are `LEAST_WEEKS`, None means
    that nobody typed one in.
    """
    weeks = [mean for parts in hours if (mean := _mean(parts)) is not None]
    if len(weeks) >= LEAST_WEEKS:
        return Usual(math.fsum(weeks) / len(weeks), len(weeks))
    return None if manual is None else Usual(manual, 0)


def _mean(parts: Sequence[HourTotal | None]) -> float | None:
    good = [part for part in parts if part is not None and part.seconds >= LEAST_SECONDS]
    if not parts or len(good) < len(parts):
        return None
    return math.fsum(part.occupancy_seconds / part.seconds for part in good)


def percent_of(count: int | None, usual: Usual | None) -> int | None:
    """Return `count` as a percentage of what is usual, halves up; None where there is nothing to compare."""
    if count is None or usual is None or usual.count <= 0:
        return None
    return math.floor(count / usual.count * 100 + 0.5)


def level_of(percent: int | None) -> str | None:
    """Return the name of the level that `percent` lies in."""
    if percent is None:
        return None
    return next(name for least, name in LEVELS if percent >= least)


Totals = Mapping[tuple[str, ...], Mapping[datetime, HourTotal]]
"""Hour totals by part, ``(site, camera, zone, class)`` or ``(box digest,)``, and by hour (naive UTC)."""
