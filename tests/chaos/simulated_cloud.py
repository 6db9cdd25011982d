"""The cloud of a schedule: queues, lake, MySQL, and the product's functions behind event sources.

A function that lands later takes its place in `Cloud.functions` (one behind a queue) or in `Cloud.start` (one
on a timer); both say so in a line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pymysql
from botocore.exceptions import BotoCoreError, ClientError

from contract.errors import CrowdLensError
from infra.local.event_source import QueueSource, event_record, failed_message_ids
from lambdas.compactor.compactor import Compactor
from lambdas.compactor.settings import CompactionRules
from lambdas.compactor.store import S3ObjectStore
from lambdas.dead_letters.copier import copy_to_quarantine
from lambdas.lake_writer.writer import LakeWriter
from lambdas.rds_loader.loader import Loader
from lambdas.shared.lake_store import LakeStore
from lambdas.shared.leases import Leases
from lambdas.shared.mysql import Database
from lambdas.shared.sqs import batch_response, sqs_records
from tests.chaos.plan import Plan
from tests.chaos.simulated_dynamodb import DynamoDb
from tests.chaos.simulated_identity import CONTROL, Fleet
from tests.chaos.simulated_mysql import MYSQL_SETTINGS, MySql
from tests.chaos.simulated_operator import Operator
from tests.chaos.simulated_reconciler import Reconciliation, Stations
from tests.chaos.simulated_s3 import BUCKET, S3
from tests.chaos.simulated_sqs import Queue, Sqs
from tests.chaos.world import Killed, Process, World

Event = dict[str, Any]
_POLL_SECONDS = 1.0


@dataclass(frozen=True)
class QueueFunction:
    """A function, how a fresh execution environment of it is made, and the queue it is fed from."""

    name: str
    queue: Queue
    make: Callable[[], Callable[[Event], Event]]


class Cloud:
    """Everything behind the ingest queue."""

    def __init__(self, world: World, plan: Plan) -> None:
        self.world, self.plan = world, plan
        self.ingest, self.load = (self._queue(name) for name in ("ingest", "load"))
        self.dead_letters = [queue.dead_letters for queue in (self.ingest, self.load) if queue.dead_letters]
        self.sqs = Sqs(world, [self.ingest, self.load, *self.dead_letters])
        self.s3 = S3(world, self.sqs, self.load)
        self.mysql = MySql(world)
        self.dynamodb = DynamoDb(world)
        self.fleet = Fleet(world, self.dynamodb, plan.identities)
        self.operator = Operator(world, self.s3, self.sqs, self.fleet)
        self.reconciliation = Reconciliation(
            world, Stations(self.s3, self.sqs, self.load, self.mysql, self.dynamodb)
        )
        self.functions = [
            QueueFunction("lake_writer", self.ingest, self._make_lake_writer),
            QueueFunction("rds_loader", self.load, self._make_rds_loader),
            *(QueueFunction("dead_letters", queue, self._make_dead_letters) for queue in self.dead_letters),
        ]
        self._handling = 0
        self.handlers: dict[str, Callable[[QueueFunction, Callable[[Event], Event], Event], Event]] = {}

    def _queue(self, name: str) -> Queue:
        seconds = self.plan.visibility_seconds
        dead_letters = Queue(f"{name}-dead-letters", seconds)
        return Queue(name, seconds, self.plan.maximum_receives, dead_letters)

    def device_client(self, device: str) -> Sqs:
        """Return the client of a device: its network has outages of its own."""
        return Sqs(
            self.world,
            [self.ingest],
            sender=device,
            path="network",
            sender_id=lambda: self.fleet.sender_of(device),
        )

    def start(self) -> None:
        """Start the event sources: `pollers` of each function, for functions run in parallel."""
        self.world.start(Process("operator", "operator", self.operator.run, 3.0))
        for number in range(self.plan.reconcilers):
            name = f"reconciler-{number + 1}"
            self.world.start(Process(name, "reconciler", self.reconciliation.run_often, 1.0))
        for number in range(self.plan.compactors):
            self.world.start(Process(f"compactor-{number + 1}", "compactor", self._compact, 1.0))
        for function in self.functions:
            for number in range(self.plan.pollers):
                name = f"{function.name}-{number + 1} {function.queue.name}"
                self.world.start(
                    Process(name, function.name, lambda chosen=function: self._feed(chosen), 0.5)  # type: ignore[misc]
                )

    def _make_lake_writer(self) -> Callable[[Event], Event]:
        writer = LakeWriter(LakeStore(BUCKET, self.s3), self.fleet.gate())  # type: ignore[arg-type]

        def handle(event: Event) -> Event:
            return batch_response(writer.write(sqs_records(event)).failed_message_ids)

        return handle

    def _make_rds_loader(self) -> Callable[[Event], Event]:
        connect: Any = self.mysql.connect
        loader = Loader(LakeStore(BUCKET, self.s3), Database(MYSQL_SETTINGS, connect=connect))  # type: ignore[arg-type]

        def handle(event: Event) -> Event:
            return batch_response(loader.load_batch(sqs_records(event)).failed_message_ids)

        return handle

    def _make_dead_letters(self) -> Callable[[Event], Event]:
        store = LakeStore(BUCKET, self.s3)  # type: ignore[arg-type]

        def handle(event: Event) -> Event:
            return batch_response(copy_to_quarantine(store, sqs_records(event)).failed_message_ids)

        return handle

    def _feed(self, function: QueueFunction) -> None:
        """Be an event source mapping and the execution environment behind it; a kill ends both."""
        source = QueueSource(
            function.queue.url, function.queue.arn, "ap-northeast-2", self.plan.batch_size, 0.0
        )
        handle = function.make()
        while True:
            try:
                self._invoke(function, source, handle)
            except (pymysql.MySQLError, AssertionError, Killed):
                raise
            except Exception as error:  # noqa: BLE001 - a function that raises fails its batch, and is noted
                self.world.note(f"function failed {type(error).__name__}: {error}")
                if not _is_queue_error(error):
                    self.world.crashes.append(f"{function.name}: {type(error).__name__}: {error}")
                self.world.sleep(_POLL_SECONDS)

    def _invoke(self, function: QueueFunction, source: QueueSource, handle: Callable[[Event], Event]) -> None:
        received = self.sqs.receive_message(QueueUrl=source.url, MaxNumberOfMessages=source.batch_size)
        records = [event_record(message, source) for message in received["Messages"]]
        if not records:
            self.world.sleep(_POLL_SECONDS)
            return
        self._handling += 1
        try:
            self._handle(function, records, handle)
        finally:
            self._handling -= 1

    def _handle(
        self, function: QueueFunction, records: list[dict[str, Any]], handle: Callable[[Event], Event]
    ) -> None:
        wrapped = self.handlers.get(function.name)
        event = {"Records": records}
        self.world.point("invoked")
        response = wrapped(function, handle, event) if wrapped else handle(event)
        failed = failed_message_ids(response, [record["messageId"] for record in records])
        self.world.note(f"handled {len(records)} failed {len(failed)}")
        done = [record for record in records if record["messageId"] not in failed]
        if done:
            self.delete(function.queue, done)

    def delete(self, queue: Queue, records: Sequence[dict[str, Any]]) -> None:
        """Delete what a function is done with."""
        entries = [
            {"Id": str(n), "ReceiptHandle": record["receiptHandle"]} for n, record in enumerate(records)
        ]
        self.sqs.delete_message_batch(QueueUrl=queue.url, Entries=entries)

    # Compaction

    def compactor(self, pieces_after_seconds: float) -> Compactor:
        """Return a compactor that thinks in seconds where the product's thinks in hours.

        Raw objects are never taken away during a schedule: what MySQL has not loaded must stay.
        """
        soon = timedelta(seconds=pieces_after_seconds)
        rules = CompactionRules(
            piece_rows=40, piece_objects=6, merge_at=3, settle=soon, reader_grace=soon,
            raw_keep=timedelta(days=1), lease_seconds=6.0,
        )  # fmt: skip
        store = S3ObjectStore(BUCKET, self.s3)  # type: ignore[arg-type]
        clock = lambda: datetime.fromtimestamp(self.world.now, tz=UTC)  # noqa: E731 - three arguments need it
        return Compactor(store, Leases(self.dynamodb, CONTROL, clock), rules, clock=clock)

    def _compact(self) -> None:
        """Be a schedule that calls the compactor every few seconds, in a fresh environment each time."""
        while True:
            self.world.sleep(self.world.dice("compactor").uniform(1.0, 8.0))
            compactor = self.compactor(3.0)
            try:
                report = compactor.run(compactor.pieces())
                self.world.seen["pieces compacted"] += report.pieces
            except CrowdLensError as error:
                self.world.note(f"compactor failed {type(error).__name__}: {error}")

    def compact_everything(self) -> None:
        """Compact two days later, until there is nothing left to do and no raw object left."""
        for process in self.world.processes:
            if process.role == "compactor":
                self.world.stop(process)
        self.world.run(self.world.now + 1.0)
        self.world.now += 2 * 86_400.0
        for _ in range(12):
            before = set(self.s3.objects)
            compactor = self.compactor(0.5)
            report = compactor.run(compactor.pieces())
            if report.failed or report.skipped:
                raise AssertionError(f"the compactor failed: {report}")
            self.world.now += 86_400.0
            if set(self.s3.objects) == before:
                return

    @property
    def is_drained(self) -> bool:
        """Whether nothing is on its way, and no function still works on what another has done meanwhile."""
        queues = (self.ingest, self.load, *self.dead_letters)
        return not self._handling and not any(queue.copies for queue in queues)


def _is_queue_error(error: Exception) -> bool:
    return isinstance(error, (BotoCoreError, ClientError))
