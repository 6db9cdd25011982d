"""Keeps of a visual's rows what QuickSight keeps, and of lines what an eye can follow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from quicksight.preview.querying import Value, VisualRows
from quicksight.preview.specs import VisualSpec

MAXIMUM_LINES = 7
"""As many as there are colours; of more, the largest are drawn and the page says how many are not."""
MAXIMUM_LINE_POINTS = 400
"""Of one line; of more, each point stands for a longer step."""
STEPS_MINUTES = (1, 2, 5, 10, 15, 30, 60)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WITHOUT_AXIS = frozenset({"TableVisual", "KPIVisual"})

Row = tuple[Value, ...]


def shaped(visual: VisualSpec, rows: VisualRows) -> VisualRows:
    """Return the rows within the visual's limits, and how many categories and series were left out.

    A chart none of whose rows has a number has no rows: it says "no data". Lines of very many moments become
    lines of longer steps, which `step_minutes` says.
    """
    if visual.kind not in _WITHOUT_AXIS and visual.measures and not any(map(_HasNumbers(visual), rows.rows)):
        return replace(rows, rows=())
    kept, fewer = _largest(visual, rows.rows, 0, _limit(visual, "CategoryItemsLimit"))
    if visual.color is None:
        return _thinned(visual, replace(rows, rows=tuple(kept), left_out=fewer))
    position = len(visual.dimensions)
    limit = _limit(visual, "ColorItemsLimit") or _limit(visual, "ColorItemsLimitConfiguration")
    if visual.kind == "LineChartVisual":
        limit = min(limit or MAXIMUM_LINES, MAXIMUM_LINES)
    kept, fewer_series = _largest(visual, kept, position, limit)
    return _thinned(visual, replace(rows, rows=tuple(kept), left_out=fewer, series_left_out=fewer_series))


def _limit(visual: VisualSpec, name: str) -> int | None:
    limits = visual.configuration.get("SortConfiguration", {}).get(name)
    return None if limits is None else int(limits["ItemsLimit"])


class _HasNumbers:
    """Says whether a row of a visual has any number."""

    def __init__(self, visual: VisualSpec) -> None:
        start = len(visual.grouping)
        self._measures = slice(start, start + len(visual.measures))

    def __call__(self, row: Row) -> bool:
        return any(value is not None for value in row[self._measures])


def _largest(
    visual: VisualSpec, rows: Sequence[Row], position: int, limit: int | None
) -> tuple[list[Row], int]:
    """Return the rows of the `limit` values at `position` with the largest totals, in their order.

    What has no number at all is behind all others, and is not counted among those that were left out.
    """
    totals: dict[Value, float] = defaultdict(float)
    counted = set()
    at = len(visual.grouping)
    for row in rows:
        number = row[at] if at < len(row) else None
        totals[row[position]] += float(number) if isinstance(number, int | float) else 0.0
        if number is not None:
            counted.add(row[position])
    if limit is None or len(totals) <= limit:
        return list(rows), 0
    ordered = sorted(totals, key=lambda value: (value in counted, totals[value]), reverse=True)
    kept = set(ordered[:limit])
    return [row for row in rows if row[position] in kept], len(counted - kept)


def _thinned(visual: VisualSpec, rows: VisualRows) -> VisualRows:
    """Return lines whose points are at most `MAXIMUM_LINE_POINTS`, or an hour, apart from each other."""
    moments = [row[0] for row in rows.rows if isinstance(row[0], datetime)]
    if visual.kind != "LineChartVisual" or not moments or len(set(moments)) <= MAXIMUM_LINE_POINTS:
        return rows
    span = max(moments) - min(moments)
    fitting = [step for step in STEPS_MINUTES if span / timedelta(minutes=step) <= MAXIMUM_LINE_POINTS]
    step = timedelta(minutes=fitting[0] if fitting else STEPS_MINUTES[-1])
    groups: dict[Row, list[Row]] = defaultdict(list)
    for row in rows.rows:
        if isinstance(row[0], datetime):
            start = _EPOCH + (row[0] - _EPOCH) // step * step
            groups[(start, *row[1 : len(visual.grouping)])].append(row)
    if len({group[0] for group in groups}) == len(set(moments)):
        return rows
    thinned = tuple((*group, *_together(visual, members)) for group, members in groups.items())
    return replace(rows, rows=thinned, step_minutes=round(step / timedelta(minutes=1)))


def _together(visual: VisualSpec, members: Sequence[Row]) -> Row:
    """Return the mean of each measure over the rows of one step, or the largest of maxima."""
    start = len(visual.grouping)
    together: list[Value] = []
    for index, measure in enumerate(visual.measures):
        numbers = [value for row in members if isinstance(value := row[start + index], int | float)]
        most = measure.aggregation == "MAX"
        together.append(None if not numbers else max(numbers) if most else sum(numbers) / len(numbers))
    return tuple(together)
