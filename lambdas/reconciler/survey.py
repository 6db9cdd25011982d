"""What is read once for all days: the ledger of what devices made, and the gaps they declare."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contract.lake import compacted_prefix, raw_prefix
from contract.tables import GAPS, STREAM_LEDGER
from lambdas.reconciler.account import LedgerOwn
from lambdas.reconciler.ledger import LEDGER_COLUMNS, LedgerReader
from lambdas.reconciler.ranges import (
    MAXIMUM_SEQUENCE,
    SEQUENCE_BITS,
    Integers,
    Ranges,
    RangeSet,
    Stream,
    StreamNumbers,
    distinct,
)
from lambdas.reconciler.reading import DayObjects, Unreadable, list_day, read_all
from lambdas.reconciler.store import Lake

GAP_DAYS_BEFORE: Final = 8
"""A gap lies in the day it begins, which may be days before the last record it names."""
_GAP_COLUMNS: Final = ("device", "gap_epoch", "gap_stream", "first_sequence", "last_sequence")


@dataclass(frozen=True)
class Survey:
    """What devices told: the ledger's rows, and the record numbers that `gaps` declare dropped."""

    reader: LedgerReader
    dropped: Ranges
    dropped_told: Mapping[Stream, int]
    own: LedgerOwn


def survey(
    lake: Lake,
    days: Collection[str],
    streams: StreamNumbers,
    settled_before: datetime,
    unreadable: Unreadable,
    *,
    whole_from: str | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Survey:
    """Read all that tells of `days`; what arrived after `settled_before` is recent.

    Of a day's ledger rows the newest of each stream is kept, so memory follows the cameras, not the rows.
    With `whole_from` nothing is read between a day before it and `whole_from`, but what devices told on the
    very day and its neighbours: a boot in 1970 does not cost all years since.
    """
    progress("reading what devices say they made")
    reader = LedgerReader(streams)
    telling = _Days.around(days, whole_from, days_before=1)
    _read_ledger(lake, reader, telling, settled_before, unreadable)
    progress("reading what they declare dropped")
    dropped = _read_gaps(
        lake, _Days.around(days, whole_from, days_before=GAP_DAYS_BEFORE), streams, unreadable
    )
    own = reader.own.ranges()
    return Survey(reader, dropped, reader.dropped(), LedgerOwn(own, own.union(dropped), reader.recent_from))


@dataclass(frozen=True)
class _Days:
    """All days from `first` on, and the `others`."""

    first: str
    others: frozenset[str]

    @classmethod
    def around(cls, days: Collection[str], whole_from: str | None, *, days_before: int) -> _Days:
        far = [day for day in days if whole_from is not None and day < whole_from]
        first = min({*days} - {*far}, default=whole_from or "")
        others = {_moved(day, offset) for day in far for offset in range(-days_before, 2)}
        return cls(_moved(first, -days_before), frozenset(others))

    def __contains__(self, day: str) -> bool:
        return day >= self.first or day in self.others


def _moved(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def days_of(lake: Lake, table: str) -> list[str]:
    """Return the days of which the lake has objects of a table, ascending."""
    return sorted({*lake.days(raw_prefix(table)), *lake.days(compacted_prefix(table))})


def _read_ledger(
    lake: Lake, reader: LedgerReader, days: _Days, settled_before: datetime, unreadable: Unreadable
) -> None:
    listed = _listed(lake, STREAM_LEDGER.name, days)
    recent = [item for day in listed for item in day.raw if item.last_modified > settled_before]
    known = {item.key for item in recent}
    for _, rows in read_all(lake, recent, LEDGER_COLUMNS, unreadable):
        reader.add(rows, recent=True)
    older = [item for day in listed for item in (*day.compacted, *day.raw_to_read) if item.key not in known]
    for _, rows in read_all(lake, older, LEDGER_COLUMNS, unreadable):
        reader.add(rows, recent=False)


def _read_gaps(lake: Lake, days: _Days, streams: StreamNumbers, unreadable: Unreadable) -> Ranges:
    found = RangeSet()
    for day in _listed(lake, GAPS.name, days):
        for _, rows in read_all(lake, (*day.compacted, *day.raw_to_read), _GAP_COLUMNS, unreadable):
            found.add(*_declared(rows, streams))
    return found.ranges()


def _declared(rows: pa.Table, streams: StreamNumbers) -> tuple[Integers, Integers]:
    """Return the ranges that `gaps` rows name; a silence names none."""
    named: Any = pc.and_kleene(rows.column("gap_stream").is_valid(), rows.column("gap_epoch").is_valid())
    named = pc.and_(
        named, pc.and_(rows.column("first_sequence").is_valid(), rows.column("last_sequence").is_valid())
    )
    rows = rows.filter(named)
    codes, keys = distinct(rows, ("device", "gap_epoch", "gap_stream"))
    if not keys:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    numbers = np.array([streams.of((device, epoch, stream)) for device, epoch, stream in keys], np.int64)
    base = numbers[codes] << SEQUENCE_BITS
    firsts = base + np.clip(rows.column("first_sequence").to_numpy(), 1, MAXIMUM_SEQUENCE)
    lasts = base + np.clip(rows.column("last_sequence").to_numpy(), 0, MAXIMUM_SEQUENCE)
    sound = firsts <= lasts
    return firsts[sound], lasts[sound]


def _listed(lake: Lake, table: str, days: _Days) -> list[DayObjects]:
    return [list_day(lake, table, day) for day in days_of(lake, table) if day in days]
