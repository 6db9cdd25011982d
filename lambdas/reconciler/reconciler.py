"""Reconciles days: lists them, has lost notifications sent again, and makes the account of each device.

Cost, for 10,000 cameras that send a zone window each ten seconds and ten track rows with each (950 million
records a day): four columns are read of compacted objects, and of the raw objects that none covers yet. A
day's account keeps ranges, not records: about 100,000 streams of some ranges each, 24 bytes a range in
each of a few sets, below 100 MB; beside it one row group at a time. Reading is what takes time:
docs/reliability.md has the measured rows a second. A day that is closed and unchanged is not read again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contract.lake import raw_prefix
from contract.tables import TABLES
from lambdas.reconciler.account import Counts, DayAccount, DeviceDay, Here
from lambdas.reconciler.loads import LoadLedger, is_kept, unloaded
from lambdas.reconciler.memory import utc_now
from lambdas.reconciler.ranges import NOTHING, RangeSet, StreamNumbers, record_numbers, runs_of
from lambdas.reconciler.reading import RECORD_COLUMNS, DayObjects, Unreadable, list_day, read_all
from lambdas.reconciler.site_time_zones import site_time_zones
from lambdas.reconciler.store import Lake, Listed
from lambdas.reconciler.survey import Survey, days_of, survey


@dataclass(frozen=True)
class ReconcilerRules:
    """How long things may take before they are missed.

    A record may arrive `grace` after the ledger row that tells of it; this must be shorter than the time
    that raw objects stay beside their compacted copy. MySQL has `load_grace` for an object.
    """

    grace: timedelta = timedelta(hours=1)
    load_grace: timedelta = timedelta(minutes=10)
    account_every: timedelta = timedelta(hours=1)
    days: int = 8


@dataclass(frozen=True)
class DayLoads:
    """The objects of a day by table, and those that MySQL lacks: `overdue` ones, and `young` ones.

    `with_mysql` is False when MySQL was not asked.
    """

    day: str
    tables: Mapping[str, DayObjects]
    overdue: tuple[Listed, ...] = ()
    young: tuple[Listed, ...] = ()
    with_mysql: bool = True


@dataclass
class DayFound:
    """What became of a day: its devices by name, and by table what MySQL lacks of no raw object in sight.

    `to_load` are the compacted objects that hold those rows, with others that MySQL has.
    """

    day: str
    devices: dict[str, DeviceDay]
    short_in_mysql: dict[str, int] = field(default_factory=dict)
    to_load: list[Listed] = field(default_factory=list)

    @property
    def total(self) -> Counts:
        """All devices together; what is short in MySQL is in nobody's account."""
        short = Counts(not_in_mysql=sum(self.short_in_mysql.values()))
        return sum((device.total for device in self.devices.values()), short)


