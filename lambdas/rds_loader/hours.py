"""`zone_hours` and `box_hours`: what was counted in each hour, kept for weeks after the rows are gone.

A load notes, in its own transaction, the hours whose rows it changed (`hours_due`). Once an hour is over, its
totals are made anew from all its rows and replace the old ones: nothing is ever added to a total, so an
object loaded twice, a late one and a rebuild all end in the same numbers.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain, groupby
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from pymysql.cursors import Cursor

from contract.mysql import KEPT_DAYS
from contract.tables import TRACKS, ZONE_COUNTS, Table
from lambdas.shared.geographic_box import GeographicBox, placeholders
from lambdas.shared.mysql import Database

KEPT: Final = timedelta(days=36)
"""Five weeks, of which four make what is usual, and the day that a time zone may be away."""
_HOUR: Final = timedelta(hours=1)
_OVER: Final = timedelta(minutes=2)
"""A live device's last window of an hour is in MySQL by then; what comes later makes the hour due again."""
_ROWS_PER_STATEMENT: Final = 500
_DUE_AT_ONCE: Final = 200
_NOTE: Final = "INSERT INTO hours_due (hour_start, source, site, camera) VALUES "
_ZONE_TOTALS: Final = """
INSERT INTO zone_hours (site, camera, zone, object_class, hour_start, seconds, occupancy_seconds,
                        occupancy_maximum, suspect_seconds)
SELECT site, camera, zone, object_class, %s, SUM(IF(suspect, 0, window_seconds)),
       SUM(IF(suspect, 0, occupancy_mean * window_seconds)), MAX(IF(suspect, 0, occupancy_maximum)),
       SUM(IF(suspect, window_seconds, 0))
FROM zone_counts"""
_BOX_COLUMNS: Final = (
    "site, device, west, south, east, north, azimuth_from, azimuth_to, object_classes FROM place_feeds"
)


@dataclass(frozen=True, order=True)
class DueHour:
    """An hour (naive UTC) of one camera's `zone_counts`, or, with camera "", of a site's `tracks`."""

    hour_start: datetime
    source: str
    site: str
    camera: str


def note_due(cursor: Cursor, table: Table, rows: pa.Table) -> None:
    """Note the hours that the rows of `table` lie in, within the transaction that writes the rows."""
    due = sorted(due_hours(table, rows))
    for start in range(0, len(due), _ROWS_PER_STATEMENT):
        part = due[start : start + _ROWS_PER_STATEMENT]
        values = chain.from_iterable((one.hour_start, one.source, one.site, one.camera) for one in part)
        # Also a row that is there is locked: whoever makes the totals of this hour waits for our rows.
        statement = (
            f"{_NOTE}{', '.join(['(%s, %s, %s, %s)'] * len(part))} ON DUPLICATE KEY UPDATE site = site"
        )
        cursor.execute(statement, list(values))


def due_hours(table: Table, rows: pa.Table) -> set[DueHour]:
    """Return the hours that rows of `zone_counts` with a camera, or of `tracks` on the map, lie in."""
    if table not in (ZONE_COUNTS, TRACKS) or not rows.num_rows:
        return set()
    of_zones = table is ZONE_COUNTS
    kept: Any = pc.is_valid(rows.column("camera" if of_zones else "longitude"))
    rows = rows.filter(kept)
    hours: Any = pc.floor_temporal(rows.column("event_time"), unit="hour")
    columns = {"hour": hours, "site": rows.column("site")}
    columns["camera"] = rows.column("camera") if of_zones else pa.array([""] * rows.num_rows, pa.string())
    distinct = pa.table(columns).group_by(["hour", "site", "camera"]).aggregate([]).to_pylist()
    return {
        DueHour(one["hour"].replace(tzinfo=None), table.name, one["site"], one["camera"]) for one in distinct
    }


def make_due_totals(
    database: Database, now: datetime, *, deadline: float, monotonic: Callable[[], float] = time.monotonic
) -> bool:
    """Make the totals of the hours that are due and over as of `now` (naive UTC); False when time ran out.

    Each hour of a site is a transaction of its own. Raises `DatabaseError`.
    """
    while due := database.run(lambda cursor: _due(cursor, now)):
        for _, group in groupby(due, key=lambda one: (one.hour_start, one.source, one.site)):
            if monotonic() > deadline:
                return False
            together = list(group)
            database.run(lambda cursor: _make(cursor, together, now))  # noqa: B023 - run at once
    return True


