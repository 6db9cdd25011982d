"""The publisher as a process of its own, against a real SQS interface."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.envelope import decode_message, stored_records
from contract.records import Record
from edge_components.runtime.spool import Spool
from infra.local.aws_environment import REPOSITORY_ROOT, AwsEndpoint

NOON_MS = 1_795_176_000_000


def record(index: int) -> Record:
    values = {"state": "ok", "previous_state": None, "frames_per_second": None, "detail": f"{index}"}
    return Record("camera_status", "plaza-1", None, "Asia/Seoul", NOON_MS + index, "synced", values)


@pytest.fixture
def queue_url(ministack_endpoint: AwsEndpoint) -> str:
    return ministack_endpoint.sqs().create_queue(QueueName=f"ingest-{uuid.uuid4().hex}")["QueueUrl"]


class Publishers:
    """Starts publishers of one spool, and reads what they sent."""

    def __init__(self, endpoint: AwsEndpoint, queue_url: str, spool_path: Path) -> None:
        self._endpoint, self._queue_url, self._spool_path = endpoint, queue_url, spool_path
        self.running: list[subprocess.Popen[bytes]] = []
        self.sent: Counter[tuple[str, str, int]] = Counter()

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "edge_components.publisher", "--spool", str(self._spool_path)]
        command += ["--site", "seoul-1", "--device", "jetson-7", "--queue-url", self._queue_url, *arguments]
        environment = {**os.environ, **self._endpoint.environment(), "PYTHONPATH": str(REPOSITORY_ROOT)}
        process = subprocess.Popen(command, env=environment, cwd=self._spool_path.parent)
        self.running.append(process)
        return process

    def receive_all(self) -> None:
        client = self._endpoint.sqs()
        while True:
            answer = client.receive_message(
                QueueUrl=self._queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1
            )
            messages = answer.get("Messages", [])
            if not messages:
                return
            for message in messages:
                for stored in stored_records(decode_message(message["Body"])):
                    self.sent[stored.epoch, stored.stream, stored.sequence] += 1
                client.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])


@pytest.fixture
def publishers(ministack_endpoint: AwsEndpoint, queue_url: str, tmp_path: Path) -> Iterator[Publishers]:
    made = Publishers(ministack_endpoint, queue_url, tmp_path / "spool.sqlite")
    yield made
    for process in made.running:
        process.kill()
        process.wait()


def wait_until_empty(spool: Spool, *, timeout_seconds: float) -> None:
    deadline = time.monotonic() + timeout_seconds
    while spool.waiting()[0]:
        assert time.monotonic() < deadline, f"{spool.waiting()} still waits"
        time.sleep(0.05)


def test_what_waits_arrives_and_a_stop_takes_at_most_five_seconds(tmp_path: Path, publishers: Publishers):
    with Spool(tmp_path / "spool.sqlite", device="jetson-7") as spool:
        stored = spool.append([record(index) for index in range(5_000)])
        process = publishers.start()
        wait_until_empty(spool, timeout_seconds=60)
        late = spool.append([record(5_000)])
        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
        assert time.monotonic() - asked < 15  # three times the promise: other tests run beside this one
        publishers.receive_all()
        counts = spool.counts()
    made = {(s.epoch, s.stream, s.sequence): 1 for s in stored + late}
    ledger = {identity: n for identity, n in publishers.sent.items() if identity[1].startswith("_device/")}
    assert publishers.sent == {**made, **ledger}
    assert counts.made == counts.acknowledged == 5_001 + len(ledger)


def test_publishers_killed_at_random_moments_lose_nothing(tmp_path: Path, publishers: Publishers):
    generator = random.Random(11)
    made = set()
    with Spool(tmp_path / "spool.sqlite", device="jetson-7") as spool:
        for turn in range(6):
            stored = spool.append([record(turn * 3_000 + index) for index in range(3_000)])
            made |= {(s.epoch, s.stream, s.sequence) for s in stored}
            process = publishers.start("--maximum-messages-per-second", "4")
            time.sleep(0.5 + generator.uniform(0.0, 1.0))
            process.kill()
            process.wait()
        process = publishers.start()
        made |= {(s.epoch, s.stream, s.sequence) for s in spool.append([record(0)])}
        wait_until_empty(spool, timeout_seconds=60)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
        publishers.receive_all()
        counts = spool.counts()
    assert {identity for identity in publishers.sent if identity[1] == "plaza-1/camera_status"} == made
    assert counts.made == counts.acknowledged == len(publishers.sent)
