"""`zone_live`: the latest count of each zone and class, which only moves forward in event time.

At any instant it holds, of all records in `zone_counts`, the last one of each key with an event time until
`LIVE_CLOCK_TOLERANCE` from now. A record that lies further ahead comes from a clock that runs ahead and would
hold the zone's state until its time has come; it waits in `zone_counts` until then. So the state follows from
the records and the time alone, not from when and in what order the records came.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from pymysql.cursors import Cursor

from contract.columns import Column
from contract.tables import ZONE_COUNTS
from lambdas.rds_loader.rows import latest_rows, mysql_values

TABLE_NAME: Final = "zone_live"
KEY: Final = ("site", "camera", "zone", "object_class")
ORDER: Final = ("event_time", "sequence", "record_id")
"""What is later: by event time, then by sequence, then (two epochs in one instant) by record id."""
LIVE_CLOCK_TOLERANCE: Final = timedelta(minutes=10)
_OVERLAP: Final = timedelta(minutes=5)
"""Longer than any transaction of a loader, which may have looked at the clock before we did."""
_SETTLED_UNTIL: Final = "live_settled_until"
_ROWS_PER_STATEMENT: Final = 500
_VALUES: Final = (
    "device",
    "scene_version",
    "time_zone",
    "clock_quality",
    "epoch",
    "window_seconds",
    "frames",
    "occupancy_mean",
    "occupancy_maximum",
    "occupancy_last",
    "density_per_m2",
    "suspect",
)
# The order comes last and reversed: MySQL assigns from left to right, and until a column of it is assigned,
# rows are compared with the old one.
COLUMNS: Final[tuple[Column, ...]] = tuple(
    ZONE_COUNTS.column(name) for name in (*KEY, *_VALUES, *reversed(ORDER))
)
_NAMES: Final = tuple(column.name for column in COLUMNS)
_LISTED: Final = ", ".join(f"`{name}`" for name in _NAMES)


def eligible(zone_counts: pa.Table, not_after: datetime) -> pa.Table:
    """Return the rows of `zone_counts` with an event time until `not_after` (naive UTC).

    A missing camera becomes the empty text, because a primary key takes no null.
    """
    times = zone_counts.column("event_time")
    in_time: Any = pc.less_equal(times, pa.scalar(not_after, times.type))
    rows = zone_counts.filter(in_time)
    cameras: Any = rows.column("camera")
    return rows.set_column(rows.column_names.index("camera"), "camera", cameras.fill_null(""))


def latest(zone_counts: pa.Table, now: datetime) -> pa.Table:
    """Return what `zone_live` holds at `now` (naive UTC) when `zone_counts` is all there is, by key."""
    return latest_rows(eligible(zone_counts, now + LIVE_CLOCK_TOLERANCE), KEY, ORDER)


def advance(cursor: Cursor, zone_counts: pa.Table, now: datetime) -> None:
    """Move `zone_live` forward to the latest of `zone_counts`, as of `now` (naive UTC); never back."""
    for rows in mysql_values(latest(zone_counts, now), COLUMNS, _ROWS_PER_STATEMENT):
        group = "(" + ", ".join(["%s"] * len(_NAMES)) + ")"
        cursor.execute(_upsert(f"VALUES {', '.join([group] * len(rows))}"), list(chain.from_iterable(rows)))


def settle(cursor: Cursor, now: datetime) -> None:
    """Bring in the records that lay ahead of the clock when they were loaded and whose time has come.

    `now` is naive UTC. Remembers how far it looked, so that it reads what lies ahead and hardly more.
    """
    until = now + LIVE_CLOCK_TOLERANCE
    since = _settled_until(cursor)
    columns = ", ".join("COALESCE(`camera`, '')" if name == "camera" else f"`{name}`" for name in _NAMES)
    # Said, for a server whose statistics are old or missing would rather scan the whole table.
    newer = (
        f"SELECT {columns} FROM `{ZONE_COUNTS.name}` "  # noqa: S608 - names of ours
        f"FORCE INDEX (`{ZONE_COUNTS.name}_event_time`) WHERE `event_time` > %s AND `event_time` <= %s "
        "ORDER BY `event_time`, `sequence`, `record_id`"
    )
    cursor.execute(_upsert(newer), (since - _OVERLAP, until))
    if until > since:
        cursor.execute("UPDATE projection_state SET value_time = %s WHERE name = %s", (until, _SETTLED_UNTIL))


def _settled_until(cursor: Cursor) -> datetime:
    cursor.execute("SELECT value_time FROM projection_state WHERE name = %s FOR UPDATE", (_SETTLED_UNTIL,))
    row = cursor.fetchone()
    if row is None:
        # The first time: everything that is there is looked at.
        start = datetime(1971, 1, 1)  # noqa: DTZ001 - naive UTC, as MySQL keeps it
        cursor.execute(
            "INSERT INTO projection_state (name, value_time) VALUES (%s, %s) "
            "ON DUPLICATE KEY UPDATE value_time = value_time",
            (_SETTLED_UNTIL, start),
        )
        return start
    settled: datetime = row[0]
    return settled


def _upsert(rows: str) -> str:
    """Return the statement that writes `rows`, VALUES or a SELECT, where they are later than the old."""
    new = ", ".join(f"VALUES(`{name}`)" for name in ORDER)
    old = ", ".join(f"`{TABLE_NAME}`.`{name}`" for name in ORDER)
    updates = ", ".join(
        f"`{TABLE_NAME}`.`{name}` = IF(({new}) > ({old}), VALUES(`{name}`), `{TABLE_NAME}`.`{name}`)"
        for name in _NAMES
        if name not in KEY
    )
    return f"INSERT INTO `{TABLE_NAME}` ({_LISTED}) {rows} ON DUPLICATE KEY UPDATE {updates}"
