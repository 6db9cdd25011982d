"""`zone_hours` and `box_hours`: what was counted in each hour, kept for weeks after the rows are gone.

A load notes, in its own transaction, the hours whose rows it changed (`hours_due`). Once an hour is over,
its note becomes work (`hours_to_make`), and its totals are made anew from all its rows and replace the old
ones: nothing is ever added to a total, so an object loaded twice, a late one and a rebuild all end in the
same numbers. What fails is put off and tried again, and keeps nothing else out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import chain, groupby
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from pymysql.cursors import Cursor

from contract.mysql import KEPT_DAYS
from contract.tables import TRACKS, ZONE_COUNTS, Table
from lambdas.rds_loader import hour_totals
from lambdas.shared.geographic_box import placeholders
from lambdas.shared.mysql import Database, DatabaseError, DatabaseUnavailableError

KEPT: Final = timedelta(days=36)
"""Five weeks, of which four make what is usual, and the day that a time zone may be away."""
_HOUR: Final = timedelta(hours=1)
_OVER: Final = timedelta(minutes=2)
"""A live device's last window of an hour is in MySQL by then; what comes later makes the hour due again."""
_ROWS_PER_STATEMENT: Final = 500
_DUE_AT_ONCE: Final = 200
_FIRST_PAUSE: Final = timedelta(minutes=5)
_LONGEST_PAUSE: Final = timedelta(hours=6)
_NOTE: Final = "INSERT IGNORE INTO hours_due (hour_start, source, site, camera) VALUES "


@dataclass(frozen=True, order=True)
class DueHour:
    """An hour (naive UTC) of one camera's `zone_counts`, or, with camera "", of a site's `tracks`."""

    hour_start: datetime
    source: str
    site: str
    camera: str


@dataclass(frozen=True, order=True)
class Work:
    """Totals of an hour that are made together: of cameras (`parts`), or of the box of one digest."""

    hour_start: datetime
    source: str
    site: str
    parts: tuple[str, ...]
    attempts: int

    @property
    def where(self) -> tuple[str, tuple[object, ...]]:
        """Return the condition that its rows of `hours_to_make` fulfil, and its values."""
        condition = f"hour_start = %s AND source = %s AND site = %s AND part IN ({placeholders(self.parts)})"
        return condition, (self.hour_start, self.source, self.site, *self.parts)


@dataclass
class TotalsResult:
    """What became of the totals that were due.

    `made` and `failed` are pieces of work; `errors` has a class name and a sentence for each failure;
    `given_up` are totals that kept failing until their rows were gone; `finished` is False when time ran out.
    """

    made: int = 0
    failed: int = 0
    given_up: int = 0
    errors: list[tuple[str, str]] = field(default_factory=list)
    finished: bool = True

    def note_failure(self, kind: str, reason: str) -> None:
        """Count a failure and keep what it was."""
        self.failed += 1
        self.errors.append((kind, reason))


def note_due(cursor: Cursor, hours: Collection[DueHour]) -> None:
    """Note hours, within the transaction that writes their rows, and as its last statement.

    A note that is there is locked for sharing: loaders do not wait for each other, and whoever takes notes
    leaves it until they have committed.
    """
    due = sorted(hours)
    for start in range(0, len(due), _ROWS_PER_STATEMENT):
        part = due[start : start + _ROWS_PER_STATEMENT]
        values = chain.from_iterable((one.hour_start, one.source, one.site, one.camera) for one in part)
        cursor.execute(f"{_NOTE}{', '.join(['(%s, %s, %s, %s)'] * len(part))}", list(values))


def due_hours(table: Table, rows: pa.Table) -> set[DueHour]:
    """Return the hours of rows of `zone_counts` with a camera, or of `tracks` on the map.

    The window of a track counts in each hour that it reaches into, one of a zone in that of its start.
    """
    if table not in (ZONE_COUNTS, TRACKS) or not rows.num_rows:
        return set()
    of_zones = table is ZONE_COUNTS
    kept: Any = pc.is_valid(rows.column("camera" if of_zones else "longitude"))
    rows = rows.filter(kept)
    cameras = rows.column("camera") if of_zones else pa.array([""] * rows.num_rows, pa.string())
    moments = [rows.column("event_time")] if of_zones else [rows.column("event_time"), _last_instant(rows)]
    found = set()
    for moment in moments:
        hours: Any = pc.floor_temporal(moment, unit="hour")
        columns = {"hour": hours, "site": rows.column("site"), "camera": cameras}
        distinct = pa.table(columns).group_by(["hour", "site", "camera"]).aggregate([]).to_pylist()
        found |= {
            DueHour(one["hour"].replace(tzinfo=None), table.name, one["site"], one["camera"])
            for one in distinct
        }
    return found


