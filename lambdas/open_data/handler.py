"""Lambda entry: SQS messages of S3 about files in the inbox → rows, quarantine and report in the lake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import boto3

from contract.errors import CrowdLensError
from lambdas.open_data.inbox import PROPOSED, REFUSED, Inbox, Taken, event_in
from lambdas.open_data.settings import open_data_settings
from lambdas.shared.deadline import time_left
from lambdas.shared.observability import bind_request, count, make_logger, make_metrics
from lambdas.shared.sqs import SqsRecord, batch_response, sqs_records

FINISH_SECONDS = 120
"""For what comes after the last row: the last group of parquet, and 2 GiB of files to put into the lake."""
logger = make_logger("open_data")
metrics = make_metrics("open_data")


@lru_cache(maxsize=1)
def inbox() -> Inbox:
    """Return the inbox this process keeps a client of."""
    return Inbox(open_data_settings(), boto3.client("s3"))


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Take the files that the messages tell of, and name the messages to deliver again."""
    bind_request(logger, context)
    has_time = time_left(context, FINISH_SECONDS)
    failed: list[str] = []
    counts: Counter[str] = Counter(dict.fromkeys(COUNTED, 0))
    for record in sqs_records(event):
        taken = _take(record, has_time)
        if taken is None:
            failed.append(record.message_id)
        for one in taken or ():
            counts += _told(one)
    count(metrics, {name: counts[name] for name in COUNTED})
    return batch_response(failed)


COUNTED = ("files_refused", "files_unknown", "rows", "rows_quarantined")


def _take(record: SqsRecord, has_time: Callable[[], bool]) -> list[Taken] | None:
    """Return what became of the files of one message, None when it is to be delivered again."""
    if not has_time():
        logger.warning("no time left: the message is delivered again")
        return None
    try:
        return inbox().take_event(event_in(record.body), has_time)
    except CrowdLensError as error:
        logger.exception("message not handled", error=type(error).__name__, reason=str(error))
        return None


def _told(taken: Taken) -> Counter[str]:
    """Log what became of a file, and return what of it is counted."""
    tell = logger.warning if taken.outcome in (PROPOSED, REFUSED) else logger.info
    tell(f"file {taken.outcome}", extra={"key": taken.key, **taken.fields})
    return Counter(
        files_refused=int(taken.outcome == REFUSED),
        files_unknown=int(taken.outcome == PROPOSED),
        rows=int(taken.fields.get("rows", 0)),
        rows_quarantined=int(taken.fields.get("quarantined", 0)),
    )
