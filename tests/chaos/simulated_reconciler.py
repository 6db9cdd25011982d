"""The product's reconciler on the stations of a schedule, thinking in seconds where it thinks in hours."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from contract.errors import CrowdLensError
from lambdas.reconciler.loads import LoadQueue
from lambdas.reconciler.memory import Memory
from lambdas.reconciler.reconciler import DayFound, Reconciler, ReconcilerRules
from lambdas.reconciler.run import Run, RunReport
from lambdas.reconciler.store import S3Lake
from lambdas.shared.leases import Leases
from lambdas.shared.load_ledger import MySqlLedger
from lambdas.shared.mysql import Database
from tests.chaos.simulated_dynamodb import DynamoDb
from tests.chaos.simulated_identity import CONTROL
from tests.chaos.simulated_mysql import MYSQL_SETTINGS, MySql
from tests.chaos.simulated_s3 import BUCKET, S3
from tests.chaos.simulated_sqs import Queue, Sqs
from tests.chaos.world import World

RULES = ReconcilerRules(
    grace=timedelta(seconds=10), load_grace=timedelta(seconds=3), account_every=timedelta(seconds=4)
)
LEASE_SECONDS = 6.0
FIRST_PAUSE = timedelta(seconds=4)
_LOOKS = 12
_PAUSE_SECONDS = 8.0


@dataclass(frozen=True)
class Stations:
    """What the function reaches."""

    s3: S3
    sqs: Sqs
    load: Queue
    mysql: MySql
    dynamodb: DynamoDb


class Reconciliation:
    """Reconciles; each run is a fresh environment of the function."""

    def __init__(self, world: World, stations: Stations) -> None:
        self._world, self._stations = world, stations

    def run_often(self) -> None:
        """Be a schedule that calls the function every few seconds of the storm."""
        world = self._world
        while not world.calm:
            world.sleep(world.dice("reconciler").uniform(1.0, 8.0))
            try:
                self._tell(self._run().run())
            except CrowdLensError as error:
                world.note(f"reconciler failed {type(error).__name__}: {error}")
        while True:
            world.sleep(3600.0)

    def announced(self) -> int:
        """Announce what MySQL lacks on any day; return how much there was, 0 when it lacks nothing."""
        for _ in range(_LOOKS):
            report = self.reconcile(self._reconciler().days())
            if report.objects_requeued:
                return report.objects_requeued
            counts = [day.counts for day in report.days.values()]
            if not report.busy and not any(one.not_in_mysql or one.loading for one in counts):
                return 0
            self._world.run(self._world.now + _PAUSE_SECONDS)
        return 0

    def reconcile(self, days: Collection[str]) -> RunReport:
        """Reconcile `days`, as the function does when it is asked for them."""
        report = self._run().run(days)
        self._tell(report)
        return report

    def account(self) -> dict[str, DayFound]:
        """Return the account of every day, as `crowdlens reconcile` prints it."""
        reconciler = self._reconciler()
        days = reconciler.days()
        if not days:
            return {}
        told, streams = reconciler.survey(days)
        listed = sorted({*days, *told.reader.days()})
        return {day: reconciler.account(reconciler.loads(day), told, streams) for day in listed}

    def memory(self) -> Memory:
        """Return what it remembers."""
        return Memory(self._stations.dynamodb, CONTROL, self._clock)

    def open_differences(self) -> list[str]:
        """Return the differences that it still reports."""
        return [
            f"{sort} {key}"
            for key, sort in self._stations.dynamodb.items
            if key.startswith("reconcile-open#")
        ]

    def _run(self) -> Run:
        queue = LoadQueue(self._stations.sqs, self._stations.load.url, BUCKET)  # type: ignore[arg-type]
        leases = Leases(self._stations.dynamodb, CONTROL, self._clock)
        return Run(self._reconciler(), self.memory(), leases, RULES, queue=queue, clock=self._clock)

    def _reconciler(self) -> Reconciler:
        connect: Any = self._stations.mysql.connect
        ledger = MySqlLedger(Database(MYSQL_SETTINGS, connect=connect))
        lake = S3Lake(BUCKET, self._stations.s3)  # type: ignore[arg-type]
        return Reconciler(lake, ledger, RULES, clock=self._clock)

    def _clock(self) -> datetime:
        return datetime.fromtimestamp(self._world.now, tz=UTC)

    def _tell(self, report: RunReport) -> None:
        seen = self._world.seen
        seen["days reconciled"] += report.days_checked
        seen["objects announced again"] += report.objects_requeued
        seen["differences opened"] += len(report.opened)
        seen["differences closed"] += len(report.closed)
        for day, reason in report.failed.items():
            self._world.note(f"day {day} not reconciled: {reason}")
