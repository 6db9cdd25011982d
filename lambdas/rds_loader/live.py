"""`zone_live`: the latest count of each zone and class, which only moves forward in event time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from contract.columns import Column
from contract.tables import ZONE_COUNTS

TABLE_NAME = "zone_live"
KEY = ("site", "camera", "zone", "object_class")
ORDER = ("event_time", "sequence", "record_id")
"""What is later: by event time, then by sequence, then (two epochs in one instant) by record id."""
_VALUES = (
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
COLUMNS: tuple[Column, ...] = tuple(ZONE_COUNTS.column(name) for name in (*KEY, *_VALUES, *reversed(ORDER)))


def eligible(zone_counts: pa.Table, not_after: datetime) -> pa.Table:
    """Return the rows of `zone_counts` with an event time until `not_after` (naive UTC).

    A missing camera becomes the empty text, because a primary key takes no null.
    """
    times = zone_counts.column("event_time")
    in_time: Any = pc.less_equal(times, pa.scalar(not_after, times.type))
    rows = zone_counts.filter(in_time)
    cameras: Any = rows.column("camera")
    return rows.set_column(rows.column_names.index("camera"), "camera", cameras.fill_null(""))


def upsert_statement(rows: int) -> str:
    """Return the statement that writes `rows` rows where they are later than what is there."""
    names = [column.name for column in COLUMNS]
    listed = ", ".join(f"`{name}`" for name in names)
    group = "(" + ", ".join(["%s"] * len(names)) + ")"
    new = ", ".join(f"VALUES(`{name}`)" for name in ORDER)
    old = ", ".join(f"`{name}`" for name in ORDER)
    updates = ", ".join(
        f"`{name}` = IF(({new}) > ({old}), VALUES(`{name}`), `{name}`)" for name in names if name not in KEY
    )
    return (
        f"INSERT INTO `{TABLE_NAME}` ({listed}) VALUES {', '.join([group] * rows)} "  # noqa: S608 - names of ours
        f"ON DUPLICATE KEY UPDATE {updates}"
    )
