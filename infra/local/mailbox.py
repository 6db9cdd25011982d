"""The mail that SNS would send, as files: ``python -m infra.local.mailbox SETTINGS.json``.

MiniStack takes e-mail subscriptions and delivers nothing. For each of them this keeps a queue subscribed with
the same filter, so that MiniStack itself decides who is told of what, and writes what comes as a message file
(RFC 5322) that any mail program opens.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import re
import signal
import sys
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from contract.files import write_whole

_LOG = logging.getLogger("mailbox")
_LOOK_SECONDS = 0.5
_SENDER = "CrowdLens <no-reply@sns.amazonaws.com>"


@dataclass(frozen=True)
class MailboxSettings:
    """The topic whose e-mail subscribers are looked after, and where their mail is written."""

    topic_arn: str
    folder: str
    ready_path: str

    def write(self, path: Path) -> None:
        """Write the settings for a mailbox to read."""
        path.write_text(json.dumps(dataclasses.asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> MailboxSettings:
        """Read what `write` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


@dataclass
class _Mirror:
    """The queue of one address and its subscription."""

    address: str
    url: str
    arn: str
    policy: str = ""


@dataclass
class Mailbox:
    """Writes the mail of a topic's e-mail subscribers to `folder`."""

    sns: Any
    sqs: Any
    topic_arn: str
    folder: Path
    written: int = 0
    _mirrors: dict[str, _Mirror] = field(default_factory=dict)

    def look(self) -> None:
        """Follow who is subscribed, and write what has come for them."""
        self._follow()
        for mirror in self._mirrors.values():
            self._deliver(mirror)

    def _follow(self) -> None:
        wanted = {}
        for page in self.sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=self.topic_arn):
            for one in page["Subscriptions"]:
                if one["Protocol"] == "email":
                    wanted[one["Endpoint"]] = one["SubscriptionArn"]
        for address in self._mirrors.keys() - wanted.keys():
            self.sns.unsubscribe(SubscriptionArn=self._mirrors.pop(address).arn)
        for address, arn in wanted.items():
            attributes = self.sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
            self._mirror(address, attributes.get("FilterPolicy") or "{}")

    def _mirror(self, address: str, policy: str) -> None:
        mirror = self._mirrors.get(address)
        if mirror is None:
            mirror = self._mirrors[address] = self._make(address, policy)
        elif mirror.policy != policy:
            self.sns.set_subscription_attributes(
                SubscriptionArn=mirror.arn, AttributeName="FilterPolicy", AttributeValue=policy
            )
        mirror.policy = policy

    def _make(self, address: str, policy: str) -> _Mirror:
        name = f"mail-{hashlib.sha256(address.encode()).hexdigest()[:16]}"
        url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        made = self.sns.subscribe(
            TopicArn=self.topic_arn,
            Protocol="sqs",
            Endpoint=arn,
            Attributes={"FilterPolicy": policy},
            ReturnSubscriptionArn=True,
        )
        return _Mirror(address, url, made["SubscriptionArn"])

    def _deliver(self, mirror: _Mirror) -> None:
        while messages := self.sqs.receive_message(QueueUrl=mirror.url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                self._write(mirror.address, json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=mirror.url, ReceiptHandle=message["ReceiptHandle"])

    def _write(self, address: str, notification: dict[str, Any]) -> None:
        self.written += 1
        language = notification.get("MessageAttributes", {}).get("language", {}).get("Value", "")
        mail = email_of(address, notification, language)
        name = re.sub(r"[^A-Za-z0-9.@_-]+", "_", f"{self.written:04d}-{language}-{address}")
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.folder / f"{name}.eml", mail.as_bytes(policy=SMTP).decode("utf-8"))


def email_of(address: str, notification: dict[str, Any], language: str) -> EmailMessage:
    """Return the mail to `address` that SNS would make of a notification."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = _SENDER
    mail["To"] = address
    mail["Subject"] = notification["Subject"]
    mail["Date"] = format_datetime(datetime.now(tz=UTC))
    mail["Message-ID"] = f"<{notification['MessageId']}@sns.local>"
    mail.set_content(notification["Message"], charset="utf-8", cte="8bit")
    mail["Content-Language"] = language or "en"
    return mail


def main(arguments: list[str]) -> int:
    """Look after the mailbox that the settings file named in `arguments` describes, until SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    settings = MailboxSettings.read(Path(arguments[0]))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    mailbox = Mailbox(boto3.client("sns"), boto3.client("sqs"), settings.topic_arn, Path(settings.folder))
    while not stop.is_set():
        _look(mailbox)
        Path(settings.ready_path).touch()
        stop.wait(_LOOK_SECONDS)
    _look(mailbox)
    return 0


def _look(mailbox: Mailbox) -> None:
    try:
        mailbox.look()
    except (ClientError, BotoCoreError, OSError):
        # MiniStack may be starting, or gone before us.
        _LOG.exception("the mail could not be looked after")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
