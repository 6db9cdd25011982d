"""What `live_api` asks MySQL of places; a statement is bounded by what they are fed by, or by a limit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Final

from pymysql.cursors import Cursor

from lambdas.live_api.places import FEED_COLUMNS, PLACE_COLUMNS, Place, feed_of_row, place_with_feeds
from lambdas.live_api.usual import HourTotal
from lambdas.shared.geographic_box import GeographicBox, placeholders
from lambdas.shared.mysql import select_within

Part = tuple[str, ...]
"""What is counted by itself: ``(site, camera, zone, class)`` of a zone, ``(digest,)`` of a box."""
MOST_PLACES: Final = 5_000
_TERMS_AT_ONCE: Final = 400
_TRACKS_OF_A_BOX: Final = 5_000
_FEEDS_OF_PLACES: Final = ", ".join(f"f.{name}" for name in FEED_COLUMNS)
# One statement sees one moment: read by two, a place could have the feeds of before an edit, and the version
# of after it.
_PLACES: Final = (
    f"SELECT {', '.join(f'p.{name}' for name in PLACE_COLUMNS)}, {_FEEDS_OF_PLACES} FROM "  # noqa: S608
    f"(SELECT {', '.join(PLACE_COLUMNS)} FROM places ORDER BY name, id LIMIT {MOST_PLACES}) AS p "
    "LEFT JOIN place_feeds AS f ON f.place_id = p.id ORDER BY p.name, p.id, f.number"
)
# A fleet has far more zones than places show: only the cameras that feed some are looked at.
_FED: Final = (
    "FROM (SELECT DISTINCT site, camera FROM place_feeds WHERE kind = 'zone') AS f "
    "STRAIGHT_JOIN zone_live AS l ON l.site = f.site AND l.camera = f.camera"
)
_FINGERPRINT: Final = (
    "SELECT (SELECT CONCAT_WS(':', COUNT(*), SUM(CRC32(CONCAT_WS(':', id, version, updated_at)))) "  # noqa: S608
    "FROM places), "
    f"(SELECT CONCAT_WS(':', COUNT(*), SUM(CRC32(l.record_id)), MAX(l.event_time)) {_FED})"
)
_NEWEST_OF_SITE: Final = "SELECT MAX(event_time) FROM tracks WHERE site = %s AND event_time <= %s"
_TRACKS: Final = (
    "SELECT CONCAT_WS(':', COUNT(*), SUM(CRC32(record_id)), MAX(event_time)) FROM tracks "
    "WHERE site = %s AND event_time > %s AND event_time <= %s"
)
_FINGERPRINT_REACHES: Final = timedelta(minutes=1)
_LIVE: Final = (
    "SELECT l.site, l.camera, l.zone, l.object_class, l.event_time, l.window_seconds, l.occupancy_last, "
    f"l.suspect, l.time_zone {_FED}"
)
# With one hour, the key of hours leads straight to each zone: it goes on with the primary key's columns.
_ZONE_HOURS: Final = (
    "SELECT h.site, h.camera, h.zone, h.object_class, h.hour_start, h.seconds, h.occupancy_seconds FROM "
    "(SELECT DISTINCT site, camera, zone FROM place_feeds WHERE kind = 'zone') AS f "
    "STRAIGHT_JOIN zone_hours AS h FORCE INDEX (zone_hours_hour_start) "
    "ON h.site = f.site AND h.camera = f.camera AND h.zone = f.zone "
    "WHERE h.hour_start = %s AND h.site IN ({sites})"
)
_TIME_ZONES: Final = (
    "SELECT time_zone FROM zone_live WHERE site = %s AND time_zone IS NOT NULL "
    "ORDER BY camera, zone, object_class LIMIT 20"
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


def fingerprint(cursor: Cursor) -> tuple[Any, ...]:
    """Return what differs when places or the newest counts of the zones that feed them do."""
    cursor.execute(_FINGERPRINT)
    return tuple(cursor.fetchone() or ())


def tracks_fingerprint(cursor: Cursor, sites: Collection[str], now: datetime) -> tuple[Any, ...]:
    """Return what differs when the tracks of the last minute of some site of `sites` do."""
    found: list[tuple[Any, ...]] = []
    for site in sorted(sites):
        cursor.execute(_NEWEST_OF_SITE, (site, now))
        (newest,) = cursor.fetchone() or (None,)
        if newest is not None:
            cursor.execute(_TRACKS, (site, newest - _FINGERPRINT_REACHES, now))
            found.append((site, *(cursor.fetchone() or ())))
    return tuple(found)


def read_places(cursor: Cursor) -> list[Place]:
    """Return every place with its feeds, by name, all as they were at one moment."""
    cursor.execute(_PLACES)
    width = len(PLACE_COLUMNS)
    return [
        place_with_feeds(row, [feed_of_row(one[width:]) for one in rows if one[width] is not None])
        for row, rows in groupby(cursor.fetchall(), key=lambda row: row[:width])
    ]


def live_rows(cursor: Cursor) -> dict[Part, LiveRow]:
    """Return the newest window of every zone and class of the cameras that feed places."""
    cursor.execute(_LIVE)
    return {
        (str(row[0]), str(row[1]), str(row[2]), str(row[3])): LiveRow(
            row[4], row[5], row[6], bool(row[7]), row[8]
        )
        for row in cursor.fetchall()
    }


def told_time_zones(cursor: Cursor, sites: Collection[str]) -> dict[str, list[str]]:
    """Return the time zones that some cameras of each site tell, whatever these texts are."""
    found = {}
    for site in sorted(sites):
        cursor.execute(_TIME_ZONES, (site,))
        found[site] = [str(row[0]) for row in cursor.fetchall()]
    return found


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


def box_rows(
    cursor: Cursor, box: GeographicBox, between: tuple[datetime, datetime], seconds: float
) -> list[BoxRow]:
    """Return the tracks in `box` by device and window that starts after and until `between`, newest first.

    Raises `pymysql.MySQLError` with a code of `STOPPED_ERRORS` when that takes more than `seconds`.
    """
    condition, values = box.condition()
    cursor.execute(
        f"{select_within(seconds)} device, event_time, MAX(window_seconds), "
        "COUNT(DISTINCT COALESCE(camera, ''), epoch, track), "
        f"MAX(suspect) FROM tracks WHERE event_time > %s AND event_time <= %s AND {condition} "
        f"GROUP BY device, event_time ORDER BY event_time DESC, device LIMIT {_TRACKS_OF_A_BOX}",
        (*between, *values),
    )
    return [BoxRow(row[0], row[1], row[2], int(row[3]), bool(row[4])) for row in cursor.fetchall()]


def zone_hours(
    cursor: Cursor, sites: Collection[str], hours: Collection[datetime]
) -> dict[Part, dict[datetime, HourTotal]]:
    """Return the totals, in single `hours`, of the zones of `sites` that feed places."""
    found: list[tuple[Any, ...]] = []
    for hour in sorted(hours) if sites else ():
        cursor.execute(_ZONE_HOURS.format(sites=placeholders(tuple(sites))), (hour, *sorted(sites)))
        found += cursor.fetchall()
    return _totals(((row[0], row[1], row[2], row[3]), *row[4:]) for row in found)


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


def _totals(rows: Iterable[tuple[Any, ...]]) -> dict[Part, dict[datetime, HourTotal]]:
    found: dict[Part, dict[datetime, HourTotal]] = {}
    for part, hour, seconds, occupancy_seconds in rows:
        found.setdefault(part, {})[hour] = HourTotal(seconds, occupancy_seconds)
    return found


def _in_parts(values: Sequence[Any], most: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), most):
        yield values[start : start + most]
