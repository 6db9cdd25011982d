"""What statistics ask MySQL: the minutes of the places' zones, the windows of its boxes, and hour totals."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from pymysql.cursors import Cursor

from lambdas.live_api.places import Feed, ZoneFeed
from lambdas.live_api.repository import Part
from lambdas.live_api.statistics import Bucket, Series
from lambdas.shared.geographic_box import GeographicBox, placeholders
from lambdas.shared.overlapping import LONGEST_WINDOW, Window, totals_by_bucket

MINUTE: Final = 60
_SUMS: Final = (
    "SUM(window_seconds), SUM(occupancy_mean * window_seconds), MAX(occupancy_maximum) FROM zone_counts"
)


def series_of_zones(
    cursor: Cursor, feeds: Collection[ZoneFeed], start: datetime, end: datetime, bucket_seconds: int
) -> dict[Part, Series]:
    """Return the good windows of zones from `start` until before `end` (naive UTC), by part and bucket."""
    found: dict[Part, dict[datetime, Bucket]] = {}
    for site, camera in sorted({(feed.site, feed.camera) for feed in feeds}):
        zones = sorted({feed.zone for feed in feeds if (feed.site, feed.camera) == (site, camera)})
        cursor.execute(
            f"SELECT FLOOR(UNIX_TIMESTAMP(event_time) / %s) AS bucket, zone, object_class, {_SUMS} "
            "WHERE camera = %s AND event_time >= %s AND event_time < %s AND site = %s AND suspect = 0 "
            f"AND zone IN ({placeholders(zones)}) GROUP BY bucket, zone, object_class",
            (bucket_seconds, camera, start, end, site, *zones),
        )
        for number, zone, object_class, seconds, summed, maximum in cursor.fetchall():
            moment = _moment(int(number) * bucket_seconds)
            part = (site, camera, str(zone), str(object_class))
            found.setdefault(part, {})[moment] = Bucket(seconds, summed / seconds, int(maximum))
    return dict(found)


def series_of_box(
    cursor: Cursor, box: GeographicBox, start: datetime, end: datetime, bucket_seconds: int = MINUTE
) -> Series:
    """Return who was in a box from `start` until before `end` (naive UTC), by overlapping time and bucket."""
    condition, values = box.condition()
    cursor.execute(
        "SELECT event_time, window_seconds, "  # noqa: S608 - names of ours
        "COUNT(DISTINCT device, COALESCE(camera, ''), epoch, track) FROM tracks "
        f"WHERE event_time >= %s AND event_time < %s AND suspect = 0 AND {condition} "
        "GROUP BY event_time, window_seconds",
        (start - LONGEST_WINDOW, end, *values),
    )
    windows = [Window(begun, float(seconds), int(count)) for begun, seconds, count in cursor.fetchall()]
    return {
        moment: Bucket(total.seconds, total.count_seconds / total.seconds, total.maximum)
        for moment, total in totals_by_bucket(windows, bucket_seconds).items()
        if start <= moment < end
    }


def hour_series(cursor: Cursor, feed: Feed, start: datetime, end: datetime) -> dict[Part, Series]:
    """Return the hour totals of a feed from `start` until before `end` (naive UTC), by part."""
    columns = "hour_start, seconds, occupancy_seconds, occupancy_maximum"
    if isinstance(feed, ZoneFeed):
        cursor.execute(
            f"SELECT object_class, {columns} FROM zone_hours WHERE site = %s AND camera = %s AND zone = %s "  # noqa: S608
            f"AND object_class IN ({placeholders(feed.object_classes)}) "
            "AND hour_start >= %s AND hour_start < %s",
            (feed.site, feed.camera, feed.zone, *feed.object_classes, start, end),
        )
        prefix: Part = (feed.site, feed.camera, feed.zone)
    else:
        cursor.execute(
            f"SELECT box, {columns} FROM box_hours WHERE box = %s AND hour_start >= %s AND hour_start < %s",  # noqa: S608
            (feed.digest, start, end),
        )
        prefix = ()
    found: dict[Part, dict[datetime, Bucket]] = {}
    for name, hour, seconds, summed, maximum in cursor.fetchall():
        if seconds > 0:
            found.setdefault((*prefix, str(name)), {})[hour] = Bucket(seconds, summed / seconds, int(maximum))
    return dict(found)


def bucket_seconds(windows: Sequence[float]) -> int:
    """Return the length of buckets that hold whole windows of these lengths: minutes, or longer ones."""
    return MINUTE * max(1, math.ceil(max(windows, default=MINUTE) / MINUTE))


def _moment(seconds: float) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).replace(tzinfo=None)


def only(parts: Collection[Part], series: Mapping[Part, Series]) -> list[Series]:
    """Return the series of each of `parts`, an empty one where nothing was counted."""
    return [series.get(part, {}) for part in parts]
