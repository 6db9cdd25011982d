"""Keeps of a visual's rows what QuickSight keeps: its largest categories and series."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from quicksight.preview.querying import Value, VisualRows
from quicksight.preview.specs import VisualSpec

Row = tuple[Value, ...]


def shaped(visual: VisualSpec, rows: VisualRows) -> VisualRows:
    """Return the rows within the visual's limits, and how many categories and series were left out."""
    kept, fewer = _largest(visual, rows.rows, 0, _limit(visual, "CategoryItemsLimit"))
    if visual.color is None:
        return replace(rows, rows=tuple(kept), left_out=fewer)
    position = len(visual.dimensions)
    limit = _limit(visual, "ColorItemsLimit") or _limit(visual, "ColorItemsLimitConfiguration")
    kept, fewer_series = _largest(visual, kept, position, limit)
    return replace(rows, rows=tuple(kept), left_out=fewer, series_left_out=fewer_series)


def _limit(visual: VisualSpec, name: str) -> int | None:
    limits = visual.configuration.get("SortConfiguration", {}).get(name)
    return None if limits is None else int(limits["ItemsLimit"])


def _largest(
    visual: VisualSpec, rows: Sequence[Row], position: int, limit: int | None
) -> tuple[list[Row], int]:
    """Return the rows of the `limit` values at `position` with the largest totals, in their order."""
    totals: dict[Value, float] = defaultdict(float)
    at = len(visual.grouping)
    for row in rows:
        number = row[at] if at < len(row) else None
        totals[row[position]] += float(number) if isinstance(number, int | float) else 0.0
    if limit is None or len(totals) <= limit:
        return list(rows), 0
    kept = set(sorted(totals, key=lambda value: totals[value], reverse=True)[:limit])
    return [row for row in rows if row[position] in kept], len(totals) - limit
