"""The newest window of each feed of each place, and the count of five minutes before it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

import pymysql
from pymysql.cursors import Cursor

from lambdas.live_api.feed_state import CHANGE_SECONDS, STALE_AT_LEAST, Reading
from lambdas.live_api.places import Feed, Place, ZoneFeed
from lambdas.live_api.repository import BoxRow, LiveRow, Part, box_rows, counts_at
from lambdas.shared.geographic_box import GeographicBox
from lambdas.shared.mysql import STOPPED_ERRORS, error_code
from lambdas.shared.observability import make_logger

BOXES_SECONDS = 3.0
"""How long all boxes of one snapshot may take together: a viewer asks again in five seconds."""
BOX_SECONDS = 1.0
_LEAST_SECONDS = 0.05
_LATELY = timedelta(minutes=4)
"""Three windows of a minute and their way to MySQL."""
logger = make_logger("live_api")
Readings = Mapping[Feed, Reading | None]


def parts_of(feed: Feed) -> list[Part]:
    """Return what of a feed is counted by itself, and has hour totals of its own."""
    if isinstance(feed, ZoneFeed):
        return [(feed.site, feed.camera, feed.zone, name) for name in feed.object_classes]
    return [(feed.digest,)]


def counted_parts(feed: Feed, reading: Reading | None) -> list[Part]:
    """Return the parts that the count of `reading` comes from: a zone may count fewer classes than chosen."""
    if isinstance(feed, ZoneFeed) and reading is not None and reading.object_classes:
        return [(feed.site, feed.camera, feed.zone, name) for name in reading.object_classes]
    return parts_of(feed)


class BoxReader:
    """Reads boxes within `BOXES_SECONDS` in all, and remembers what it read.

    One for which there was no time, or that the server ended, is as it was when it was last read: it turns
    stale by itself, then to no data, and harms no other place.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._last: dict[GeographicBox, Reading | None] = {}
        # By box: whether it took too long, and when it was last tried.
        self._tried: dict[GeographicBox, tuple[bool, float]] = {}

    def read(
        self, cursor: Cursor, boxes: Collection[GeographicBox], now: datetime
    ) -> dict[Feed, Reading | None]:
        """Return what is seen in each box at `now` (naive UTC); raises `pymysql.MySQLError`."""
        deadline = self._monotonic() + BOXES_SECONDS
        # Who waits longest comes first, so that each has its turn, and those that take too long come last.
        for box in sorted(boxes, key=lambda one: self._tried.get(one, (False, 0.0))):
            began = self._monotonic()
            if deadline - began < _LEAST_SECONDS:
                logger.warning("boxes not read", extra={"box": box.digest, "reason": "no time"})
                break
            stopped = self._read_one(cursor, box, now, min(deadline - began, BOX_SECONDS))
            self._tried[box] = (stopped, began)
        self._last = {box: self._last.get(box) for box in boxes}
        self._tried = {box: tried for box, tried in self._tried.items() if box in self._last}
        found: dict[Feed, Reading | None] = {box: self._last[box] for box in boxes}
        return found

    def _read_one(self, cursor: Cursor, box: GeographicBox, now: datetime, seconds: float) -> bool:
        """Read a box and return whether that took too long."""
        try:
            self._last[box] = _box_reading(cursor, box, now, seconds)
        except pymysql.MySQLError as error:
            if error_code(error) not in STOPPED_ERRORS:
                raise
            logger.warning("boxes not read", extra={"box": box.digest, "reason": str(error)})
            return True
        return False


def read_feeds(
    cursor: Cursor,
    places: Sequence[Place],
    live: Mapping[Part, LiveRow],
    now: datetime,
    box_reader: BoxReader,
) -> dict[Feed, Reading | None]:
    """Return what each feed of `places` says at `now` (naive UTC); None where it has said nothing lately."""
    feeds = dict.fromkeys(feed for place in places for feed in place.feeds)
    zones = {feed: _newest(feed, live) for feed in feeds if isinstance(feed, ZoneFeed)}
    wanted = {
        (part, _before(row.event_time, row.window_seconds))
        for rows in zones.values()
        for part, row in rows.items()
    }
    before = counts_at(cursor, wanted)
    boxes = [feed for feed in feeds if not isinstance(feed, ZoneFeed)]
    readings: dict[Feed, Reading | None] = {feed: _zone_reading(rows, before) for feed, rows in zones.items()}
    return {**readings, **box_reader.read(cursor, boxes, now)}


def _newest(feed: ZoneFeed, live: Mapping[Part, LiveRow]) -> dict[Part, LiveRow]:
    """Return the rows of the feed's newest window; a class that is no longer counted has an older one."""
    rows = {part: live[part] for part in parts_of(feed) if part in live}
    newest = max((row.event_time for row in rows.values()), default=None)
    return {part: row for part, row in rows.items() if row.event_time == newest}


def _zone_reading(
    rows: Mapping[Part, LiveRow], before: Mapping[tuple[Part, datetime], int]
) -> Reading | None:
    if not rows:
        return None
    some = next(iter(rows.values()))
    earlier = _before(some.event_time, some.window_seconds)
    return Reading(
        start=some.event_time,
        window_seconds=some.window_seconds,
        count=sum(row.occupancy for row in rows.values()),
        suspect=any(row.suspect for row in rows.values()),
        before=_sum_if_all([before.get((part, earlier)) for part in rows]),
        object_classes=tuple(part[-1] for part in rows),
    )


def _box_reading(cursor: Cursor, box: GeographicBox, now: datetime, seconds: float) -> Reading | None:
    """Return who is in a box: of each device that just saw somebody, the tracks of its last window."""
    # Nearly always something came lately; only a box that nobody saw for a while is looked for further back.
    rows = box_rows(cursor, box, (now - _LATELY, now), seconds) or box_rows(
        cursor, box, (now - STALE_AT_LEAST, now), seconds
    )
    if not rows:
        return None
    newest = rows[0]
    last = _last_of_each_device(rows)
    earlier = {row.device: _before(row.event_time, row.window_seconds) for row in last}
    since, until = min(earlier.values()), max(earlier.values())
    then = {
        (row.device, row.event_time): row.tracks
        for row in box_rows(cursor, box, (since - timedelta(milliseconds=1), until), seconds)
    }
    return Reading(
        start=newest.event_time,
        window_seconds=newest.window_seconds,
        count=sum(row.tracks for row in last),
        suspect=any(row.suspect for row in last),
        before=_sum_if_all([then.get(key) for key in earlier.items()]),
    )


def _last_of_each_device(rows: Sequence[BoxRow]) -> list[BoxRow]:
    """Return the newest window of each device, unless the device itself has had two more since.

    Windows of devices differ in phase and in length: each is held against its own.
    """
    newest_end = max(_end(row) for row in rows)
    last: dict[str, BoxRow] = {}
    for row in rows:
        if _end(row) > newest_end - timedelta(seconds=2 * row.window_seconds):
            last.setdefault(row.device, row)
    return list(last.values())


def _end(row: BoxRow) -> datetime:
    return row.event_time + timedelta(seconds=row.window_seconds)


def _before(start: datetime, window_seconds: float) -> datetime:
    """Return the start of the window of five minutes before, or of a little more: they lie on a grid."""
    windows = math.ceil(CHANGE_SECONDS / window_seconds)
    return start - timedelta(seconds=windows * window_seconds)


def _sum_if_all(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
