"""The function as Lambda calls it, on DynamoDB and SNS as moto plays them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from contract.alerts import Alert, encode_alert
from lambdas.notifier import handler as function
from lambdas.notifier.handler import TaskError, handler
from lambdas.notifier.store import DynamoStore, Key, change

CONTROL_TABLE = "crowdlens-control"
Factory = Callable[..., Alert]


@pytest.fixture
def inbox(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What English readers of seoul-1 were sent so far, each time it is called."""
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    topic = sns.create_topic(Name="crowdlens-alerts")["TopicArn"]
    url = sqs.create_queue(QueueName="reader")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"site": ["seoul-1"], "language": ["en"]})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"FilterPolicy": policy})
    monkeypatch.setenv("ALERT_TOPIC_ARN", topic)
    monkeypatch.setenv("CONTROL_TABLE", CONTROL_TABLE)
    function._parts.cache_clear()

    def read() -> list[dict[str, Any]]:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    yield read
    function._parts.cache_clear()


@pytest.fixture
def alert(alert: Factory) -> Factory:
    """The factory of alerts, of a crowd now: the function goes by the machine's clock."""

    def make(**given: Any) -> Alert:
        return alert(**{"at": datetime.now(tz=UTC), **given})

    return make


def event(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m{number}", "body": body} for number, body in enumerate(bodies)]}


def test_an_alert_becomes_a_message_once(inbox: Callable[[], list[dict[str, Any]]], alert: Factory) -> None:
    body = json.dumps(
        json.loads(encode_alert(alert()))
        | {"topic_site": "seoul-1", "topic_device": "jetson-7", "topic_camera": "plaza-1"}
    )
    assert handler(event(body, body), None) == {"batchItemFailures": []}
    assert handler(event(body), None) == {"batchItemFailures": []}
    (message,) = inbox()
    assert message["Subject"] == "[Warning] entrance: crowding 13 (limit 12)"
    attributes = {name: value["Value"] for name, value in message["MessageAttributes"].items()}
    assert attributes == {
        "site": "seoul-1",
        "language": "en",
        "severity": "warning",
        "AWS.SNS.SMS.SMSType": "Transactional",
    }


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda document: "{", id="no JSON"),
        pytest.param(lambda document: json.dumps([document]), id="a list"),
        pytest.param(lambda document: json.dumps({**document, "kind": "party"}), id="unknown kind"),
        pytest.param(lambda document: json.dumps({**document, "version": 2}), id="newer version"),
        pytest.param(lambda document: json.dumps({**document, "value": True}), id="value that is none"),
        pytest.param(lambda document: json.dumps({**document, "at": "yesterday"}), id="time that is none"),
        pytest.param(
            lambda document: json.dumps(
                {**document, "topic_site": "busan-1", "topic_device": "jetson-7", "topic_camera": "plaza-1"}
            ),
            id="speaks for another site",
        ),
        pytest.param(
            lambda document: json.dumps(
                {
                    "type": "silence_report",
                    "topic_site": "seoul-1",
                    "site": "seoul-1",
                    "silent": {},
                    "heard": [],
                }
            ),
            id="a device that speaks for the reconciler",
        ),
    ],
)
def test_what_cannot_be_read_stays_and_keeps_nobody_waiting(
    spoil: Callable[[dict[str, Any]], str], inbox: Callable[[], list[dict[str, Any]]], alert: Factory
) -> None:
    bad = spoil(json.loads(encode_alert(alert(event="other"))))
    answer = handler(event(bad, encode_alert(alert())), None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert len(inbox()) == 1


def test_the_schedule_sends_what_waited(inbox: Callable[[], list[dict[str, Any]]], alert: Factory) -> None:
    one = alert(kind="camera_fault", value=None, threshold=None, state="covered")
    handler(event(encode_alert(one)), None)
    assert (handler({"task": "send"}, None)["sent"], inbox()) == (0, [])
    assert handler({"task": "send", "ahead_seconds": 600}, None)["sent"] == 1
    assert handler({"task": "send", "ahead_seconds": 600}, None)["sent"] == 0
    assert [message["Subject"] for message in inbox()] == ["[Warning] entrance: camera fault"]


def test_a_task_that_there_is_not(inbox: object) -> None:
    with pytest.raises(TaskError, match="task is 'dance': expected send"):
        handler({"task": "dance"}, None)


def test_while_the_table_is_away_every_alert_comes_again(
    inbox: Callable[[], list[dict[str, Any]]], alert: Factory, dynamodb: Any
) -> None:
    dynamodb.delete_table(TableName=CONTROL_TABLE)
    answer = handler(event(encode_alert(alert()), encode_alert(replace(alert(), event="b"))), None)
    assert [one["itemIdentifier"] for one in answer["batchItemFailures"]] == ["m0", "m1"]


def test_the_table_keeps_the_promises_of_the_one_in_memory(dynamodb: Any) -> None:
    """What the other tests stand on: a write holds only over the version that was read."""
    store = DynamoStore(dynamodb, CONTROL_TABLE)
    key = Key("alert_due", "0000000000005#seoul-1#b")
    assert store.read(key) is None
    assert not store.write(key, {"a": 1}, 1, None)
    assert store.write(key, {"가": 1}, None, 123)
    assert not store.write(key, {"a": 2}, None, None)
    assert store.write(key, {"a": 2}, 1, None)
    assert not store.write(key, {"a": 3}, 1, None)
    stored = store.read(key)
    assert stored is not None
    assert (stored.document, stored.version) == ({"a": 2}, 2)
    store.write(Key("alert_due", "0000000000009#seoul-1#c"), {}, None, None)
    assert [one.key.sort for one in store.query("alert_due", "0000000000005~")] == [key.sort]
    assert len(list(store.query("alert_due"))) == 2
    assert change(store, key, lambda known: ({"a": 9}, known)) == {"a": 2}
    store.delete(key)
    store.delete(key)
    assert store.read(key) is None