class Reconciler:
    """Reconciles one lake with what its devices say and, where there is a `load_ledger`, with MySQL."""

    def __init__(
        self,
        lake: Lake,
        load_ledger: LoadLedger | None = None,
        rules: ReconcilerRules | None = None,
        *,
        clock: Callable[[], datetime] = utc_now,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._lake = lake
        self._load_ledger = load_ledger
        self._rules = rules or ReconcilerRules()
        self._clock = clock
        self._progress = progress
        self.unreadable = Unreadable()

    def days(self) -> list[str]:
        """Return the days of which the lake has anything, ascending."""
        return sorted({day for table in TABLES for day in days_of(self._lake, table)})

    def arriving_days(self) -> list[str]:
        """Return the days that something arrived for within the last hours: they have raw objects."""
        return sorted({day for table in TABLES for day in self._lake.days(raw_prefix(table))})

    def loads(self, day: str, *, with_mysql: bool = True) -> DayLoads:
        """List a day and find the objects that MySQL lacks, unless it is not to be asked."""
        self._progress(f"{day}: listing")
        tables = {table: list_day(self._lake, table, day) for table in TABLES}
        if not with_mysql:
            return DayLoads(day, tables, with_mysql=False)
        lacking = [item for table in TABLES for item in self._lacking(tables[table], tables[table].raw)]
        border = self._clock() - self._rules.load_grace
        return DayLoads(
            day,
            tables,
            tuple(item for item in lacking if item.last_modified <= border),
            tuple(item for item in lacking if item.last_modified > border),
        )

    def survey(self, days: Collection[str], *, whole_from: str | None = None) -> tuple[Survey, StreamNumbers]:
        """Read what devices tell of `days`; of those before `whole_from` only what they told about then."""
        streams = StreamNumbers()
        border = self._clock() - self._rules.grace
        told = survey(
            self._lake,
            days,
            streams,
            border,
            self.unreadable,
            whole_from=whole_from,
            progress=self._progress,
        )
        return told, streams

    def site_time_zones(self, sites: Collection[str], first_day: str) -> dict[str, str]:
        """Return the time zones that cameras of `sites` named from `first_day` on; of some, none is known."""
        return site_time_zones(self._lake, sites, first_day, self.unreadable)

    def account(self, loads: DayLoads, told: Survey, streams: StreamNumbers) -> DayFound:
        """Make the account of a day."""
        account = DayAccount(
            streams, told.reader.entries(loads.day), told.own, told.dropped, told.dropped_told
        )
        found = DayFound(loads.day, account.devices)
        for table, objects in loads.tables.items():
            self._progress(f"{loads.day}: {table}")
            here = self._here(objects, loads, told, streams)
            account.add(table, here, streams.within(here.records))
            if loads.with_mysql and (short := self._short(objects, here)):
                found.short_in_mysql[table] = short
                found.to_load += self._lacking(objects, objects.compacted)
        return found

    def _lacking(self, objects: DayObjects, items: Sequence[Listed]) -> list[Listed]:
        if self._load_ledger is None or not is_kept(objects.table, objects.day, self._clock().date()):
            return []
        return unloaded(self._load_ledger, items)

    def _here(self, objects: DayObjects, loads: DayLoads, told: Survey, streams: StreamNumbers) -> Here:
        overdue, young = {item.key for item in loads.overdue}, {item.key for item in loads.young}
        lacking = overdue | young
        sets = {name: RangeSet() for name in ("records", "loaded", "overdue", "young")}
        apart = [item for item in objects.raw if item.key in lacking]
        others = [item for item in objects.raw_to_read if item.key not in lacking]
        raw = {item.key for item in others}
        for item, rows in read_all(
            self._lake, (*objects.compacted, *others, *apart), RECORD_COLUMNS, self.unreadable
        ):
            runs = runs_of(record_numbers(rows, streams))
            sets["records"].add(*runs)
            if apart and item.key in lacking:
                sets["overdue" if item.key in overdue else "young"].add(*runs)
            elif apart and item.key in raw:
                sets["loaded"].add(*runs)
        records = sets["records"].ranges()
        known = records.union(told.dropped)
        if not apart:
            return Here(records, known, NOTHING, NOTHING, NOTHING)
        loaded = sets["loaded"].ranges()
        due = loaded.union(sets["overdue"].ranges())
        return Here(records, known, loaded, due, due.union(sets["young"].ranges()))

    def _short(self, objects: DayObjects, here: Here) -> int:
        """Return how many records of a table MySQL lacks, by the sum of the new rows its objects brought.

        A raw object that was retired before MySQL took it is in no listing any more; its rows are in the
        compacted ones.
        """
        if self._load_ledger is None or not is_kept(objects.table, objects.day, self._clock().date()):
            return 0
        brought = self._load_ledger.rows(objects.table, objects.day)
        lacking = here.coming.size - here.loaded.size
        return max(0, here.records.size - brought - lacking)


def digest_of(loads: DayLoads, told: Survey) -> str:
    """Return what changes when anything changes that a day's account is made from."""
    # Made without MySQL, it says nothing about MySQL: the next run must look again.
    digest = hashlib.sha256(b"" if loads.with_mysql else b"without MySQL")
    for table, objects in loads.tables.items():
        digest.update(table.encode())
        for item in (*objects.raw, *objects.compacted):
            digest.update(f"{item.key} {item.etag}\n".encode())
    for key, entry in sorted(told.reader.entries(loads.day).items()):
        digest.update(f"{key} {entry.newest}\n".encode())
    digest.update(told.dropped.firsts.tobytes() + told.dropped.lasts.tobytes())
    return digest.hexdigest()