def _last_instant(rows: pa.Table) -> Any:
    """Return the last millisecond of each window."""
    milliseconds: Any = pc.round(pc.multiply(rows.column("window_seconds"), 1000.0))
    whole: Any = pc.subtract(pc.cast(milliseconds, pa.int64()), 1)
    return pc.add(rows.column("event_time"), pc.cast(whole, pa.duration("ms")))


def make_due_totals(
    database: Database, now: datetime, *, deadline: float, monotonic: Callable[[], float] = time.monotonic
) -> TotalsResult:
    """Make the totals of the hours that are due and over as of `now` (naive UTC), until `deadline`.

    Each piece is a transaction of its own, and what fails is put off, the longer the oftener. Raises
    `DatabaseUnavailableError`: the next would fail as well.
    """
    result, tried = TotalsResult(), set[Work]()
    result.given_up = database.run(lambda cursor: _give_up(cursor, now))
    while monotonic() <= deadline:
        taken = _take_or_note_failure(database, now, result)
        fresh = [work for work in database.run(lambda cursor: _work(cursor, now)) if work not in tried]
        if not taken and not fresh:
            return result
        for work in fresh:
            if monotonic() > deadline:
                break
            tried.add(work)
            _make_or_put_off(database, work, now, result)
    result.finished = False
    return result


def first_whole_hour(source: str, today: date) -> datetime:
    """Return the oldest hour of which MySQL has every row it ever had, on UTC day `today`."""
    day = today - timedelta(days=KEPT_DAYS[source])
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - naive UTC, as MySQL keeps it
    # Windows of tracks reach over midnight.
    return midnight + _HOUR if source == TRACKS.name else midnight


def _give_up(cursor: Cursor, now: datetime) -> int:
    """Drop work whose rows are gone; return how many of it had failed."""
    given_up = 0
    for source in (ZONE_COUNTS.name, TRACKS.name):
        old = (source, first_whole_hour(source, now.date()))
        given_up += cursor.execute(
            "DELETE FROM hours_to_make WHERE source = %s AND hour_start < %s AND attempts > 0", old
        )
        cursor.execute("DELETE FROM hours_to_make WHERE source = %s AND hour_start < %s", old)
    return given_up


def _take_or_note_failure(database: Database, now: datetime, result: TotalsResult) -> bool:
    try:
        taken, unreadable = database.run(lambda cursor: _take(cursor, now))
    except DatabaseError as error:
        _raise_if_away(error)
        result.note_failure(type(error).__name__, str(error))
        return False
    for reason in unreadable:
        result.note_failure("ValueError", reason)
    return taken > 0


def _take(cursor: Cursor, now: datetime) -> tuple[int, list[str]]:
    """Turn notes of hours that are over into work; return how many, and a sentence for each unreadable box.

    A note that a load holds is left: its rows are not there yet. One that comes later is a new note, and its
    rows may or may not be in totals that are made meanwhile: they are made once more.
    """
    cursor.execute(
        "SELECT hour_start, source, site, camera FROM hours_due WHERE hour_start <= %s "
        "ORDER BY hour_start, source, site, camera LIMIT %s FOR UPDATE SKIP LOCKED",
        (now - _HOUR - _OVER, _DUE_AT_ONCE),
    )
    due = [DueHour(*row) for row in cursor.fetchall()]
    unreadable: list[str] = []
    for (hour, source, site), group in groupby(due, key=lambda one: (one.hour_start, one.source, one.site)):
        cameras = [one.camera for one in group]
        cursor.execute(
            "DELETE FROM hours_due WHERE hour_start = %s AND source = %s AND site = %s "  # noqa: S608
            f"AND camera IN ({placeholders(cameras)})",
            (hour, source, site, *cameras),
        )
        if hour < first_whole_hour(source, now.date()):
            # Rows of this hour may be gone: totals of the rest would replace better ones.
            continue
        if source == TRACKS.name:
            found, failures = hour_totals.read_boxes(cursor, site)
            cameras, unreadable = sorted(found), [*unreadable, *failures]
        _add_work(cursor, [(hour, source, site, part, now) for part in cameras])
    return len(due), unreadable


