"""The ingest half of the cloud on one machine: queues, lake, functions and MySQL, gone at the end."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from contract.errors import WorkFailedError
from infra.ingest_settings import NOTIFIER, DeadLetterFunction, QueueFunction
from infra.local.alerts import LocalAlerts
from infra.local.aws_environment import LOCAL_REGION, AwsEndpoint, base_environment
from infra.local.disk import check_free_space
from infra.local.event_source import QueueSource
from infra.local.function_processes import FunctionProcesses
from infra.local.lake_copy import LakeCopy, copy_lake
from infra.local.mariadb import MariaDb, MySqlServer, find_mysql
from infra.local.ministack import MiniStack
from infra.local.poller import PollerStatistics
from infra.local.processes import (
    ManagedProcess,
    ending_on_signals,
    failure,
    start_process,
    stop_all,
    wait_until_done,
)
from infra.local.queues import (
    Queue,
    QueueDepth,
    make_bucket,
    make_control_table,
    make_queue,
    notify_of_raw_objects,
    queue_depth,
)
from infra.local.run_directory import RUN_VARIABLE, RunDirectory
from infra.local.scheduler import SchedulerStatistics
from infra.local.senders import local_certificate_id
from infra.local.stack_options import StackOptions
from lambdas.shared.control_table import DEFAULT_CONTROL_TABLE
from lambdas.shared.registry import Device, DeviceRegistry

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

__all__ = ["LAKE_BUCKET", "LocalStack", "NotDrainedError", "StackOptions"]
LAKE_BUCKET = "crowdlens-lake"
_NEEDED_MEBIBYTES = 150
"""MariaDB begins with 45 MiB; the rest is for logs and rows."""
_MIGRATION_SECONDS = 60.0
_LOOK_AGAIN_SECONDS = 0.2


class NotDrainedError(WorkFailedError):
    """Raised when messages are still on their way after the time allowed."""


class LocalStack:
    """Starts everything when entered and removes everything when left, by whichever way.

    Inside: `endpoint`, `bucket`, `ingest_queue_url`, `aws_environment()` for subprocesses such as the
    publisher, and `mysql` (None when there is none, with `mysql_missing` saying why), and `alerts` (None when
    they were not asked for).
    """

    def __init__(self, options: StackOptions | None = None) -> None:
        self.options = options or StackOptions()
        self.bucket = LAKE_BUCKET
        self.control_table = DEFAULT_CONTROL_TABLE
        self.mysql: MySqlServer | None = None
        self.mysql_missing: str | None = None
        self.alerts: LocalAlerts | None = None
        self._processes: list[ManagedProcess] = []
        self._exit = contextlib.ExitStack()

    def __enter__(self) -> LocalStack:
        """Start MiniStack, MariaDB, queues, bucket and functions.

        Raises errors derived from `CrowdLensError`; nothing is left behind then.
        """
        with contextlib.ExitStack() as starting:
            starting.enter_context(ending_on_signals())
            self.run = starting.enter_context(RunDirectory(self.options.run_base))
            self.functions = FunctionProcesses(self.run, self._function_environment)
            starting.callback(self._stop_processes)
            check_free_space(self.run.path, _NEEDED_MEBIBYTES)
            self._start()
            self._exit = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    def _stop_processes(self) -> None:
        # Functions first: they would complain of queues and databases that are gone.
        self.functions.stop()
        stop_all(self._processes)

    def _start(self) -> None:
        options, mysql_environment = self.options, {}
        self._start_aws()
        # Its imports take as long as the database's first start: both at once.
        identity = {"IDENTITY_MODE": options.identity_mode.value}
        ingest = self._sent_by_devices(_source(self.ingest_queue, options.lake_writer))
        self.functions.feed(options.lake_writer, [ingest], identity)
        needed = [options.lake_writer.function_name]
        self._start_mysql()
        if self.mysql:
            mysql_environment = self.mysql.environment()
            self.functions.feed(
                options.rds_loader, [_source(self.load_queue, options.rds_loader)], mysql_environment
            )
            needed.append(options.rds_loader.function_name)
        self._start_alerts()
        self._start_background(mysql_environment)
        self.functions.wait_until_ready(*needed)

    def _start_background(self, environment: dict[str, str]) -> None:
        """Start what a run may never need: nobody waits for it, and it gives way to all others."""
        options = self.options
        if function := options.dead_letters:
            # A dead letter keeps the sender it had in its queue.
            sources = [self._sent_by_devices(_dead_letters(self.ingest_queue, function))]
            if self.mysql:
                sources.append(_dead_letters(self.load_queue, function))
            if self.alerts:
                sources.append(_dead_letters(self.alerts.queue, function))
            self.functions.feed(function, sources, {}, lazy=True)
        if self.mysql:
            environment = {**environment, "LOAD_QUEUE_URL": self.load_queue.url}
        if self.alerts:
            environment = {**environment, "ALERT_QUEUE_URL": self.alerts.queue.url}
        for scheduled in options.scheduled:
            self.functions.schedule(scheduled, environment)

    def _start_alerts(self) -> None:
        """Start the notifier and the mailbox; the mailbox first, so that no mail is missed."""
        if self.options.alerts is None:
            return
        self.alerts = LocalAlerts(
            self.endpoint,
            self.run,
            self.options.alerts,
            visibility_timeout_seconds=self.options.visibility_timeout_seconds,
        )
        self._processes.append(self.alerts.start_mailbox(self._function_environment("mailbox", {})))
        environment = self.alerts.environment()
        self.functions.feed(NOTIFIER, [_source(self.alerts.queue, NOTIFIER)], environment, lazy=True)
        self.functions.schedule(self.alerts.schedule(), environment)

    def finish_alerts(self) -> list[Path]:
        """Send the alerts that wait, end the mailbox, and return the mail of the run."""
        if self.alerts is None:
            return []
        self.alerts.send_all(self._function_environment("notifier", self.alerts.environment()))
        for process in [one for one in self._processes if one.name == "mailbox"]:
            self._processes.remove(process)
            process.stop()
        return self.alerts.mail

    def _sent_by_devices(self, source: QueueSource) -> QueueSource:
        return replace(source, sender_id=self.options.sender_id, sender_by_device=True)

    def _start_aws(self) -> None:
        options = self.options
        ministack = MiniStack.start(self.run, python=options.ministack_python, port=options.ministack_port)
        self._processes.append(ministack.process)
        self.endpoint: AwsEndpoint = ministack.endpoint
        self._s3, self._sqs = self.endpoint.s3(), self.endpoint.sqs()
        visible = options.visibility_timeout_seconds
        self.ingest_queue = make_queue(self._sqs, options.lake_writer, visibility_timeout_seconds=visible)
        self.load_queue = make_queue(self._sqs, options.rds_loader, visibility_timeout_seconds=visible)
        make_bucket(self._s3, self.bucket, LOCAL_REGION)
        self._dynamodb = self.endpoint.dynamodb()
        make_control_table(self._dynamodb, self.control_table)

    def _start_mysql(self) -> None:
        """Find or start MySQL; without it, nobody is told of raw objects, as nobody would load them."""
        if not self.options.with_mysql:
            self.mysql_missing = "MySQL was left out"
            return
        found = find_mysql(
            self.run,
            url=self.options.mysql_url,
            may_get=self.options.may_get_mariadb,
            report=self.options.report,
        )
        if isinstance(found, str):
            self.mysql_missing = found
            self.options.report(f"going on without MySQL: {found}")
            return
        if isinstance(found, MariaDb):
            self._processes.append(found.process)
            found = found.server
        self.mysql = found
        self._migrate(found)
        notify_of_raw_objects(self._s3, self._sqs, self.bucket, self.load_queue)

    def _migrate(self, server: MySqlServer) -> None:
        if self.options.migrations_handler is None:
            return
        process = start_process(
            "migrations",
            [sys.executable, "-m", "infra.local.invoke", self.options.migrations_handler],
            log_path=self.run.log_path("migrations"),
            environment=self._function_environment("migrations", server.environment()),
        )
        wait_until_done(process, deadline_seconds=_MIGRATION_SECONDS)

    def _function_environment(self, name: str, extra: Mapping[str, str]) -> dict[str, str]:
        own = {
            "LAKE_BUCKET": self.bucket,
            "CONTROL_TABLE": self.control_table,
            "POWERTOOLS_SERVICE_NAME": name,
            "POWERTOOLS_METRICS_NAMESPACE": "CrowdLens",
            RUN_VARIABLE: str(self.run.path),
        }
        return base_environment(self.run.temporary, {**self.aws_environment(), **own, **extra})

    @property
    def endpoint_url(self) -> str:
        """Where the local AWS answers."""
        return self.endpoint.url

    @property
    def ingest_queue_url(self) -> str:
        """The queue that publishers send to."""
        return self.ingest_queue.url

    def aws_environment(self) -> dict[str, str]:
        """Return the variables that send a subprocess's AWS SDK to this stack, and only there."""
        return self.endpoint.environment()

    def alert_environment(self) -> dict[str, str]:
        """Return the variables that name the queue and the topic of alerts, empty without them."""
        if self.alerts is None:
            return {}
        return {"ALERT_QUEUE_URL": self.alerts.queue.url, "ALERT_TOPIC_ARN": self.alerts.topic_arn}

    def s3(self) -> S3Client:
        """Return a client of the lake's S3."""
        return self.endpoint.s3()

    def sqs(self) -> SQSClient:
        """Return a client of the queues' SQS."""
        return self.endpoint.sqs()

    def dynamodb(self) -> Any:
        """Return a client of the control table's DynamoDB."""
        return self.endpoint.dynamodb()

    def registry(self) -> DeviceRegistry:
        """Return the device registry."""
        return DeviceRegistry(self.control_table, self._dynamodb)

    def enrol(self, device: str, site: str) -> Device:
        """Register `device` with the certificate that it has on this machine."""
        return self.registry().enrol(device, site, local_certificate_id(device))

    def queue_depths(self) -> dict[str, QueueDepth]:
        """Return what each queue holds, by the name of its function."""
        depths = {self.options.lake_writer.function_name: queue_depth(self._sqs, self.ingest_queue)}
        if self.mysql:
            depths[self.options.rds_loader.function_name] = queue_depth(self._sqs, self.load_queue)
        if self.alerts:
            depths[NOTIFIER.function_name] = queue_depth(self._sqs, self.alerts.queue)
        return depths

    def statistics(self) -> dict[str, PollerStatistics]:
        """Return what each function's poller has done so far."""
        return self.functions.statistics()

    def schedule_statistics(self) -> dict[str, SchedulerStatistics]:
        """Return what each function's scheduler has done so far."""
        return self.functions.schedule_statistics()

    def check_processes(self) -> None:
        """Raise `ProcessError` when a process of the stack has ended, `DiskFullError` when the disk is full.

        A database whose disk is full neither ends nor answers: it waits for room.
        """
        check_free_space(self.run.path, 1)
        for process in [*self._processes, *self.functions.processes]:
            if not process.running:
                raise failure(process, f"{process.name} ended with status {process.exit_code}")

    def wait_until_drained(
        self, timeout_seconds: float, *, on_wait: Callable[[dict[str, QueueDepth]], None] = lambda _: None
    ) -> dict[str, QueueDepth]:
        """Return the depths once both queues hold nothing waiting or in flight at two looks in a row.

        One look is not enough: between an object's making and its notification no queue knows of it.
        Dead letters are waited for until they are in quarantine, unless nobody copies them there. Raises
        `NotDrainedError`, or what `check_processes` raises.
        """
        deadline = time.monotonic() + timeout_seconds
        empty_looks = 0
        while True:
            depths = self.queue_depths()
            empty_looks = empty_looks + 1 if self._is_drained(depths) else 0
            if empty_looks == 2:
                return depths
            self.check_processes()
            if time.monotonic() > deadline:
                raise NotDrainedError(self._not_drained(depths, timeout_seconds))
            on_wait(depths)
            time.sleep(_LOOK_AGAIN_SECONDS)

    def _is_drained(self, depths: dict[str, QueueDepth]) -> bool:
        copied = self.options.dead_letters is not None
        return all(depth.is_drained and not (copied and depth.dead_letters) for depth in depths.values())

    def _not_drained(self, depths: dict[str, QueueDepth], timeout_seconds: float) -> str:
        statistics = self.statistics()
        parts = [
            f"{name}: {depth.waiting} waiting, {depth.in_flight} in flight, {depth.dead_letters} dead letters"
            for name, depth in depths.items()
        ]
        errors = [f"{name}: {kept.last_error}" for name, kept in statistics.items() if kept.last_error]
        return f"messages are left after {timeout_seconds:g} s ({'; '.join(parts + errors)})"

    def copy_lake_to(self, folder: Path) -> LakeCopy:
        """Copy the lake below `folder`, compacted and quarantined objects too, each whole or not at all."""
        return copy_lake(self._s3, self.bucket, folder)


def _source(queue: Queue, function: QueueFunction) -> QueueSource:
    return QueueSource(queue.url, queue.arn, LOCAL_REGION, function.batch_size, function.batch_window_seconds)


def _dead_letters(queue: Queue, function: DeadLetterFunction) -> QueueSource:
    return QueueSource(
        queue.dead_letter_url,
        queue.dead_letter_arn,
        LOCAL_REGION,
        function.batch_size,
        function.batch_window_seconds,
    )
