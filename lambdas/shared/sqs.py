"""The part of an SQS event that our functions read, and the answer that names the messages to try again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class SqsRecord:
    """One message of an SQS event.

    `sent_at` is when the queue took it (the same at each delivery, so names derived from it stay stable);
    `sender_id` is what SQS says about the sender's credentials.
    """

    message_id: str
    body: str
    sender_id: str | None
    sent_at: datetime


def sqs_records(event: Mapping[str, Any]) -> list[SqsRecord]:
    """Return the messages of an SQS `event`, in its order."""
    return [_record(record) for record in event.get("Records", [])]


def batch_response(failed_message_ids: Collection[str]) -> dict[str, Any]:
    """Return the partial batch response that keeps `failed_message_ids` in the queue."""
    return {"batchItemFailures": [{"itemIdentifier": name} for name in failed_message_ids]}


def _record(record: Mapping[str, Any]) -> SqsRecord:
    attributes = record.get("attributes") or {}
    return SqsRecord(
        str(record["messageId"]),
        str(record.get("body") or ""),
        attributes.get("SenderId"),
        _time(attributes.get("SentTimestamp")),
    )


def _time(milliseconds: Any) -> datetime:
    text = str(milliseconds)
    if text.isascii() and text.isdigit() and int(text) < 4_102_444_800_000:
        return datetime.fromtimestamp(int(text) / 1000, tz=UTC)
    return datetime.now(tz=UTC)
