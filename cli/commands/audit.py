"""`crowdlens audit`: how far the counts are from counts by hand, and which minutes to count by hand."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from cli.arguments import instant_ms, positive_integer, positive_number

EXAMPLE = """examples:
  crowdlens audit --sample --minutes 30 --lake out/demo/lake --stratify \\
      --from 2026-11-20T08:00:00+09:00 --to 2026-11-20T20:00:00+09:00 --out hand.csv
  crowdlens audit --hand hand.csv --counted out/demo/lake --page audit.html
  crowdlens audit --hand hand.csv --counted out/demo/lake --maximum-error 5   (exit 1 unless within ±5 %)
docs/audit.md says how hand.csv is written and what the intervals mean"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `crowdlens audit`."""
    parser.epilog = EXAMPLE
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--hand", type=Path, help="CSV file of the count by hand: compare")
    action.add_argument("--sample", action="store_true", help="draw random minutes to count by hand")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--camera", help="camera, when the lake holds several")
    parser.add_argument("--class", dest="object_class", help="class that was counted (default: all together)")
    parser.add_argument("--half-width", type=positive_number, metavar="PERCENT", help="wanted ± of the error")
    _configure_comparison(parser.add_argument_group("compare"))
    _configure_sample(parser.add_argument_group("sample"))
    parser.set_defaults(execute=execute)


def _configure_comparison(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--counted", type=Path, help="lake folder, OUT folder or summary.json of the run")
    group.add_argument(
        "--start",
        type=instant_ms,
        metavar="TIME",
        help="time of second 0 in the hand count (default: the run's)",
    )
    group.add_argument(
        "--maximum-error", type=positive_number, metavar="PERCENT", help="exit 1 unless surely within ± this"
    )
    group.add_argument("--page", type=Path, help="page to write, self-contained HTML")


def _configure_sample(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--from", dest="begin", type=_aware_time, metavar="TIME", help="start of the period")
    group.add_argument("--to", dest="end", type=_aware_time, metavar="TIME", help="end of the period")
    group.add_argument("--minutes", type=positive_integer, help="minutes to draw (default: by --half-width)")
    group.add_argument("--seed", type=_seed, help="seed of the draw (default: a random one, told)")
    group.add_argument("--lake", type=Path, help="lake of the run: its lines, zones and analysed minutes")
    group.add_argument(
        "--scene",
        type=Path,
        help="scene file: its lines and zones; when comparing, lines that nobody crossed",
    )
    group.add_argument(
        "--stratify", action="store_true", help="draw more where much is going on; needs --lake"
    )
    group.add_argument(
        "--expected-error",
        type=positive_number,
        default=10.0,
        metavar="PERCENT",
        help="people thought to be miscounted, for the number of minutes",
    )
    group.add_argument("--out", type=Path, default=Path("hand.csv"), help="CSV file to write and fill in")


def _seed(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number, 0 or more")
    return int(text)


def _aware_time(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r}: expected a time like 2026-11-21T09:00:00+09:00"
        ) from error
    if not 2000 <= instant.year < 2100:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a year from 2000 to 2099")
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def execute(arguments: argparse.Namespace) -> int:
    """Compare, or draw a sample."""
    if arguments.sample:
        from cli.audit.sample_call import sample

        return sample(arguments)
    from cli.audit.compare_call import compare_call

    return compare_call(arguments)
