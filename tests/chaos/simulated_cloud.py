"""The cloud of a schedule: queues, lake, MySQL, and the product's functions behind event sources.

A function that lands later takes its place in `Cloud.functions` (one behind a queue) or `Cloud.settle` (one
on a timer); both say so in a line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pymysql

from infra.local.event_source import QueueSource, event_record, failed_message_ids
from lambdas.lake_writer.writer import LakeWriter
from lambdas.rds_loader.loader import Loader
from lambdas.shared.lake_store import LakeStore
from lambdas.shared.mysql import Database
from lambdas.shared.settings import MySQLAuthentication, MySQLSettings
from lambdas.shared.sqs import batch_response, sqs_records
from tests.chaos.plan import Plan
from tests.chaos.simulated_mysql import MySql
from tests.chaos.simulated_s3 import BUCKET, S3
from tests.chaos.simulated_sqs import Queue, Sqs
from tests.chaos.world import Killed, Process, World

Event = dict[str, Any]
_POLL_SECONDS = 1.0
_MYSQL_SETTINGS = MySQLSettings(
    "mysql", 3306, "loader", "crowdlens", MySQLAuthentication.PASSWORD, "", require_tls=False, ca_file=None
)


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
        self.sqs = Sqs(world, [self.ingest, self.load])
        self.s3 = S3(world, self.sqs, self.load)
        self.mysql = MySql(world)
        self.functions = [
            QueueFunction("lake_writer", self.ingest, self._make_lake_writer),
            QueueFunction("rds_loader", self.load, self._make_rds_loader),
        ]
        self.handlers: dict[str, Callable[[QueueFunction, Callable[[Event], Event], Event], Event]] = {}

    def _queue(self, name: str) -> Queue:
        seconds = self.plan.visibility_seconds
        dead_letters = Queue(f"{name}-dead-letters", seconds)
        return Queue(name, seconds, maximum_receives=5, dead_letters=dead_letters)

    def device_client(self, device: str) -> Sqs:
        """Return the client of a device: its network has outages of its own."""
        return Sqs(self.world, [self.ingest], sender=device, path="network")

    def start(self) -> None:
        """Start the event sources: `pollers` of each function, for functions run in parallel."""
        for function in self.functions:
            for number in range(self.plan.pollers):
                name = f"{function.name}-{number + 1}"
                self.world.start(
                    Process(name, function.name, lambda chosen=function: self._feed(chosen), 0.5)  # type: ignore[misc]
                )

    def _make_lake_writer(self) -> Callable[[Event], Event]:
        writer = LakeWriter(LakeStore(BUCKET, self.s3))  # type: ignore[arg-type]

        def handle(event: Event) -> Event:
            return batch_response(writer.write(sqs_records(event)).failed_message_ids)

        return handle

    def _make_rds_loader(self) -> Callable[[Event], Event]:
        connect: Any = self.mysql.connect
        loader = Loader(LakeStore(BUCKET, self.s3), Database(_MYSQL_SETTINGS, connect=connect))  # type: ignore[arg-type]

        def handle(event: Event) -> Event:
            return batch_response(loader.load_batch(sqs_records(event)).failed_message_ids)

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

    # What a person, or a function on a timer, does after a storm.

    def settle(self) -> int:
        """Send dead letters back, announce what MySQL lacks (redrive, reconciler); return how many."""
        moved = 0
        for queue in (self.ingest, self.load):
            dead = queue.dead_letters
            moved += len(dead.copies) if dead else 0
            for one in dead.copies if dead else ():
                self.sqs.put(queue, one.body)
            if dead:
                dead.copies.clear()
        return moved + self._announce_missing()

    def _announce_missing(self) -> int:
        listed = {row["object_key"]: row["etag"] for row in self.mysql.rows("load_ledger")}
        missing = [
            key
            for key, stored in self.s3.objects.items()
            if key.startswith("raw/") and listed.get(key) != stored.etag
        ]
        for key in missing:
            self.s3.announce(key)
        return len(missing)

    @property
    def is_drained(self) -> bool:
        """Whether nothing is on its way."""
        return not any(queue.copies for queue in (self.ingest, self.load))


def _is_queue_error(error: Exception) -> bool:
    from botocore.exceptions import BotoCoreError, ClientError

    return isinstance(error, (BotoCoreError, ClientError))
