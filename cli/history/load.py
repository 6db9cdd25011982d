"""A history's last days into MySQL, by rds_loader's own code."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from contract.errors import WorkFailedError

if TYPE_CHECKING:
    from cli.rebuild.work import Progress
    from lambdas.shared.settings import MySQLSettings

_STATEMENT_SECONDS = 840


def load_history(
    lake_folder: Path, settings: MySQLSettings, progress: Callable[[str], None]
) -> tuple[int, int]:
    """Migrate MySQL, load what it lacks of the days it keeps; return the numbers of objects and rows.

    Raises `WorkFailedError` or another `CrowdLensError` when MySQL fails.
    """
    import pymysql

    from cli.rebuild.digest import first_days
    from cli.rebuild.lake import FolderLake
    from cli.rebuild.work import Progress, Rebuild
    from lambdas.migrations.runner import apply_migrations
    from lambdas.rds_loader import live
    from lambdas.rds_loader.loader import Loader, utc_now
    from lambdas.shared.mysql import Connector, Database

    connector = Connector(settings, statement_seconds=_STATEMENT_SECONDS)
    lake, done = FolderLake(lake_folder), Progress()
    try:
        with closing(connector.connect()) as connection:
            apply_migrations(connection)
        with closing(Database(settings, connect=connector.connect)) as database:
            days = first_days(utc_now().date(), every_day=False)
            work = Rebuild(lake, database, Loader(lake, database), days, lambda at: progress(_text(at)), done)
            work.load_missing()
            database.run(lambda cursor: live.settle(cursor, utc_now()))
    except pymysql.MySQLError as error:
        where = f"{settings.host}:{settings.port}/{settings.database}"
        raise WorkFailedError(
            f"MySQL at {where} failed: {error.args[-1] if error.args else error}"
        ) from error
    return done.objects, done.rows


def _text(progress: Progress) -> str:

    done, total = progress.objects, progress.objects_total
    return f"loading into MySQL: {done:,} of {total:,} objects, {progress.rows:,} rows"
