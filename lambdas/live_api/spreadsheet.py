"""Tables as CSV that a spreadsheet opens rightly: UTF-8 with its mark, and no cell that it would run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
PLACE_COLUMNS = (
    "id",
    "name",
    "name_en",
    "site",
    "time_zone",
    "longitude",
    "latitude",
    "state",
    "count",
    "seen_at",
    "change",
    "usual",
    "usual_source",
    "percent",
    "level",
    "feeds",
    "feeds_silent",
)
STATISTICS_COLUMNS = ("period", "start", "mean", "maximum", "minutes_with_data")


def places_csv(places: Iterable[Mapping[str, Any]]) -> bytes:
    """Return places, as `GET /places` shows them, as a table; without data a cell is empty, never 0."""
    rows = []
    for place in places:
        usual = place["usual"] or {}
        row = {**place, "usual": usual.get("count"), "usual_source": usual.get("source")}
        rows.append([row[name] for name in PLACE_COLUMNS])
    return as_csv(PLACE_COLUMNS, rows)


def statistics_csv(statistics: Mapping[str, Any]) -> bytes:
    """Return statistics, as the API shows them, as a table: a row a local day, then a row a step."""
    days = [("day", day["date"], day) for day in statistics["days"]]
    steps = [("10 minutes", step["start"], step) for step in statistics["hours"]]
    rows = [
        [period, start, one["mean"], one["maximum"], one["minutes_with_data"]]
        for period, start, one in (*days, *steps)
    ]
    return as_csv(STATISTICS_COLUMNS, rows)


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return a table; text that a spreadsheet would take for a formula gets an apostrophe before it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return ("\ufeff" + text.getvalue()).encode()


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
