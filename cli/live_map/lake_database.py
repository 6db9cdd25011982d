"""A lake in a folder → a private MySQL with what the map needs of it, as it was when the data ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pymysql.cursors import Cursor

from cli.rebuild.digest import first_days
from cli.rebuild.hours import rebuild_hours
from cli.rebuild.lake import FolderLake, list_objects
from cli.rebuild.work import Progress, Rebuild
from contract.errors import CrowdLensError, WorkFailedError
from contract.tables import ZONE_COUNTS
from infra.local.mariadb import MariaDb, find_mysql
from infra.local.run_directory import RunDirectory
from lambdas.migrations.runner import apply_migrations
from lambdas.rds_loader.loader import Loader
from lambdas.shared.mysql import Connector, Database
from lambdas.shared.settings import MySQLSettings, migration_settings

_LAKE = "lake"
_STATEMENT_SECONDS = 300


class LakeDatabaseError(WorkFailedError):
    """Raised when there is no MySQL to load a lake into."""


class EmptyLakeError(CrowdLensError):
    """Raised when a lake holds no counts."""


@dataclass(frozen=True)
class LoadedLake:
    """Where MySQL is, and when the newest count ended (naive UTC): the map's clock stands there."""

    settings: MySQLSettings
    ended_at: datetime


@contextmanager
def database_of_lake(folder: Path, say: Callable[[str], None]) -> Iterator[LoadedLake]:
    """Give a private MySQL, loaded with the last days of the lake in `folder`, while the context is open.

    `folder` is a lake or what a demo or a history wrote. Raises `LakeFolderError`, `EmptyLakeError` and
    `LakeDatabaseError`.
    """
    lake = FolderLake(folder / _LAKE if (folder / _LAKE).is_dir() else folder)
    last_day = max((one.day for one in list_objects(lake, ZONE_COUNTS, "1970-01-01")), default=None)
    if last_day is None:
        raise EmptyLakeError(f"{folder} holds no counts: expected a lake with {ZONE_COUNTS.name}")
    with RunDirectory() as run:
        found = find_mysql(run, report=say)
        if isinstance(found, str):
            raise LakeDatabaseError(f"there is no MySQL to load the lake into: {found}")
        assert isinstance(found, MariaDb)  # noqa: S101 - no URL was given
        try:
            settings = migration_settings(found.server.environment()).mysql
            yield LoadedLake(settings, _load(lake, settings, datetime.fromisoformat(last_day), say))
        finally:
            found.process.stop()


def _load(
    lake: FolderLake, settings: MySQLSettings, last_day: datetime, say: Callable[[str], None]
) -> datetime:
    connector = Connector(settings, statement_seconds=_STATEMENT_SECONDS)
    with closing(connector.connect()) as connection:
        apply_migrations(connection)
    # The lake's last days are MySQL's, however long ago they were.
    end_of_data = last_day + timedelta(days=1)
    days = first_days(last_day.date(), every_day=False)
    with closing(Database(settings, connect=connector.connect)) as database:
        loader = Loader(lake, database, clock=lambda: end_of_data)
        progress = Progress()
        Rebuild(lake, database, loader, days, lambda _: None, progress).load_missing()
        say(f"{progress.rows:,} rows of the lake's last days are in MySQL ({progress.seconds:.1f} s)")
        ended_at = database.run(_newest)
        made = rebuild_hours(lake, database, ended_at, lambda _: None)
        say(f"{made.totals:,} hour totals of {made.days} days tell what is usual")
    return ended_at


def _newest(cursor: Cursor) -> datetime:
    cursor.execute(
        "SELECT MAX(DATE_ADD(event_time, INTERVAL ROUND(window_seconds * 1000) * 1000 MICROSECOND)) "
        "FROM zone_live"
    )
    row = cursor.fetchone()
    if row is None or row[0] is None:
        raise EmptyLakeError("the lake holds no counts of zones")
    newest: datetime = row[0]
    return newest


def environment_of(loaded: LoadedLake) -> dict[str, str]:
    """Return the variables from which `live_api` reads where the private MySQL is."""
    settings = loaded.settings
    return {
        "MYSQL_HOST": settings.host,
        "MYSQL_PORT": str(settings.port),
        "MYSQL_USER": settings.user,
        "MYSQL_DATABASE": settings.database,
        "MYSQL_AUTHENTICATION": "password",
        "MYSQL_PASSWORD": settings.password,
        "MYSQL_TLS": "off",
    }
