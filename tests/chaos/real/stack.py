"""The local stack with bad weather: proxies before SQS and S3, slow notifications, a database that goes."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore.exceptions

from infra.ingest_settings import COMPACTOR
from infra.local.aws_environment import AwsEndpoint
from infra.local.mariadb import restart_mariadb
from infra.local.processes import ManagedProcess
from infra.local.queues import Queue, notify_of_raw_objects
from infra.local.stack import LocalStack, StackOptions
from tests.chaos.real.faulty_proxy import FaultyProxy, Weather

VISIBILITY_SECONDS = 6
_COMPACT_EVERY_SECONDS = 8.0


class ChaoticStack(LocalStack):
    """A `LocalStack` whose functions reach SQS and S3 through `cloud`, and a device through `network`."""

    def __init__(self, seed: int) -> None:
        compactor = replace(COMPACTOR, every_seconds=_COMPACT_EVERY_SECONDS)
        super().__init__(StackOptions(visibility_timeout_seconds=VISIBILITY_SECONDS, scheduled=(compactor,)))
        self.cloud_weather, self.network_weather = Weather(f"cloud {seed}"), Weather(f"network {seed}")
        self._proxies = contextlib.ExitStack()
        self.relay: Relay | None = None
        self._seed = seed

    def _start_aws(self) -> None:
        super()._start_aws()
        port = urlsplit(self.endpoint.url).port or 0
        self._cloud = self._proxies.enter_context(FaultyProxy(port, self.cloud_weather))
        self._network = self._proxies.enter_context(FaultyProxy(port, self.network_weather))

    def _start_mysql(self) -> None:
        super()._start_mysql()
        if self.mysql is None:
            raise AssertionError(f"chaos needs MySQL: {self.mysql_missing}")
        url = self.sqs().create_queue(QueueName="s3-events")["QueueUrl"]
        arn = self.sqs().get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        events = Queue(url, arn, "", "")
        notify_of_raw_objects(self.s3(), self.sqs(), self.bucket, events)
        self.relay = Relay(self._seed, self.endpoint, url, self.load_queue.url)
        self.relay.start()

    def _stop_processes(self) -> None:
        if self.relay is not None:
            self.relay.stop()
        super()._stop_processes()
        self._proxies.close()

    def aws_environment(self) -> dict[str, str]:
        """Return the variables of a function: it meets the cloud's weather."""
        return AwsEndpoint(self._cloud.url).environment()

    def device_environment(self) -> dict[str, str]:
        """Return the variables of a device: it meets the network's weather, too."""
        return AwsEndpoint(self._network.url).environment()

    @property
    def servers(self) -> list[ManagedProcess]:
        """What stands in for AWS: MiniStack and MariaDB."""
        return list(self._processes)

    def database_process(self) -> ManagedProcess:
        """Return the process of the private MariaDB."""
        return next(process for process in self._processes if process.name == "MariaDB")

    def revive_database(self) -> None:
        """Start MariaDB again on its data when it does not run."""
        process = self.database_process()
        if process.running or self.mysql is None:
            return
        process.stop()
        self._processes[self._processes.index(process)] = restart_mariadb(self.run, self.mysql)

    def revive_functions(self) -> list[str]:
        """Start each function again that does not run, as Lambda makes a new environment; return which."""
        dead = [process.name for process in self.functions.processes if not process.running]
        for name in dead:
            self.functions.restart(name)
        return dead


def kill_outright(process: ManagedProcess) -> bool:
    """Kill the command behind a guard with SIGKILL; return whether there was one."""
    children = Path(f"/proc/{process.guard.pid}/task/{process.guard.pid}/children")
    try:
        pids = [int(text) for text in children.read_text(encoding="ascii").split()]
    except OSError:
        return False
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return bool(pids)


class Relay(threading.Thread):
    """Carries S3's notifications to the load queue as S3 may: late, out of order, twice, or not at all."""

    def __init__(self, seed: int, endpoint: AwsEndpoint, events_url: str, load_url: str) -> None:
        super().__init__(name="relay", daemon=True)
        self._dice = random.Random(f"relay {seed}")
        self._sqs = endpoint.sqs()
        self._events_url, self._load_url = events_url, load_url
        self._held: list[tuple[float, str]] = []
        self._stopping = threading.Event()
        self.calm = False
        self.lost = self.repeated = self.late = 0

    def run(self) -> None:
        """Carry until `stop`."""
        while not self._stopping.is_set():
            with contextlib.suppress(botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
                self._take()
                self._give()
            self._stopping.wait(0.1)

    def stop(self) -> None:
        """End within a moment."""
        self._stopping.set()
        self.join(5.0)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is held back."""
        return not self._held

    def _take(self) -> None:
        answer: Any = self._sqs.receive_message(QueueUrl=self._events_url, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            self._sqs.delete_message(QueueUrl=self._events_url, ReceiptHandle=message["ReceiptHandle"])
            self._hold(message["Body"])

    def _hold(self, body: str) -> None:
        now = time.monotonic()
        chance = 1.0 if self.calm else self._dice.random()
        if chance < 0.1:
            self.lost += 1
            return
        self.late += chance < 0.4
        self._held.append((now + (self._dice.uniform(2.0, 10.0) if chance < 0.4 else 0.0), body))
        if chance > 0.85 and not self.calm:
            self.repeated += 1
            self._held.append((now + self._dice.uniform(0.0, 5.0), body))

    def _give(self) -> None:
        now = time.monotonic()
        due = [held for held in self._held if held[0] <= now or self.calm]
        self._held = [held for held in self._held if held not in due]
        for _, body in due:
            self._sqs.send_message(QueueUrl=self._load_url, MessageBody=body)
