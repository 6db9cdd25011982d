from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from contract.envelope import PackedMessage, decode_message, stored_records
from contract.records import Record
from edge_components.publisher.__main__ import _status, _Worker
from edge_components.publisher.back_off import BackOff
from edge_components.publisher.publisher import Publisher
from edge_components.publisher.sender import QueueClientError, QueueSender, SendResult, make_client
from edge_components.publisher.settings import Profile, PublisherSettings
from edge_components.runtime.spool import Spool, SpoolError, publisher_lock

REPOSITORY = Path(__file__).parents[3]
MORTAL = Path(__file__).with_name("publish_and_die.py")
NOON_MS = 1_795_176_000_000


def record(index: int) -> Record:
    values = {"state": "ok", "previous_state": None, "frames_per_second": None, "detail": f"문장 {index}"}
    return Record("camera_status", "plaza-1", None, "Asia/Seoul", NOON_MS + index, "synced", values)


class Queue:
    """An in-memory queue; `fails` decides for each batch what is refused: all, some positions, or nothing."""

    def __init__(self, fails: Callable[[int], bool | set[int]] = lambda _: set()) -> None:
        self.bodies: list[str] = []
        self.batches: list[int] = []
        self._fails = fails

    def send(self, messages: Sequence[PackedMessage]) -> SendResult:
        refused = self._fails(len(self.batches))
        self.batches.append(len(messages))
        if refused is True:
            return SendResult([], {"EndpointConnectionError": len(messages)})
        positions = [p for p in range(len(messages)) if not refused or p not in refused]
        self.bodies += [messages[position].body for position in positions]
        failed = len(messages) - len(positions)
        return SendResult(positions, {"ThrottlingException": failed} if failed else {})

    def identities(self) -> Counter[tuple[str, str, int]]:
        return identities(self.bodies)


def identities(bodies: Sequence[str]) -> Counter[tuple[str, str, int]]:
    return Counter(
        (stored.epoch, stored.stream, stored.sequence)
        for body in bodies
        for stored in stored_records(decode_message(body))
    )


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool(tmp_path / "spool.sqlite", device="jetson-7") as opened:
        yield opened


def make_settings(spool_path: Path, **changes: object) -> PublisherSettings:
    values = {
        "spool": spool_path,
        "site": "seoul-1",
        "device": "jetson-7",
        "queue_url": "http://127.0.0.1/queue",
        "maximum_messages_per_second": 1e6,
        **changes,
    }
    return PublisherSettings(**values)  # type: ignore[arg-type]


def make_publisher(spool: Spool, sender: object, **changes: object) -> tuple[Publisher, threading.Event]:
    stop = threading.Event()
    no_wait = BackOff(base_seconds=0.001, maximum_seconds=0.001)
    settings = make_settings(spool.path, **changes)
    return Publisher(settings, spool, sender, stop=stop, back_off=no_wait), stop  # type: ignore[arg-type]


def test_everything_that_waits_is_sent_once_and_acknowledged(spool):
    stored = spool.append([record(index) for index in range(1000)])
    queue = Queue()
    publisher, _ = make_publisher(spool, queue, maximum_rows_per_batch=600, maximum_body_bytes=1_000)
    assert publisher.flush()
    assert queue.identities() == Counter({(s.epoch, s.stream, s.sequence): 1 for s in stored})
    assert max(queue.batches) == 10
    assert max(len(body.encode()) for body in queue.bodies) <= 1_000
    assert (spool.counts().waiting, publisher.progress.records) == (0, 1000)


@pytest.mark.parametrize(
    "fails",
    [
        pytest.param(lambda n: n < 5, id="outage that ends"),
        pytest.param(lambda n: n % 2 == 0, id="every other batch lost"),
        pytest.param(lambda n: {0} if n % 2 == 0 else set(), id="one message of a batch refused"),
        pytest.param(lambda n: {1, 3, 5, 7, 9} if n < 8 else set(), id="half of each batch throttled"),
    ],
)
def test_only_what_was_accepted_is_acknowledged(spool, fails):
    stored = spool.append([record(index) for index in range(600)])
    queue = Queue(fails)
    publisher, _ = make_publisher(spool, queue, maximum_rows_per_batch=200, maximum_body_bytes=1_500)
    for _ in range(50):
        publisher.flush()
        counts = spool.counts()
        # What the queue has is exactly what the spool let go: nothing twice, nothing early.
        assert sum(queue.identities().values()) == counts.acknowledged
        if not counts.waiting:
            break
    assert queue.identities() == Counter({(s.epoch, s.stream, s.sequence): 1 for s in stored})
    assert publisher.progress.failures.total() > 0


