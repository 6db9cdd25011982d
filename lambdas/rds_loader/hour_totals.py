"""Totals of one hour, of zones or of one box, made anew from the rows that MySQL has."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Final

import pymysql
from pymysql.cursors import Cursor

from lambdas.shared.geographic_box import GeographicBox, placeholders
from lambdas.shared.overlapping import LONGEST_WINDOW, Window, totals_by_bucket

STATEMENT_SECONDS: Final = 8.0
"""What reading the rows of one total may take; then the server itself ends it, and others have their turn."""
STOPPED_ERRORS: Final = frozenset({3024, 1969})
"""The server ended a query that took too long: the number of MySQL, and of MariaDB."""
HOUR: Final = timedelta(hours=1)
_ROWS_PER_STATEMENT: Final = 500
_ZONE_TOTALS: Final = """
SELECT site, camera, zone, object_class, %s, SUM(IF(suspect, 0, window_seconds)),
       SUM(IF(suspect, 0, occupancy_mean * window_seconds)), MAX(IF(suspect, 0, occupancy_maximum)),
       SUM(IF(suspect, window_seconds, 0))
FROM zone_counts"""
_ZONE_COLUMNS: Final = (
    "site, camera, zone, object_class, hour_start, seconds, occupancy_seconds, occupancy_maximum, "
    "suspect_seconds"
)
_BOX_COLUMNS: Final = (
    "site, device, west, south, east, north, azimuth_from, azimuth_to, object_classes FROM place_feeds"
)


def make_zones(cursor: Cursor, site: str, cameras: Sequence[str], hour_start: datetime) -> None:
    """Make the totals of an hour of the zones of `cameras`."""
    of_cameras = f"site = %s AND camera IN ({placeholders(cameras)})"
    with _at_most(cursor, STATEMENT_SECONDS):
        cursor.execute(
            f"{_ZONE_TOTALS} WHERE {of_cameras} AND event_time >= %s AND event_time < %s "
            "GROUP BY site, camera, zone, object_class",
            (hour_start, site, *cameras, hour_start, hour_start + HOUR),
        )
        rows = list(cursor.fetchall())
    cursor.execute(
        f"DELETE FROM zone_hours WHERE {of_cameras} AND hour_start = %s",  # noqa: S608
        (site, *cameras, hour_start),
    )
    for start in range(0, len(rows), _ROWS_PER_STATEMENT):
        part = rows[start : start + _ROWS_PER_STATEMENT]
        groups = ", ".join([f"({placeholders(part[0])})"] * len(part))
        cursor.execute(
            f"INSERT INTO zone_hours ({_ZONE_COLUMNS}) VALUES {groups}",  # noqa: S608 - names of ours
            list(chain.from_iterable(part)),
        )


def make_box(cursor: Cursor, digest: str, box: GeographicBox, hour_start: datetime) -> None:
    """Make the totals of an hour of a box, of windows that lie in it or reach into it, by overlapping time.

    A window in which nobody was there is not in them: nothing tells whether the camera of a drone looked
    there meanwhile, and missing is not zero.
    """
    windows = _windows(cursor, box, hour_start - LONGEST_WINDOW, hour_start + HOUR)
    total = totals_by_bucket(windows, int(HOUR.total_seconds())).get(hour_start)
    cursor.execute("DELETE FROM box_hours WHERE box = %s AND hour_start = %s", (digest, hour_start))
    if total is not None:
        cursor.execute(
            "INSERT INTO box_hours (box, hour_start, seconds, occupancy_seconds, occupancy_maximum) "
            "VALUES (%s, %s, %s, %s, %s)",
            (digest, hour_start, total.seconds, total.count_seconds, total.maximum),
        )


def _windows(cursor: Cursor, box: GeographicBox, since: datetime, until: datetime) -> Iterable[Window]:
    """Return the windows of a box that begin in a stretch of time, those that are one stretch together."""
    condition, values = box.condition()
    with _at_most(cursor, STATEMENT_SECONDS):
        cursor.execute(
            "SELECT event_time, window_seconds, "  # noqa: S608 - names of ours
            "COUNT(DISTINCT device, COALESCE(camera, ''), epoch, track) FROM tracks "
            f"WHERE event_time >= %s AND event_time < %s AND suspect = 0 AND {condition} "
            "GROUP BY event_time, window_seconds",
            (since, until, *values),
        )
        return [Window(start, float(seconds), int(count)) for start, seconds, count in cursor.fetchall()]


def boxes(cursor: Cursor, site: str) -> dict[str, GeographicBox]:
    """Return the boxes that places of `site` are fed by, by their digest, but for those nobody can read."""
    return read_boxes(cursor, site)[0]


def read_boxes(cursor: Cursor, site: str) -> tuple[dict[str, GeographicBox], list[str]]:
    """Return the boxes of `site` by their digest, and a sentence for each whose classes cannot be read."""
    cursor.execute(f"SELECT {_BOX_COLUMNS} WHERE kind = 'box' AND site = %s", (site,))
    found: dict[str, GeographicBox] = {}
    unreadable = []
    for row in cursor.fetchall():
        classes = _classes(row[-1])
        if classes is None:
            unreadable.append(
                f"a box of a place of {site} has object_classes {row[-1]!r}: expected a list of names"
            )
            continue
        values: tuple[Any, ...] = (*row[:-1], classes)
        box = GeographicBox(*values)
        found[box.digest] = box
    return found, unreadable


def _classes(text: str) -> tuple[str, ...] | None:
    try:
        found: Any = json.loads(text)
    except ValueError:
        return None
    listed = isinstance(found, list) and bool(found) and all(isinstance(name, str) for name in found)
    return tuple(found) if listed else None


@contextmanager
def _at_most(cursor: Cursor, seconds: float) -> Iterator[None]:
    """Have the server end a SELECT after so many seconds: a lost connection would leave it running."""
    cursor.execute("SELECT VERSION()")
    maria = "MariaDB" in str(cursor.fetchone())
    name = "max_statement_time" if maria else "max_execution_time"
    cursor.execute(f"SET SESSION {name} = {seconds if maria else round(seconds * 1000)}")
    try:
        yield
    finally:
        with suppress(pymysql.MySQLError):
            cursor.execute(f"SET SESSION {name} = DEFAULT")
