"""One card per visual: its title, its chart, number or table, and what stands there without data."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from quicksight.preview.charts import figure
from quicksight.preview.html import Html, element, join, label, spoken
from quicksight.preview.querying import MAXIMUM_ROWS, Value, VisualRows
from quicksight.preview.reading import DashboardSpec, FieldSpec, TileSpec, VisualSpec
from quicksight.preview.values import is_numeric, written

ROW_PIXELS = 30
"""Height of one row of the grid."""
CHROME_PIXELS = 128
"""What title, subtitle, padding and the table below take of a chart's tile."""
MINIMUM_CHART_PIXELS = 190
LEGEND_ROW_PIXELS = 20
"""On a phone a legend has one row an entry: the chart grows by those, or bars would have no room."""
MAXIMUM_TABLE_ROWS = 200
"""Rows written out in one table; a page with thousands is no longer read but searched."""


def card(tile: TileSpec, row: int, rows: VisualRows, dashboard: DashboardSpec, zone: ZoneInfo) -> Html:
    """Return the card of one visual, placed in the page's grid row `row` (from 1)."""
    visual = tile.visual
    title_id = f"{visual.visual_id}-title"
    style = f"--column:{tile.column + 1};--columns:{tile.columns};--row:{row}"
    kind = "kpi" if visual.kind == "KPIVisual" else "visual"
    head = join(
        [
            element("h3", {"id": title_id}, label(visual.title)),
            element("p", {"class": "subtitle"}, spoken(visual.subtitle)) if visual.subtitle else "",
        ]
    )
    body = empty_state(dashboard) if rows.empty else _body(tile, rows, zone)
    attributes = {
        "class": f"card tile {kind}",
        "id": visual.visual_id,
        "aria-labelledby": title_id,
        "style": style,
    }
    return element("article", attributes, element("div", {}, head), body)


def empty_state(dashboard: DashboardSpec) -> Html:
    """Return the panel that says "no data" in the definition's own words."""
    return element(
        "div",
        {"class": "empty", "role": "note"},
        element("strong", {}, spoken(dashboard.no_data_title)),
        element("span", {}, spoken(dashboard.no_data_description)),
    )


def data_table(
    fields: Sequence[FieldSpec], rows: Sequence[Sequence[Value]], zone: ZoneInfo, caption: str
) -> Html:
    """Return rows as a real table inside a box that scrolls, reachable with the keyboard."""
    numeric = [any(is_numeric(row[index]) for row in rows) for index in range(len(fields))]
    head = [
        element("th", {"scope": "col", "class": "number" if right else None}, label(field.label))
        for field, right in zip(fields, numeric, strict=True)
    ]
    body = [_row(fields, row, numeric, zone) for row in rows]
    table = element(
        "table",
        {},
        element("caption", {"class": "hidden"}, spoken(caption)),
        element("thead", {}, element("tr", {}, *head)),
        element("tbody", {}, *body),
    )
    return element("div", {"class": "scroll", "role": "region", "tabindex": 0, "aria-label": caption}, table)


def _row(fields: Sequence[FieldSpec], row: Sequence[Value], numeric: Sequence[bool], zone: ZoneInfo) -> Html:
    cells = []
    for index, (field, value) in enumerate(zip(fields, row, strict=True)):
        holds = {
            "number": numeric[index],
            "time": isinstance(value, datetime),
            "missing": value is None,
        }
        classes = [name for name, held in holds.items() if held]
        attributes = {"class": " ".join(classes) or None}
        text = spoken(written(value, field, zone))
        cells.append(
            element("td", attributes, text) if index else element("th", {"scope": "row", **attributes}, text)
        )
    return element("tr", {}, *cells)


def _body(tile: TileSpec, rows: VisualRows, zone: ZoneInfo) -> Html:
    visual = tile.visual
    if visual.kind == "KPIVisual":
        return element("p", {"class": "value"}, spoken(written(rows.rows[0][0], visual.fields[0], zone)))
    if visual.kind == "TableVisual":
        return join(
            [data_table(visual.fields, rows.rows[:MAXIMUM_TABLE_ROWS], zone, visual.title), _cut(rows)]
        )
    return _chart(tile, rows, zone)


def _chart(tile: TileSpec, rows: VisualRows, zone: ZoneInfo) -> Html:
    visual = tile.visual
    height = max(MINIMUM_CHART_PIXELS, tile.rows * ROW_PIXELS - CHROME_PIXELS)
    box_id = f"{visual.visual_id}-chart"
    chart = figure(visual, rows, zone)
    legend = len(chart.data) * LEGEND_ROW_PIXELS if chart.layout.showlegend else 0
    attributes = {
        "class": "chart",
        "id": box_id,
        "role": "img",
        "aria-label": visual.alt_text,
        "style": f"--height:{height}px;--legend:{legend}px",
    }
    return join(
        [
            element("div", attributes),
            element(
                "script", {"type": "application/json", "id": f"{box_id}-data"}, script_json(chart.to_json())
            ),
            _as_table(visual, rows, zone),
        ]
    )


def script_json(text: str) -> Html:
    """Return JSON that cannot end the script element it stands in; raises ValueError when it is no JSON."""
    return Html(json.dumps(json.loads(text), ensure_ascii=False).replace("<", "\\u003c"))


def _as_table(visual: VisualSpec, rows: VisualRows, zone: ZoneInfo) -> Html:
    """Return the chart's numbers as a table that opens on demand: what a screen reader or a copyist needs."""
    return element(
        "details",
        {},
        element("summary", {}, spoken("Numbers · 수치 보기")),
        data_table(visual.fields, rows.rows[-MAXIMUM_TABLE_ROWS:], zone, visual.title),
        _cut(rows),
    )


def _cut(rows: VisualRows) -> Html:
    if len(rows.rows) <= MAXIMUM_TABLE_ROWS:
        return Html("")
    more = f"more than {MAXIMUM_ROWS:,}" if rows.cut else f"{len(rows.rows):,}"
    return element(
        "p", {"class": "cut"}, spoken(f"Shows {MAXIMUM_TABLE_ROWS} of {more} rows · 일부 행만 표시합니다")
    )
