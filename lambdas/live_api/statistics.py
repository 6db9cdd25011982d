"""The last five local days and the last three hours of a place, made of buckets of time.

A bucket counts only where every feed of the place (each zone, each box) has data in it: the sum of some of
them would be too low, and missing is not zero. A class that a zone did not count then is no part of it, as in
the live count. Suspect windows are left out before.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = 5
STEPS = 18
STEP = timedelta(minutes=10)


@dataclass(frozen=True)
class Bucket:
    """What a part counted in one bucket: good seconds, mean and maximum."""

    seconds: float
    mean: float
    maximum: int


Series = Mapping[datetime, Bucket]
"""A part's buckets by their start (naive UTC)."""


@dataclass(frozen=True)
class Summary:
    """A stretch of time; `mean` and `maximum` are None where nothing was counted."""

    mean: float | None
    maximum: int | None
    minutes_with_data: int

    def as_dict(self) -> dict[str, object]:
        """Return it as the API shows it."""
        mean = None if self.mean is None else round(self.mean, 2)
        return {"mean": mean, "maximum": self.maximum, "minutes_with_data": self.minutes_with_data}


def together(parts: Sequence[Series]) -> dict[datetime, Bucket]:
    """Return the buckets in which every part has data, added up.

    The maximum of one part is the largest number at once; of several parts that is not known, for their
    largest numbers need not have been at one time: the sum of their means stands for it, rounded up.
    """
    if not parts:
        return {}
    if len(parts) == 1:
        return dict(parts[0])
    return {start: _sum([part[start] for part in parts]) for start in set(parts[0]).intersection(*parts[1:])}


def any_of(classes: Sequence[Series]) -> dict[datetime, Bucket]:
    """Return the buckets of a feed, in each of which the classes that were counted then are added up."""
    starts = set().union(*classes) if classes else set()
    return {start: _sum([one[start] for one in classes if start in one]) for start in starts}


def _sum(buckets: Sequence[Bucket]) -> Bucket:
    if len(buckets) == 1:
        return buckets[0]
    mean = math.fsum(bucket.mean for bucket in buckets)
    return Bucket(min(bucket.seconds for bucket in buckets), mean, math.ceil(mean))


def summary_of(buckets: Iterable[Bucket], at_most: timedelta) -> Summary:
    """Return buckets as one, weighted by their seconds; no more than `at_most` can have been counted."""
    listed = [bucket for bucket in buckets if bucket.seconds > 0]
    seconds = math.fsum(bucket.seconds for bucket in listed)
    if not listed:
        return Summary(None, None, 0)
    mean = math.fsum(bucket.mean * bucket.seconds for bucket in listed) / seconds
    minutes = round(min(seconds, at_most.total_seconds()) / 60)
    return Summary(mean, max(bucket.maximum for bucket in listed), minutes)


def local_days(now: datetime, time_zone: str) -> list[tuple[date, datetime, datetime]]:
    """Return the last `DAYS` local days, oldest first and today last: date, start and end (naive UTC).

    A day in which clocks change has 23 or 25 hours, and where midnight itself is skipped it begins at the
    first instant of its date.
    """
    zone = ZoneInfo(time_zone)
    today = now.replace(tzinfo=UTC).astimezone(zone).date()
    dates = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    return [(day, _midnight(day, zone), _midnight(day + timedelta(days=1), zone)) for day in dates]


def last_steps(now: datetime) -> list[tuple[datetime, datetime]]:
    """Return the last `STEPS` steps, oldest first and the one of `now` (naive UTC) last: start and end."""
    of_now = now.replace(minute=now.minute // 10 * 10, second=0, microsecond=0)
    starts = [of_now - STEP * back for back in range(STEPS - 1, -1, -1)]
    return [(start, start + STEP) for start in starts]


def within(buckets: Mapping[datetime, Bucket], start: datetime, end: datetime) -> Summary:
    """Return the buckets that begin from `start` until before `end` as one."""
    return summary_of(
        (bucket for moment, bucket in buckets.items() if start <= moment < end), at_most=end - start
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant (naive UTC) of a local date.

    A midnight that is skipped is taken with the offset of before, which is the instant of the change; of one
    that comes twice this is the first.
    """
    return datetime.combine(day, time(), zone).astimezone(UTC).replace(tzinfo=None)
