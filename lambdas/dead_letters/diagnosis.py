"""What can be known of why a message was given up: its body, its queue, how often and how long it tried."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from contract.envelope import decode_message
from contract.errors import CrowdLensError
from lambdas.shared.quarantine import about
from lambdas.shared.sqs import SqsRecord

DEAD_LETTER_SUFFIX = "-dead-letters"
"""A dead-letter queue is named after its queue with this behind it."""
GIVEN_UP = "GivenUp"
"""The `error` of a message that can be read: it failed for what it met, not for what it is."""
_LONGEST_REASON = 1000


@dataclass(frozen=True)
class Diagnosis:
    """`error` is the class of the mistake in the body, or `GIVEN_UP`; `reason` a sentence."""

    error: str
    reason: str


def source_arn(record: SqsRecord) -> str | None:
    """Return the ARN of the queue that gave `record` up, None when neither SQS nor the name tells.

    SQS says it of a message it moved itself; a message that somebody put into the dead-letter queue by hand
    belongs to the queue that this one is named after.
    """
    if record.dead_letter_source_arn:
        return record.dead_letter_source_arn
    if record.queue_arn and record.queue_arn.endswith(DEAD_LETTER_SUFFIX):
        return record.queue_arn.removesuffix(DEAD_LETTER_SUFFIX)
    return None


def diagnose(record: SqsRecord) -> Diagnosis:
    """Return why `record` is a dead letter, as far as it can tell by itself; never raises for a bad body."""
    try:
        document = json.loads(record.body)
        what = _described(record.body, document)
    except (CrowdLensError, ValueError, TypeError, OverflowError, RecursionError) as error:
        reason = f"{_history(record)}; its body cannot be read: {error}"
        return Diagnosis(type(error).__name__, reason[:_LONGEST_REASON])
    reason = f"{_history(record)}; {what}, so the log of the queue's function says what failed"
    return Diagnosis(GIVEN_UP, reason[:_LONGEST_REASON])


def _history(record: SqsRecord) -> str:
    arn = source_arn(record)
    queue = arn.rpartition(":")[2] if arn else "an unknown queue"
    times = "" if record.receive_count is None else f", received {record.receive_count} times"
    since = record.first_received_at
    first = "" if since is None else f", the first at {since.isoformat(timespec='seconds')}"
    return f"{queue} gave the message up{times}{first}"


def _described(body: str, document: Any) -> str:
    if isinstance(document, dict) and isinstance(document.get("Records"), list):
        tables = ", ".join(about(body)[1]) or "no lake object"
        return f"it can be read: a notification about {tables}"
    message = decode_message(body)
    rows: Counter[str] = Counter()
    for block in message.blocks:
        rows[block.table.name] += block.rows
    listed = ", ".join(f"{count} {table}" for table, count in sorted(rows.items())) or "no rows"
    return f"it can be read: device {message.device}, {listed}"