def test_after_an_outage_live_data_comes_first(spool):
    spool.append([record(index) for index in range(1, 2001)])
    queue = Queue()
    publisher, _ = make_publisher(spool, queue, maximum_rows_per_batch=100)
    publisher.flush()
    first = sorted(sequence for _, _, sequence in identities(queue.bodies[:1]))
    assert first == [*range(1, 51), *range(1951, 2001)]


def test_the_rate_of_a_backlog_is_bounded(spool):
    spool.append([record(index) for index in range(300)])
    publisher, _ = make_publisher(spool, Queue(), maximum_rows_per_batch=50, maximum_messages_per_second=20.0)
    started = time.monotonic()
    publisher.flush()
    assert 0.25 <= time.monotonic() - started < 30.0
    assert publisher.progress.messages == 6


def seconds_until_sent(spool: Spool, queue: Queue, rows: int) -> float:
    before = len(queue.bodies)
    spool.append([record(index) for index in range(rows)])
    started = time.monotonic()
    while len(queue.bodies) == before and time.monotonic() - started < 10:
        time.sleep(0.02)
    return time.monotonic() - started


def test_a_flush_waits_for_time_or_for_a_full_message(spool):
    queue = Queue()
    publisher, stop = make_publisher(spool, queue, profile=Profile(3.0, 3600.0), maximum_body_bytes=4_000)
    thread = threading.Thread(target=publisher.run)
    thread.start()
    assert seconds_until_sent(spool, queue, 1) < 2.5
    assert 1.0 < seconds_until_sent(spool, queue, 1) < 10.0
    assert seconds_until_sent(spool, queue, 300) < 2.5
    stop.set()
    thread.join(60)
    assert not thread.is_alive()
    assert spool.counts().waiting == 0


def test_a_stop_flushes_once_more_and_reports_the_ledger(spool):
    spool.append([record(index) for index in range(10)])
    queue = Queue()
    publisher, stop = make_publisher(spool, queue)
    stop.set()
    publisher.run()
    tables = Counter(stream.split("/")[1] for _, stream, _ in queue.identities())
    assert tables == {"camera_status": 10, "stream_ledger": 1}


def test_a_stop_in_an_outage_leaves_the_rest_quickly(spool):
    spool.append([record(index) for index in range(10)])
    publisher, stop = make_publisher(spool, Queue(lambda _: True))
    stop.set()
    started = time.monotonic()
    publisher.run()
    assert time.monotonic() - started < 15.0
    assert spool.counts().waiting == 11


def test_a_kill_between_send_and_acknowledge_only_repeats(tmp_path: Path):
    generator = random.Random(7)
    path, queue = tmp_path / "spool.sqlite", tmp_path / "queue.jsonl"
    with Spool(path, device="jetson-7") as spool:
        stored = spool.append([record(index) for index in range(400)])
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    statuses = []
    for _ in range(40):
        arguments = [sys.executable, str(MORTAL), str(path), str(queue), str(generator.randint(1, 4))]
        statuses.append(subprocess.run(arguments, env=environment, check=False).returncode)
        if statuses[-1] == 0:
            break
    assert statuses[-1] == 0
    assert statuses.count(-9) >= 2
    sent = identities(queue.read_text(encoding="utf-8").splitlines())
    assert set(sent) == {(s.epoch, s.stream, s.sequence) for s in stored}
    assert max(sent.values()) > 1
    with Spool(path, device="jetson-7") as spool:
        counts = spool.counts()
    assert (counts.made, counts.acknowledged, counts.waiting) == (400, 400, 0)


