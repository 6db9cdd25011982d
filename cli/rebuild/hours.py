"""Hour totals made anew from the lake: of weeks whose rows MySQL no longer keeps.

`lambdas.rds_loader.hours` makes the same totals from the rows that MySQL has; a test holds both equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from pymysql.cursors import Cursor

from cli.rebuild.lake import Lake, ListedObject, list_objects, read_records
from contract.tables import TRACKS, ZONE_COUNTS, Table
from lambdas.rds_loader import hour_totals, hours
from lambdas.shared.geographic_box import GeographicBox
from lambdas.shared.mysql import Database
from lambdas.shared.overlapping import LONGEST_WINDOW, Window, totals_by_bucket

_ROWS_PER_STATEMENT: Final = 500
_HOUR: Final = timedelta(hours=1)
_KEY: Final = ["site", "camera", "zone", "object_class", "hour_start"]
_ZONE_COLUMNS: Final = (*_KEY, "seconds", "occupancy_seconds", "occupancy_maximum", "suspect_seconds")
_BOX_COLUMNS: Final = ("box", "hour_start", "seconds", "occupancy_seconds", "occupancy_maximum")
Row = tuple[Any, ...]


@dataclass
class HoursMade:
    """How many UTC days were read and how many totals written."""

    days: int = 0
    totals: int = 0


def rebuild_hours(lake: Lake, database: Database, now: datetime, report: Callable[[str], None]) -> HoursMade:
    """Make the totals of every hour that is over as of `now` (naive UTC) and kept, from the lake.

    Each UTC day replaces its totals in one transaction, so that it may be stopped and run again. Memory
    holds the records of one day. Raises `CrowdLensError`'s kind.
    """
    first, made = (now - hours.KEPT).date(), HoursMade()
    boxes = database.run(_every_box)
    for table in (ZONE_COUNTS, TRACKS) if boxes else (ZONE_COUNTS,):
        before: pa.Table | None = None
        for day, objects in _days(lake, table, first, now.date()):
            records = read_records(lake, table, objects)
            if table is ZONE_COUNTS:
                rows = zone_totals(records)
            else:
                rows = box_totals(records if before is None else pa.concat_tables([before, records]), boxes)
                before = _reaching_over(records, day)
            place = _hour_place(table)
            kept = [row for row in rows if _is_of(row[place], day) and row[place] + _HOUR <= now]
            database.run(lambda cursor: _replace(cursor, table, day, kept))  # noqa: B023 - run at once
            made.days, made.totals = made.days + 1, made.totals + len(kept)
            report(f"{table.name} {day}: {len(kept)} totals")
    return made


def zone_totals(records: pa.Table) -> list[Row]:
    """Return the rows of `zone_hours` (key, seconds, occupancy seconds, maximum, suspect seconds)."""
    suspect: Any = records.column("suspect")
    window: Any = records.column("window_seconds")
    weighted: Any = pc.multiply(records.column("occupancy_mean"), window)
    keys: dict[str, Any] = {name: records.column(name) for name in _KEY[:-1]}
    table = pa.table(
        {
            **keys,
            "hour_start": _hour(records),
            "seconds": _where(suspect, 0.0, window),
            "occupancy_seconds": _where(suspect, 0.0, weighted),
            "occupancy_maximum": _where(suspect, 0, records.column("occupancy_maximum")),
            "suspect_seconds": _where(suspect, window, 0.0),
        }
    )
    has_camera: Any = pc.is_valid(table.column("camera"))
    sums: list[Any] = [(name, "sum") for name in ("seconds", "occupancy_seconds", "suspect_seconds")]
    found = table.filter(has_camera).group_by(_KEY).aggregate([*sums, ("occupancy_maximum", "max")])
    order = (*_KEY, "seconds_sum", "occupancy_seconds_sum", "occupancy_maximum_max", "suspect_seconds_sum")
    return [tuple(_naive(row[name]) for name in order) for row in found.to_pylist()]


def box_totals(records: pa.Table, boxes: Mapping[str, GeographicBox]) -> list[Row]:
    """Return the rows of `box_hours` (box, hour, seconds, occupancy seconds, maximum)."""
    return [
        (digest, *row)
        for digest, box in boxes.items()
        for row in _box_hours(records.filter(_in(records, box)))
    ]


def _box_hours(records: pa.Table) -> list[Row]:
    tracks = ["event_time", "window_seconds", "device", "camera", "epoch", "track"]
    each = records.group_by(tracks).aggregate([])
    found = each.group_by(["event_time", "window_seconds"]).aggregate([("track", "count")])
    windows = (
        Window(_naive(row["event_time"]), row["window_seconds"], row["track_count"])
        for row in found.to_pylist()
    )
    by_hour = totals_by_bucket(windows, int(_HOUR.total_seconds()))
    return [(hour, one.seconds, one.count_seconds, one.maximum) for hour, one in by_hour.items()]


def _reaching_over(records: pa.Table, day: str) -> pa.Table:
    """Return the records of a UTC day whose windows may reach into the next."""
    after = datetime.combine(date.fromisoformat(day), time(), UTC) + timedelta(days=1) - LONGEST_WINDOW
    moments = records.column("event_time")
    late: Any = pc.greater_equal(moments, pa.scalar(after).cast(moments.type))
    return records.filter(late)


def _is_of(hour: datetime, day: str) -> bool:
    return hour.date().isoformat() == day


def _in(records: pa.Table, box: GeographicBox) -> Any:
    """Return which records lie in `box`, as `GeographicBox.condition` says it in SQL."""
    longitude, latitude = records.column("longitude"), records.column("latitude")
    terms: list[Any] = [
        _is(records.column("site"), box.site),
        pc.invert(records.column("suspect")),
        _between(latitude, box.south, box.north, through=False),
        _between(longitude, box.west, box.east, through=box.west > box.east),
        pc.is_in(records.column("object_class"), pa.array(list(box.object_classes))),
    ]
    if box.device is not None:
        terms.append(_is(records.column("device"), box.device))
    if (azimuths := box.azimuths()) is not None:
        turned = _modulo_360(records.column("device_azimuth_degrees"))
        first: Any = pc.greater_equal(turned, pa.scalar(azimuths[0]))
        last: Any = pc.less(turned, pa.scalar(azimuths[1]))
        terms.append(pc.or_(first, last) if azimuths[0] > azimuths[1] else pc.and_(first, last))
    together = terms[0]
    for term in terms[1:]:
        together = pc.and_(together, term)
    return pc.fill_null(together, False)


def _between(values: Any, first: float, last: float, *, through: bool) -> Any:
    above: Any = pc.greater_equal(values, pa.scalar(first))
    below: Any = pc.less_equal(values, pa.scalar(last))
    return pc.or_(above, below) if through else pc.and_(above, below)


def _modulo_360(values: Any) -> Any:
    whole: Any = pa.scalar(360.0)
    turns: Any = pc.floor(pc.divide(values, whole))
    return pc.subtract(values, pc.multiply(turns, whole))


def _is(values: Any, value: str) -> Any:
    same: Any = pc.equal(values, pa.scalar(value))
    return same


def _where(condition: Any, then: Any, otherwise: Any) -> Any:
    return pc.if_else(condition, then, otherwise)


def _hour(records: pa.Table) -> Any:
    return pc.floor_temporal(records.column("event_time"), unit="hour")


def _naive(value: Any) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def _hour_place(table: Table) -> int:
    return (_ZONE_COLUMNS if table is ZONE_COUNTS else _BOX_COLUMNS).index("hour_start")


def _days(lake: Lake, table: Table, first: date, last: date) -> Iterator[tuple[str, list[ListedObject]]]:
    by_day: dict[str, list[ListedObject]] = {}
    for listed in list_objects(lake, table, first.isoformat()):
        if listed.day <= last.isoformat():
            by_day.setdefault(listed.day, []).append(listed)
    # What windows of tracks reach over midnight with comes from the day before.
    yield from sorted(by_day.items(), reverse=table is ZONE_COUNTS)


def _every_box(cursor: Cursor) -> dict[str, GeographicBox]:
    cursor.execute("SELECT DISTINCT site FROM place_feeds WHERE kind = 'box'")
    sites = [site for (site,) in cursor.fetchall()]
    return {digest: box for site in sites for digest, box in hour_totals.boxes(cursor, site).items()}


def _replace(cursor: Cursor, table: Table, day: str, rows: list[Row]) -> None:
    name, columns = ("zone_hours", _ZONE_COLUMNS) if table is ZONE_COUNTS else ("box_hours", _BOX_COLUMNS)
    after = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    cursor.execute(f"DELETE FROM {name} WHERE hour_start >= %s AND hour_start < %s", (day, after))  # noqa: S608
    group = f"({', '.join(['%s'] * len(columns))})"
    for start in range(0, len(rows), _ROWS_PER_STATEMENT):
        part = rows[start : start + _ROWS_PER_STATEMENT]
        values = ", ".join([group] * len(part))
        cursor.execute(
            f"INSERT INTO {name} ({', '.join(columns)}) VALUES {values}",  # noqa: S608 - names of ours
            list(chain.from_iterable(part)),
        )
