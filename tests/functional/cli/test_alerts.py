"""`crowdlens alerts` on DynamoDB, SNS and SQS as moto plays them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from cli.main import main
from lambdas.notifier.inbox import read_message

Run = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def topic(dynamodb: Any) -> str:
    return str(boto3.client("sns").create_topic(Name="crowdlens-alerts")["TopicArn"])


@pytest.fixture
def run(topic: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("ALERT_TOPIC_ARN", topic)

    def call(*words: str) -> tuple[int, Any, str]:
        status = main(["alerts", *words])
        captured = capsys.readouterr()
        return (
            status,
            json.loads(captured.out) if "--json" in words and captured.out else captured.out,
            captured.err,
        )

    return call


def test_rules_are_set_listed_and_removed(run: Run) -> None:
    where = ("--site", "seoul-1", "--zone", "정문 #1", "--kind", "crowding")
    assert run("set", *where, "--cooldown-seconds", "30", "--quiet-hours", "22:00-07:00")[0] == 0
    status, rule, _ = run("set", *where, "--no-recovery", "--place-ko", "정문 광장", "--json")
    assert (status, rule["options"]) == (
        0,
        {"cooldown_seconds": 30, "quiet_hours": "22:00-07:00", "recovery": False, "place_ko": "정문 광장"},
    )
    run("set", "--minimum-severity", "warning")
    _, found, _ = run("rules", "--site", "seoul-1", "--json")
    assert [(rule["site"], rule["zone"]) for rule in found["rules"]] == [("*", "*"), ("seoul-1", "정문 #1")]
    assert found["defaults"]["crowding"]["cooldown_seconds"] == 600
    _, text, note = run("rules", "--site", "seoul-1")
    assert "recovery off" in text
    assert "2 rules" in note
    assert run("remove", *where)[0] == 0
    assert len(run("rules", "--site", "seoul-1", "--json")[1]["rules"]) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(
            ("set", "--site", "seoul-1"), "the rule sets nothing: expected at least one option", id="nothing"
        ),
        pytest.param(
            ("set", "--quiet-hours", "night"),
            "quiet_hours is 'night': expected two local times like 22:00-07:00, or none",
            id="hours",
        ),
        pytest.param(("set", "--site", "a b", "--recovery"), "site is 'a b': expected 1 to 64", id="site"),
        pytest.param(("set", "--kind", "party", "--recovery"), "kind is 'party': expected one of", id="kind"),
        pytest.param(
            ("set", "--time-zone", "Seoul", "--site", "s"),
            "time_zone is 'Seoul': expected a name like Asia/Seoul",
            id="time zone",
        ),
        pytest.param(("remove", "--site", "seoul-1"), "there is no rule for site seoul-1", id="no rule"),
        pytest.param(("subscribe", "--email", "me"), "email is 'me': expected an address", id="e-mail"),
        pytest.param(("subscribe", "--sms", "010-1234"), "sms is '010-1234': expected a number", id="number"),
        pytest.param(
            ("unsubscribe", "--email", "me@example.org"), "me@example.org is not subscribed", id="nobody"
        ),
        pytest.param(("subscribers", "--topic", "alerts"), "topic is 'alerts': expected an ARN", id="topic"),
        pytest.param(("test", "--site", "seoul-1"), "no queue is named: expected --queue-url", id="no queue"),
    ],
)
def test_a_mistake_is_one_sentence(words: tuple[str, ...], sentence: str, run: Run) -> None:
    status, _, error = run(*words)
    assert status == 2
    assert error.startswith(f"crowdlens alerts: {sentence}")
    assert error.count("\n") == 1


def test_without_a_topic_it_says_where_to_name_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALERT_TOPIC_ARN")
    assert "expected --topic or ALERT_TOPIC_ARN" in run("subscribers")[2]


def test_somebody_is_subscribed_changed_and_unsubscribed(run: Run, topic: str) -> None:
    address = ("--email", "me@example.org")
    assert (
        run("subscribe", *address, "--site", "seoul-1", "--site", "seoul-2", "--severity", "warning")[0] == 0
    )
    (one,) = run("subscribers", "--json")[1]
    assert {name: one[name] for name in ("endpoint", "sites", "languages", "severities")} == {
        "endpoint": "me@example.org",
        "sites": ["seoul-1", "seoul-2"],
        "languages": ["ko"],
        "severities": ["warning", "critical"],
    }
    run("subscribe", *address, "--language", "en", "--severity", "critical")
    (one,) = run("subscribers", "--json")[1]
    assert (one["sites"], one["languages"], one["severities"]) == ([], ["en"], ["critical"])
    run("subscribe", "--sms", "+821012345678")
    _, text, note = run("subscribers")
    assert "+821012345678" in text
    assert "2 subscribers" in note
    assert run("unsubscribe", *address)[0] == 0
    assert [one["protocol"] for one in run("subscribers", "--json")[1]] == ["sms"]


def test_a_test_goes_the_way_that_alerts_go(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="alerts")["QueueUrl"]
    monkeypatch.setenv("ALERT_QUEUE_URL", url)
    status, answer, _ = run("test", "--site", "seoul-1", "--zone", "gate", "--json")
    assert (status, answer["subjects"]["en"]) == (0, "[Info] gate: test alert")
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    alert: Any = read_message(message["Body"])
    assert (alert.kind, alert.site, alert.event) == ("test", "seoul-1", answer["event"])
