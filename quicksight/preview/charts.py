"""Line and bar charts as plotly figures."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go

from quicksight.preview.chart_parts import (
    LONG_NAME_LETTERS,
    NAME_LETTERS,
    UPRIGHT_NAMES,
    base_layout,
    category_text,
    is_slanted,
    literal,
    on_short_lines,
)
from quicksight.preview.heat_maps import heat_map
from quicksight.preview.point_maps import point_map
from quicksight.preview.querying import Value, VisualRows
from quicksight.preview.specs import FieldSpec, VisualSpec
from quicksight.preview.values import written
from quicksight.theme import DATA_COLORS, GRID, INK_SOFT

DASHES = ("solid", "dash", "dot", "dashdot")
"""One for each round through the colours."""
MARKER_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star")
"""A second sign beside colour, for print and for eyes that see few colours."""
PATTERNS = ("", "/", ".", "x", "-", "|", "+")
SPARSE_POINTS = 60
"""Up to this many points a line shows each of them."""
NEIGHBOURING_STEPS = 3
"""On each side: how many steps between windows say what step is usual there."""
FEW_WHOLE_NUMBERS = 6
MAXIMUM_NAMES = 40
FEW_NAMES = 8
"""Of more categories than can be named beside each other, so many are."""
SLANT_DEGREES = -40
MANY_POINTS_WIDTH, FEW_POINTS_WIDTH = 1.6, 2.5
"""Of a line, in pixels."""
GRANULARITY_SECONDS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600}

Point = tuple[Value, Value]


def figure(visual: VisualSpec, rows: VisualRows, zone: ZoneInfo) -> go.Figure:
    """Return the chart of a visual that is neither number nor table; its rows must not be empty."""
    if visual.kind == "HeatMapVisual":
        return heat_map(visual, rows, zone)
    if visual.kind == "GeospatialMapVisual":
        return point_map(visual, rows, zone)
    traces = _line_traces if visual.kind == "LineChartVisual" else _bar_traces
    chart = go.Figure(list(traces(visual, rows, zone)))
    _style(chart, visual, rows)
    _write_names(chart, visual, rows, zone)
    return chart


def series(visual: VisualSpec, rows: VisualRows, zone: ZoneInfo) -> dict[str, list[Point]]:
    """Return the (category, value) points by series: a value of the colour field, or a measure."""
    gathered: dict[str, list[Point]] = defaultdict(list)
    offset = 1 if visual.color is None else 2
    for row in rows.rows:
        for index, measure in enumerate(visual.measures):
            name = measure.label if visual.color is None else literal(written(row[1], visual.color, zone))
            gathered[name].append((row[0], row[offset + index]))
    return dict(sorted(gathered.items())) if visual.color is not None else dict(gathered)


def _line_traces(visual: VisualSpec, rows: VisualRows, zone: ZoneInfo) -> Iterator[go.Scatter]:
    category = visual.dimensions[0]
    area = visual.configuration.get("Type") == "AREA"
    for index, (name, points) in enumerate(series(visual, rows, zone).items()):
        color = DATA_COLORS[index % len(DATA_COLORS)]
        blanked = list(_with_blanks(points, category))
        measure = visual.measures[index if visual.color is None else 0]
        yield go.Scatter(
            name=name,
            x=[category_text(value, category, zone) for value, _ in blanked],
            y=[value for _, value in blanked],
            mode="lines+markers" if len(points) <= SPARSE_POINTS else "lines",
            connectgaps=False,
            line={
                "color": color,
                "width": FEW_POINTS_WIDTH if len(points) <= SPARSE_POINTS else MANY_POINTS_WIDTH,
                "dash": DASHES[index // len(DATA_COLORS) % len(DASHES)],
            },
            marker={"symbol": MARKER_SYMBOLS[index % len(MARKER_SYMBOLS)], "size": 7},
            fill="tozeroy" if area else None,
            fillcolor=_translucent(color) if area else None,
            hovertemplate=f"%{{y:,.{measure.decimals}f}}<extra>%{{fullData.name}}</extra>",
        )


def _with_blanks(points: Sequence[Point], category: FieldSpec) -> Iterator[Point]:
    """Yield the points with a break wherever time is missing between two of them.

    A step is missing time when it is longer than is usual before it and after it: windows are as long as the
    camera's settings say, these change, and a camera that starts anew makes one short step.
    """
    timed = [(moment, value) for moment, value in points if isinstance(moment, datetime)]
    if not timed:
        yield from points
        return
    steps = [after - before for (before, _), (after, _) in pairwise(timed)]
    least = timedelta(seconds=GRANULARITY_SECONDS.get(category.granularity or "MINUTE", 60))
    yield from timed[:1]
    for index, step in enumerate(steps):
        usual = max(least, _usual_step(steps, index))
        if step > 1.5 * usual:
            yield timed[index][0] + usual, None
        yield timed[index + 1]


def _usual_step(steps: Sequence[timedelta], index: int) -> timedelta:
    """Return the longer of the low medians of the steps up to and from `index`, where there are enough."""
    before = steps[max(0, index - NEIGHBOURING_STEPS) : index + 1]
    after = steps[index : index + NEIGHBOURING_STEPS + 1]
    # With one or two steps the median would be the very step in question.
    sides = [side for side in (before, after) if len(side) >= NEIGHBOURING_STEPS]
    return max(statistics.median_low(side) for side in sides or [[*before, *after[1:]]])


def _bar_traces(visual: VisualSpec, rows: VisualRows, zone: ZoneInfo) -> Iterator[go.Bar]:
    horizontal = _is_horizontal(visual)
    category = visual.dimensions[0]
    stacked = visual.configuration.get("BarsArrangement") == "STACKED"
    for index, (name, points) in enumerate(series(visual, rows, zone).items()):
        categories = [category_text(value, category, zone) for value, _ in points]
        numbers = [value for _, value in points]
        measure = visual.measures[index if visual.color is None else 0]
        # In a stack nothing is written of what is not there, nor at its end, where a number reads as the sum.
        texts = [written(value, measure, zone) if value or not stacked else "" for value in numbers]
        letter = "x" if horizontal else "y"
        yield go.Bar(
            name=name,
            x=numbers if horizontal else categories,
            y=categories if horizontal else numbers,
            orientation="h" if horizontal else "v",
            marker={
                "color": DATA_COLORS[index % len(DATA_COLORS)],
                "pattern": _pattern(index),
                "cornerradius": 3,
            },
            text=texts if horizontal else None,
            textposition=("inside" if stacked else "outside") if horizontal else None,
            cliponaxis=False,
            hovertemplate=f"%{{{letter}:,.{measure.decimals}f}}<extra>%{{fullData.name}}</extra>",
        )


def _pattern(index: int) -> dict[str, Any]:
    return {
        "shape": PATTERNS[index % len(PATTERNS)],
        "fillmode": "overlay",
        "size": 6,
        "solidity": 0.18,
        "fgcolor": "white",
    }


def _translucent(color: str) -> str:
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.10)"


def _write_names(chart: go.Figure, visual: VisualSpec, rows: VisualRows, zone: ZoneInfo) -> None:
    """Write the names at a category axis on short lines, or a long one would take the chart's room."""
    if isinstance(rows.rows[0][0], datetime):
        return
    names = list(dict.fromkeys(written(row[0], visual.dimensions[0], zone) for row in rows.rows))
    if len(names) > MAXIMUM_NAMES and not _is_horizontal(visual):
        ordered = [literal(name) for name in names]
        chart.update_xaxes(nticks=FEW_NAMES, tickangle=0, categoryorder="array", categoryarray=ordered)
        return
    slanted = is_slanted(names)
    paths = any(" / " in name and len(name) > 2 * NAME_LETTERS for name in names)
    long = len(names) > UPRIGHT_NAMES or paths
    one_line = slanted or (_is_horizontal(visual) and long)
    letters = LONG_NAME_LETTERS if one_line else NAME_LETTERS
    # In the order of the query: plotly would put the names that the first series has before all others.
    axis = {
        "categoryorder": "array",
        "categoryarray": [literal(name) for name in names],
        "tickmode": "array",
        "tickvals": [literal(name) for name in names],
        "ticktext": [on_short_lines(name, letters) for name in names],
    }
    if _is_horizontal(visual):
        chart.update_yaxes(axis)
    else:
        chart.update_xaxes(
            {**axis, "tickangle": SLANT_DEGREES if slanted else 0 if len(names) <= UPRIGHT_NAMES else None}
        )


