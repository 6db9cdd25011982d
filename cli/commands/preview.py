"""`crowdlens preview`: the dashboards, drawn offline from a lake."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cli.arguments import port
from cli.output import print_json, say

if TYPE_CHECKING:
    from infra.local.athena import LocalAthena

EXAMPLE = """example:
  crowdlens preview --lake out/demo/lake --out out/preview.html
  draws the very definition that is deployed to QuickSight"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `crowdlens preview`."""
    parser.epilog = EXAMPLE
    parser.add_argument("--lake", type=Path, default=Path("out/demo/lake"), help="lake folder of a run")
    parser.add_argument("--out", type=Path, default=Path("out/preview.html"), help="page to write")
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
    from quicksight.dashboards import operations
    from quicksight.preview import write_preview

    athena = LocalAthena(open_lake(arguments.lake))
    definition = operations.definition(time_zone=_time_zone(athena))
    write_preview(arguments.out, definition=definition, query=athena.query)
    if arguments.json:
        print_json({"page": str(arguments.out), "sheets": [sheet["Name"] for sheet in definition["Sheets"]]})
        return 0
    say(f"page      {arguments.out}")
    if not arguments.headless:
        serve(arguments.out, arguments.port)
    return 0


def _time_zone(athena: LocalAthena) -> str:
    """Return the time zone of the lake's site, UTC when nothing names one."""
    rows = athena.query(
        "SELECT time_zone, count(*) AS n FROM stored_zone_counts GROUP BY time_zone ORDER BY n DESC"
    ).rows
    return next((str(row[0]) for row in rows if row[0] is not None), "UTC")
