"""`crowdlens history`: weeks of a simulated city, to look at dashboards before one has cameras."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from cli.arguments import folder, positive_integer, utc_day
from cli.output import print_json, say, write_progress

EXAMPLE = """examples:
  crowdlens history --days 30 --cameras 20 --out out/history
  crowdlens preview --lake out/history/lake
  crowdlens history --days 30 --cameras 20 --out out/history --load \\
      --mysql-url mysql://user:password@127.0.0.1:3306/crowdlens
short stretches of generated crowds go through tracker and counting as camera frames do, and are laid out
over the days; OUT/truth.json has the totals that every view must come to, OUT/places.yaml has map places"""
_MOST_DAYS, _MOST_CAMERAS = 400, 400
_LINE_SECONDS = 5.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `crowdlens history`."""
    parser.epilog = EXAMPLE
    parser.add_argument(
        "--days", type=_at_most(_MOST_DAYS), default=30, help="UTC days, the last one included"
    )
    parser.add_argument(
        "--cameras", type=_at_most(_MOST_CAMERAS), default=20, help="cameras, of several sites"
    )
    parser.add_argument(
        "--out", type=folder, required=True, help="folder to write to: new, empty or a history's"
    )
    parser.add_argument("--seed", type=_seed, default=1, help="everything follows from it")
    parser.add_argument(
        "--end", type=utc_day, help="last UTC day, YYYY-MM-DD (default: today, up to this minute)"
    )
    parser.add_argument("--load", action="store_true", help="load the days MySQL keeps into MySQL as well")
    parser.add_argument(
        "--mysql-url", help="mysql://user:password@host:port/database, for --load (default: MYSQL_HOST, …)"
    )
    parser.add_argument("--json", action="store_true", help="print what was made as JSON")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Make the history and say what there is."""
    from cli.history.folder import LAKE
    from cli.history.history import HistorySettings, make_history

    now = datetime.now(tz=UTC)
    end = date.fromisoformat(arguments.end) if arguments.end else now.date()
    if end > now.date():
        # A day to come has no "now" of its own: all of it is made.
        now = datetime.max.replace(tzinfo=UTC)
    mysql = _mysql(arguments) if arguments.load else None
    started = time.monotonic()
    settings = HistorySettings(arguments.days, arguments.cameras, arguments.seed, end, now)
    tell = _teller()
    truth = make_history(settings, arguments.out, tell)
    made = {
        "out": str(arguments.out),
        "cameras": len(truth["cameras"]),
        "started": _instant(truth["started_ms"]),
        "ended": _instant(truth["ended_ms"]),
        "records": truth["records"],
        "seconds": round(time.monotonic() - started, 1),
    }
    if mysql is not None:
        from cli.history.load import load_history

        made["mysql_objects"], made["mysql_rows"] = load_history(arguments.out / LAKE, mysql, tell)
    tell("")
    if arguments.json:
        print_json(made)
    else:
        _show(made)
    return 0


def _show(made: dict[str, Any]) -> None:
    total = sum(made["records"].values())
    say(f"{made['cameras']} cameras, {made['started']} to {made['ended']}: {total:,} records")
    for table, count in made["records"].items():
        say(f"  {table}: {count:,}")
    if "mysql_rows" in made:
        say(f"MySQL: {made['mysql_objects']:,} objects, {made['mysql_rows']:,} rows loaded")
    say(f"→ {made['out']}/lake, truth.json, places.yaml and scenes, in {made['seconds']:.0f} s")


def _mysql(arguments: argparse.Namespace) -> Any:
    from lambdas.shared.settings import migration_settings

    if arguments.mysql_url is None:
        return migration_settings().mysql
    from infra.local.mysql_server import parse_url

    return migration_settings(parse_url(arguments.mysql_url).environment()).mysql


def _instant(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC).strftime("%Y-%m-%d %H:%MZ")


def _teller() -> Callable[[str], None]:
    """Return what shows progress: one line, written over, on a terminal; a line now and then elsewhere."""
    shown_at = 0.0

    def tell(text: str) -> None:
        nonlocal shown_at
        if sys.stderr.isatty():
            write_progress(f"\r\x1b[K{text}")
        elif text and time.monotonic() - shown_at >= _LINE_SECONDS:
            shown_at = time.monotonic()
            write_progress(f"{text}\n")

    return tell


def _at_most(limit: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        number = positive_integer(text)
        if number > limit:
            raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number from 1 to {limit}")
        return number

    return whole


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 1 << 63:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number from 0 on")
    return int(text)
