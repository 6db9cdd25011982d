"""`crowdlens reconcile`: what devices made against what the lake and MySQL hold, by device and UTC day."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.arguments import identifier, utc_day
from cli.cloud import add_bucket_argument, bucket_of, clear_cloud_errors, s3_client
from cli.output import print_json, printable, write_progress
from cli.reconcile_report import Account, as_json, records_without_any_ledger, show
from contract.errors import CrowdLensError

if TYPE_CHECKING:
    from lambdas.reconciler.account import DeviceDay
    from lambdas.reconciler.reconciler import DayFound, Reconciler
    from lambdas.reconciler.store import Lake
    from lambdas.shared.load_ledger import MySqlLedger

EXAMPLE = """examples:
  crowdlens reconcile --lake out/demo/lake
  crowdlens reconcile --lake out/demo/lake --mysql-url mysql://user:password@127.0.0.1:3306/crowdlens
  crowdlens reconcile --bucket crowdlens-dev-lake --day 2026-11-21 --device jetson-7 --json
made = in lake + dropped + on the way + missing; on the way is what a device told of less than the grace
period ago. MySQL is looked at when --mysql-url or MYSQL_HOST names it, for the days it keeps: by its ledger
and the number of its rows; what is in the rows `crowdlens rebuild --check` compares.
exit status 1 when records are missing, not in MySQL when they should be, or without any ledger; 2 for a day
or device that nothing tells of"""
_DEFAULT_DAYS = 8
_GRACE_MINUTES = 60.0
_NAMED = 5


class NothingKnownError(CrowdLensError):
    """Raised for a day or a device of which neither the lake nor a ledger tells."""


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
        "--day", type=utc_day, help=f"only this UTC day (default: the newest {_DEFAULT_DAYS} of the lake)"
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
    """Print the account; 1 when something is missing or not known."""
    from lambdas.reconciler.reconciler import Reconciler, ReconcilerRules

    with ExitStack() as stack:
        stack.enter_context(clear_cloud_errors())
        ledger = _ledger(arguments, stack)
        lake, grace = _lake(arguments), _grace(arguments)
        rules = ReconcilerRules(grace=grace, load_grace=min(grace, ReconcilerRules().load_grace))
        reconciler = Reconciler(lake, ledger, rules, progress=_progress)
        found, untold = _reconcile(reconciler, arguments, datetime.now(tz=UTC) - grace)
    account = Account(found, reconciler.unreadable.reasons, ledger is not None, untold)
    if arguments.json:
        print_json(as_json(account))
    else:
        show(account)
    return 0 if account.complete else 1


def _reconcile(
    reconciler: Reconciler, arguments: argparse.Namespace, settled_before: datetime
) -> tuple[list[DayFound], int]:
    """Return the account of each day, and how many records there are of which no ledger tells by now."""
    there = reconciler.days()
    days = [arguments.day] if arguments.day else there[-_DEFAULT_DAYS:]
    if not days:
        return [], 0
    told, streams = reconciler.survey(days)
    if arguments.day is None:
        # Of a day that is wholly lost only the ledger tells.
        days = sorted({*days, *told.reader.days()})[-_DEFAULT_DAYS:]
    elif not {arguments.day} & {*there, *told.reader.days()}:
        raise NothingKnownError(_no_such_day(arguments.day, there))
    found, untold = [], 0
    for day in days:
        loads = reconciler.loads(day)
        account = reconciler.account(loads, told, streams)
        found.append(account)
        untold += records_without_any_ledger(_of_device(account, arguments.device), loads, settled_before)
    _progress("")
    if arguments.device:
        _keep_device(found, arguments.device)
    return found, untold


def _of_device(day: DayFound, device: str | None) -> list[DeviceDay]:
    return [one for name, one in day.devices.items() if device in {None, name}]


def _keep_device(found: list[DayFound], device: str) -> None:
    known = sorted({name for day in found for name in day.devices})
    if device not in known:
        named = ", ".join(known[:_NAMED]) + (
            f" and {len(known) - _NAMED} more" if len(known) > _NAMED else ""
        )
        days = found[0].day if len(found) == 1 else f"{found[0].day} to {found[-1].day}"
        raise NothingKnownError(
            f"device is {device!r}: expected one that the lake or a ledger tells of, {days}: "
            f"{printable(named) or 'there is none'}"
        )
    for day in found:
        day.devices = {name: one for name, one in day.devices.items() if name == device}


def _no_such_day(day: str, there: list[str]) -> str:
    has = f"the lake has {there[0]} to {there[-1]}" if there else "the lake has no day at all"
    return f"day is {day}: expected one that the lake or a ledger tells of: {has}"


def _grace(arguments: argparse.Namespace) -> timedelta:
    default = 0.0 if arguments.lake else _GRACE_MINUTES
    return timedelta(minutes=default if arguments.grace_minutes is None else arguments.grace_minutes)


def _lake(arguments: argparse.Namespace) -> Lake:
    from lambdas.reconciler.store import FolderLake, S3Lake

    if arguments.lake is None:
        return S3Lake(bucket_of(arguments), s3_client(arguments.region))
    from cli.rebuild.lake import FolderLake as CheckedFolder

    # Raises when the folder is no lake.
    CheckedFolder(arguments.lake)
    return FolderLake(arguments.lake)


def _ledger(arguments: argparse.Namespace, stack: ExitStack) -> MySqlLedger | None:
    from cli.rebuild.rows import CountedLedger
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
    return CountedLedger(database)


def _progress(text: str) -> None:
    """Show what is being read: one line, written over, on a terminal; nothing elsewhere."""
    if sys.stderr.isatty():
        write_progress(f"\r\x1b[K{text}")


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = -1.0
    if not 0 <= minutes <= 43_200:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number of minutes from 0 to 43200")
    return minutes
