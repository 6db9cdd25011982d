"""Heat maps: one cell a row and column, grey where nothing was recorded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

import plotly.graph_objects as go

from quicksight.preview.chart_parts import NAME_LETTERS, base_layout, category_text, on_short_lines
from quicksight.preview.querying import Value, VisualRows
from quicksight.preview.specs import FieldSpec, Json, VisualSpec
from quicksight.preview.values import written
from quicksight.theme import BLANK_CELL_COLOR, HEAT_COLORS

GAP_PIXELS = 1
ROW_LETTERS = 26
"""A row is one line high: its name is not broken where a column's would be."""
UPRIGHT_COLUMNS = 24
"""Up to this many columns are named side by side without being turned."""


def heat_map(visual: VisualSpec, rows: VisualRows, zone: ZoneInfo) -> go.Figure:
    """Return the chart of a heat map; its rows must not be empty."""
    down, across, measure = visual.dimensions[0], visual.dimensions[1], visual.measures[0]
    row_names = _ordered((row[0] for row in rows.rows), _descends(visual, down))
    column_names = _ordered((row[1] for row in rows.rows), _descends(visual, across))
    cells = {(row[0], row[1]): row[2] for row in rows.rows}
    numbers = [[cells.get((name, column)) for column in column_names] for name in row_names]
    texts = [[written(number, measure, zone) for number in line] for line in numbers]
    chart = go.Figure(
        go.Heatmap(
            x=[category_text(name, across, zone) for name in column_names],
            y=[category_text(name, down, zone) for name in row_names],
            z=numbers,
            customdata=texts,
            colorscale=_scale(visual.configuration),
            zmin=0,
            xgap=GAP_PIXELS,
            ygap=GAP_PIXELS,
            hoverongaps=True,
            hovertemplate="%{y} · %{x}<br>%{customdata}<extra></extra>",
            colorbar={"thickness": 12, "outlinewidth": 0, "ticklen": 0, "nticks": 5},
        )
    )
    chart.update_layout(base_layout())
    chart.update_layout(
        # Blank where there is no cell: lighter than any value, for eyes of every kind.
        plot_bgcolor=BLANK_CELL_COLOR,
        xaxis=_axis(column_names, across, zone),
        yaxis={**_axis(row_names, down, zone, ROW_LETTERS), "autorange": "reversed"},
        showlegend=False,
    )
    return chart


def _axis(
    names: list[Value], field: FieldSpec, zone: ZoneInfo, letters: int = NAME_LETTERS
) -> dict[str, object]:
    texts = [category_text(name, field, zone) for name in names]
    named = not isinstance(names[0], datetime) and len(names) <= UPRIGHT_COLUMNS
    ticks: dict[str, object] = {}
    if named:
        ticks = {
            "tickmode": "array",
            "tickvals": texts,
            "ticktext": [on_short_lines(written(name, field, zone), letters) for name in names],
        }
    return {"type": "category", "showgrid": False, "automargin": True, "ticklen": 0, **ticks}


def _ordered(values: Iterable[Value], descending: bool) -> list[Value]:
    distinct = list(dict.fromkeys(values))
    numbers = [value for value in distinct if isinstance(value, int | float)]
    if len(numbers) == len(distinct):
        return sorted(numbers, reverse=descending)  # type: ignore[return-value]  # numbers are values
    return sorted(distinct, key=lambda value: (value is None, str(value)), reverse=descending)


def _descends(visual: VisualSpec, field: FieldSpec) -> bool:
    return (field.field_id, "DESC") in visual.sort


def _scale(configuration: Json) -> list[list[float | str]]:
    given = [str(one["Color"]) for one in configuration.get("ColorScale", {}).get("Colors", ())]
    colors = given if len(given) > 1 else list(HEAT_COLORS)
    return [[index / (len(colors) - 1), color] for index, color in enumerate(colors)]
