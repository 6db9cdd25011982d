"""A scheduled run: every day that may have changed, newest first, with its memory, reports and messages."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contract.errors import CrowdLensError
from contract.silences import SilenceReport
from lambdas.reconciler.loads import AnnounceError, LoadQueue
from lambdas.reconciler.memory import DayReport, Memory, utc_now
from lambdas.reconciler.ranges import StreamNumbers
from lambdas.reconciler.reconciler import DayFound, DayLoads, Reconciler, ReconcilerRules, digest_of
from lambdas.reconciler.silence import silence_reports
from lambdas.reconciler.store import Listed
from lambdas.reconciler.survey import Survey
from lambdas.shared.control_table import ControlTableUnavailableError
from lambdas.shared.lake_store import LakeStoreError
from lambdas.shared.leases import Leases

LEASE: str = "reconcile"
LEASE_SECONDS = 900.0
OBJECTS_A_RUN = 2_000
"""So many are announced again at most; the rest waits for the next run."""


@dataclass
class RunReport:
    """What a run did; `opened` and `closed` have (day, device), `failed` a sentence for each day.

    `devices_silent` told something in the days near the present, but nothing in the last grace time; None
    when the run did not look. `silence` tells of each site which those are, and which are heard.
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
    silence: list[SilenceReport] = field(default_factory=list)

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
        self._mysql_is_away = False

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
        wanted = sorted(days or self._days(now, known), reverse=True)
        near_from, _ = self._near(now)
        # Days that are far and closed keep their reports, but count no more.
        report.days = {day: found for day, found in known.items() if day in wanted or day >= near_from}
        listed = [day for day in wanted if self._announce_lost(day, report)]
        checked = max((found.checked_at for found in known.values()), default=None)
        if days is None and checked is not None and now - checked < self._rules.account_every:
            return
        if listed:
            self._account(listed, report, known, near_from if days is None else None)
        report.objects_unreadable = len(self._reconciler.unreadable.reasons)

    def _days(self, now: datetime, known: Mapping[str, DayReport]) -> set[str]:
        """Return the days to look at: near ones, those that something arrived for, and those still open.

        After a long outage, or a boot without a clock, records arrive for days far away.
        """
        first, last = self._near(now)
        near = {day for day in self._reconciler.days() if first <= day <= last}
        return near.union(
            self._reconciler.arriving_days(), (day for day, found in known.items() if not found.is_closed)
        )

    def _near(self, now: datetime) -> tuple[str, str]:
        # A clock that runs ahead puts records into tomorrow.
        first = now - timedelta(days=self._rules.days - 1)
        return first.date().isoformat(), (now + timedelta(days=1)).date().isoformat()

    def _announce_lost(self, day: str, report: RunReport) -> bool:
        """Announce the objects that MySQL should have by now; return whether the day could be listed."""
        loads = self._loads(day, report)
        if loads is None:
            return False
        try:
            self._announce(loads.overdue, report)
        except AnnounceError as error:
            report.failed[day] = str(error)
        return True

    def _loads(self, day: str, report: RunReport) -> DayLoads | None:
        """Return the objects of a day; while MySQL is away, without its half: the lake must add up alone."""
        try:
            return self._reconciler.loads(day, with_mysql=not self._mysql_is_away)
        except LakeStoreError as error:
            report.failed[day] = str(error)
            return None
        except CrowdLensError as error:
            self._mysql_failed(day, error, report)
            return self._loads(day, report)

    def _mysql_failed(self, day: str, error: CrowdLensError, report: RunReport) -> None:
        if self._mysql_is_away:
            raise error
        self._mysql_is_away = True
        report.failed[day] = str(error)

    def _announce(self, items: Iterable[Listed], report: RunReport) -> None:
        if self._queue is None:
            return
        for item in items:
            if report.objects_requeued >= OBJECTS_A_RUN:
                return
            if self._memory.may_announce(item.key):
                self._queue.announce([item])
                report.objects_requeued += 1

    def _account(
        self, days: list[str], report: RunReport, known: Collection[str], near_from: str | None
    ) -> None:
        """Make the accounts of `days` and, with `near_from`, of all that devices told of."""
        told, streams = self._reconciler.survey(days, whole_from=near_from)
        if near_from is not None:
            silent = told.reader.silent_devices()
            report.devices_silent = len(silent)
            places = told.reader.places()
            quiet_sites = {site for name, (_, site) in places.items() if name in silent}
            zones = self._reconciler.site_time_zones(quiet_sites, near_from)
            report.silence = silence_reports(places, silent, zones, self._clock())
            days = [*days, *sorted(self._told_days(told, known, near_from) - {*days})]
        for day in days:
            # Listed anew: a few listings less in memory for one more request a thousand objects.
            loads = self._loads(day, report)
            if loads is not None:
                self._account_day(loads, told, streams, report, is_far=day < (near_from or ""))

    def _told_days(self, told: Survey, known: Collection[str], near_from: str) -> set[str]:
        """Return what devices told of: of a day that is wholly lost only the ledger tells.

        Of one that is far and was accounted for, part of what was told may have gone out of sight.
        """
        _, last = self._near(self._clock())
        return {day for day in told.reader.days() if day <= last and (day >= near_from or day not in known)}

    def _account_day(
        self, loads: DayLoads, told: Survey, streams: StreamNumbers, report: RunReport, *, is_far: bool
    ) -> None:
        digest = digest_of(loads, told)
        known = report.days.get(loads.day)
        if known is not None and known.digest == digest and known.is_closed and not loads.overdue:
            return
        if not self._has_time():
            report.days_left += 1
            return
        try:
            found = self._reconciler.account(loads, told, streams)
        except (LakeStoreError, ControlTableUnavailableError):
            raise
        except CrowdLensError as error:
            self._mysql_failed(loads.day, error, report)
            loads = self._reconciler.loads(loads.day, with_mysql=False)
            digest, found = digest_of(loads, told), self._reconciler.account(loads, told, streams)
        if is_far and known is not None and found.total.made < known.counts.made:
            # What told of it has gone out of sight: that closes nothing.
            return
        self._keep(found, digest, report)

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
