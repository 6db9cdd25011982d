"""`crowdlens compact`: fold a lake's raw objects into few, large, sorted ones."""

from __future__ import annotations

import argparse
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.arguments import utc_day
from cli.cloud import add_account_arguments, control_table_of, s3_client
from cli.output import print_json, say, table
from contract.errors import WorkFailedError
from contract.tables import TABLES

if TYPE_CHECKING:
    from lambdas.compactor.compactor import Compactor, Piece
    from lambdas.compactor.report import Report

EXAMPLE = """examples:
  crowdlens compact --lake out/demo/lake --dry-run
  crowdlens compact --lake out/demo/lake --keep-raw-hours 0
  crowdlens compact --bucket crowdlens-dev-lake --table tracks --day 2026-11-21
the cloud's compactor does the same every hour; running both at once is safe"""


class PieceFailedError(WorkFailedError):
    """Raised when a day could not be compacted; the others were."""


class LeftAloneError(WorkFailedError):
    """Raised when an object could not be read; it stays as it is, and the others were compacted."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `crowdlens compact`."""
    parser.epilog = EXAMPLE
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--lake", type=Path, default=Path("out/demo/lake"), help="lake folder of a run")
    where.add_argument("--bucket", help="the lake's bucket in S3")
    add_account_arguments(parser)
    parser.add_argument("--table", choices=sorted(TABLES), help="only this table")
    parser.add_argument("--day", type=utc_day, help="only this UTC day, YYYY-MM-DD")
    parser.add_argument(
        "--keep-raw-hours", type=_hours, default=6.0, help="leave raw objects this long after their arrival"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what there is to do and do nothing")
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Compact, and print what was done."""
    compactor = _compactor(arguments)
    pieces = [
        piece
        for piece in compactor.pieces([arguments.table] if arguments.table else tuple(TABLES))
        if arguments.day in (None, piece.day)
    ]
    if arguments.dry_run:
        _show_plan(compactor, pieces, arguments.json)
        return 0
    report = compactor.run(pieces)
    _show_report(report, arguments.json)
    if report.failed:
        piece, reason = next(iter(report.failed.items()))
        raise PieceFailedError(f"{len(report.failed)} days failed, first {piece}: {reason}")
    if report.skipped:
        raise LeftAloneError(f"{len(report.skipped)} objects could not be read and were left alone")
    return 0


def _compactor(arguments: argparse.Namespace) -> Compactor:
    from lambdas.compactor.compactor import Compactor
    from lambdas.compactor.settings import CompactionRules

    keep = timedelta(hours=arguments.keep_raw_hours)
    if arguments.bucket:
        from lambdas.compactor.store import S3ObjectStore
        from lambdas.shared.control_table import control_client
        from lambdas.shared.leases import Leases

        leases = Leases(control_client(arguments.region), control_table_of(arguments))
        store = S3ObjectStore(arguments.bucket, s3_client(arguments.region))
        return Compactor(store, leases, CompactionRules(raw_keep=keep))
    from cli.folder_store import FolderStore, NoLeases
    from cli.lake_location import open_lake

    open_lake(arguments.lake)
    # Nobody asks a folder for half an hour: what is covered may go as soon as the raw objects may.
    rules = CompactionRules(raw_keep=keep, reader_grace=min(keep, CompactionRules.reader_grace))
    return Compactor(FolderStore(arguments.lake), NoLeases(), rules)


def _show_plan(compactor: Compactor, pieces: list[Piece], as_json: bool) -> None:
    found: list[dict[str, Any]] = []
    for piece in pieces:
        state = compactor.state(piece.table, piece.day)
        waiting = state.uncovered_raw()
        found.append(
            {
                "table": piece.table,
                "day": piece.day,
                "raw_objects": len(state.raw),
                "to_fold": len(waiting),
                "bytes_to_fold": sum(item.size for item in waiting),
                "compacted_objects": len(state.compacted),
            }
        )
    if as_json:
        print_json(found)
        return
    print(table(list(found[0]), [list(row.values()) for row in found]) if found else "")
    say(f"{sum(row['to_fold'] for row in found)} raw objects to fold")


def _show_report(report: Report, as_json: bool) -> None:
    if as_json:
        print_json({**report.counts(), "skipped": report.skipped, "failed": report.failed})
        return
    for key, reason in report.skipped.items():
        say(f"left alone: {key}: {reason}")
    say(
        f"{report.objects_folded} raw objects folded and {report.objects_merged} merged into "
        f"{report.objects_written}; {report.rows_written:,} rows, {report.duplicates:,} repeated; "
        f"{report.bytes_read:,} bytes became {report.bytes_written:,}; "
        f"{report.objects_retired} objects taken away"
    )


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = -1.0
    if not 0 <= hours <= 87_600:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number of hours from 0 to 87600")
    return hours
