"""Looks for the newest windows again and again, as a dashboard would, and notes when each is seen first.

``python -m tests.bench.latency_watch mysql|athena JOURNAL --back SECONDS --every SECONDS``; MySQL and AWS are
found by the environment variables that the functions have. Runs until SIGTERM.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3

from edge_components.vision.pipeline import stop_on_signals
from infra.local.athena import AthenaEndpoint, LocalAthena, S3Lake
from lambdas.shared.mysql import Connector
from lambdas.shared.settings import mysql_settings
from tests.bench.latency_journal import WATCHED_TABLE, Journal

_FINISHED = ("SUCCEEDED", "FAILED", "CANCELLED")
_LOOK_AGAIN_SECONDS = 0.05
Ask = Callable[[datetime], list[str]]
"""Returns the ids of the records since a time."""


def mysql_ask() -> Ask:
    connection = Connector(mysql_settings()).connect()
    connection.autocommit(True)

    def ask(since: datetime) -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT record_id FROM `{WATCHED_TABLE}` WHERE site = %s AND event_time >= %s",  # noqa: S608
                (os.environ["LATENCY_SITE"], since.replace(tzinfo=None)),
            )
            return [row[0] for row in cursor.fetchall()]

    return ask


class AthenaAsker:
    """Asks over HTTP, as the console, awswrangler and QuickSight do."""

    def __init__(self, url: str) -> None:
        self._client = boto3.client("athena", endpoint_url=url)

    def __call__(self, since: datetime) -> list[str]:
        sql = (
            f"SELECT record_id FROM unique_{WATCHED_TABLE} WHERE day >= '{since:%Y-%m-%d}' "  # noqa: S608
            f"AND event_time >= TIMESTAMP '{since:%Y-%m-%d %H:%M:%S}'"
        )
        name = self._client.start_query_execution(
            QueryString=sql, QueryExecutionContext={"Database": "crowdlens"}
        )["QueryExecutionId"]
        self._wait(name)
        pages = self._client.get_paginator("get_query_results").paginate(QueryExecutionId=name)
        rows = [row["Data"][0]["VarCharValue"] for page in pages for row in page["ResultSet"]["Rows"]]
        return rows[1:]

    def _wait(self, name: str) -> None:
        while True:
            status: Any = self._client.get_query_execution(QueryExecutionId=name)["QueryExecution"]["Status"]
            if status["State"] in _FINISHED:
                break
            time.sleep(_LOOK_AGAIN_SECONDS)
        if status["State"] != "SUCCEEDED":
            raise AssertionError(f"the query ended {status['State']}: {status.get('StateChangeReason')}")


def lake_of_environment() -> S3Lake:
    return S3Lake(
        endpoint_url=os.environ["AWS_ENDPOINT_URL"],
        bucket=os.environ["LAKE_BUCKET"],
        region=os.environ["AWS_REGION"],
        access_key=os.environ["AWS_ACCESS_KEY_ID"],
        secret_key=os.environ["AWS_SECRET_ACCESS_KEY"],
    )


def watch(
    ask: Ask, journal: Journal, stop: threading.Event, back_seconds: float, every_seconds: float
) -> None:
    """Ask until `stop`; a line for each answer with something new."""
    seen: set[str] = set()
    while not stop.is_set():
        began_at = time.time()
        found = ask(datetime.fromtimestamp(began_at - back_seconds, tz=UTC))
        ended_at = time.time()
        news = [name for name in found if name not in seen]
        seen.update(news)
        if news:
            journal.write(began_at=began_at, at=ended_at, records=news)
        stop.wait(max(0.0, every_seconds - (ended_at - began_at)))


def main() -> int:
    """Watch MySQL or the local Athena endpoint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("mysql", "athena"))
    parser.add_argument("journal", type=Path)
    parser.add_argument("--back", type=float, required=True)
    parser.add_argument("--every", type=float, required=True)
    arguments = parser.parse_args()
    stop, journal = threading.Event(), Journal(arguments.journal)
    with stop_on_signals(stop):
        if arguments.what == "mysql":
            watch(mysql_ask(), journal, stop, arguments.back, arguments.every)
            return 0
        with AthenaEndpoint(LocalAthena(lake_of_environment())) as endpoint:
            watch(AthenaAsker(endpoint.url), journal, stop, arguments.back, arguments.every)
    return 0


if __name__ == "__main__":
    sys.exit(main())
