"""Places as people make, change and remove them: by the account that writes them, over a connection a change.

A place carries a version. Who changes it says which version they saw; when another edit came between, nothing
is written and they are told. Versions begin at the time in milliseconds, so that none of a place that was
removed fits another that has its id now.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Set
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import chain
from typing import Final, TypeVar

from pymysql.cursors import Cursor

from contract.mysql import KEPT_DAYS
from contract.tables import TRACKS
from lambdas.live_api.errors import ApiError, no_such_place
from lambdas.live_api.places import FEED_COLUMNS, Feed, ZoneFeed, feed_of_row, row_of_feed
from lambdas.live_api.repository import MOST_PLACES
from lambdas.live_api.validation import PlaceDraft
from lambdas.shared.mysql import Connector, Database, DatabaseError
from lambdas.shared.settings import MySQLSettings

Result = TypeVar("Result")
_DUPLICATE: Final = 1062
_DRAFT_COLUMNS: Final = ("name", "name_en", "site", "time_zone", "longitude", "latitude", "manual_usual")
_INSERT: Final = (
    f"INSERT INTO places (id, {', '.join(_DRAFT_COLUMNS)}, version, updated_at, updated_by) "  # noqa: S608
    f"VALUES (%s, {', '.join(['%s'] * len(_DRAFT_COLUMNS))}, %s, UTC_TIMESTAMP(3), %s)"
)
_UPDATE: Final = (
    f"UPDATE places SET {', '.join(f'{name} = %s' for name in _DRAFT_COLUMNS)}, version = version + 1, "  # noqa: S608
    "updated_at = UTC_TIMESTAMP(3), updated_by = %s WHERE id = %s AND version = %s"
)
_PHOTO: Final = (
    "UPDATE places SET photo_digest = %s, photo_type = %s, version = version + 1, "
    "updated_at = UTC_TIMESTAMP(3), updated_by = %s WHERE id = %s AND site = %s"
)
_FEED: Final = (
    f"INSERT INTO place_feeds (place_id, number, {', '.join(FEED_COLUMNS)}) "  # noqa: S608 - names of ours
    f"VALUES (%s, %s, {', '.join(['%s'] * len(FEED_COLUMNS))})"
)
_STORED: Final = f"SELECT {', '.join(_DRAFT_COLUMNS)}, version FROM places WHERE id = %s"  # noqa: S608
_STORED_FEEDS: Final = (
    f"SELECT {', '.join(FEED_COLUMNS)} FROM place_feeds WHERE place_id = %s ORDER BY number"  # noqa: S608
)
_BOXES: Final = f"SELECT {', '.join(FEED_COLUMNS)} FROM place_feeds WHERE kind = 'box' AND site = %s"  # noqa: S608
MOST_BOXES_OF_A_SITE: Final = 50
MOST_BOXES: Final = 200
"""Each costs every process of the map a look through its site's newest tracks."""
_STATEMENT_SECONDS: Final = 6
_ATTEMPTS: Final = 3


class PlaceEditor:
    """Writes places; every change is one transaction."""

    def __init__(self, settings: MySQLSettings) -> None:
        self._settings = settings

    def make(self, draft: PlaceDraft, editor: str | None) -> int:
        """Store a new place and return its version.

        Raises `ApiError` (409) when its id is taken, or there are too many places or boxes.
        """
        version = time.time_ns() // 1_000_000
        try:
            self._run(lambda cursor: _make(cursor, draft, version, editor))
        except DatabaseError as error:
            if error.code != _DUPLICATE:
                raise
            # A commit whose answer was lost is run again, and then finds its own place.
            if not self._run(lambda cursor: _is_stored(cursor, draft, version)):
                taken = f"there is a place {draft.id} already"
                raise ApiError(HTTPStatus.CONFLICT, taken, "id") from error
        return version

    def change(self, draft: PlaceDraft, version: int, editor: str | None) -> None:
        """Replace what is typed in of a place that is still at `version`; raises `ApiError` (404, 409)."""
        self._run(lambda cursor: _change(cursor, draft, version, editor))

    def remove(self, place_id: str, version: int) -> None:
        """Remove a place that is still at `version`; raises `ApiError` (404, 409)."""
        self._run(lambda cursor: _remove(cursor, place_id, version))

    def set_photo(
        self, place_id: str, digest: str | None, kind: str | None, editor: str | None, *, site: str
    ) -> None:
        """Name the photo of a place that is still of `site`, or none; the last one stays.

        Raises `ApiError` (404).
        """
        self._run(lambda cursor: _set_photo(cursor, (digest, kind, editor, place_id, site)))

    def _run(self, work: Callable[[Cursor], Result]) -> Result:
        # Edits are rare: their connection does not stay open beside the one that reads.
        connector = Connector(self._settings, statement_seconds=_STATEMENT_SECONDS, local_rows=False)
        database = Database(self._settings, connect=connector.connect, attempts=_ATTEMPTS, repeat_slow=False)
        with closing(database):
            return database.run(work)


