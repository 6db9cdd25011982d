"""Queue and event-source values that the stacks and the local stack both provision.

One place, so that a run on a laptop meets the same batches, windows and dead-letter rules as AWS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from contract.errors import CrowdLensError

MAXIMUM_EVENT_BYTES = 6 * 1000 * 1000
"""A synchronous Lambda invocation carries at most 6 MB; SQS event sources stop filling a batch there."""
RETENTION_SECONDS = 14 * 24 * 3600
"""SQS's longest: a message in a dead-letter queue keeps its first enqueue time, so the time is shared."""


@dataclass(frozen=True)
class QueueFunction:
    """A queue, its dead-letter queue, and the function that empties it.

    `batch_size` is in messages; a batch is handed over when it is full, when it holds
    `MAXIMUM_EVENT_BYTES`, or `batch_window_seconds` after its first message.
    """

    function_name: str
    handler: str
    queue_name: str
    batch_size: int
    batch_window_seconds: int
    function_timeout_seconds: int
    memory_mib: int
    maximum_receives: int

    @property
    def visibility_timeout_seconds(self) -> int:
        """Six function time-outs plus the window, as AWS asks for event sources."""
        return 6 * self.function_timeout_seconds + self.batch_window_seconds

    @property
    def dead_letter_queue_name(self) -> str:
        """The queue that takes a message received `maximum_receives` times."""
        return f"{self.queue_name}-dead-letters"

    def named(self, prefix: str) -> QueueFunction:
        """Return the same with its queues named `prefix`-…, for a stage of its own."""
        return replace(self, queue_name=f"{prefix}-{self.queue_name}")


@dataclass(frozen=True)
class DeadLetterFunction:
    """The function that empties every dead-letter queue; sizes and windows as of a `QueueFunction`.

    It listens all the time, so a dead letter is copied within seconds; one that cannot be copied comes back
    after the visibility time-out, until its retention ends.
    """

    function_name: str
    handler: str
    batch_size: int
    batch_window_seconds: int
    function_timeout_seconds: int
    memory_mib: int

    @property
    def visibility_timeout_seconds(self) -> int:
        """What the dead-letter queues need, by the same rule as every event source."""
        return 6 * self.function_timeout_seconds + self.batch_window_seconds


@dataclass(frozen=True)
class ScheduledFunction:
    """A function that is called with `event` every `every_seconds`."""

    function_name: str
    handler: str
    every_seconds: float
    function_timeout_seconds: int
    memory_mib: int
    event: Mapping[str, Any] = field(default_factory=dict)


LAKE_WRITER = QueueFunction(
    function_name="lake_writer",
    handler="lambdas.lake_writer.handler:handler",
    queue_name="ingest",
    # About 90 messages of 60 KiB reach the event's 6 MB; smaller ones may be more.
    batch_size=200,
    batch_window_seconds=2,
    function_timeout_seconds=60,
    memory_mib=1024,
    # Three hours: what cannot be read is in quarantine after its first receive, so only an outage of S3 or of
    # the control table brings a message back, and no outage of minutes shall make dead letters of a fleet's.
    maximum_receives=30,
)
RDS_LOADER = QueueFunction(
    function_name="rds_loader",
    handler="lambdas.rds_loader.handler:handler",
    queue_name="load",
    batch_size=50,
    batch_window_seconds=1,
    function_timeout_seconds=60,
    memory_mib=512,
    # Two hours of MySQL being away, a restore or an upgrade.
    maximum_receives=20,
)


NOTIFIER = QueueFunction(
    function_name="notifier",
    handler="lambdas.notifier.handler:handler",
    queue_name="alerts",
    batch_size=100,
    # What comes together is taken together; nobody notices a second more.
    batch_window_seconds=1,
    # A report of a thousand silent devices takes some 20 s.
    function_timeout_seconds=120,
    memory_mib=256,
    # Ten hours of the control table being away.
    maximum_receives=50,
)
"""Takes alerts of devices and reports of silent ones, and tells people."""
OPEN_DATA = QueueFunction(
    function_name="open_data",
    handler="lambdas.open_data.handler:handler",
    queue_name="open-data",
    # A file may need all the time there is.
    batch_size=1,
    batch_window_seconds=0,
    # Lambda's longest: a file that takes more is refused in words.
    function_timeout_seconds=900,
    # One whole processor; 2 GiB of public data take a quarter of the memory.
    memory_mib=1769,
    # The visibility time-out is an hour and a half: a day of S3 being away, of which there never was one.
    maximum_receives=16,
)
"""Takes in the files of public data that are dropped into the inbox bucket."""