def test_a_second_publisher_of_the_same_spool_is_refused(spool):
    lock = publisher_lock(spool.path)
    with pytest.raises(SpoolError, match="another publisher"):
        publisher_lock(spool.path)
    lock.release()
    publisher_lock(spool.path).release()


@pytest.fixture
def queue_url(monkeypatch) -> Iterator[str]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield boto3.client("sqs", "us-east-1").create_queue(QueueName="ingest")["QueueUrl"]


def test_messages_reach_a_real_queue_interface(queue_url: str, spool):
    stored = spool.append([record(index) for index in range(500)])
    sender = QueueSender(queue_url, lambda: make_client("us-east-1"))
    publisher, _ = make_publisher(spool, sender, queue_url=queue_url, maximum_body_bytes=4_000)
    assert publisher.flush()
    client = boto3.client("sqs", "us-east-1")
    bodies: list[str] = []
    while found := client.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages"):
        bodies += [message["Body"] for message in found]
    assert identities(bodies) == Counter({(s.epoch, s.stream, s.sequence): 1 for s in stored})


def test_an_outage_is_a_result_and_no_exception(queue_url: str):
    sender = QueueSender(queue_url + "-gone", lambda: make_client("us-east-1"))
    result = sender.send([PackedMessage("{}", [])])
    assert result.accepted == []
    assert list(result.failures) == ["AWS.SimpleQueueService.NonExistentQueue"]


def test_no_network_is_a_result_and_no_exception(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    sender = QueueSender("http://127.0.0.1:9/0/queue", lambda: make_client("us-east-1"))
    assert sender.send([PackedMessage("{}", [])]).failures == {"EndpointConnectionError": 1}


def test_expired_credentials_make_a_new_client():
    from botocore.exceptions import ClientError

    made = []

    class ExpiringClient:
        def send_message_batch(self, **_: object) -> dict[str, object]:
            if len(made) == 1:
                raise ClientError({"Error": {"Code": "ExpiredToken"}}, "SendMessageBatch")
            return {"Successful": [{"Id": "0"}]}

    def make() -> ExpiringClient:
        made.append(1)
        return ExpiringClient()

    sender = QueueSender("http://127.0.0.1/queue", make)  # type: ignore[arg-type]
    assert sender.send([PackedMessage("{}", [])]).failures == {"ExpiredToken": 1}
    assert sender.send([PackedMessage("{}", [])]).accepted == [0]
    assert len(made) == 2


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        pytest.param({"AWS_ENDPOINT_URL": "localhost:4566"}, "Invalid endpoint: localhost:4566", id="bare"),
        pytest.param({"AWS_ENDPOINT_URL": "ftp://localhost"}, "Invalid endpoint: ftp:", id="scheme"),
        pytest.param({"AWS_ENDPOINT_URL": "http://localhost:abc"}, "integer value as 'abc'", id="port"),
        pytest.param({"AWS_ENDPOINT_URL": "http://localhost:99999"}, "Port out of range", id="port range"),
        pytest.param({"AWS_ENDPOINT_URL": "http://[::1"}, "Invalid IPv6 URL", id="IPv6"),
        pytest.param({"AWS_PROFILE": "nobody"}, "profile .nobody.", id="profile"),
    ],
)
def test_settings_that_make_no_client_are_told_at_once(monkeypatch, environment, sentence):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(QueueClientError, match=sentence):
        QueueSender("http://127.0.0.1/0/queue", lambda: make_client("us-east-1"))


class BrokenPublisher:
    """Fails as no code of ours foresaw."""

    def run(self) -> None:
        raise ZeroDivisionError("a mistake of ours")


def test_an_unforeseen_failure_is_recorded_and_ends_the_process(caplog):
    stop = threading.Event()
    worker = _Worker(BrokenPublisher(), stop)  # type: ignore[arg-type]
    worker.start()
    worker.join(5)
    assert stop.is_set()
    assert _status(worker) == 1
    assert [(record.message, record.error) for record in caplog.records] == [
        ("publisher failed", "a mistake of ours")
    ]
    assert caplog.records[0].exc_info[0] is ZeroDivisionError
