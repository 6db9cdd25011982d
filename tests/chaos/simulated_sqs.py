"""SQS standard queues in memory, with all that they are allowed to do to a message."""

# ruff: noqa: N803 - parameters have the names that boto3 gives them
from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from tests.chaos.world import World

MAXIMUM_BATCH_BYTES = 1024 * 1024
MAXIMUM_ENTRIES = 10


@dataclass(eq=False)
class Copy:
    """One copy of a message that a queue holds; a duplicate is another copy with the same id."""

    message_id: str
    body: str
    sent_at: float
    sender: str
    visible_at: float
    attributes: dict[str, Any] = field(default_factory=dict)
    given_up_by: str | None = None
    number: int = 0
    receives: int = 0
    handle: str = ""


@dataclass
class Queue:
    """A queue: at least once, in no order, given up after `maximum_receives` to `dead_letters`."""

    name: str
    visibility_seconds: float = 20.0
    maximum_receives: int = 5
    dead_letters: Queue | None = None
    copies: list[Copy] = field(default_factory=list)
    taken: list[Copy] = field(default_factory=list)
    """Each message that was ever taken, once."""
    shown: list[tuple[float, str]] = field(default_factory=list)
    """When which body came in a batch, whatever became of it."""
    _added: int = 0

    def add(self, one: Copy) -> None:
        """Hold a copy."""
        self._added += 1
        one.number = self._added
        self.copies.append(one)

    @property
    def url(self) -> str:
        return f"https://sqs.ap-northeast-2.amazonaws.com/000000000000/{self.name}"

    @property
    def arn(self) -> str:
        return f"arn:aws:sqs:ap-northeast-2:000000000000:{self.name}"