def first_whole_hour(source: str, today: date) -> datetime:
    """Return the oldest hour of which MySQL has every row it ever had, on UTC day `today`."""
    day = today - timedelta(days=KEPT_DAYS[source])
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - naive UTC, as MySQL keeps it


def _due(cursor: Cursor, now: datetime) -> list[DueHour]:
    cursor.execute(
        "SELECT hour_start, source, site, camera FROM hours_due WHERE hour_start <= %s "
        "ORDER BY hour_start, source, site, camera LIMIT %s",
        (now - _HOUR - _OVER, _DUE_AT_ONCE),
    )
    return [DueHour(*row) for row in cursor.fetchall()]


def _make(cursor: Cursor, due: Sequence[DueHour], now: datetime) -> None:
    """Make the totals of one hour of a site's cameras."""
    hour, cameras = due[0], [one.camera for one in due]
    # The notes go first and stay locked: a load that has noted the hour ends before we read, and one that
    # comes later waits, and notes it again.
    cursor.execute(
        "DELETE FROM hours_due WHERE hour_start = %s AND source = %s AND site = %s "  # noqa: S608
        f"AND camera IN ({placeholders(cameras)})",
        (hour.hour_start, hour.source, hour.site, *cameras),
    )
    if hour.hour_start < first_whole_hour(hour.source, now.date()):
        # Rows of this hour may be gone: totals of the rest would replace better ones.
        return
    if hour.source == ZONE_COUNTS.name:
        _make_zones(cursor, hour, cameras)
    else:
        make_boxes(cursor, boxes(cursor, hour.site), hour.hour_start)


def _make_zones(cursor: Cursor, hour: DueHour, cameras: Sequence[str]) -> None:
    of_cameras, start = f"site = %s AND camera IN ({placeholders(cameras)})", hour.hour_start
    cursor.execute(
        f"DELETE FROM zone_hours WHERE {of_cameras} AND hour_start = %s",  # noqa: S608
        (hour.site, *cameras, start),
    )
    cursor.execute(
        f"{_ZONE_TOTALS} WHERE {of_cameras} AND event_time >= %s AND event_time < %s "
        "GROUP BY site, camera, zone, object_class",
        (start, hour.site, *cameras, start, start + _HOUR),
    )


def boxes(cursor: Cursor, site: str) -> dict[str, GeographicBox]:
    """Return the boxes that places of `site` are fed by, by their digest."""
    cursor.execute(f"SELECT {_BOX_COLUMNS} WHERE kind = 'box' AND site = %s", (site,))
    found = [(*row[:-1], tuple(json.loads(row[-1]))) for row in cursor.fetchall()]
    return {box.digest: box for box in (GeographicBox(*values) for values in found)}


def make_boxes(cursor: Cursor, wanted: dict[str, GeographicBox], hour_start: datetime) -> None:
    """Make the totals of an hour of `wanted` boxes; a window in which nobody was there is not in them.

    Nothing tells whether the camera of a drone looked there meanwhile, and missing is not zero.
    """
    for digest, box in wanted.items():
        condition, values = box.condition()
        cursor.execute("DELETE FROM box_hours WHERE box = %s AND hour_start = %s", (digest, hour_start))
        cursor.execute(
            "INSERT INTO box_hours (box, hour_start, seconds, occupancy_seconds, occupancy_maximum) "  # noqa: S608
            "SELECT %s, %s, SUM(seconds), SUM(objects * seconds), MAX(objects) FROM ("
            "SELECT MAX(window_seconds) AS seconds, "
            "COUNT(DISTINCT device, COALESCE(camera, ''), epoch, track) AS objects FROM tracks "
            f"WHERE event_time >= %s AND event_time < %s AND suspect = 0 AND {condition} "
            "GROUP BY event_time) AS windows HAVING COUNT(*) > 0",
            (digest, hour_start, hour_start, hour_start + _HOUR, *values),
        )


def deletions(now: datetime) -> Iterable[tuple[str, str, tuple[object, ...]]]:
    """Return what to delete of the totals as of `now` (naive UTC): table, statement without limit, values."""
    for table in ("zone_hours", "box_hours"):
        yield table, f"DELETE FROM {table} WHERE hour_start < %s ORDER BY hour_start", (now - KEPT,)  # noqa: S608