def _largest(visual: VisualSpec, rows: VisualRows) -> float:
    numbers = [value for row in rows.rows for value in row[-len(visual.measures) :]]
    return max((value for value in numbers if isinstance(value, int | float)), default=0)


def _is_horizontal(visual: VisualSpec) -> bool:
    return visual.configuration.get("Orientation") == "HORIZONTAL"


def _style(chart: go.Figure, visual: VisualSpec, rows: VisualRows) -> None:
    horizontal = _is_horizontal(visual)
    value_axis: dict[str, Any] = {
        "rangemode": "tozero",
        "gridcolor": GRID,
        "zerolinecolor": INK_SOFT,
        "nticks": 6,
    }
    category_axis: dict[str, Any] = {
        "showgrid": False,
        # Named, for plotly would take zones called "1" and "2" for numbers.
        "type": "date" if isinstance(rows.rows[0][0], datetime) else "category",
        "automargin": True,
        "linecolor": INK_SOFT,
        "showline": True,
    }
    if horizontal:
        category_axis["autorange"] = "reversed"
        category_axis["showline"] = False
    # Whole numbers of people: ticks of half a person would look like measurements.
    if all(measure.decimals == 0 for measure in visual.measures):
        value_axis["tickformat"] = ",d"
        if _largest(visual, rows) < FEW_WHOLE_NUMBERS:
            value_axis["dtick"] = 1
    chart.update_layout(
        base_layout(),
        barmode="stack" if visual.configuration.get("BarsArrangement") == "STACKED" else "group",
        bargap=0.3,
        hovermode="closest" if horizontal else "x unified",
        showlegend=visual.configuration.get("Legend", {}).get("Visibility") != "HIDDEN",
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
        xaxis=value_axis if horizontal else category_axis,
        yaxis=category_axis if horizontal else {**value_axis, "automargin": True},
    )
