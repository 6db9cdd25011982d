"""Sends batches that are due through SNS: each by one sender at a time, each language once."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from contract.errors import WorkFailedError
from lambdas.notifier.batches import GIVE_UP_SECONDS, Batch, Batches, BatchName, Claim
from lambdas.notifier.texts import Message, ascii_subject, compose

FAILURES_A_RUN: Final = 5
"""So many in a row, and SNS is away: the rest waits for the next run."""


class PublishError(WorkFailedError):
    """Raised when SNS did not take a message."""


class Publisher(Protocol):
    """Takes messages for subscribers; `SnsTopic` is one."""

    def publish(self, site: str, language: str, message: Message) -> str:
        """Return the id of the message; raises `PublishError` when it was not taken."""
        ...


class SnsTopic:
    """The topic `topic_arn`; subscribers choose by the attributes site, language and severity."""

    def __init__(self, client: Any, topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def publish(self, site: str, language: str, message: Message) -> str:
        """Publish to every subscriber whose filter fits."""
        try:
            return self._publish(site, language, message, message.subject)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if (
                not code.startswith("InvalidParameter")
                or "ubject" not in str(error)
                or message.subject.isascii()
            ):
                raise PublishError(f"SNS refused the message: {error}") from error
        except BotoCoreError as error:
            raise PublishError(f"SNS did not answer: {error}") from error
        # Older endpoints take ASCII only: better a plain subject than no message.
        try:
            return self._publish(site, language, message, ascii_subject(message.subject))
        except (ClientError, BotoCoreError) as error:
            raise PublishError(f"SNS refused the message: {error}") from error

    def _publish(self, site: str, language: str, message: Message, subject: str) -> str:
        texts = {"default": message.body, "email": message.body, "sms": message.sms}
        named = {"site": site, "language": language, "severity": message.severity}
        answer = self._client.publish(
            TopicArn=self._topic_arn,
            Subject=subject,
            Message=json.dumps(texts, ensure_ascii=False),
            MessageStructure="json",
            MessageAttributes={
                **{name: {"DataType": "String", "StringValue": value} for name, value in named.items()},
                # Else SNS may send it as advertising, late or never.
                "AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"},
            },
        )
        return str(answer["MessageId"])


@dataclass
class SendResult:
    """What a run sent: batches, and a sentence for each that failed."""

    sent: int = 0
    given_up: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


class Sender:
    """Sends the batches of a store; `clock` gives the present in UTC."""

    def __init__(
        self,
        batches: Batches,
        publisher: Publisher,
        languages: Sequence[str],
        map_url: str | None,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(tz=UTC),
        has_time: Callable[[], bool] = lambda: True,
    ) -> None:
        self._batches = batches
        self._publisher = publisher
        self._languages = languages
        self._map_url = map_url
        self._clock = clock
        self._has_time = has_time

    def send_due(self, ahead_seconds: float = 0.0) -> SendResult:
        """Send what is due, or would be within `ahead_seconds`."""
        return self.send(list(self._batches.due(self._now_ms() + round(ahead_seconds * 1000))))

    def send(self, batches: Iterable[BatchName]) -> SendResult:
        """Send `batches`; one that fails stays where it is and is tried again by the next run."""
        result, failed_running = SendResult(), 0
        for batch in batches:
            if failed_running >= FAILURES_A_RUN or not self._has_time():
                break
            before = len(result.failures)
            self._send_one(batch, result)
            failed_running = failed_running + 1 if len(result.failures) > before else 0
        return result

    def _send_one(self, name: BatchName, result: SendResult) -> None:
        owner = uuid.uuid4().hex
        claim, batch = self._batches.claim(name, owner, self._now_ms())
        if claim is Claim.DONE:
            self._batches.forget_due(name)
        if batch is None:
            return
        try:
            self._publish(batch, owner)
        except PublishError as error:
            self._failed(name, owner, str(error), result)
            return
        self._batches.finish(name, owner, self._now_ms())
        result.sent += 1

    def _publish(self, batch: Batch, owner: str) -> None:
        for language in self._languages:
            if language in batch.sent:
                continue
            message = compose(language, batch.name.site, batch.entries, self._map_url)
            message_id = self._publisher.publish(batch.name.site, language, message)
            self._batches.note_sent(batch.name, owner, language, message_id, self._now_ms())

    def _failed(self, name: BatchName, owner: str, reason: str, result: SendResult) -> None:
        result.failures.append(f"{name.site} {name.name}: {reason}")
        if self._now_ms() - name.due_ms > GIVE_UP_SECONDS * 1000:
            result.given_up.append(f"{name.site} {name.name}: {reason}")
            self._batches.finish(name, owner, self._now_ms(), given_up=True)
        else:
            self._batches.let_go(name, owner, self._now_ms())

    def _now_ms(self) -> int:
        return round(self._clock().timestamp() * 1000)
