"""`crowdlens preview`: the dashboards, drawn offline from a lake."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.arguments import port
from cli.dashboards import choose_dashboards, site_time_zone
from cli.output import print_json, say

if TYPE_CHECKING:
    from infra.local.athena import LocalAthena
    from quicksight.preview import NamedDrawing

EXAMPLE = """examples:
  crowdlens preview --lake out/demo/lake --out out/preview.html
  crowdlens preview --dashboard footfall --filter site=seoul-1 camera=gate --from 2026-11-01 --to 2026-11-20
  crowdlens preview --before origin/main --out out/changes.html
draws the very definitions that QuickSight gets; docs/preview.md says what QuickSight does differently"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `crowdlens preview`."""
    parser.epilog = EXAMPLE
    parser.add_argument("--lake", type=Path, default=Path("out/demo/lake"), help="lake folder of a run")
    parser.add_argument("--out", type=Path, default=Path("out/preview.html"), help="page to write")
    parser.add_argument(
        "--dashboard", default="all", help="operations, footfall, density_and_safety, open_data or all"
    )
    parser.add_argument(
        "--filter",
        type=column_and_value,
        nargs="+",
        action="extend",
        default=[],
        metavar="COLUMN=VALUE",
        help="show only these, such as site=seoul-1 camera=gate; a column named twice takes both values",
    )
    parser.add_argument(
        "--from", dest="first", type=local_day, help="first day (default: the dashboard's own)"
    )
    parser.add_argument("--to", dest="last", type=local_day, help="last day (default: the dashboard's own)")
    parser.add_argument(
        "--before",
        metavar="REF",
        help="draw the dashboards of a git revision, too, and show both side by side",
    )
    parser.add_argument("--headless", action="store_true", help="serve no page: write it and exit")
    parser.add_argument("--port", type=port, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument(
        "--json", action="store_true", help="print what was drawn as JSON; implies --headless"
    )
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Draw the dashboards and serve them unless headless."""
    from cli.lake_location import open_lake
    from cli.pages import serve
    from infra.local.athena import LocalAthena
    from quicksight.preview import write_dashboards

    lake = open_lake(arguments.lake)
    if arguments.before is not None:
        return _show_changes(arguments)
    athena = LocalAthena(lake)
    drawings = _drawings(athena, arguments)
    write_dashboards(arguments.out, drawings)
    if arguments.json:
        print_json(_summary(arguments.out, drawings))
        return 0
    say(f"page      {arguments.out}")
    _say_when_it_is_old(athena, drawings)
    if not arguments.headless:
        serve(arguments.out, arguments.port)
    return 0


def column_and_value(text: str) -> tuple[str, str]:
    """Return both sides of ``column=value``."""
    column, sign, value = text.partition("=")
    if not (column and sign and value):
        raise argparse.ArgumentTypeError(f"{text!r}: expected COLUMN=VALUE, for example site=seoul-1")
    return column, value


def local_day(text: str) -> date:
    """Return a day of the dashboard's clock."""
    try:
        if date.fromisoformat(text).isoformat() == text:
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r}: expected a day like 2026-11-21")


def _drawings(athena: LocalAthena, arguments: argparse.Namespace) -> list[NamedDrawing]:
    from quicksight.data_sets import DATA_SETS
    from quicksight.preview import Imported, NamedDrawing, chosen_for_all, start_drawing

    zone = site_time_zone(athena)
    named = choose_dashboards(arguments.dashboard)
    definitions = {key: dashboard.definition(time_zone=zone) for key, dashboard in named.items()}
    chosen = chosen_for_all(definitions, arguments.filter, arguments.first, arguments.last)
    _refuse_what_the_lake_lacks(athena, arguments, definitions)
    now = datetime.now(UTC)
    imported = Imported(athena.table)
    return [
        NamedDrawing(
            key,
            str(named[key].name),
            start_drawing(
                definition, athena.query, DATA_SETS, chosen=chosen[key], now=now, imported=imported
            ),
        )
        for key, definition in definitions.items()
    ]


def _refuse_what_the_lake_lacks(
    athena: LocalAthena, arguments: argparse.Namespace, definitions: dict[str, dict[str, Any]]
) -> None:
    """Refuse values and days of which the lake has nothing, before anything is drawn."""
    from quicksight.data_sets import DATA_SETS
    from quicksight.preview.choosing import read_choices
    from quicksight.preview.known import refuse_days_without_records, refuse_unknown_values

    choices = [read_choices(definition) for definition in definitions.values()]
    refuse_unknown_values(arguments.filter, choices, athena.query, DATA_SETS)
    in_order = None in (arguments.first, arguments.last) or arguments.first <= arguments.last
    # A period the wrong way round is refused by the drawing, and in other words.
    if in_order and any(one.period is not None for one in choices):
        refuse_days_without_records(arguments.first, arguments.last, athena.query)


def _summary(page: Path, drawings: list[NamedDrawing]) -> dict[str, object]:
    return {
        "page": str(page),
        "dashboards": [one.key for one in drawings],
        "sheets": [sheet.name for one in drawings for sheet in one.drawing.dashboard.sheets],
        "chosen": {
            one.key: {
                **{name: day.isoformat() for name, day in one.drawing.chosen.days.items()},
                **{name: list(values) for name, values in one.drawing.chosen.texts.items() if values},
            }
            for one in drawings
        },
    }


def _say_when_it_is_old(athena: LocalAthena, drawings: list[NamedDrawing]) -> None:
    """Say which days the lake has where the period shows none of them."""
    from quicksight.preview.known import recorded_days

    days = recorded_days(athena.query)
    starts = [
        one.drawing.chosen.days[period[0]]
        for one in drawings
        if (period := one.drawing.dashboard.choices.period) is not None
    ]
    if days is not None and starts and days[1] < min(starts):
        oldest, newest = days
        say(f"note      the lake has {oldest} to {newest}: show them with --from {oldest} --to {newest}")


def _show_changes(arguments: argparse.Namespace) -> int:
    from cli.before_after import write_changes
    from cli.pages import serve

    changes = write_changes(
        arguments.out,
        reference=arguments.before,
        lake=arguments.lake,
        options=_options(arguments),
        say=lambda text: None if arguments.json else say(text),
    )
    if arguments.json:
        print_json(changes.summary())
        return 0
    say(changes.sentence())
    say(f"page      {arguments.out}")
    if not arguments.headless:
        serve(arguments.out, arguments.port)
    return 0


def _options(arguments: argparse.Namespace) -> list[str]:
    """Return what was chosen as the options of another `crowdlens preview`."""
    options = ["--dashboard", arguments.dashboard]
    for column, value in arguments.filter:
        options += ["--filter", f"{column}={value}"]
    for name, day in (("--from", arguments.first), ("--to", arguments.last)):
        options += [name, day.isoformat()] if day else []
    return options
