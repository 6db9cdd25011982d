"""Places as people make, change and remove them: by the account that writes them, over a connection a change.

A place carries a version. Who changes it says which version they saw; when another edit came between, nothing
is written and they are told.
"""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from itertools import chain
from typing import Any, Final

from pymysql.cursors import Cursor

from contract.mysql import KEPT_DAYS
from contract.tables import TRACKS
from lambdas.live_api.errors import ApiError, no_such_place
from lambdas.live_api.places import FEED_COLUMNS, ZoneFeed, row_of_feed
from lambdas.live_api.repository import MOST_PLACES
from lambdas.live_api.validation import PlaceDraft
from lambdas.shared.mysql import Database, DatabaseError
from lambdas.shared.settings import MySQLSettings

_DUPLICATE: Final = 1062
_DRAFT_COLUMNS: Final = ("name", "name_en", "site", "time_zone", "longitude", "latitude", "manual_usual")
_INSERT: Final = (
    f"INSERT INTO places (id, {', '.join(_DRAFT_COLUMNS)}, version, updated_at, updated_by) "  # noqa: S608
    f"VALUES (%s, {', '.join(['%s'] * len(_DRAFT_COLUMNS))}, 1, UTC_TIMESTAMP(3), %s)"
)
_UPDATE: Final = (
    f"UPDATE places SET {', '.join(f'{name} = %s' for name in _DRAFT_COLUMNS)}, version = version + 1, "  # noqa: S608
    "updated_at = UTC_TIMESTAMP(3), updated_by = %s WHERE id = %s AND version = %s"
)
_PHOTO: Final = (
    "UPDATE places SET photo_digest = %s, photo_type = %s, version = version + 1, "
    "updated_at = UTC_TIMESTAMP(3), updated_by = %s WHERE id = %s"
)
_FEED: Final = (
    f"INSERT INTO place_feeds (place_id, number, {', '.join(FEED_COLUMNS)}) "  # noqa: S608 - names of ours
    f"VALUES (%s, %s, {', '.join(['%s'] * len(FEED_COLUMNS))})"
)


class PlaceEditor:
    """Writes places; every change is one transaction."""

    def __init__(self, settings: MySQLSettings) -> None:
        self._settings = settings

    def make(self, draft: PlaceDraft, editor: str | None) -> None:
        """Store a new place; raises `ApiError` (409) when its id is taken or there are too many."""
        self._run(lambda cursor: _make(cursor, draft, editor), taken=draft.id)

    def change(self, draft: PlaceDraft, version: int, editor: str | None) -> None:
        """Replace what is typed in of a place that is still at `version`; raises `ApiError` (404, 409)."""
        self._run(lambda cursor: _change(cursor, draft, version, editor))

    def remove(self, place_id: str, version: int) -> None:
        """Remove a place that is still at `version`; raises `ApiError` (404, 409)."""
        self._run(lambda cursor: _remove(cursor, place_id, version))

    def set_photo(self, place_id: str, digest: str | None, kind: str | None, editor: str | None) -> None:
        """Name the photo of a place, or none; the last one stays. Raises `ApiError` (404)."""
        self._run(lambda cursor: _set_photo(cursor, (digest, kind, editor, place_id)))

    def _run(self, work: Any, taken: str = "") -> None:
        # Edits are rare: their connection does not stay open beside the one that reads.
        with closing(Database(self._settings)) as database:
            try:
                database.run(work)
            except DatabaseError as error:
                if error.code != _DUPLICATE:
                    raise
                raise ApiError(HTTPStatus.CONFLICT, f"there is a place {taken} already", "id") from error


def _make(cursor: Cursor, draft: PlaceDraft, editor: str | None) -> None:
    cursor.execute("SELECT COUNT(*) FROM places")
    (count,) = cursor.fetchone() or (0,)
    if count >= MOST_PLACES:
        raise ApiError(HTTPStatus.CONFLICT, f"there are {MOST_PLACES:,} places: expected fewer")
    cursor.execute(_INSERT, (draft.id, *_values(draft), editor))
    _write_feeds(cursor, draft)


def _change(cursor: Cursor, draft: PlaceDraft, version: int, editor: str | None) -> None:
    changed = cursor.execute(_UPDATE, (*_values(draft), editor, draft.id, version))
    if not changed:
        _refuse(cursor, draft.id)
    cursor.execute("DELETE FROM place_feeds WHERE place_id = %s", (draft.id,))
    _write_feeds(cursor, draft)


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


def _write_feeds(cursor: Cursor, draft: PlaceDraft) -> None:
    rows = [(draft.id, number, *row_of_feed(feed)) for number, feed in enumerate(draft.feeds)]
    if rows:
        cursor.executemany(_FEED, rows)
    if any(not isinstance(feed, ZoneFeed) for feed in draft.feeds):
        _ask_for_totals(cursor, draft.site)


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
