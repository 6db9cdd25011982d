"""The two functions of the ingest path with a note of when each batch came and when it was done.

The pollers of a latency run call these instead of the handlers themselves; what they hand over is the same.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.local.run_directory import RUN_VARIABLE
from lambdas.lake_writer.handler import handler as write_batch
from lambdas.rds_loader.handler import handler as load_batch
from tests.bench.latency_journal import LAKE_JOURNAL, LOAD_JOURNAL, Journal

Handler = Callable[[dict[str, Any], object], dict[str, Any]]


def lake_writer(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Write the batch to the lake."""
    return _timed(write_batch, LAKE_JOURNAL, event, context)


def rds_loader(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Load the objects into MySQL."""
    return _timed(load_batch, LOAD_JOURNAL, event, context)


@functools.cache
def _journal(name: str) -> Journal:
    return Journal(Path(os.environ[RUN_VARIABLE]) / name)


def _timed(handler: Handler, journal: str, event: dict[str, Any], context: object) -> dict[str, Any]:
    began_at = time.time()
    answer = handler(event, context)
    ended_at = time.time()
    messages = [
        [int(record["attributes"]["SentTimestamp"]) / 1000, record["body"]] for record in event["Records"]
    ]
    _journal(journal).write(
        began_at=began_at, ended_at=ended_at, failed=len(answer["batchItemFailures"]), messages=messages
    )
    return answer
