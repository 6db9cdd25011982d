"""Refuses what was chosen where the lake has nothing of it, in a sentence that names what it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import islice

from quicksight.data_set import DataSet
from quicksight.preview.choosing import ChoiceError, Choices
from quicksight.preview.querying import Query
from quicksight.preview.values import time_zone

NAMED_VALUES = 20
"""So many values are named in a sentence; of more, how many there are."""
_STORED: Mapping[str, tuple[str, ...]] = {
    "site": ("stored_zone_counts", "stored_line_crossings", "stored_device_health"),
    "camera": ("stored_zone_counts", "stored_line_crossings"),
    "zone": ("stored_zone_counts",),
    "object_class": ("stored_zone_counts", "stored_line_crossings"),
}
"""Where a column's values are read at once; others are read from the data sets that have the column."""


def refuse_unknown_values(
    texts: Sequence[tuple[str, str]], choices: Sequence[Choices], query: Query, data_sets: Sequence[DataSet]
) -> None:
    """Raise `ChoiceError` for a value of a filter that stands nowhere in the lake."""
    for column in dict.fromkeys(column for column, _ in texts):
        wanted = [value for name, value in texts if name == column]
        known: set[str] = set()
        for source in _sources(column, choices, data_sets):
            sql = f"SELECT DISTINCT {column} FROM {source} AS d"  # noqa: S608 - a column of a definition
            known |= {str(row[0]) for row in query(sql).rows if row[0] is not None}
        for value in wanted:
            if value not in known:
                raise ChoiceError(f"filter {column}={value}: expected {_named(sorted(known))}")


def refuse_days_without_records(first: date | None, last: date | None, query: Query) -> None:
    """Raise `ChoiceError` for chosen days of which none has a count, on the clock of any site."""
    lake = recorded_days(query)
    if lake is None:
        return
    oldest, newest = lake
    if (first or oldest) > newest or (last or newest) < oldest:
        said = f"{first or 'the first day'} to {last or 'today'}"
        raise ChoiceError(f"the period is {said}: expected days that the lake has, {oldest} to {newest}")


def recorded_days(query: Query) -> tuple[date, date] | None:
    """Return the first and the last local day that have a count, None where nothing was counted."""
    spans = query(
        "SELECT time_zone, min(event_time) AS oldest, max(event_time) AS newest "
        "FROM stored_zone_counts GROUP BY time_zone"
    ).rows
    days = [_local_day(moment, zone) for zone, *moments in spans for moment in moments if moment is not None]
    return (min(days), max(days)) if days else None


def _local_day(moment: object, zone: object) -> date:
    read = moment if isinstance(moment, datetime) else datetime.fromisoformat(str(moment))
    return read.replace(tzinfo=UTC).astimezone(time_zone(str(zone or "UTC"))).date()


def _sources(column: str, choices: Sequence[Choices], data_sets: Sequence[DataSet]) -> Iterator[str]:
    if column in _STORED:
        yield from _STORED[column]
        return
    filtered = {one.data_set for each in choices for one in each.filters if one.column == column}
    for data_set in data_sets:
        if data_set.identifier in filtered:
            yield f"({data_set.sql})"


def _named(known: Sequence[str]) -> str:
    if not known:
        return "none: the lake has no values of it"
    more = f" and {len(known) - NAMED_VALUES} more" if len(known) > NAMED_VALUES else ""
    return ", ".join(islice(known, NAMED_VALUES)) + more
