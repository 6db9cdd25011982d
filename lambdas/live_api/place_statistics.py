"""`GET /places/{id}/statistics`: a place's live state, its last five local days, and its last three hours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from pymysql.cursors import Cursor

from lambdas.live_api import statistics_query as query
from lambdas.live_api.places import ZoneFeed, time_text
from lambdas.live_api.readings import Readings, parts_of
from lambdas.live_api.repository import Part
from lambdas.live_api.snapshot import PlaceNow
from lambdas.live_api.statistics import (
    Bucket,
    Series,
    Summary,
    any_of,
    last_steps,
    local_days,
    together,
    within,
)

DAYS_KEPT: Final = timedelta(minutes=10)
"""Late data of yesterday may show up so much later."""
MOST_KEPT_DAYS: Final = 4_000


class KeptDays:
    """Days that are over, kept for a while: each costs MySQL as much as today, and hardly ever changes.

    They belong to what was counted (site, feeds and time zone), never to a place's id: that may be given to
    another place, and of another site.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[object, ...], tuple[datetime, Summary]] = {}

    def get(self, one: PlaceNow, day: date, now: datetime) -> Summary | None:
        """Return what is kept of a day of a place as it is now; None when that is nothing."""
        until, summary = self._kept.get(_counted(one, day), (now, None))
        return summary if until > now else None

    def put(self, one: PlaceNow, day: date, now: datetime, summary: Summary) -> None:
        """Keep a day that is over."""
        if len(self._kept) >= MOST_KEPT_DAYS:
            self._kept.clear()
        self._kept[_counted(one, day)] = (now + DAYS_KEPT, summary)


def _counted(one: PlaceNow, day: date) -> tuple[object, ...]:
    return one.place.site, one.place.feeds, one.time_zone, day


def place_statistics(
    cursor: Cursor, one: PlaceNow, readings: Readings, now: datetime, kept: KeptDays
) -> dict[str, Any]:
    """Return the statistics of a place at `now` (naive UTC), as the API shows them."""
    days, steps = local_days(now, one.time_zone), last_steps(now)
    known = {day: kept.get(one, day, now) for day, _, _ in days}
    first = min(start for day, start, _ in days if known[day] is None)
    if all(isinstance(feed, ZoneFeed) for feed in one.place.feeds):
        of_days = of_steps = _minutes(cursor, one, readings, min(first, steps[0][0]), now)
    else:
        # MySQL keeps two days of tracks; of the days before, and so of all five, the totals tell.
        of_steps = _lately(cursor, one, readings, steps[0][0], now)
        of_days = _hours(cursor, one, first, now)
    summaries = {day: known[day] or within(of_days, start, end) for day, start, end in days}
    for day, _, end in days:
        if end <= now and known[day] is None:
            kept.put(one, day, now, summaries[day])
    return {
        "time_zone": one.time_zone,
        "live": one.as_dict(),
        "days": [
            {"date": day.isoformat(), **summaries[day].as_dict(), "complete": end <= now}
            for day, _, end in days
        ],
        "hours": [
            {"start": time_text(start), **within(of_steps, start, end).as_dict()} for start, end in steps
        ],
    }


def _minutes(
    cursor: Cursor, one: PlaceNow, readings: Readings, start: datetime, now: datetime
) -> dict[datetime, Bucket]:
    """Return the minutes of a place that only zones feed."""
    feeds = [feed for feed in one.place.feeds if isinstance(feed, ZoneFeed)]
    found = query.series_of_zones(cursor, feeds, start, now, _bucket_seconds(one, readings))
    return together(_series(one, found))


def _lately(
    cursor: Cursor, one: PlaceNow, readings: Readings, start: datetime, now: datetime
) -> dict[datetime, Bucket]:
    zones = [feed for feed in one.place.feeds if isinstance(feed, ZoneFeed)]
    seconds = _bucket_seconds(one, readings)
    found = query.series_of_zones(cursor, zones, start, now, seconds)
    for feed in one.place.feeds:
        if not isinstance(feed, ZoneFeed):
            found[(feed.digest,)] = query.series_of_box(cursor, feed, start, now, seconds)
    return together(_series(one, found))


def _bucket_seconds(one: PlaceNow, readings: Readings) -> int:
    """Return the length of buckets in which every feed has a window of its own."""
    read = [readings.get(feed) for feed in one.place.feeds]
    return query.bucket_seconds([reading.window_seconds for reading in read if reading is not None])


def _hours(cursor: Cursor, one: PlaceNow, start: datetime, now: datetime) -> dict[datetime, Bucket]:
    found = {}
    for feed in one.place.feeds:
        found.update(query.hour_series(cursor, feed, start, now + timedelta(hours=1)))
    return together(_series(one, found))


def _series(one: PlaceNow, found: Mapping[Part, Series]) -> list[Series]:
    """Return the buckets of each feed of a place, its classes added up."""
    return [any_of(query.only(parts_of(feed), found)) for feed in dict.fromkeys(one.place.feeds)]
