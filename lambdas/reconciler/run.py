"""A scheduled run: every day that may have changed, newest first, with its memory, reports and messages."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contract.errors import CrowdLensError
from lambdas.reconciler.loads import AnnounceError, LoadQueue
from lambdas.reconciler.memory import DayReport, Memory, utc_now
from lambdas.reconciler.reconciler import DayFound, DayLoads, Reconciler, ReconcilerRules, digest_of
from lambdas.reconciler.store import Listed
from lambdas.shared.leases import Leases

LEASE: str = "reconcile"
LEASE_SECONDS = 900.0
OBJECTS_A_RUN = 2_000
"""So many are announced again at most; the rest waits for the next run."""


@dataclass
class RunReport:
    """What a run did; `opened` and `closed` have (day, device), `failed` a sentence for each day.

    `devices_silent` told something in the days near the present, but nothing in the last grace time; None
    when the run did not look.
    """

    days_checked: int = 0
    days_left: int = 0
    busy: int = 0
    objects_requeued: int = 0
    objects_unreadable: int = 0
    opened: list[tuple[str, str]] = field(default_factory=list)
    closed: list[tuple[str, str]] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    short_in_mysql: dict[str, dict[str, int]] = field(default_factory=dict)
    days: dict[str, DayReport] = field(default_factory=dict)
    devices_silent: int | None = None

    def counts(self) -> dict[str, int]:
        """Return the figures for metrics: of all days near the present, not only of those read now.

        `devices_silent` is among them when this run read what devices tell.
        """
        days = self.days.values()
        silent = {} if self.devices_silent is None else {"devices_silent": self.devices_silent}
        return {
            "records_missing": sum(day.counts.missing for day in days),
            "records_not_in_mysql": sum(day.counts.not_in_mysql for day in days),
            "records_on_the_way": sum(day.counts.on_the_way for day in days),
            "records_without_ledger": sum(day.counts.without_ledger for day in days),
            "devices_with_differences": sum(day.devices_open for day in days),
            "differences_opened": len(self.opened),
            "differences_closed": len(self.closed),
            "objects_requeued": self.objects_requeued,
            "objects_unreadable": self.objects_unreadable,
            "days_checked": self.days_checked,
            "days_left": self.days_left,
            "days_failed": len(self.failed),
            **silent,
        }


class Run:
    """One run over the days of `Reconciler.days`; two at once only do each other's work twice."""

    def __init__(
        self,
        reconciler: Reconciler,
        memory: Memory,
        leases: Leases,
        rules: ReconcilerRules,
        *,
        queue: LoadQueue | None = None,
        clock: Callable[[], datetime] = utc_now,
        has_time: Callable[[], bool] = lambda: True,
    ) -> None:
        self._reconciler = reconciler
        self._memory = memory
        self._leases = leases
        self._rules = rules
        self._queue = queue
        self._clock = clock
        self._has_time = has_time

    def run(self, days: Collection[str] | None = None) -> RunReport:
        """Reconcile `days`, or all that are near enough; only the lost notifications when it was done lately.

        Raises `LakeStoreError` and `ControlTableUnavailableError`, with which every day would fail.
        """
        report = RunReport()
        lease = self._leases.take(LEASE, LEASE_SECONDS)
        if lease is None:
            report.busy = 1
            return report
        try:
            self._run(report, days)
        finally:
            self._leases.release(lease)
        return report

    def _run(self, report: RunReport, days: Collection[str] | None) -> None:
        now = self._clock()
        known = self._memory.days()
        first, last = self._near(now)
        wanted = sorted(
            days or (day for day in self._reconciler.days() if first <= day <= last), reverse=True
        )
        # Days that went out of sight keep their reports, but alarm no more.
        report.days = {day: found for day, found in known.items() if day in wanted or first <= day <= last}
        loads = [found for day in wanted if (found := self._loads(day, report)) is not None]
        checked = max((found.checked_at for found in known.values()), default=None)
        if days is None and checked is not None and now - checked < self._rules.account_every:
            return
        if loads:
            self._account(loads, report, with_told=days is None)
        report.objects_unreadable = len(self._reconciler.unreadable.reasons)

    def _near(self, now: datetime) -> tuple[str, str]:
        # A clock that runs ahead puts records into tomorrow.
        first = now - timedelta(days=self._rules.days - 1)
        return first.date().isoformat(), (now + timedelta(days=1)).date().isoformat()

    def _loads(self, day: str, report: RunReport) -> DayLoads | None:
        try:
            loads = self._reconciler.loads(day)
            self._announce(loads.overdue, report)
        except CrowdLensError as error:
            report.failed[day] = str(error)
            return None
        return loads

    def _announce(self, items: Iterable[Listed], report: RunReport) -> None:
        if self._queue is None:
            return
        for item in items:
            if report.objects_requeued >= OBJECTS_A_RUN:
                return
            if self._memory.may_announce(item.key):
                self._queue.announce([item])
                report.objects_requeued += 1

    def _account(self, loads: list[DayLoads], report: RunReport, *, with_told: bool) -> None:
        told, streams = self._reconciler.survey([one.day for one in loads])
        if with_told:
            report.devices_silent = len(told.reader.silent_devices())
            first, last = self._near(self._clock())
            more = told.reader.days() - {one.day for one in loads} - report.failed.keys()
            loads += [self._reconciler.loads(day) for day in sorted(more) if first <= day <= last]
        for one in loads:
            digest = digest_of(one, told)
            known = report.days.get(one.day)
            if known is not None and known.digest == digest and known.is_closed and not one.overdue:
                continue
            if not self._has_time():
                report.days_left += 1
                continue
            self._keep(self._reconciler.account(one, told, streams), digest, report)

    def _keep(self, found: DayFound, digest: str, report: RunReport) -> None:
        opened, closed = self._memory.keep_devices(found.day, found.devices)
        devices_open = sum(device.total.differs for device in found.devices.values())
        kept = DayReport(found.day, self._clock(), digest, found.total, devices_open)
        self._memory.keep_day(kept)
        report.days[found.day] = kept
        report.days_checked += 1
        report.opened += [(found.day, device) for device in opened]
        report.closed += [(found.day, device) for device in closed]
        if found.short_in_mysql:
            report.short_in_mysql[found.day] = found.short_in_mysql
            try:
                self._announce(found.to_load, report)
            except AnnounceError as error:
                report.failed[found.day] = str(error)
