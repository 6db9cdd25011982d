"""What `live_api` asks MySQL; every statement is bounded by what places are fed by, or by a limit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from pymysql.cursors import Cursor

from lambdas.live_api.places import FEED_COLUMNS, PLACE_COLUMNS, Feed, Place, feed_of_row, place_with_feeds
from lambdas.live_api.usual import HourTotal
from lambdas.shared.geographic_box import GeographicBox, placeholders

Part = tuple[str, ...]
"""What is counted by itself: ``(site, camera, zone, class)`` of a zone, ``(digest,)`` of a box."""
MOST_PLACES: Final = 5_000
MOST_CHOICES: Final = 5_000
_TERMS_AT_ONCE: Final = 400
_TRACKS_OF_A_BOX: Final = 5_000
_PLACES: Final = f"SELECT {', '.join(PLACE_COLUMNS)} FROM places ORDER BY name, id LIMIT {MOST_PLACES}"  # noqa: S608
_FEEDS: Final = f"SELECT place_id, {', '.join(FEED_COLUMNS)} FROM place_feeds ORDER BY place_id, number"  # noqa: S608
_FINGERPRINT: Final = (
    "SELECT (SELECT CONCAT_WS(':', COUNT(*), SUM(CRC32(CONCAT_WS(':', id, version, updated_at)))) "
    "FROM places), "
    "(SELECT CONCAT_WS(':', COUNT(*), SUM(CRC32(record_id)), MAX(event_time)) FROM zone_live), "
    "(SELECT CONCAT_WS(':', COUNT(*), SUM(CRC32(record_id)), MAX(event_time)) FROM tracks "
    "WHERE EXISTS (SELECT 1 FROM place_feeds WHERE kind = 'box') AND event_time <= %s AND event_time > "
    "DATE_SUB((SELECT MAX(event_time) FROM tracks WHERE event_time <= %s), INTERVAL 1 MINUTE))"
)
_LIVE: Final = (
    "SELECT site, camera, zone, object_class, event_time, window_seconds, occupancy_last, suspect, time_zone "
    "FROM zone_live"
)


@dataclass(frozen=True)
class LiveRow:
    """The newest window of a zone and class; `event_time`, its start, is naive UTC."""

    event_time: datetime
    window_seconds: float
    occupancy: int
    suspect: bool
    time_zone: str | None


@dataclass(frozen=True)
class BoxRow:
    """How many distinct tracks of a device lay in a box in one window that began at `event_time`."""

    device: str
    event_time: datetime
    window_seconds: float
    tracks: int
    suspect: bool


@dataclass(frozen=True)
class ZoneChoice:
    """A zone that has counted within the days that MySQL keeps; `last_seen_at` is naive UTC."""

    site: str
    camera: str
    zone: str
    object_classes: list[str]
    device: str
    last_seen_at: datetime


@dataclass(frozen=True)
class DeviceChoice:
    """A device whose tracks lay on the map: of each class, its edges and when it was last seen."""

    site: str
    device: str
    rows: tuple[tuple[Any, ...], ...]
    """Class, west, south, east, north, start of the newest window."""


def fingerprint(cursor: Cursor, now: datetime) -> tuple[Any, ...]:
    """Return what differs when anything does that the map shows: places, live counts, newest tracks."""
    cursor.execute(_FINGERPRINT, (now, now))
    return tuple(cursor.fetchone() or ())


def read_places(cursor: Cursor) -> list[Place]:
    """Return every place with its feeds, by name."""
    cursor.execute(_FEEDS)
    feeds: dict[str, list[Feed]] = {
        place_id: [feed_of_row(row[1:]) for row in rows]
        for place_id, rows in groupby(cursor.fetchall(), key=lambda row: str(row[0]))
    }
    cursor.execute(_PLACES)
    return [place_with_feeds(row, feeds.get(row[0], ())) for row in cursor.fetchall()]


def live_rows(cursor: Cursor) -> dict[Part, LiveRow]:
    """Return the newest window of every zone and class: a few rows a camera."""
    cursor.execute(_LIVE)
    return {
        (str(row[0]), str(row[1]), str(row[2]), str(row[3])): LiveRow(
            row[4], row[5], row[6], bool(row[7]), row[8]
        )
        for row in cursor.fetchall()
    }


def counts_at(cursor: Cursor, wanted: Collection[tuple[Part, datetime]]) -> dict[tuple[Part, datetime], int]:
    """Return the count of each wanted zone and class in the window that began then, if there is one."""
    found: dict[tuple[Part, datetime], int] = {}
    moments = sorted({(part[1], moment) for part, moment in wanted})
    for some in _in_parts(moments, _TERMS_AT_ONCE):
        # The terms read the index by camera and time, as a join on a computed time would not.
        terms = " OR ".join(["(camera = %s AND event_time = %s)"] * len(some))
        cursor.execute(
            "SELECT site, camera, zone, object_class, event_time, occupancy_last FROM zone_counts "  # noqa: S608
            f"WHERE {terms}",
            [value for term in some for value in term],
        )
        found.update({((row[0], row[1], row[2], row[3]), row[4]): int(row[5]) for row in cursor.fetchall()})
    return {key: found[key] for key in wanted if key in found}


def box_rows(cursor: Cursor, box: GeographicBox, since: datetime, until: datetime) -> list[BoxRow]:
    """Return the tracks in `box` by device and window, starts after `since` until `until`, newest first."""
    condition, values = box.condition()
    cursor.execute(
        "SELECT device, event_time, MAX(window_seconds), COUNT(DISTINCT COALESCE(camera, ''), epoch, track), "  # noqa: S608
        f"MAX(suspect) FROM tracks WHERE event_time > %s AND event_time <= %s AND {condition} "
        f"GROUP BY device, event_time ORDER BY event_time DESC, device LIMIT {_TRACKS_OF_A_BOX}",
        (since, until, *values),
    )
    return [BoxRow(row[0], row[1], row[2], int(row[3]), bool(row[4])) for row in cursor.fetchall()]


def zone_hours(
    cursor: Cursor, sites: Collection[str], hours: Collection[datetime]
) -> dict[Part, dict[datetime, HourTotal]]:
    """Return the totals of the zones of `sites` in single `hours`."""
    if not sites or not hours:
        return {}
    cursor.execute(
        "SELECT site, camera, zone, object_class, hour_start, seconds, occupancy_seconds FROM zone_hours "  # noqa: S608
        f"WHERE hour_start IN ({placeholders(tuple(hours))}) AND site IN ({placeholders(tuple(sites))})",
        (*sorted(hours), *sorted(sites)),
    )
    return _totals(((row[0], row[1], row[2], row[3]), *row[4:]) for row in cursor.fetchall())


def box_hours(
    cursor: Cursor, digests: Collection[str], hours: Collection[datetime]
) -> dict[Part, dict[datetime, HourTotal]]:
    """Return the totals of boxes in single `hours`."""
    if not digests or not hours:
        return {}
    cursor.execute(
        "SELECT box, hour_start, seconds, occupancy_seconds FROM box_hours "  # noqa: S608
        f"WHERE box IN ({placeholders(tuple(digests))}) AND hour_start IN ({placeholders(tuple(hours))})",
        (*sorted(digests), *sorted(hours)),
    )
    return _totals(((row[0],), *row[1:]) for row in cursor.fetchall())


def zone_choices(cursor: Cursor) -> list[ZoneChoice]:
    """Return the zones there are to choose from, by site, camera and zone."""
    cursor.execute(
        "SELECT site, camera, zone, object_class, device, "  # noqa: S608
        "DATE_ADD(event_time, INTERVAL ROUND(window_seconds * 1000000) MICROSECOND) FROM zone_live "
        f"ORDER BY site, camera, zone, object_class LIMIT {MOST_CHOICES}"
    )
    choices = []
    for key, rows in groupby(cursor.fetchall(), key=lambda row: (row[0], row[1], row[2])):
        listed = list(rows)
        newest = max(listed, key=lambda row: row[5])
        choices.append(ZoneChoice(*key, [row[3] for row in listed], newest[4], newest[5]))
    return choices


def device_choices(cursor: Cursor, since: datetime) -> list[DeviceChoice]:
    """Return the devices whose tracks lay on the map since then, and where."""
    cursor.execute(
        "SELECT site, device, object_class, MIN(longitude), MIN(latitude), MAX(longitude), MAX(latitude), "  # noqa: S608
        "MAX(event_time) FROM tracks "
        "WHERE event_time > %s AND longitude IS NOT NULL AND latitude IS NOT NULL "
        f"GROUP BY site, device, object_class ORDER BY site, device, object_class LIMIT {MOST_CHOICES}",
        (since,),
    )
    return [
        DeviceChoice(*key, rows=tuple(tuple(row[2:]) for row in rows))
        for key, rows in groupby(cursor.fetchall(), key=lambda row: (row[0], row[1]))
    ]


def _totals(rows: Iterable[tuple[Any, ...]]) -> dict[Part, dict[datetime, HourTotal]]:
    found: dict[Part, dict[datetime, HourTotal]] = {}
    for part, hour, seconds, occupancy_seconds in rows:
        found.setdefault(part, {})[hour] = HourTotal(seconds, occupancy_seconds)
    return found


def _in_parts(values: Sequence[Any], most: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), most):
        yield values[start : start + most]
