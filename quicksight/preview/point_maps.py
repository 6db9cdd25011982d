"""Maps of points: degrees over an outline of their own, so that no tile is fetched from anywhere.

The outline is Natural Earth's (public domain), the same as the live map's.
"""

from __future__ import annotations

import functools
import json
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go

from quicksight.preview.chart_parts import base_layout, literal
from quicksight.preview.querying import VisualRows
from quicksight.preview.specs import VisualSpec
from quicksight.preview.values import number, written
from quicksight.theme import DATA_COLORS, INK_SOFT, LINE, SURFACE

MAXIMUM_DOTS = 150
"""More points than these are drawn together with their neighbours."""
CELLS_ACROSS = 28
SMALLEST_PIXELS, LARGEST_PIXELS = 8, 34
MARGIN_SHARE = 0.08
LEAST_DEGREES = 0.004
"""A map is at least this wide: some 400 m."""
SEA = "#DCE6EE"
_OUTLINE = Path(__file__).with_name("outline.json")


@dataclass(frozen=True)
class Dot:
    """Points drawn as one: where, how many, and their number together."""

    latitude: float
    longitude: float
    points: int
    total: float


def point_map(visual: VisualSpec, rows: VisualRows, zone: ZoneInfo) -> go.Figure:
    """Return the chart of a geospatial map; its rows must not be empty."""
    by_name: dict[str, list[Dot]] = defaultdict(list)
    for row in rows.rows:
        name = "" if visual.color is None else written(row[2], visual.color, zone)
        value = row[len(visual.grouping)]
        if isinstance(row[0], int | float) and isinstance(row[1], int | float):
            total = float(value) if isinstance(value, int | float) else 0.0
            by_name[name].append(Dot(float(row[0]), float(row[1]), 1, total))
    dots = [dot for some in by_name.values() for dot in some]
    window = _window(dots)
    together = {name: _together(some, window, len(dots)) for name, some in by_name.items()}
    largest = max((dot.total for some in together.values() for dot in some), default=1.0) or 1.0
    chart = go.Figure(list(_land(window)))
    for index, (name, some) in enumerate(sorted(together.items())):
        chart.add_trace(_dots(name, some, index, largest, visual))
    _style(chart, window, legend=visual.color is not None)
    return chart


def _dots(name: str, dots: Sequence[Dot], index: int, largest: float, visual: VisualSpec) -> go.Scatter:
    decimals = visual.measures[0].decimals
    says = [f"{number(dot.total, decimals)}" + (f" ({dot.points})" if dot.points > 1 else "") for dot in dots]
    spread = LARGEST_PIXELS - SMALLEST_PIXELS
    return go.Scatter(
        name=literal(name),
        x=[dot.longitude for dot in dots],
        y=[dot.latitude for dot in dots],
        mode="markers",
        customdata=says,
        marker={
            # The area says how many, as the eye takes it.
            "size": [SMALLEST_PIXELS + spread * math.sqrt(max(dot.total, 0) / largest) for dot in dots],
            "color": DATA_COLORS[index % len(DATA_COLORS)],
            "opacity": 0.75,
            "line": {"color": SURFACE, "width": 1},
        },
        hovertemplate="%{customdata}<br>%{y:.5f}, %{x:.5f}<extra>%{fullData.name}</extra>",
        showlegend=visual.color is not None,
    )


def _window(dots: Sequence[Dot]) -> tuple[float, float, float, float]:
    """Return west, south, east and north around the dots with a margin, in degrees."""
    if not dots:
        return 124.0, 33.0, 132.0, 39.0
    longitudes, latitudes = [dot.longitude for dot in dots], [dot.latitude for dot in dots]
    west, south, east, north = min(longitudes), min(latitudes), max(longitudes), max(latitudes)
    margin = max(LEAST_DEGREES, MARGIN_SHARE * max(east - west, north - south))
    return west - margin, south - margin, east + margin, north + margin


def _together(dots: Sequence[Dot], window: tuple[float, float, float, float], points: int) -> list[Dot]:
    """Return the dots as they are when there are few points, else one a cell of a grid over the window."""
    if points <= MAXIMUM_DOTS:
        return list(dots)
    west, south, east, north = window
    side = max(east - west, north - south) / CELLS_ACROSS
    cells: dict[tuple[int, int], list[Dot]] = defaultdict(list)
    for dot in dots:
        cells[int((dot.longitude - west) / side), int((dot.latitude - south) / side)].append(dot)
    return [_merged(some) for some in cells.values()]


def _merged(dots: Sequence[Dot]) -> Dot:
    return Dot(
        sum(dot.latitude for dot in dots) / len(dots),
        sum(dot.longitude for dot in dots) / len(dots),
        sum(dot.points for dot in dots),
        sum(dot.total for dot in dots),
    )


@functools.cache
def _paths(kind: str) -> list[tuple[list[float], list[float]]]:
    outline = json.loads(_OUTLINE.read_text(encoding="utf-8"))
    scale = outline["scale"]
    return [
        ([x / scale for x in accumulate(steps[0::2])], [y / scale for y in accumulate(steps[1::2])])
        for steps in outline[kind]
    ]


def _land(window: tuple[float, float, float, float]) -> Iterator[go.Scatter]:
    """Yield land and borders that reach into the window."""
    for kind, fill in (("land", "toself"), ("borders", None)):
        xs: list[float | None] = []
        ys: list[float | None] = []
        for longitudes, latitudes in _paths(kind):
            if _meets(longitudes, latitudes, window):
                xs += [*longitudes, None]
                ys += [*latitudes, None]
        if xs:
            yield go.Scatter(
                x=xs,
                y=ys,
                mode="lines",
                fill=fill,
                fillcolor="#F7F5EF",
                line={"color": INK_SOFT if kind == "borders" else "#9FB0C0", "width": 0.8},
                hoverinfo="skip",
                showlegend=False,
            )


def _meets(
    longitudes: Sequence[float], latitudes: Sequence[float], window: tuple[float, float, float, float]
) -> bool:
    west, south, east, north = window
    return (
        min(longitudes) <= east
        and max(longitudes) >= west
        and min(latitudes) <= north
        and max(latitudes) >= south
    )


def _style(chart: go.Figure, window: tuple[float, float, float, float], *, legend: bool) -> None:
    west, south, east, north = window
    axis: dict[str, Any] = {"gridcolor": LINE, "zeroline": False, "nticks": 5, "ticksuffix": "°"}
    # A degree of longitude is shorter than one of latitude, by the cosine of the latitude.
    ratio = 1 / max(0.1, math.cos(math.radians((south + north) / 2)))
    chart.update_layout(base_layout())
    chart.update_layout(
        plot_bgcolor=SEA if _is_within_outline(window) else "#F7F5EF",
        xaxis={**axis, "range": [west, east], "constrain": "domain"},
        yaxis={
            **axis,
            "range": [south, north],
            "scaleanchor": "x",
            "scaleratio": ratio,
            "constrain": "domain",
            "automargin": True,
        },
        hovermode="closest",
        showlegend=legend,
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
    )


def _is_within_outline(window: tuple[float, float, float, float]) -> bool:
    """Return whether the outline covers the window, so that what it leaves free is the sea."""
    west, south, east, north = window
    return west >= 121.0 and south >= 31.5 and east <= 135.0 and north <= 44.0