def _make(cursor: Cursor, draft: PlaceDraft, version: int, editor: str | None) -> None:
    cursor.execute("SELECT COUNT(*) FROM places")
    (count,) = cursor.fetchone() or (0,)
    if count >= MOST_PLACES:
        raise ApiError(HTTPStatus.CONFLICT, f"there are {MOST_PLACES:,} places: expected fewer")
    cursor.execute(_INSERT, (draft.id, *_values(draft), version, editor))
    _write_feeds(cursor, draft, known=_boxes(cursor, draft.site))


def _change(cursor: Cursor, draft: PlaceDraft, version: int, editor: str | None) -> None:
    changed = cursor.execute(_UPDATE, (*_values(draft), editor, draft.id, version))
    if not changed:
        # Run again after a commit whose answer was lost, it finds its own change.
        if _is_stored(cursor, draft, version + 1):
            return
        _refuse(cursor, draft.id)
    known = _boxes(cursor, draft.site)
    cursor.execute("DELETE FROM place_feeds WHERE place_id = %s", (draft.id,))
    _write_feeds(cursor, draft, known)


def _remove(cursor: Cursor, place_id: str, version: int) -> None:
    if not cursor.execute("DELETE FROM places WHERE id = %s AND version = %s", (place_id, version)):
        _refuse(cursor, place_id)
    cursor.execute("DELETE FROM place_feeds WHERE place_id = %s", (place_id,))


def _set_photo(cursor: Cursor, values: tuple[str | None, ...]) -> None:
    if not cursor.execute(_PHOTO, values):
        raise no_such_place()


def _refuse(cursor: Cursor, place_id: str) -> None:
    cursor.execute("SELECT 1 FROM places WHERE id = %s", (place_id,))
    if cursor.fetchone() is None:
        raise no_such_place()
    raise ApiError(
        HTTPStatus.CONFLICT, "the place was changed meanwhile: look at it again before you change it"
    )


def _is_stored(cursor: Cursor, draft: PlaceDraft, version: int) -> bool:
    """Return whether a place is as `draft` says, at `version`."""
    cursor.execute(_STORED, (draft.id,))
    if cursor.fetchone() != (*_values(draft), version):
        return False
    cursor.execute(_STORED_FEEDS, (draft.id,))
    return list(cursor.fetchall()) == [row_of_feed(feed) for feed in draft.feeds]


def _boxes(cursor: Cursor, site: str) -> set[Feed]:
    """Return the boxes that places of `site` are fed by."""
    cursor.execute(_BOXES, (site,))
    return {feed_of_row(row) for row in cursor.fetchall()}


def _write_feeds(cursor: Cursor, draft: PlaceDraft, known: Set[Feed]) -> None:
    """Store the feeds of a place; `known` are the boxes whose totals are made, or asked for, already."""
    rows = [(draft.id, number, *row_of_feed(feed)) for number, feed in enumerate(draft.feeds)]
    if rows:
        cursor.executemany(_FEED, rows)
    boxes = {feed for feed in draft.feeds if not isinstance(feed, ZoneFeed)}
    if boxes - known:
        _check_number_of_boxes(cursor, draft.site)
        _ask_for_totals(cursor, draft.site)


def _check_number_of_boxes(cursor: Cursor, site: str) -> None:
    cursor.execute(
        "SELECT COUNT(*), COALESCE(SUM(site = %s), 0) FROM place_feeds WHERE kind = 'box'", (site,)
    )
    of_all, of_site = cursor.fetchone() or (0, 0)
    if of_site > MOST_BOXES_OF_A_SITE:
        expected = f"at most {MOST_BOXES_OF_A_SITE} over all places of site {site}"
        raise ApiError(
            HTTPStatus.CONFLICT, f"{of_site} boxes on the map are too many: expected {expected}", "feeds"
        )
    if of_all > MOST_BOXES:
        expected = f"at most {MOST_BOXES} over all sites"
        raise ApiError(
            HTTPStatus.CONFLICT, f"{of_all} boxes on the map are too many: expected {expected}", "feeds"
        )


def _ask_for_totals(cursor: Cursor, site: str) -> None:
    """Have the totals of a site's boxes made of the hours whose tracks are still there."""
    today = datetime.now(UTC).replace(tzinfo=None, minute=0, second=0, microsecond=0)
    hours = [today - timedelta(hours=back) for back in range((KEPT_DAYS[TRACKS.name] + 1) * 24)]
    values = chain.from_iterable((hour, TRACKS.name, site, "") for hour in sorted(hours))
    cursor.execute(
        f"INSERT INTO hours_due (hour_start, source, site, camera) VALUES {_groups(len(hours), 4)} "  # noqa: S608
        "ON DUPLICATE KEY UPDATE site = VALUES(site)",
        list(values),
    )


def _groups(rows: int, columns: int) -> str:
    return ", ".join([f"({', '.join(['%s'] * columns)})"] * rows)


def _values(draft: PlaceDraft) -> tuple[object, ...]:
    return tuple(getattr(draft, name) for name in _DRAFT_COLUMNS)
