"""`crowdlens opendata`: a file of public data, checked, and loaded as typed parquet with its quarantine."""

from __future__ import annotations

import argparse
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.arguments import folder, identifier
from cli.output import print_json, printable, say, table
from contract.errors import CrowdLensError

if TYPE_CHECKING:
    from lambdas.open_data.load import Found
    from lambdas.open_data.profile import Profile

EXAMPLE = """examples:
  crowdlens opendata wifi.csv                       # looks at the file, writes nothing
  crowdlens opendata wifi.csv --out out/opendata    # loads it: parquet, quarantine, report
  crowdlens opendata wifi.csv --out out/opendata --ask "SELECT * FROM wifi_by_city ORDER BY entries DESC"
  crowdlens opendata parks.csv --out out/opendata --profile parks.yaml
encoding, delimiter, header and column names are found; bad rows go into quarantine with line and reason
a file of an unknown data set gets a proposed profile, to be confirmed with --profile
exit status 0 loaded, 1 unknown data set or a failure, 2 the file is refused"""
_SHOWN = 12


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `crowdlens opendata`."""
    parser.epilog = EXAMPLE
    parser.add_argument("file", type=Path, help="CSV, TSV or XML")
    parser.add_argument(
        "--out", type=folder, help="folder laid out as the lake bucket (without it: only look)"
    )
    parser.add_argument("--profile", help="free_wifi, or a YAML file (default: found by the header)")
    parser.add_argument(
        "--series",
        type=identifier,
        help="of the files of a series the one loaded last is in force (default: its name, no dates)",
    )
    parser.add_argument("--ask", metavar="SQL", help="then ask this in Athena's SQL, with --out")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Load one file, or say why not."""
    from lambdas.open_data.load import look_at
    from lambdas.open_data.profile import load_profile, shipped_profiles

    if arguments.ask and arguments.out is None:
        raise CrowdLensError("--ask needs --out: expected the folder to ask")
    chosen = load_profile(arguments.profile) if arguments.profile else None
    with arguments.file.open("rb") as stream:
        found = look_at(stream, shipped_profiles(), chosen)
        if found.profile is None:
            return _propose(arguments, found)
        report = _load(arguments, stream, found)
    if arguments.json:
        print_json(report)
    else:
        _show(report)
    if arguments.ask:
        _ask(arguments.out, found.profile, arguments.ask)
    return 0


def _load(arguments: argparse.Namespace, stream: Any, found: Found) -> dict[str, Any]:
    from cli.opendata.ask import define
    from cli.opendata.folder import FolderStore
    from lambdas.open_data.convert import Origin
    from lambdas.open_data.load import load
    from lambdas.open_data.places import series_of
    from lambdas.open_data.publish import publish
    from lambdas.open_data.summary import summary

    origin = Origin(
        arguments.series or series_of(arguments.file.name), arguments.file.name, datetime.now(UTC)
    )
    if arguments.out is not None:
        arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".opendata-", dir=arguments.out) as work:
        loaded = load(stream, found, origin, Path(work))
        if arguments.out is None:
            return summary(loaded)
        published = publish(loaded, FolderStore(arguments.out))
    define(arguments.out, loaded.profile)
    places = {"data": published.data, "quarantine": published.quarantine, "report": published.report}
    return {**published.summary, "written": places}


def _propose(arguments: argparse.Namespace, found: Found) -> int:
    from contract.files import write_whole
    from lambdas.open_data.inference import data_set_name, propose
    from lambdas.open_data.profile import shipped_profiles

    name = data_set_name(arguments.file.stem)
    text = propose(found.records, name, shipped_profiles())
    if arguments.out is None:
        print(text, end="")
        where = "save what stands above as a file"
    else:
        path = arguments.out / f"{name}.yaml"
        write_whole(path, text)
        where = str(path)
    say(
        f"the data set is unknown: nothing was loaded; look at the proposed profile ({where}), then run again"
    )
    say("with --profile and that file")
    return 1


def _show(report: dict[str, Any]) -> None:
    file = report["file"]
    say(
        f"{report['title']['en']} ({report['title']['ko']}): {file['kind']}, {file['encoding']}, "
        f"header in line {report['header_line']}"
    )
    rows = [("in quarantine", one["code"], f"{one['count']:,}", one["en"]) for one in report["reasons"]]
    rows += [("repaired", one["code"], f"{one['count']:,}", one["en"]) for one in report["changes"]]
    if rows:
        print(table(("", "code", "count", "what"), rows))
    for row in report["bad_rows"][:_SHOWN]:
        cells = " | ".join(row["cells"])
        say(f"line {row['line']}: {', '.join(row['reasons'])}: {printable(cells)[:120]}")
    missing = [one["ko"] for one in report["columns"] if one["in_file"] is None]
    if missing:
        say(f"not in the file: {', '.join(missing)}")
    if report["other_columns"]:
        say(f"kept in other_columns: {printable(', '.join(report['other_columns']))}")
    say(
        f"{report['rows']:,} rows: {report['accepted']:,} in the table, {report['quarantined']:,} in "
        f"quarantine; {report['copies']:,} are equal to an earlier row"
    )
    for what, key in report.get("written", {}).items():
        say(f"{what:<10} {key or 'none'}")


def _ask(out: Path, profile: Profile, sql: str) -> None:
    from cli.opendata.ask import ask

    result = ask(out, profile, sql)
    print(table(result.columns, [["" if cell is None else cell for cell in row] for row in result.rows]))
