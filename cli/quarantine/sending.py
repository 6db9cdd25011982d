"""Sends quarantined messages back: each goes from quarantine only after SQS has accepted it.

Killed at any moment, a message is in quarantine, in its queue, or in both: nothing is lost, and what is sent
twice changes nothing, since every later step knows a record it has seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from cli.quarantine.places import Kept, Quarantine
from contract.errors import CrowdLensError
from lambdas.shared.quarantine import Quarantined
from lambdas.shared.sqs import SENT_BACK_ATTRIBUTE

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MAXIMUM_BATCH_MESSAGES = 10
MAXIMUM_BATCH_BYTES = 1024 * 1024
_ATTRIBUTE_BYTES = 128
"""More than the name, type and value of our attribute take."""


class QueueNotKnownError(CrowdLensError):
    """Raised when nothing says which queue a message came from, or that queue is not there."""


class Senders(Protocol):
    """Where it is noted who sent a message first."""

    def remember(self, body_sha256: str, sender_id: str) -> None:
        """Note that `sender_id` sent the body with this digest."""


@dataclass
class SendResult:
    """What was sent to which queue, and what stays in quarantine, by key, with the reason."""

    sent: Counter[str] = field(default_factory=Counter)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass
class QueueDirectory:
    """Finds the URL of a message's queue; `override` is a queue's name or URL for all messages."""

    client: Callable[[str | None], SQSClient]
    override: str | None = None
    _urls: dict[str, str] = field(default_factory=dict)

    def url(self, message: Quarantined) -> str:
        """Return the URL of the queue `message` came from; raises `QueueNotKnownError`."""
        wanted = self.override or message.queue_arn
        if wanted is None:
            raise QueueNotKnownError(
                f"message {message.message_id} does not say which queue it came from: expected --queue"
            )
        if wanted not in self._urls:
            self._urls[wanted] = wanted if wanted.startswith(("http://", "https://")) else self._find(wanted)
        return self._urls[wanted]

    def client_of(self, message: Quarantined) -> SQSClient:
        """Return a client of the region of the message's queue."""
        return self.client(_region(self.override or message.queue_arn or ""))

    def _find(self, wanted: str) -> str:
        client = self.client(_region(wanted))
        call: Any = {"QueueName": wanted.rpartition(":")[2]}
        if wanted.startswith("arn:"):
            call["QueueOwnerAWSAccountId"] = wanted.split(":")[4]
        try:
            return client.get_queue_url(**call)["QueueUrl"]
        except client.exceptions.QueueDoesNotExist as error:
            raise QueueNotKnownError(
                f"queue {wanted} does not exist: expected one that does (--queue)"
            ) from error


def _region(arn: str) -> str | None:
    return arn.split(":")[3] if arn.startswith("arn:") else None


class SendBack:
    """Sends messages of `place` back to their queues.

    `senders` is told of each device's message who sent it first; without that `lake_writer` would see only
    the operator.
    """

    def __init__(self, place: Quarantine, queues: QueueDirectory, senders: Senders) -> None:
        self._place = place
        self._queues = queues
        self._senders = senders

    def send(
        self, letters: Iterable[Kept], *, progress: Callable[[SendResult], None] = lambda _: None
    ) -> SendResult:
        """Send `letters` and return what became of them; raises `QueueNotKnownError` or what boto3 raises.

        `progress` is told after each batch.
        """
        result = SendResult()
        with ThreadPoolExecutor(MAXIMUM_BATCH_MESSAGES) as pool:
            for url, batch in self._batches(letters):
                self._send_batch(pool, url, batch, result)
                progress(result)
        return result

    def _batches(self, letters: Iterable[Kept]) -> Iterator[tuple[str, list[Kept]]]:
        """Yield messages of one queue, as many as one request takes."""
        batches: dict[str, list[Kept]] = {}
        sizes: Counter[str] = Counter()
        for letter in letters:
            url = self._queues.url(letter.message)
            size = _size(letter.message)
            batch = batches.setdefault(url, [])
            if batch and (len(batch) == MAXIMUM_BATCH_MESSAGES or sizes[url] + size > MAXIMUM_BATCH_BYTES):
                yield url, batch
                batches[url] = batch = []
                sizes[url] = 0
            batch.append(letter)
            sizes[url] += size
        yield from ((url, batch) for url, batch in batches.items() if batch)

    def _send_batch(self, pool: ThreadPoolExecutor, url: str, batch: list[Kept], result: SendResult) -> None:
        list(pool.map(self._note_sender, batch))
        answer = self._queues.client_of(batch[0].message).send_message_batch(
            QueueUrl=url,
            Entries=[
                {
                    "Id": str(position),
                    "MessageBody": letter.message.body,
                    "MessageAttributes": _attributes(letter.message),
                }
                for position, letter in enumerate(batch)
            ],
        )
        for failure in answer.get("Failed", []):
            reason = f"{failure['Code']}: {failure.get('Message', '')}"
            result.failed[batch[int(failure["Id"])].key] = reason
        accepted = [batch[int(success["Id"])].key for success in answer.get("Successful", [])]
        list(pool.map(self._place.remove, accepted))
        result.sent[url.rpartition("/")[2]] += len(accepted)

    def _note_sender(self, letter: Kept) -> None:
        message = letter.message
        if message.device is not None and message.sender_id is not None:
            self._senders.remember(message.body_sha256, message.sender_id)


def _attributes(message: Quarantined) -> Any:
    # Nobody reads any other: what a stranger once attached stays in the quarantine document.
    return {SENT_BACK_ATTRIBUTE: {"DataType": "String", "StringValue": message.kind.value}}


def _size(message: Quarantined) -> int:
    return len(message.body.encode("utf-8", "surrogatepass")) + _ATTRIBUTE_BYTES