class Sqs:
    """The client that product code calls; every call is a place to fail and to die."""

    def __init__(
        self,
        world: World,
        queues: Sequence[Queue],
        *,
        sender: str = "operator",
        path: str = "sqs",
        sender_id: Callable[[], str] = lambda: "AROASIMULATED:operator",
    ) -> None:
        """Give a client of `queues`; `sender` is part of its message ids, `sender_id` what SQS says of it."""
        self._world = world
        self._queues = {queue.url: queue for queue in queues}
        self._sender = sender
        self._sender_id = sender_id
        self._path = path
        self._serial = 0

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
        size = sum(len(entry["MessageBody"].encode()) for entry in Entries)
        if len(Entries) > MAXIMUM_ENTRIES or size > MAXIMUM_BATCH_BYTES or not Entries:
            raise AssertionError(f"SQS refuses a batch of {len(Entries)} messages and {size} bytes")

        def take() -> dict[str, Any]:
            answer: dict[str, Any] = {"Successful": [], "Failed": []}
            for entry in Entries:
                self._queues[QueueUrl].shown.append((self._world.now, entry["MessageBody"]))
                if self._world.fault("sqs_partial", entry["Id"]):
                    answer["Failed"].append(
                        {"Id": entry["Id"], "Code": "InternalError", "SenderFault": False}
                    )
                    continue
                identifier = self.put(
                    self._queues[QueueUrl],
                    entry["MessageBody"],
                    attributes=entry.get("MessageAttributes"),
                )
                answer["Successful"].append({"Id": entry["Id"], "MessageId": identifier})
            return answer

        answer: dict[str, Any] = self._call("SendMessageBatch", take)
        return answer

    def send_message(self, *, QueueUrl: str, MessageBody: str, **_: Any) -> dict[str, Any]:
        queue = self._queues[QueueUrl]
        return {"MessageId": self._call("SendMessage", lambda: self.put(queue, MessageBody))}

    def get_queue_url(self, *, QueueName: str, **_: Any) -> dict[str, str]:
        return {"QueueUrl": next(url for url, queue in self._queues.items() if queue.name == QueueName)}

    def put(
        self, queue: Queue, body: str, *, delay_seconds: float = 0.0, attributes: dict[str, Any] | None = None
    ) -> str:
        """Take a message, sometimes twice, visible soon; return its id."""
        world = self._world
        dice = world.dice("sqs_order")
        self._serial += 1
        identifier = f"{queue.name}-{self._sender}-{self._serial:06d}"
        for _ in range(2 if world.fault("sqs_duplicate", identifier) else 1):
            seen_at = world.now + delay_seconds + dice.uniform(0.0, 0.3)
            added = Copy(identifier, body, world.now, self._sender_id(), seen_at, dict(attributes or {}))
            queue.add(added)
        queue.taken.append(added)
        return identifier

    def receive_message(self, *, QueueUrl: str, MaxNumberOfMessages: int = 1, **_: Any) -> dict[str, Any]:
        return {
            "Messages": self._call("ReceiveMessage", lambda: self._receive(QueueUrl, MaxNumberOfMessages))
        }

    def _receive(self, url: str, wanted: int) -> list[dict[str, Any]]:
        queue, world = self._queues[url], self._world
        visible = [one for one in queue.copies if one.visible_at <= world.now]
        world.dice("sqs_order").shuffle(visible)
        answers = []
        for one in visible[:wanted]:
            if queue.dead_letters is not None and one.receives >= queue.maximum_receives:
                queue.copies.remove(one)
                # A dead letter keeps its id and the time it was sent.
                queue.dead_letters.add(replace(one, visible_at=world.now, given_up_by=queue.arn, receives=0))
                world.note(f"dead letter {one.message_id}")
                world.seen["dead letters"] += 1
                continue
            one.receives += 1
            one.handle = f"{one.message_id}#{one.number}#{one.receives}"
            early = world.fault("sqs_redelivers", one.message_id)
            one.visible_at = world.now + (0.5 if early else queue.visibility_seconds)
            answers.append(_message(one))
        return answers

    def delete_message_batch(self, *, QueueUrl: str, Entries: Sequence[dict[str, str]]) -> dict[str, Any]:
        handles = {entry["ReceiptHandle"] for entry in Entries}

        def delete() -> dict[str, Any]:
            queue = self._queues[QueueUrl]
            queue.copies[:] = [one for one in queue.copies if one.handle not in handles]
            return {"Successful": [{"Id": entry["Id"]} for entry in Entries], "Failed": []}

        answer: dict[str, Any] = self._call("DeleteMessageBatch", delete)
        return answer

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> dict[str, Any]:
        return self.delete_message_batch(
            QueueUrl=QueueUrl, Entries=[{"Id": "0", "ReceiptHandle": ReceiptHandle}]
        )

    def _refuses_the_operator(self, operation: str) -> bool:
        who = self._world.current
        return who is not None and who.role == "operator" and self._world.fault("operator_refused", operation)

    def _call(self, operation: str, work: Callable[[], Any]) -> Any:
        world, url = self._world, f"https://{self._path}"
        world.point(f"before {operation}")
        world.sleep(world.dice("latency").uniform(0.005, 0.05))
        if world.is_out(self._path):
            raise EndpointConnectionError(endpoint_url=url)
        if world.fault("sqs_refused", operation) or self._refuses_the_operator(operation):
            raise EndpointConnectionError(endpoint_url=url)
        if world.fault("sqs_throttles", operation):
            throttled: Any = {
                "Error": {"Code": "ThrottlingException", "Message": "slow down"},
                "ResponseMetadata": {"HTTPStatusCode": 400},
            }
            raise ClientError(throttled, operation)
        answer = work()
        if world.fault("sqs_answer_lost", operation):
            lost = ConnectionClosedError if world.dice("latency").random() < 0.5 else ReadTimeoutError
            raise lost(endpoint_url=url)
        world.point(f"after {operation}")
        return answer


def _message(one: Copy) -> dict[str, Any]:
    by = {"DeadLetterQueueSourceArn": one.given_up_by} if one.given_up_by else {}
    return {
        "MessageId": one.message_id,
        "ReceiptHandle": one.handle,
        "Body": one.body,
        "MD5OfBody": hashlib.md5(one.body.encode(), usedforsecurity=False).hexdigest(),
        "Attributes": {
            "SenderId": one.sender,
            "SentTimestamp": str(int(one.sent_at * 1000)),
            "ApproximateReceiveCount": str(one.receives),
            **by,
        },
        "MessageAttributes": one.attributes,
    }
