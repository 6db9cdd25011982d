"""Alerts on MiniStack's SQS, SNS and DynamoDB, several invocations at once, to mail in files."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from contract.alerts import Alert, encode_alert
from contract.silences import SilenceReport, encode_reports
from contract.topics import alert_topic
from infra.local.alerts import AlertOptions, LocalAlerts
from infra.local.aws_environment import AwsEndpoint
from infra.local.mailbox import Mailbox
from infra.local.queues import make_control_table
from infra.local.run_directory import RunDirectory
from infra.local.topic_rule import TopicRule
from lambdas.notifier.batches import Batches
from lambdas.notifier.lot import take_lot
from lambdas.notifier.notifier import Notifier
from lambdas.notifier.rule_book import RuleBook
from lambdas.notifier.sender import Sender, SnsTopic
from lambdas.notifier.store import DynamoStore
from lambdas.shared.sqs import SqsRecord, sqs_records

CONTROL_TABLE = "alerts-control"
NOW_MS = round(time.time() * 1000)
"""What is older is told as late news."""
READERS = {"ko": "reader-ko@localhost", "en": "reader-en@localhost"}


@dataclass
class Place:
    """The local alerts, and what the notifier works on."""

    alerts: LocalAlerts
    endpoint: AwsEndpoint
    mailbox: Mailbox

    def publish(self, alert: Alert) -> None:
        rule = TopicRule(self.endpoint.sqs(), self.alerts.queue.url)
        rule.publish(alert_topic(alert.site, alert.device, str(alert.camera)), encode_alert(alert))

    def received(self) -> list[SqsRecord]:
        """Take what waits in the queue, as an event source would hand it over."""
        sqs, found = self.endpoint.sqs(), list[dict[str, Any]]()
        while messages := sqs.receive_message(QueueUrl=self.alerts.queue.url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for one in messages:
                found.append({"messageId": one["MessageId"], "body": one["Body"]})
                sqs.delete_message(QueueUrl=self.alerts.queue.url, ReceiptHandle=one["ReceiptHandle"])
        return sqs_records({"Records": found})

    def invoke(self, records: list[SqsRecord], ahead_seconds: float = 0.0) -> list[str]:
        """Do what one invocation does, with clients of its own; return the messages that failed."""
        store = DynamoStore(self.endpoint.dynamodb(), CONTROL_TABLE)
        topic = SnsTopic(self.endpoint.client("sns"), self.alerts.topic_arn)
        lot = take_lot(store, Notifier(store, RuleBook(store)), records)
        sender = Sender(Batches(store), topic, ("ko", "en"), "https://map.example.org")
        sender.send(lot.due.values())
        if ahead_seconds:
            sender.send_due(ahead_seconds)
        return list(lot.failed)

    def mail(self) -> list[tuple[str, str, str]]:
        """Return reader, subject and text of each mail so far."""
        self.mailbox.look()
        found = []
        for path in self.alerts.mail:
            mail = message_from_bytes(path.read_bytes(), policy=policy.default)
            found.append((str(mail["To"]), str(mail["Subject"]), mail.get_content()))
        return found


@pytest.fixture
def place(ministack_endpoint: AwsEndpoint, integration_run: RunDirectory, tmp_path: Path) -> Iterator[Place]:
    dynamodb = ministack_endpoint.dynamodb()
    make_control_table(dynamodb, CONTROL_TABLE)
    sns = ministack_endpoint.client("sns")
    options = AlertOptions(tmp_path / "alerts", READERS)
    alerts = LocalAlerts(ministack_endpoint, integration_run, options, visibility_timeout_seconds=5)
    mailbox = Mailbox(sns, ministack_endpoint.sqs(), alerts.topic_arn, options.folder)
    mailbox.look()
    yield Place(alerts, ministack_endpoint, mailbox)
    sns.delete_topic(TopicArn=alerts.topic_arn)
    dynamodb.delete_table(TableName=CONTROL_TABLE)


def crowd(number: int) -> Alert:
    return Alert(
        f"crowding-{number}", "crowding", "start", "seoul-1", "jetson-7", "plaza-1", "Asia/Seoul",
        NOW_MS, NOW_MS, zone=f"정문 {number}", value=13.0, threshold=12.0, peak_value=13.0,
    )  # fmt: skip


def test_four_invocations_with_the_same_alerts_tell_each_once(place: Place) -> None:
    for number in range(4):
        place.publish(crowd(number))
    records = place.received()
    assert len(records) == 4
    failed: list[list[str]] = []
    at_once = [threading.Thread(target=lambda: failed.append(place.invoke(records))) for _ in range(4)]
    for one in at_once:
        one.start()
    for one in at_once:
        one.join(100)
    assert failed == [[]] * 4
    place.invoke(records, ahead_seconds=3600)
    mail = place.mail()
    for language, subject in (
        ("ko", "[주의] 정문 {}: 혼잡 13명 (기준 12명)"),
        ("en", "[Warning] 정문 {}: crowding 13 (limit 12)"),
    ):
        told = sorted(text for reader, text, _ in mail if reader == READERS[language])
        assert told == [subject.format(number) for number in range(4)]
    assert all("https://map.example.org/#site=seoul-1" in text for _, _, text in mail)


def test_a_flood_of_silent_devices_is_one_mail_a_reader(place: Place) -> None:
    report = SilenceReport("seoul-1", NOW_MS + 3_600_000, {f"jetson-{n}": NOW_MS for n in range(60)}, [])
    (body,) = encode_reports(report)
    place.endpoint.sqs().send_message(QueueUrl=place.alerts.queue.url, MessageBody=body)
    records = place.received()
    assert place.invoke(records) == []
    assert place.mail() == []
    assert place.invoke(records, ahead_seconds=600) == []
    assert sorted(subject for _, subject, _ in place.mail()) == [
        "[Warning] seoul-1: device silent 60",
        "[주의] seoul-1: 장치 연락 없음 60건",
    ]


def test_who_unsubscribes_gets_no_mail_and_who_subscribes_does(place: Place) -> None:
    sns = place.endpoint.client("sns")
    for one in sns.list_subscriptions_by_topic(TopicArn=place.alerts.topic_arn)["Subscriptions"]:
        if one["Endpoint"] == READERS["en"]:
            sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])
    sns.subscribe(
        TopicArn=place.alerts.topic_arn,
        Protocol="email",
        Endpoint="busan@localhost",
        Attributes={"FilterPolicy": '{"site":["busan-1"],"language":["ko"]}'},
    )
    place.mailbox.look()
    place.publish(crowd(9))
    place.invoke(place.received())
    assert [reader for reader, _, _ in place.mail()] == [READERS["ko"]]
