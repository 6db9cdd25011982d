"""`crowdlens reconcile`: what devices made against what the lake and MySQL hold, by device and UTC day."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.arguments import identifier
from cli.cloud import add_bucket_argument, bucket_of, clear_cloud_errors, s3_client
from cli.output import print_json, printable, say, table, write_progress

if TYPE_CHECKING:
    from lambdas.reconciler.reconciler import DayFound, Reconciler
    from lambdas.reconciler.store import Lake
    from lambdas.shared.load_ledger import MySqlLedger

EXAMPLE = """examples:
  crowdlens reconcile --lake out/demo/lake
  crowdlens reconcile --lake out/demo/lake --mysql-url mysql://user:password@127.0.0.1:3306/crowdlens
  crowdlens reconcile --bucket crowdlens-dev-lake --day 2026-11-21 --device jetson-7 --json
made = in lake + dropped + on the way + missing; on the way is what a device told of less than the grace
period ago. MySQL is looked at when --mysql-url or MYSQL_HOST names it, for the days it keeps.
exit status 1 when records are missing, or not in MySQL when they should be"""
_HEADER = (
    "day", "device", "made", "in lake", "dropped", "on the way", "missing", "no ledger yet", "not in MySQL",
    "loading",
)  # fmt: skip
_DEFAULT_DAYS = 8
_GRACE_MINUTES = 60.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `crowdlens reconcile`."""
    parser.epilog = EXAMPLE
    lake = parser.add_mutually_exclusive_group()
    add_bucket_argument(lake)
    lake.add_argument("--lake", type=Path, help="the lake in a folder, as a demo leaves it")
    parser.add_argument("--region", help="AWS region (default: as the AWS tools find it)")
    parser.add_argument(
        "--mysql-url", help="mysql://user:password@host:port/database (default: MYSQL_HOST, …)"
    )
    parser.add_argument(
        "--day", type=_day, help=f"only this UTC day (default: the newest {_DEFAULT_DAYS} of the lake)"
    )
    parser.add_argument("--device", type=identifier, help="only this device")
    parser.add_argument(
        "--grace-minutes",
        type=_minutes,
        help="what arrived or was told later than this is still on the way (default: 60; 0 for a folder)",
    )
    parser.add_argument("--json", action="store_true", help="print the account as JSON")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Print the account; 1 when something is missing."""
    with ExitStack() as stack:
        stack.enter_context(clear_cloud_errors())
        reconciler = _reconciler(arguments, stack)
        found = _reconcile(reconciler, arguments.day)
    if arguments.device:
        for day in found:
            day.devices = {name: one for name, one in day.devices.items() if name == arguments.device}
    unreadable = reconciler.unreadable.reasons
    complete = not unreadable and not any(day.total.differs for day in found)
    if arguments.json:
        days_told = [_as_json(day) for day in found]
        print_json({"complete": complete, "days": days_told, "unreadable": unreadable})
    else:
        _show(found, unreadable)
    return 0 if complete else 1


def _reconcile(reconciler: Reconciler, day: str | None) -> list[DayFound]:
    days = [day] if day else reconciler.days()[-_DEFAULT_DAYS:]
    if not days:
        return []
    told, streams = reconciler.survey(days)
    if day is None:
        # Of a day that is wholly lost only the ledger tells.
        days = sorted({*days, *told.reader.days()})[-_DEFAULT_DAYS:]
    found = [reconciler.account(reconciler.loads(one), told, streams) for one in days]
    _progress("")
    return found


def _reconciler(arguments: argparse.Namespace, stack: ExitStack) -> Reconciler:
    from lambdas.reconciler.reconciler import Reconciler, ReconcilerRules

    lake = _lake(arguments)
    default = 0.0 if arguments.lake else _GRACE_MINUTES
    grace = timedelta(minutes=default if arguments.grace_minutes is None else arguments.grace_minutes)
    rules = ReconcilerRules(grace=grace, load_grace=min(grace, ReconcilerRules().load_grace))
    return Reconciler(lake, _ledger(arguments, stack), rules, progress=_progress)


def _lake(arguments: argparse.Namespace) -> Lake:
    from lambdas.reconciler.store import FolderLake, S3Lake

    if arguments.lake is None:
        return S3Lake(bucket_of(arguments), s3_client(arguments.region))
    from cli.rebuild.lake import FolderLake as CheckedFolder

    # Raises when the folder is no lake.
    CheckedFolder(arguments.lake)
    return FolderLake(arguments.lake)


def _ledger(arguments: argparse.Namespace, stack: ExitStack) -> MySqlLedger | None:
    from lambdas.shared.load_ledger import MySqlLedger
    from lambdas.shared.mysql import Database
    from lambdas.shared.settings import mysql_settings

    if arguments.mysql_url is None and not os.environ.get("MYSQL_HOST"):
        return None
    environment: Any = os.environ
    if arguments.mysql_url is not None:
        from infra.local.mysql_server import parse_url

        environment = parse_url(arguments.mysql_url).environment()
    database = Database(mysql_settings(environment))
    stack.callback(database.close)
    return MySqlLedger(database)


def _progress(text: str) -> None:
    """Show what is being read: one line, written over, on a terminal; nothing elsewhere."""
    if sys.stderr.isatty():
        write_progress(f"\r\x1b[K{text}")


def _as_json(day: DayFound) -> dict[str, Any]:
    devices = [
        {
            "device": device.device,
            **asdict(device.total),
            "tables": {name: asdict(counts) for name, counts in sorted(device.tables.items())},
        }
        for _, device in sorted(day.devices.items())
    ]
    return {"day": day.day, "devices": devices, "short_in_mysql": day.short_in_mysql}


def _show(found: list[DayFound], unreadable: dict[str, str]) -> None:
    rows = [
        (day.day, printable(name), *asdict(device.total).values())
        for day in found
        for name, device in sorted(day.devices.items())
    ]
    if rows:
        print(table(_HEADER, rows))
    for key, reason in unreadable.items():
        say(f"unreadable: {printable(key)}: {printable(reason)}")
    for day in found:
        for line in _differences(day):
            say(f"{day.day} {printable(line)}")
    say(_sentence(found, len(unreadable)))


def _differences(day: DayFound) -> Iterator[str]:
    for name, device in sorted(day.devices.items()):
        for table_name, counts in sorted(device.tables.items()):
            if counts.missing:
                yield f"{name}: {counts.missing} records of {table_name} are missing"
    for table_name, short in sorted(day.short_in_mysql.items()):
        yield f"MySQL lacks {short} rows of {table_name}: `crowdlens rebuild --missing` loads them"


def _sentence(found: list[DayFound], unreadable: int) -> str:
    totals = [day.total for day in found]
    made, missing, lacking, coming, dropped = (
        sum(getattr(one, name) for one in totals)
        for name in ("made", "missing", "not_in_mysql", "on_the_way", "dropped")
    )
    if missing or lacking:
        return f"NOT complete: of {made:,} records made {missing:,} are missing, {lacking:,} are not in MySQL"
    if unreadable:
        return f"NOT known: {unreadable} objects cannot be read, and what is in them counts as not there"
    where = "are in the lake" + (f", {dropped:,} of them declared dropped" if dropped else "")
    return f"nothing is missing: {made:,} records made {where}" + (
        f", {coming:,} on the way" if coming else ""
    )


def _day(text: str) -> str:
    try:
        if date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r}: expected a UTC day like 2026-11-21")


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = -1.0
    if not 0 <= minutes <= 43_200:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number of minutes from 0 to 43200")
    return minutes
