"""`GET /places/{id}/statistics`: a place's live state, its last five local days, and its last three hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pymysql.cursors import Cursor

from lambdas.live_api import statistics_query as query
from lambdas.live_api.places import ZoneFeed, time_text
from lambdas.live_api.readings import Readings, parts_of
from lambdas.live_api.snapshot import PlaceNow
from lambdas.live_api.statistics import Bucket, last_steps, local_days, together, within


def place_statistics(cursor: Cursor, one: PlaceNow, readings: Readings, now: datetime) -> dict[str, Any]:
    """Return the statistics of a place at `now` (naive UTC), as the API shows them."""
    days, steps = local_days(now, one.time_zone), last_steps(now)
    minutes = _buckets(cursor, one, readings, min(days[0][1], steps[0][0]), now)
    lately = minutes
    if any(not isinstance(feed, ZoneFeed) for feed in one.place.feeds):
        # MySQL keeps two days of tracks; of the days before, and so of all five, the totals tell.
        lately = _lately(cursor, one, steps[0][0], now)
        minutes = _hours(cursor, one, days[0][1], now)
    return {
        "time_zone": one.time_zone,
        "live": one.as_dict(),
        "days": [
            {"date": day.isoformat(), **within(minutes, start, end).as_dict(), "complete": end <= now}
            for day, start, end in days
        ],
        "hours": [
            {"start": time_text(start), **within(lately, start, end).as_dict()} for start, end in steps
        ],
    }


def _buckets(
    cursor: Cursor, one: PlaceNow, readings: Readings, start: datetime, now: datetime
) -> dict[datetime, Bucket]:
    """Return the minutes of a place that only zones feed; nothing for any other."""
    feeds = [feed for feed in one.place.feeds if isinstance(feed, ZoneFeed)]
    if len(feeds) < len(one.place.feeds):
        return {}
    windows = [reading.window_seconds for feed in feeds if (reading := readings.get(feed)) is not None]
    found = query.series_of_zones(cursor, feeds, start, now, query.bucket_seconds(windows))
    return together(query.only(_parts(one), found))


def _lately(cursor: Cursor, one: PlaceNow, start: datetime, now: datetime) -> dict[datetime, Bucket]:
    zones = [feed for feed in one.place.feeds if isinstance(feed, ZoneFeed)]
    found = query.series_of_zones(cursor, zones, start, now, query.MINUTE)
    for feed in one.place.feeds:
        if not isinstance(feed, ZoneFeed):
            found[(feed.digest,)] = query.series_of_box(cursor, feed, start, now)
    return together(query.only(_parts(one), found))


def _hours(cursor: Cursor, one: PlaceNow, start: datetime, now: datetime) -> dict[datetime, Bucket]:
    found = {}
    for feed in one.place.feeds:
        found.update(query.hour_series(cursor, feed, start, now + timedelta(hours=1)))
    return together(query.only(_parts(one), found))


def _parts(one: PlaceNow) -> Sequence[tuple[str, ...]]:
    return list(dict.fromkeys(part for feed in one.place.feeds for part in parts_of(feed)))
