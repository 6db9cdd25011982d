"""The charts of the audit page as plotly figures: errors with their limits, counted against by hand."""

from __future__ import annotations

import html
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from cli.audit.compare import Audit, Stretch
from quicksight.preview.chart_parts import FONT_STACK
from quicksight.theme import BLUE, GRID, INK, INK_SOFT, ORANGE

ROW_PIXELS = 44
AXIS_PIXELS = 76
_LARGEST_SHOWN = 2.0
"""Limits beyond ± 200 % are drawn to the edge: nobody reads more off them."""


def error_chart(audits: Sequence[Audit], maximum_percent: float | None) -> go.Figure:
    """Return each subject's signed error as a point with its limits, in percent, zero marked."""
    known = [audit for audit in audits if math.isfinite(audit.error)]
    errors = [100 * audit.error for audit in known]
    bounds = [audit.error_interval for audit in known]
    highs = [100 * min(bound.high, _LARGEST_SHOWN) for bound in bounds]
    lows = [100 * max(bound.low, -_LARGEST_SHOWN) for bound in bounds]
    chart = go.Figure(
        go.Scatter(
            x=errors,
            y=[html.escape(str(audit.subject), quote=False) for audit in known],
            mode="markers",
            marker={"color": BLUE, "size": 11},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [max(0.0, high - error) for high, error in zip(highs, errors, strict=True)],
                "arrayminus": [max(0.0, error - low) for low, error in zip(lows, errors, strict=True)],
                "color": BLUE,
                "thickness": 2.5,
                "width": 7,
            },
            hovertemplate="%{y}: %{x:+.1f} %<extra></extra>",
            showlegend=False,
        )
    )
    if maximum_percent is not None:
        chart.add_vrect(
            x0=-maximum_percent,
            x1=maximum_percent,
            fillcolor="rgba(0,158,115,0.13)",
            line_width=0,
            layer="below",
        )
    _style(chart, "Error, % of the count by hand")
    chart.update_xaxes(zeroline=True, zerolinecolor=INK, zerolinewidth=1.5, nticks=5, tickangle=0)
    chart.update_yaxes(autorange="reversed", showgrid=False, type="category", automargin=True)
    return chart


def stretch_chart(audit: Audit) -> go.Figure:
    """Return counted against by hand, a bubble for stretches with equal figures, and the identity line."""
    largest = max((max(one.by_hand, one.value) for one in (*audit.used, *audit.suspect)), default=1.0)
    end = max(1.0, largest) * 1.08 + 0.4
    chart = go.Figure(
        go.Scatter(
            x=[0, end],
            y=[0, end],
            mode="lines",
            line={"color": INK_SOFT, "width": 1.5, "dash": "dash"},
            name="counted = by hand",
            hoverinfo="skip",
        )
    )
    chart.add_trace(
        _bubbles(audit.used, "stretches" if audit.subject.is_line else "instants", BLUE, "circle")
    )
    if audit.suspect:
        chart.add_trace(_bubbles(audit.suspect, "suspect, left out", ORANGE, "diamond-open"))
    _style(chart, "By hand")
    ticks: dict[str, Any] = {"range": [-0.4, end], "tickformat": ",d", "zeroline": False}
    if largest < 6:
        ticks["dtick"] = 1
    chart.update_xaxes(**ticks)
    chart.update_yaxes(title={"text": "Counted", "standoff": 8}, automargin=True, **ticks)
    return chart


def _bubbles(stretches: Sequence[Stretch], name: str, color: str, symbol: str) -> go.Scatter:
    groups = Counter((one.by_hand, round(one.value, 1)) for one in stretches)
    return go.Scatter(
        x=[by_hand for by_hand, _ in groups],
        y=[counted for _, counted in groups],
        mode="markers",
        name=name,
        marker={
            "color": color,
            "symbol": symbol,
            "opacity": 0.75,
            "size": [8 + 5 * math.sqrt(number) for number in groups.values()],
            "line": {"color": "white" if symbol == "circle" else color, "width": 1.5},
        },
        text=[f"{number} of them" for number in groups.values()],
        hovertemplate="by hand %{x}, counted %{y}<br>%{text}<extra></extra>",
    )


def _style(chart: go.Figure, title: str) -> None:
    chart.update_layout(
        template="none",
        font={"family": FONT_STACK, "size": 13, "color": INK},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 52, "r": 16, "t": 8, "b": 48},
        hovermode="closest",
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
        autosize=True,
    )
    chart.update_xaxes(title={"text": title, "standoff": 8}, gridcolor=GRID, nticks=8)
    chart.update_yaxes(gridcolor=GRID, nticks=8)