def _add_work(cursor: Cursor, rows: Sequence[tuple[object, ...]]) -> None:
    for start in range(0, len(rows), _ROWS_PER_STATEMENT):
        part = rows[start : start + _ROWS_PER_STATEMENT]
        # What is there stays put off; whoever makes it right now is waited for, and then it is work again.
        cursor.execute(
            "INSERT INTO hours_to_make (hour_start, source, site, part, attempts, retry_at) VALUES "  # noqa: S608
            f"{', '.join(['(%s, %s, %s, %s, 0, %s)'] * len(part))} "
            "ON DUPLICATE KEY UPDATE site = VALUES(site)",
            list(chain.from_iterable(part)),
        )


def _work(cursor: Cursor, now: datetime) -> list[Work]:
    """Return work that may be tried as of `now`: what never failed first, the rest each by itself."""
    cursor.execute(
        "SELECT attempts, hour_start, source, site, part FROM hours_to_make WHERE retry_at <= %s "
        "ORDER BY attempts, hour_start, source, site, part LIMIT %s",
        (now, _DUE_AT_ONCE),
    )
    return list(_pieces(cursor.fetchall()))


def _pieces(rows: Iterable[tuple[Any, ...]]) -> Iterator[Work]:
    for (attempts, hour, source, site), group in groupby(rows, key=lambda row: row[:4]):
        parts = [row[4] for row in group]
        if source == ZONE_COUNTS.name and not attempts:
            yield Work(hour, source, site, tuple(parts), attempts)
        else:
            yield from (Work(hour, source, site, (part,), attempts) for part in parts)


def _make_or_put_off(database: Database, work: Work, now: datetime, result: TotalsResult) -> None:
    try:
        # Put off before it is tried: also what ends this process must not be the first thing of the next.
        database.run(lambda cursor: _put_off(cursor, work, now))
        database.run(lambda cursor: _make(cursor, work))
    except DatabaseError as error:
        _raise_if_away(error)
        what = f"totals of {work.source} of {work.site}, hour {work.hour_start:%Y-%m-%dT%H}Z, {work.parts[0]}"
        result.note_failure(type(error).__name__, f"{what}: {error}")
    else:
        result.made += 1


def _raise_if_away(error: DatabaseError) -> None:
    if isinstance(error, DatabaseUnavailableError) and error.code not in hour_totals.STOPPED_ERRORS:
        raise error


def _put_off(cursor: Cursor, work: Work, now: datetime) -> None:
    condition, values = work.where
    pause = min(_FIRST_PAUSE * 2 ** min(work.attempts, 10), _LONGEST_PAUSE)
    cursor.execute(
        f"UPDATE hours_to_make SET attempts = %s, retry_at = %s WHERE {condition}",  # noqa: S608
        (work.attempts + 1, now + pause, *values),
    )


def _make(cursor: Cursor, work: Work) -> None:
    condition, values = work.where
    # First, and so locked: nobody makes the same totals meanwhile.
    if not cursor.execute(f"DELETE FROM hours_to_make WHERE {condition}", values):  # noqa: S608
        return
    if work.source == ZONE_COUNTS.name:
        hour_totals.make_zones(cursor, work.site, work.parts, work.hour_start)
        return
    (digest,) = work.parts
    box = hour_totals.boxes(cursor, work.site).get(digest)
    if box is not None:
        hour_totals.make_box(cursor, digest, box, work.hour_start)


def deletions(now: datetime) -> Iterable[tuple[str, str, tuple[object, ...]]]:
    """Return what to delete of the totals as of `now` (naive UTC): table, statement without limit, values."""
    for table in ("zone_hours", "box_hours"):
        yield table, f"DELETE FROM {table} WHERE hour_start < %s ORDER BY hour_start", (now - KEPT,)  # noqa: S608
