"""What must hold before a rebuild drops anything: it is the only one, and of the lake of this database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pymysql

from cli.rebuild.digest import EVERY_DAY
from cli.rebuild.lake import Lake, list_objects
from contract.errors import WorkFailedError
from contract.tables import TABLES

if TYPE_CHECKING:
    from lambdas.shared.mysql import Connection

REBUILD_MARK: Final = "rebuild_started"
LAKE_MARK: Final = "rebuild_of:"
"""Beside the mark, with a digest of the lake's name: the table's one text is a name of 64 letters."""


class RebuildError(WorkFailedError):
    """Raised when a rebuild cannot begin or left objects out."""


@contextmanager
def only_rebuild(connection: Connection) -> Iterator[None]:
    """Hold the lock that keeps a second rebuild of this database out; raises `RebuildError`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(LEFT(CONCAT('crowdlens-rebuild:', DATABASE()), 64), 0)")
        row = cursor.fetchone()
    if row is None or row[0] != 1:
        raise RebuildError("another rebuild of this database is running: expected it to end first")
    # The lock is the connection's: whoever dies gives it back.
    yield


def refuse_empty_lake(
    lake: Lake, connection: Connection, first_days: Mapping[str, str], *, from_scratch: bool = False
) -> None:
    """Raise `RebuildError` when the lake has no object to give back for rows that MySQL holds.

    Then it is the wrong lake, or the right one gone: dropping MySQL would lose what is left. Where the lake
    has objects of other tables, `from_scratch` lets the rows of those go of which it has none.
    """
    empty = [name for name, table in TABLES.items() if not list_objects(lake, table, first_days[name])]
    if len(empty) == len(TABLES):
        for name in empty:
            if _has_rows(connection, name, EVERY_DAY):
                raise RebuildError(
                    f"the lake {lake.bucket} has no object of the days that MySQL keeps, but {name} in MySQL "
                    "has rows: expected the lake of this database"
                )
    lost = [] if from_scratch else [name for name in empty if _has_rows(connection, name, first_days[name])]
    if lost:
        raise RebuildError(
            f"the lake {lake.bucket} has no object of {', '.join(lost)} of the days that MySQL keeps, but "
            "MySQL has rows: expected the lake of this database, or --from-scratch, to drop these rows"
        )


def _has_rows(connection: Connection, table_name: str, first_day: str) -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT 1 FROM `{table_name}` WHERE `event_time` >= %s LIMIT 1",  # noqa: S608 - a name of ours
                (first_day,),
            )
            return cursor.fetchone() is not None
    except pymysql.err.ProgrammingError:
        # No such table.
        return False


def is_half_way(connection: Connection, lake_name: str) -> bool:
    """Return whether a rebuild of this very lake was cut off; raises `RebuildError` when one of another was.

    `lake_name` tells the lake from every other. To go on with another would mix two lakes in one database.
    """
    marks = _marks(connection)
    if REBUILD_MARK not in marks:
        return False
    if lake_mark(lake_name) not in marks:
        raise RebuildError(
            f"a rebuild of another lake than {lake_name} was stopped half-way in this database: expected "
            "that lake, to go on, or --from-scratch, to drop what is there and load this one"
        )
    return True


def lake_mark(lake_name: str) -> str:
    """Return the name of the row of `projection_state` that says which lake a rebuild is of."""
    return LAKE_MARK + hashlib.sha256(lake_name.encode()).hexdigest()[:40]


def _marks(connection: Connection) -> set[str]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM projection_state")
            return {str(name) for (name,) in cursor.fetchall()}
    except pymysql.err.ProgrammingError:
        # No such table: nothing was begun.
        return set()
