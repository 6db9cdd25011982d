"""The poller against a queue in memory: batches, events, and what is deleted."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from infra.local.event_source import (
    BatchCollector,
    EventResponseError,
    QueueSource,
    event_record,
    failed_message_ids,
    record_bytes,
)
from infra.local.invocation import HandlerNameError, LambdaContext, lazy_handler, load_handler
from infra.local.poller import Poller, PollerSettings, PollerStatistics
from infra.local.senders import (
    LOCAL_SENDER_ATTRIBUTE,
    OPERATOR_SENDER_ID,
    device_sender_id,
    local_certificate_id,
)
from lambdas.shared.sqs import SENT_BACK_ATTRIBUTE

Answer = Callable[[dict[str, Any], LambdaContext], object]


@dataclass
class MemoryQueue:
    """The calls of SQS that a poller makes; a receive hands out at most ten, each message once."""

    bodies: list[str]
    receives: list[int] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)

    def receive_message(self, **call: Any) -> dict[str, Any]:
        assert 1 <= call["MaxNumberOfMessages"] <= 10
        self.receives.append(call["WaitTimeSeconds"])
        taken = self.bodies[: call["MaxNumberOfMessages"]]
        self.bodies = self.bodies[len(taken) :]
        return {"Messages": [self._message(body) for body in taken]} if taken else {}

    def _message(self, body: str) -> dict[str, Any]:
        return {
            "MessageId": f"id-{body[:8]}",
            "ReceiptHandle": f"handle-{body[:8]}",
            "MD5OfBody": "0" * 32,
            "Body": body,
            "Attributes": {"SenderId": "000", "SentTimestamp": "1", "ApproximateReceiveCount": "1"},
        }

    def delete_message_batch(self, **call: Any) -> dict[str, Any]:
        assert 1 <= len(call["Entries"]) <= 10
        self.deleted += [entry["ReceiptHandle"].removeprefix("handle-") for entry in call["Entries"]]
        return {}


def source(*, batch_size: int = 10, window: float = 0, sender_id: str | None = None) -> QueueSource:
    return QueueSource("url", "arn:aws:sqs:x:0:ingest", "ap-northeast-2", batch_size, window, sender_id)


def collector(queue: MemoryQueue, maximum_bytes: int = 6_000_000, **settings: Any) -> BatchCollector:
    return BatchCollector(cast("Any", queue), source(**settings), maximum_bytes)


def bodies(batch: list[dict[str, Any]]) -> list[str]:
    return [record["body"] for record in batch]


def numbered(count: int) -> list[str]:
    return [f"{number:08}" for number in range(count)]


@pytest.mark.parametrize(
    ("waiting", "batch_size", "window", "expected"),
    [
        pytest.param(0, 10, 1, [0], id="an-empty-queue-gives-no-batch"),
        pytest.param(3, 10, 0, [3], id="without-a-window-what-is-there-goes"),
        pytest.param(25, 10, 0, [10, 10, 5], id="without-a-window-a-receive-is-a-batch"),
        pytest.param(25, 25, 60, [25], id="a-full-batch-does-not-wait-for-its-window"),
        pytest.param(25, 40, 0.3, [25], id="a-window-ends"),
        pytest.param(26, 13, 60, [13, 13], id="never-more-than-the-batch-size"),
    ],
)
def test_batches(waiting: int, batch_size: int, window: float, expected: list[int]) -> None:
    queue = MemoryQueue(numbered(waiting))
    collecting = collector(queue, batch_size=batch_size, window=window)
    started = time.monotonic()
    assert [len(collecting.collect()) for _ in expected] == expected
    assert time.monotonic() - started < 30


def test_the_first_receive_polls_for_long_and_later_ones_for_the_rest_of_the_window() -> None:
    queue = MemoryQueue(numbered(15))
    collector(queue, batch_size=15, window=3).collect()
    assert queue.receives == [20, 2]


def test_an_event_stays_below_its_bytes_and_nothing_is_lost() -> None:
    queue = MemoryQueue([f"{number:08}" + "x" * 1000 for number in range(20)])
    one = record_bytes(collector(MemoryQueue([queue.bodies[0]])).collect()[0])
    collecting = collector(queue, maximum_bytes=3 * one + 10, batch_size=20, window=0.2)
    batches = []
    while batch := collecting.collect():
        batches.append(batch)
    assert [len(batch) for batch in batches] == [3, 3, 3, 3, 3, 3, 2]
    assert [body[:8] for batch in batches for body in bodies(batch)] == numbered(20)


def test_a_message_larger_than_an_event_still_goes_alone() -> None:
    queue = MemoryQueue(["a" * 3000, "b"])
    collecting = collector(queue, maximum_bytes=1000)
    assert [bodies(collecting.collect()) for _ in range(2)] == [["a" * 3000], ["b"]]


@pytest.mark.parametrize(("injected", "expected"), [(None, "000"), ("AROA:cert", "AROA:cert")])
def test_an_event_record_has_the_form_of_lambda(injected: str | None, expected: str) -> None:
    (record,) = collector(MemoryQueue(["hello"]), sender_id=injected).collect()
    assert record == {
        "messageId": "id-hello",
        "receiptHandle": "handle-hello",
        "body": "hello",
        "attributes": {"SenderId": expected, "SentTimestamp": "1", "ApproximateReceiveCount": "1"},
        "messageAttributes": {},
        "md5OfBody": "0" * 32,
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:x:0:ingest",
        "awsRegion": "ap-northeast-2",
    }


@pytest.mark.parametrize(
    ("body", "attributes", "fixed", "expected"),
    [
        pytest.param(
            '{"crowdlens":1,"site":"s","device":"jetson-7","blocks":[]}',
            {},
            None,
            device_sender_id(local_certificate_id("jetson-7")),
            id="the-device-that-a-message-names",
        ),
        pytest.param("no message", {}, None, "000", id="nobody-is-named"),
        pytest.param('{"device":"jetson-7"}', {}, "AROA:all", "AROA:all", id="one-for-all"),
        pytest.param(
            '{"device":"jetson-7"}',
            {LOCAL_SENDER_ATTRIBUTE: "AROA:thief"},
            "AROA:all",
            "AROA:thief",
            id="played",
        ),
        pytest.param(
            '{"device":"jetson-7"}', {SENT_BACK_ATTRIBUTE: "1"}, None, OPERATOR_SENDER_ID, id="sent-back"
        ),
    ],
)
def test_who_sent_a_message(body: str, attributes: dict[str, str], fixed: str | None, expected: str) -> None:
    message: Any = {
        **MemoryQueue([])._message(body),
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    }
    record = event_record(message, replace(source(sender_id=fixed), sender_by_device=True))
    assert record["attributes"]["SenderId"] == expected
    assert set(record["messageAttributes"]) == set(attributes) - {LOCAL_SENDER_ATTRIBUTE}


def test_several_queues_are_looked_at_in_turn_and_emptied(tmp_path: Path) -> None:
    queue = MemoryQueue(["a", "b"])
    seen: list[str] = []
    first, second = replace(source(), batch_size=1), replace(source(), batch_size=1, arn="arn:2", url="url-2")
    settings = PollerSettings(
        "it", "x:y", first, 5, 128, str(tmp_path / "statistics"), more_sources=(second,), lazy=True
    )
    poller = Poller(
        settings,
        cast("Any", queue),
        lambda event, context: seen.extend(record["eventSourceARN"] for record in event["Records"]),
    )
    poller.poll_once()
    poller.poll_once()
    assert seen == [first.arn, "arn:2"]
    assert queue.deleted == ["a", "b"]
    assert queue.receives[0] == 1
    settings.write(tmp_path / "settings.json")
    assert PollerSettings.read(tmp_path / "settings.json") == settings


def test_a_lazy_handler_that_cannot_be_imported_fails_its_batch(tmp_path: Path) -> None:
    statistics = run_once(MemoryQueue(["a"]), lazy_handler("no.such.module:f"), tmp_path)
    assert statistics.failed_batches == 1
    assert "cannot be imported" in statistics.last_error


def run_once(queue: MemoryQueue, answer: Answer, tmp_path: Path, timeout: float = 5.0) -> PollerStatistics:
    path = tmp_path / "statistics.json"
    settings = PollerSettings("it", "unused:unused", source(), timeout, 128, str(path))
    Poller(settings, cast("Any", queue), answer).poll_once()
    return PollerStatistics.read(path)


def sleep_past_the_time_out(event: dict[str, Any], context: LambdaContext) -> object:
    try:
        time.sleep(10)
    except Exception:  # noqa: BLE001 - what a careless handler does
        return None
    return None


def crash(event: dict[str, Any], context: LambdaContext) -> object:
    raise ValueError("no good")


def answering(response: object) -> Answer:
    return lambda event, context: response


@pytest.mark.parametrize(
    ("answer", "deleted", "failed_batches"),
    [
        pytest.param(answering(None), ["a", "b", "c"], 0, id="no-answer-is-success"),
        pytest.param(answering({"batchItemFailures": []}), ["a", "b", "c"], 0, id="no-failures"),
        pytest.param(
            answering({"batchItemFailures": [{"itemIdentifier": "id-b"}]}), ["a", "c"], 0, id="one-failure"
        ),
        pytest.param(answering({"batchItemFailures": [{}]}), [], 1, id="a-failure-without-a-name-fails-all"),
        pytest.param(
            answering({"batchItemFailures": [{"itemIdentifier": "id-z"}]}), [], 1, id="a-stranger-fails-all"
        ),
        pytest.param(answering("done"), [], 1, id="an-answer-of-another-kind-fails-all"),
        pytest.param(crash, [], 1, id="an-exception-fails-all"),
        pytest.param(sleep_past_the_time_out, [], 1, id="a-time-out-fails-all"),
    ],
)
def test_only_what_succeeded_is_deleted(
    tmp_path: Path, answer: Answer, deleted: list[str], failed_batches: int
) -> None:
    queue = MemoryQueue(["a", "b", "c"])
    statistics = run_once(queue, answer, tmp_path, timeout=0.2 if answer is sleep_past_the_time_out else 60.0)
    assert queue.deleted == deleted
    assert (statistics.batches, statistics.messages) == (1, 3)
    assert (statistics.deleted_messages, statistics.failed_messages) == (len(deleted), 3 - len(deleted))
    assert statistics.failed_batches == failed_batches
    assert bool(statistics.last_error) == bool(failed_batches)
    assert not statistics.running


def test_many_messages_are_deleted_in_tens(tmp_path: Path) -> None:
    queue = MemoryQueue(numbered(23))
    settings = PollerSettings(
        "it", "x:y", source(batch_size=23, window=1), 5, 128, str(tmp_path / "statistics")
    )
    Poller(settings, cast("Any", queue), answering(None)).poll_once()
    assert queue.deleted == numbered(23)


def test_the_context_tells_the_time_left(tmp_path: Path) -> None:
    seen: list[LambdaContext] = []
    run_once(MemoryQueue(["a"]), lambda event, context: seen.append(context), tmp_path)
    (context,) = seen
    assert 0 < context.get_remaining_time_in_millis() <= 5000
    assert context.function_name == "it"
    assert context.invoked_function_arn.endswith(":function:it")


def test_settings_travel_as_a_file(tmp_path: Path) -> None:
    settings = PollerSettings("it", "a.b:c", source(sender_id="x"), 60, 512, "somewhere")
    settings.write(tmp_path / "settings.json")
    assert PollerSettings.read(tmp_path / "settings.json") == settings
    assert json.loads((tmp_path / "settings.json").read_text())["source"]["batch_size"] == 10


def test_failed_ids_of_a_list_that_is_none() -> None:
    with pytest.raises(EventResponseError, match="batchItemFailures is no list"):
        failed_message_ids({"batchItemFailures": "all"}, ["a"])


@pytest.mark.parametrize(
    ("name", "says"),
    [
        pytest.param("json", r"is 'json': expected package.module:function", id="no-colon"),
        pytest.param("no.such.module:f", r"cannot be imported: No module named 'no'", id="no-module"),
        pytest.param("json:nothing", r"json has no such function", id="no-function"),
        pytest.param("json:__name__", r"json has no such function", id="not-callable"),
    ],
)
def test_handler_names(name: str, says: str) -> None:
    with pytest.raises(HandlerNameError, match=says):
        load_handler(name)
