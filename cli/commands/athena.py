"""`crowdlens athena`: a question to the lake, over Athena's own API and boto3."""

from __future__ import annotations

import argparse
import csv
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cli.output import print_json, say, table
from contract.errors import CrowdLensError

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient

EXAMPLE = """examples:
  crowdlens athena "SELECT zone, occupancy_last FROM occupancy_live"
  crowdlens athena --lake out/demo/lake --json "SHOW TABLES"
  crowdlens athena --open-data out/opendata "SELECT * FROM wifi_by_city ORDER BY entries DESC"
the local endpoint speaks Athena's API over DuckDB; docs/local.md says what it refuses and why"""
_LOOK_AGAIN_SECONDS = 0.02
_READERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), int),
    **dict.fromkeys(("float", "real", "double"), float),
    "boolean": lambda text: text == "true",
}


class QueryFailedError(CrowdLensError):
    """Raised when Athena refused the question; the text is its reason."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `crowdlens athena`."""
    parser.epilog = EXAMPLE
    parser.add_argument("sql", help="one statement in Athena's SQL")
    parser.add_argument("--lake", type=Path, default=Path("out/demo/lake"), help="lake folder of a run")
    parser.add_argument(
        "--open-data",
        type=Path,
        metavar="FOLDER",
        help="what `crowdlens opendata` wrote (default: beside the lake)",
    )
    parser.add_argument("--database", default="crowdlens", help="database name")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print rows as JSON objects")
    form.add_argument("--csv", action="store_true", help="print rows as CSV")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Ask and print the answer."""
    from cli.lake_location import open_athena
    from infra.local.athena import AthenaEndpoint
    from infra.local.aws_environment import AwsEndpoint

    # What the parser thinks aloud is said again, in our words, by the refusal.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    athena = open_athena(arguments.lake, arguments.database, arguments.open_data)
    with AthenaEndpoint(athena) as endpoint:
        client = AwsEndpoint(endpoint.url).athena()
        execution = _run(client, arguments.sql, arguments.database)
        columns, rows = _answer(client, execution)
    header = list(columns)
    if arguments.json:
        print_json([_typed(columns, row) for row in rows])
    elif arguments.csv:
        csv.writer(sys.stdout).writerows([header, *rows])
    else:
        print(
            table(header, [["" if cell is None else cell for cell in row] for row in rows]) if header else ""
        )
        scanned = execution["Statistics"].get("DataScannedInBytes", 0)
        say(f"{len(rows)} rows, {scanned:,} bytes scanned")
    return 0


def _run(client: AthenaClient, sql: str, database: str) -> Any:
    try:
        started = client.start_query_execution(QueryString=sql, QueryExecutionContext={"Database": database})
    except ClientError as error:
        raise QueryFailedError(error.response["Error"]["Message"]) from error
    except BotoCoreError as error:
        raise QueryFailedError(f"the question is {sql!r}: expected one statement in Athena's SQL") from error
    while True:
        execution = client.get_query_execution(QueryExecutionId=started["QueryExecutionId"])["QueryExecution"]
        status = execution["Status"]
        if status["State"] == "SUCCEEDED":
            return execution
        if status["State"] in ("FAILED", "CANCELLED"):
            raise QueryFailedError(status.get("StateChangeReason", status["State"]))
        time.sleep(_LOOK_AGAIN_SECONDS)


def _typed(columns: dict[str, str], row: list[str | None]) -> dict[str, Any]:
    """Return a row for a program: Athena's API writes every value as text, its types say what they are."""
    return {
        name: cell if cell is None else _READERS.get(kind, str)(cell)
        for (name, kind), cell in zip(columns.items(), row, strict=True)
    }


def _answer(client: AthenaClient, execution: Any) -> tuple[dict[str, str], list[list[str | None]]]:
    """Return column names with their types, and rows; only a SELECT's answer begins with a row of names."""
    columns: dict[str, str] = {}
    rows: list[list[str | None]] = []
    pages = client.get_paginator("get_query_results").paginate(QueryExecutionId=execution["QueryExecutionId"])
    for page in pages:
        described = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
        columns = {column["Name"]: column["Type"] for column in described}
        rows += [[cell.get("VarCharValue") for cell in row["Data"]] for row in page["ResultSet"]["Rows"]]
    return columns, rows[1:] if execution.get("StatementType") == "DML" else rows
