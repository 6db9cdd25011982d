"""The part of an SQS event that our functions read, and the answer that names the messages to try again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

SENT_BACK_ATTRIBUTE: Final = "crowdlens_sent_back"
"""A message attribute; it only hints where to look for the original sender and proves nothing by itself."""


@dataclass(frozen=True)
class SqsRecord:
    """One message of an SQS event.

    `sent_at` is when the queue took it (the same at each delivery, so names derived from it stay stable);
    `sender_id` is what SQS says about the sender's credentials; `queue_arn` the queue it was received from.
    """

    message_id: str
    body: str
    sender_id: str | None
    sent_at: datetime
    queue_arn: str | None = None
    first_received_at: datetime | None = None
    receive_count: int | None = None
    dead_letter_source_arn: str | None = None
    """The queue that gave the message up, on a message from a dead-letter queue."""
    message_attributes: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def was_sent_back(self) -> bool:
        """Whether an operator sent the message (again): its sender is not the one that made it."""
        return SENT_BACK_ATTRIBUTE in self.message_attributes


def sqs_records(event: Mapping[str, Any]) -> list[SqsRecord]:
    """Return the messages of an SQS `event`, in its order."""
    return [_record(record) for record in event.get("Records", [])]


def batch_response(failed_message_ids: Collection[str]) -> dict[str, Any]:
    """Return the partial batch response that keeps `failed_message_ids` in the queue."""
    return {"batchItemFailures": [{"itemIdentifier": name} for name in failed_message_ids]}


def _record(record: Mapping[str, Any]) -> SqsRecord:
    attributes = record.get("attributes") or {}
    received, count = (
        attributes.get(f"Approximate{name}") for name in ("FirstReceiveTimestamp", "ReceiveCount")
    )
    return SqsRecord(
        str(record["messageId"]),
        str(record.get("body") or ""),
        attributes.get("SenderId"),
        _time(attributes.get("SentTimestamp")) or datetime.now(tz=UTC),
        record.get("eventSourceARN"),
        _time(received),
        int(str(count)) if _is_digits(count) else None,
        attributes.get("DeadLetterQueueSourceArn"),
        _texts(record.get("messageAttributes") or {}),
    )


def _texts(attributes: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return the attributes that are text; devices send none, an operator's tool only such."""
    return {
        name: str(attribute["stringValue"])
        for name, attribute in attributes.items()
        if attribute.get("stringValue") is not None
    }


def _time(milliseconds: Any) -> datetime | None:
    if _is_digits(milliseconds) and int(milliseconds) < 4_102_444_800_000:
        return datetime.fromtimestamp(int(milliseconds) / 1000, tz=UTC)
    return None


def _is_digits(value: Any) -> bool:
    text = str(value)
    return text.isascii() and text.isdigit()