@dataclass(frozen=True)
class IngestProfile:
    """The two event sources between a device and MySQL, for one profile of `PROFILES` of the publisher."""

    lake_writer: QueueFunction
    rds_loader: QueueFunction


INGEST_PROFILES: Mapping[str, IngestProfile] = {
    "live": IngestProfile(LAKE_WRITER, RDS_LOADER),
    # Each batch makes an object a table, and each object is paid for four times (written, announced, read,
    # read again): records wait a minute more, and a thousand cameras make a twentieth of the objects.
    "economy": IngestProfile(
        replace(LAKE_WRITER, batch_size=1_000, batch_window_seconds=60),
        replace(RDS_LOADER, batch_window_seconds=10),
    ),
}
"""By profile; both have the same functions and queues, so that a stage can change from one to the other."""


class IngestProfileError(CrowdLensError):
    """Raised for a profile that there is not."""


def ingest_profile(name: str) -> IngestProfile:
    """Return the event sources of the profile `name`; raises `IngestProfileError` for any other name."""
    if name not in INGEST_PROFILES:
        raise IngestProfileError(f"profile is {name!r}: expected one of {', '.join(sorted(INGEST_PROFILES))}")
    return INGEST_PROFILES[name]


DEAD_LETTERS = DeadLetterFunction(
    function_name="dead_letters",
    handler="lambdas.dead_letters.handler:handler",
    batch_size=10,
    batch_window_seconds=0,
    function_timeout_seconds=30,
    memory_mib=256,
)
COMPACTOR = ScheduledFunction(
    function_name="compactor",
    handler="lambdas.compactor.handler:handler",
    every_seconds=900,
    # Lambda's longest: it begins no piece of work that it could not end.
    function_timeout_seconds=900,
    memory_mib=2048,
)
RECONCILER = ScheduledFunction(
    function_name="reconciler",
    handler="lambdas.reconciler.handler:handler",
    # Lost notifications are repaired at this pace; accounts are made once an hour.
    every_seconds=900,
    function_timeout_seconds=900,
    memory_mib=1024,
)
MAINTENANCE = ScheduledFunction(
    # The loader itself, so that it needs no connection of its own; a run takes half of its time at most.
    function_name=RDS_LOADER.function_name,
    handler=RDS_LOADER.handler,
    # A run removes about a million rows: this often it keeps up with some thousand cameras.
    every_seconds=300,
    function_timeout_seconds=RDS_LOADER.function_timeout_seconds,
    memory_mib=RDS_LOADER.memory_mib,
    event={"task": "maintain"},
)
"""Lets old days of MySQL go; only where MySQL runs for days, so no part of the local stack."""


def alert_rule_queue_name(prefix: str) -> str:
    """Return the queue of alerts that the topic rule could not hand on: a dead-letter queue, too."""
    return f"{prefix}-alert-rule-dead-letters"


NOTIFIER_SCHEDULE = ScheduledFunction(
    function_name=NOTIFIER.function_name,
    handler=NOTIFIER.handler,
    # EventBridge's shortest: so late may a message be that waited for company or for the end of quiet hours.
    every_seconds=60,
    function_timeout_seconds=NOTIFIER.function_timeout_seconds,
    memory_mib=NOTIFIER.memory_mib,
    event={"task": "send"},
)
"""Sends what waited; only where alerts are switched on."""
SCHEDULED_FUNCTIONS: tuple[ScheduledFunction, ...] = (COMPACTOR, RECONCILER)
"""Every function that a schedule calls: the one list, for the stacks and the local stack."""
MIGRATIONS_HANDLER = "lambdas.migrations.handler:handler"
MIGRATIONS_TIMEOUT_SECONDS = 900
"""Lambda's longest: a key added to a big table takes minutes."""
