"""What Lambda's SQS event source mapping does to messages: batches, events, and what became of them.

See https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html and
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from infra.ingest_settings import MAXIMUM_EVENT_BYTES
from infra.local.senders import LOCAL_SENDER_ATTRIBUTE, sender_id_of

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_RECEIVE_AT_MOST = 10
LONGEST_WAIT_SECONDS = 20
_SHORT_WAIT_SECONDS = 0.1
_DELETE_AT_MOST = 10


class EventResponseError(Exception):
    """Raised when a function answers something that Lambda counts as the failure of the whole batch."""


@dataclass(frozen=True)
class QueueSource:
    """A queue as an event source of a function."""

    url: str
    arn: str
    region: str
    batch_size: int
    batch_window_seconds: float
    sender_id: str | None = None
    """Replaces the SenderId of every message; a device's role session in AWS, an account id in MiniStack."""
    sender_by_device: bool = False
    """Without a `sender_id`: whether the SenderId is that of the device a message names (`senders`)."""


@dataclass
class BatchCollector:
    """Fills batches from a queue; keeps the message that would have made an event too large for the next."""

    client: SQSClient
    source: QueueSource
    maximum_bytes: int = MAXIMUM_EVENT_BYTES
    longest_wait_seconds: int = LONGEST_WAIT_SECONDS
    _left_over: list[dict[str, Any]] = field(default_factory=list)

    def collect(self) -> list[dict[str, Any]]:
        """Return the event records of the next batch; empty when none came within one long poll.

        Waits for the first message, then until the batch is full in messages or bytes or its window ends.
        """
        waiting = self._left_over or self._receive(self.longest_wait_seconds, self.source.batch_size)
        self._left_over = []
        batch: list[dict[str, Any]] = []
        size = 0
        deadline = time.monotonic() + self.source.batch_window_seconds
        while waiting or (batch and self._may_wait(batch, deadline)):
            for position, record in enumerate(waiting):
                size += record_bytes(record)
                if batch and size > self.maximum_bytes:
                    self._left_over = waiting[position:]
                    return batch
                batch.append(record)
            waiting = self._more(len(batch), deadline)
        return batch

    def _may_wait(self, batch: list[dict[str, Any]], deadline: float) -> bool:
        full = len(batch) >= self.source.batch_size
        return not full and time.monotonic() < deadline

    def _more(self, collected: int, deadline: float) -> list[dict[str, Any]]:
        wanted = self.source.batch_size - collected
        left_seconds = deadline - time.monotonic()
        if wanted <= 0 or left_seconds <= 0:
            return []
        # SQS waits in whole seconds only.
        records = self._receive(int(left_seconds), wanted)
        if not records and left_seconds < 1:
            time.sleep(min(_SHORT_WAIT_SECONDS, left_seconds))
        return records

    def _receive(self, wait_seconds: int, wanted: int) -> list[dict[str, Any]]:
        answer = self.client.receive_message(
            QueueUrl=self.source.url,
            MaxNumberOfMessages=min(_RECEIVE_AT_MOST, wanted),
            WaitTimeSeconds=min(LONGEST_WAIT_SECONDS, wait_seconds),
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return [event_record(message, self.source) for message in answer.get("Messages", [])]


def event_record(message: MessageTypeDef, source: QueueSource) -> dict[str, Any]:
    """Return a received message in the form in which Lambda hands it over."""
    attributes: dict[str, str] = {str(name): value for name, value in message.get("Attributes", {}).items()}
    given = dict(message.get("MessageAttributes", {}))
    played = given.pop(LOCAL_SENDER_ATTRIBUTE, None)
    sender_id = source.sender_id if played is None else played.get("StringValue")
    if sender_id is None and source.sender_by_device:
        sender_id = sender_id_of(message["Body"], given)
    if sender_id is not None:
        attributes["SenderId"] = sender_id
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": attributes,
        "messageAttributes": {name: _message_attribute(value) for name, value in given.items()},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": source.arn,
        "awsRegion": source.region,
    }


def _message_attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    attribute: dict[str, Any] = {
        "dataType": value["DataType"],
        "stringListValues": [],
        "binaryListValues": [],
    }
    if "StringValue" in value:
        attribute["stringValue"] = value["StringValue"]
    return attribute


def record_bytes(record: Mapping[str, Any]) -> int:
    """Return what a record takes of an event, in bytes of JSON."""
    return len(json.dumps(record, ensure_ascii=False).encode())


def failed_message_ids(response: object, message_ids: Sequence[str]) -> set[str]:
    """Return which of `message_ids` a function's answer reports as failed.

    As in Lambda, an answer that is malformed or names a message that was not in the batch fails all of it:
    raises `EventResponseError`.
    """
    if response is None:
        return set()
    if not isinstance(response, dict):
        raise EventResponseError(f"the answer is a {type(response).__name__}: expected an object")
    failures = response.get("batchItemFailures") or []
    if not isinstance(failures, list):
        raise EventResponseError("batchItemFailures is no list")
    failed: set[str] = set()
    for failure in failures:
        identifier = failure.get("itemIdentifier") if isinstance(failure, dict) else None
        if identifier not in message_ids:
            raise EventResponseError(f"itemIdentifier {identifier!r} is none of the batch's messages")
        failed.add(str(identifier))
    return failed


def delete_messages(client: SQSClient, url: str, records: Sequence[Mapping[str, Any]]) -> None:
    """Delete the messages of `records` from the queue; one that is already gone is no error."""
    for start in range(0, len(records), _DELETE_AT_MOST):
        client.delete_message_batch(
            QueueUrl=url,
            Entries=[
                {"Id": str(position), "ReceiptHandle": record["receiptHandle"]}
                for position, record in enumerate(records[start : start + _DELETE_AT_MOST])
            ],
        )
