"""The account of a device's UTC day: made = in lake + declared dropped + on the way + missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields

from contract.tables import STREAM_LEDGER
from lambdas.reconciler.ledger import LedgerEntry
from lambdas.reconciler.ranges import MAXIMUM_SEQUENCE, NOTHING, Ranges, Stream, StreamNumbers


@dataclass(frozen=True)
class Counts:
    """Records of one day.

    ``made = in_lake + dropped + on_the_way + missing`` always holds. `without_ledger` are those of
    `in_lake` of which the device has not told yet. `not_in_mysql` lie in objects that MySQL should have by
    now and has not, `loading` in younger ones; both are 0 for days that MySQL does not keep.
    """

    made: int = 0
    in_lake: int = 0
    dropped: int = 0
    on_the_way: int = 0
    missing: int = 0
    without_ledger: int = 0
    not_in_mysql: int = 0
    loading: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Return the counts of both together."""
        return Counts(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(Counts)))

    @property
    def differs(self) -> bool:
        """Whether something is not where it should be by now."""
        return self.missing > 0 or self.not_in_mysql > 0


@dataclass
class DeviceDay:
    """A device's day by table."""

    device: str
    tables: dict[str, Counts] = field(default_factory=dict)

    @property
    def total(self) -> Counts:
        """All tables together."""
        return sum(self.tables.values(), Counts())

    def add(self, table: str, counts: Counts) -> None:
        """Add a stream of `table`."""
        self.tables[table] = self.tables.get(table, Counts()) + counts


@dataclass(frozen=True)
class Here:
    """Record numbers of a table and day: the unions are made once, for all streams.

    `known` are the records in the lake and those that `gaps` declare dropped. MySQL has the records of
    `loaded`; `due` are these and those of objects that it should have by now, `coming` also those of younger.
    """

    records: Ranges
    known: Ranges
    loaded: Ranges = NOTHING
    due: Ranges = NOTHING
    coming: Ranges = NOTHING


@dataclass(frozen=True)
class LedgerOwn:
    """The ledger's own records of all days that were read, and from which number on an epoch's are recent.

    `known` are the records and those that `gaps` declare dropped.
    """

    records: Ranges
    known: Ranges
    recent_from: Callable[[str, str], int]


class StreamWindow:
    """Turns sequences of one stream into its record numbers."""

    def __init__(self, streams: StreamNumbers, stream: Stream) -> None:
        self._streams = streams
        self._stream = stream

    def __call__(self, first: int, last: int) -> tuple[int, int]:
        """Return the record numbers of the sequences `first` to `last`."""
        return self._streams.window(self._stream, first, last)


def stream_counts(entry: LedgerEntry | None, here: Here, at: StreamWindow, untold: int) -> Counts:
    """Return the counts of a stream and day.

    A row of the ledger says less than is here while it is late; then what is here is what was made.
    `untold` is how many records of the stream `gaps` declare dropped of which the ledger, all days together,
    does not tell yet: the days' numbers interleave, so a range alone does not say whose they are.
    """
    window = at(1, MAXIMUM_SEQUENCE)
    in_lake = here.records.count(*window)
    if entry is None:
        return Counts(made=in_lake, in_lake=in_lake, without_ledger=in_lake)
    newest = entry.newest
    told = at(newest.first_sequence, newest.last_sequence)
    # A drop may be declared by `gaps` before the ledger says so, and the other way round.
    declared = here.known.count(*told) - here.records.count(*told)
    more = min(untold, declared - newest.dropped, newest.made - in_lake - newest.dropped)
    dropped = newest.dropped + max(0, more)
    waiting = max(0, newest.made - in_lake - dropped)
    missing = min(waiting, _overdue(entry, here, dropped, at))
    made = in_lake + dropped + waiting
    return Counts(made, in_lake, dropped, waiting - missing, missing, max(0, made - newest.made))


def _overdue(entry: LedgerEntry, here: Here, dropped: int, at: StreamWindow) -> int:
    """Return how many of the records that the settled row tells of are not here."""
    if entry.settled is None:
        return 0
    # Re-stamped records leave a day: then the newest row says less than the settled one.
    made = min(entry.settled.made, entry.newest.made)
    return max(0, made - dropped - here.records.count(*at(1, entry.settled.last_sequence)))


def ledger_counts(stream: Stream, here: Here, ledger: LedgerOwn, at: StreamWindow) -> Counts:
    """Return the counts of a stream of `stream_ledger` records: no ledger tells of these: no hole may be.

    A hole among the day's numbers may be filled by another day; one before a record that is not recent
    should have been filled by now.
    """
    window = at(1, MAXIMUM_SEQUENCE)
    ends = here.records.within(*window)
    if ends is None:
        return Counts()
    first, last = ends
    settled = here.records.within(first, at(1, ledger.recent_from(stream[0], stream[1]) - 1)[1])
    in_lake = here.records.count(*window)
    known = ledger.known.count(first, last)
    holes = last - first + 1 - known
    dropped = known - ledger.records.count(first, last)
    missing = settled[1] - first + 1 - ledger.known.count(first, settled[1]) if settled else 0
    return Counts(in_lake + dropped + holes, in_lake, dropped, holes - missing, missing)


def mysql_counts(here: Here, at: StreamWindow) -> Counts:
    """Return how many records of a stream MySQL lacks: those of no object that it has."""
    window = at(1, MAXIMUM_SEQUENCE)
    loaded, due, coming = (ranges.count(*window) for ranges in (here.loaded, here.due, here.coming))
    return Counts(not_in_mysql=due - loaded, loading=coming - due)


def table_of(stream: str) -> str:
    """Return the table that a stream numbers."""
    return stream.rpartition("/")[2]


@dataclass
class DayAccount:
    """The devices of one UTC day, added a table at a time."""

    streams: StreamNumbers
    entries: Mapping[Stream, LedgerEntry]
    ledger: LedgerOwn
    dropped: Ranges = NOTHING
    dropped_told: Mapping[Stream, int] = field(default_factory=dict)
    """By stream how many records the ledger says were dropped, on all days."""
    devices: dict[str, DeviceDay] = field(default_factory=dict)

    def add(self, table: str, here: Here, present: Iterable[Stream]) -> None:
        """Add the streams of `table`: those that are `present` in the lake, and those the ledger tells of."""
        told = (stream for stream in self.entries if table_of(stream[2]) == table)
        for stream in dict.fromkeys((*present, *told)):
            at = StreamWindow(self.streams, stream)
            if table == STREAM_LEDGER.name:
                counts = ledger_counts(stream, here, self.ledger, at)
            else:
                declared = self.dropped.count(*at(1, MAXIMUM_SEQUENCE))
                untold = max(0, declared - self.dropped_told.get(stream, 0))
                counts = stream_counts(self.entries.get(stream), here, at, untold)
            day = self.devices.setdefault(stream[0], DeviceDay(stream[0]))
            day.add(table, counts + mysql_counts(here, at))
