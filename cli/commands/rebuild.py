"""`crowdlens rebuild`: MySQL dropped and rebuilt from the lake, or compared with it."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.output import print_json, say, table, write_progress
from contract.errors import WorkFailedError

if TYPE_CHECKING:
    from cli.rebuild.lake import Lake
    from cli.rebuild.work import Progress
    from lambdas.shared.mysql import Connection, Connector
    from lambdas.shared.settings import MySQLSettings

EXAMPLE = """examples:
  crowdlens rebuild --bucket my-lake                 MySQL as in MYSQL_HOST, MYSQL_USER, … of the functions
  crowdlens rebuild --lake out/demo/lake --mysql-url mysql://user:password@127.0.0.1:3306/crowdlens
  crowdlens rebuild --digest                         a digest of each table, to compare before and after
  crowdlens rebuild --check                          compare MySQL with the lake, by table and UTC day
  crowdlens rebuild --missing                        after an outage: load what MySQL lacks, drop nothing
  crowdlens rebuild --usual                          drop nothing, make the map's hour totals of 36 days anew
  crowdlens rebuild --from-scratch                   drop again, whatever a stopped rebuild left
stopped half-way, the same command goes on where it was; new objects may arrive meanwhile"""
_LINE_SECONDS = 5.0
_STATEMENT_SECONDS = 840


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `crowdlens rebuild`."""
    parser.epilog = EXAMPLE
    lake = parser.add_mutually_exclusive_group()
    lake.add_argument("--bucket", help="the lake's bucket (default: LAKE_BUCKET of the environment)")
    lake.add_argument("--lake", type=Path, help="the lake in a folder, as a demo leaves it")
    parser.add_argument(
        "--mysql-url", help="mysql://user:password@host:port/database (default: MYSQL_HOST, …)"
    )
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--digest", action="store_true", help="only print the digest of each table in MySQL")
    only.add_argument("--check", action="store_true", help="only compare MySQL with the lake")
    only.add_argument(
        "--missing",
        action="store_true",
        help="drop nothing, only load the objects that the ledger lacks, and days that lost rows",
    )
    only.add_argument(
        "--usual",
        action="store_true",
        help="drop nothing, make the hour totals anew that tell the live map what is usual (36 days)",
    )
    only.add_argument(
        "--from-scratch",
        action="store_true",
        help="drop again, even if a rebuild was stopped half-way, also of another lake",
    )
    parser.add_argument(
        "--every-day", action="store_true", help="all days of the lake, not just those that MySQL keeps"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Rebuild, or print digests, or compare; an error of the driver becomes one sentence."""
    import pymysql

    from lambdas.shared.mysql import Connector

    settings = _mysql_settings(arguments)
    connector = Connector(settings, statement_seconds=_STATEMENT_SECONDS)
    try:
        with closing(connector.connect()) as connection:
            if arguments.digest:
                return _digest(arguments, connection)
            lake = _open_lake(arguments)
            if arguments.usual:
                return _usual(arguments, lake, connector, settings)
            if arguments.check:
                return _check(arguments, lake, connection, settings)
            return _rebuild(arguments, lake, connection, connector, settings)
    except pymysql.MySQLError as error:
        where = f"{settings.host}:{settings.port}/{settings.database}"
        raise WorkFailedError(
            f"MySQL at {where} failed: {error.args[-1] if error.args else error}"
        ) from error


def _mysql_settings(arguments: argparse.Namespace) -> MySQLSettings:
    from lambdas.shared.settings import migration_settings

    if arguments.mysql_url is None:
        return migration_settings().mysql
    from infra.local.mysql_server import parse_url

    return migration_settings(parse_url(arguments.mysql_url).environment()).mysql


def _open_lake(arguments: argparse.Namespace) -> Lake:
    from cli.rebuild.lake import FolderLake
    from lambdas.shared.lake_store import LakeStore
    from lambdas.shared.settings import lake_writer_settings

    if arguments.lake is not None:
        return FolderLake(arguments.lake)
    return LakeStore(arguments.bucket or lake_writer_settings().lake_bucket)


def _lake_name(arguments: argparse.Namespace, lake: Lake) -> str:
    """Return what tells this lake from every other, wherever the command is called."""
    return f"s3://{lake.bucket}" if arguments.lake is None else str(arguments.lake.resolve())


def _digest(arguments: argparse.Namespace, connection: Connection) -> int:
    from cli.rebuild.digest import LEFT_OUT, PROJECTED, begin_snapshot, first_days, table_digest
    from lambdas.rds_loader.loader import utc_now

    days = first_days(utc_now().date(), every_day=arguments.every_day)
    begin_snapshot(connection)
    digests = [table_digest(connection, projected, days[projected.name]) for projected in PROJECTED]
    if arguments.json:
        print_json({"tables": [asdict(digest) for digest in digests], "left_out": LEFT_OUT})
        return 0
    print(table(("table", "rows", "sha256"), [(one.table, one.rows, one.sha256) for one in digests]))
    for name, reason in LEFT_OUT.items():
        say(f"left out: {name}, which {reason}")
    return 0


def _check(arguments: argparse.Namespace, lake: Lake, connection: Connection, settings: MySQLSettings) -> int:
    from cli.rebuild.check import check
    from cli.rebuild.digest import begin_snapshot, first_days
    from lambdas.rds_loader import live
    from lambdas.rds_loader.loader import utc_now
    from lambdas.shared.mysql import Database

    now = utc_now()
    with closing(Database(settings)) as database:
        database.run(lambda cursor: live.settle(cursor, now))
    begin_snapshot(connection)
    days = first_days(now.date(), every_day=arguments.every_day)
    checks = list(check(lake, connection, days, now))
    different = [one for one in checks if not one.equal]
    if arguments.json:
        print_json({"equal": not different, "days": [{**asdict(one), "equal": one.equal} for one in checks]})
    elif different:
        columns = ("table", "day", "rows in lake", "rows in MySQL", "lake only", "MySQL only")
        rows = [
            (one.table, one.day, one.lake.rows, one.mysql.rows, one.lake_only, one.mysql_only)
            for one in different
        ]
        print(table(columns, rows))
    total = sum(one.lake.rows for one in checks)
    equal = len(checks) - len(different)
    say(f"{equal} of {len(checks)} days of tables are equal ({total:,} rows in the lake)")
    return 1 if different else 0


def _rebuild(
    arguments: argparse.Namespace,
    lake: Lake,
    connection: Connection,
    connector: Connector,
    settings: MySQLSettings,
) -> int:
    from cli.rebuild.digest import first_days
    from cli.rebuild.guards import is_half_way, only_rebuild, refuse_empty_lake
    from cli.rebuild.work import Progress, Rebuild, begin
    from lambdas.rds_loader.loader import Loader, utc_now
    from lambdas.shared.mysql import Database

    days = first_days(utc_now().date(), every_day=arguments.every_day)
    with only_rebuild(connection), closing(Database(settings, connect=connector.connect)) as database:
        progress, lake_name = Progress(), _lake_name(arguments, lake)
        half_way = not arguments.from_scratch and is_half_way(connection, lake_name)
        if half_way and not arguments.missing:
            progress.resumed = True
            say("a rebuild was stopped half-way: going on")
        elif not arguments.missing:
            refuse_empty_lake(lake, connection, days, from_scratch=arguments.from_scratch)
            begin(connection, utc_now(), lake_name)
        work = Rebuild(lake, database, Loader(lake, database), days, _reporter(), progress)
        for lost in work.forget_lost() if arguments.missing else ():
            say(f"MySQL lost {lost.lost} rows of {lost.table}, {lost.day}: its objects are loaded again")
        work.load_missing()
        if arguments.missing:
            work.square_sums()
        else:
            work.finish(utc_now())
    return _done(arguments, progress)


def _usual(arguments: argparse.Namespace, lake: Lake, connector: Connector, settings: MySQLSettings) -> int:
    from cli.rebuild.hours import rebuild_hours
    from lambdas.rds_loader.loader import utc_now
    from lambdas.shared.mysql import Database

    with closing(Database(settings, connect=connector.connect)) as database:
        made = rebuild_hours(lake, database, utc_now(), lambda line: write_progress(f"{line}\n"))
    if arguments.json:
        print_json(asdict(made))
    else:
        say(f"{made.totals:,} hour totals are made anew from {made.days} days of the lake")
    return 0


def _done(arguments: argparse.Namespace, progress: Progress) -> int:
    if arguments.json:
        told: dict[str, Any] = asdict(progress)
        print_json({name: told[name] for name in ("objects", "rows", "resumed", "seconds")})
    else:
        done = f"{progress.objects:,} objects, {progress.rows:,} rows, {progress.seconds:.1f} s"
        say(f"{'MySQL lacked' if arguments.missing else 'MySQL is rebuilt'}: {done}")
    return 0


def _reporter() -> Callable[[Progress], None]:
    """Return what shows progress: one line, written over, on a terminal; a line now and then elsewhere."""
    shown_at = 0.0

    def report(progress: Progress) -> None:
        nonlocal shown_at
        done = progress.objects + len(progress.failed)
        last = done >= progress.objects_total
        if not last and time.monotonic() - shown_at < (0.2 if sys.stderr.isatty() else _LINE_SECONDS):
            return
        shown_at = time.monotonic()
        left = progress.seconds / max(done, 1) * (progress.objects_total - done)
        text = (
            f"{progress.day}: {done:,} of {progress.objects_total:,} objects, {progress.rows:,} rows, "
            f"about {left:.0f} s left"
        )
        write_progress(f"\r\x1b[K{text}" + ("\n" if last else "") if sys.stderr.isatty() else f"{text}\n")

    return report
