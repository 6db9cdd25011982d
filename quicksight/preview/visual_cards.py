"""One card per visual: its title, its chart, number or table, and what stands there without data."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from quicksight.data_sets import USUAL_HOURS
from quicksight.preview.chart_parts import is_slanted
from quicksight.preview.charts import figure
from quicksight.preview.html import Html, element, join, label, spoken
from quicksight.preview.querying import Value, VisualRows
from quicksight.preview.specs import DashboardSpec, FieldSpec, TileSpec, VisualSpec
from quicksight.preview.values import is_numeric, written

ROW_PIXELS = 30
"""Height of one row of the grid."""
CHROME_PIXELS = 128
"""What title, subtitle, padding and the table below take of a chart's tile."""
MINIMUM_CHART_PIXELS = 190
LEGEND_ROW_PIXELS = 20
"""On a phone a legend has one row an entry: the chart grows by those, or bars would have no room."""
BAR_PIXELS = 24
AXIS_PIXELS = 60
HEAT_ROW_PIXELS, HEAT_AXIS_PIXELS = 22, 110
"""A name beside each row, and names below the columns that may stand on end."""
SLANTED_PIXELS = 180
"""What names on a slant take of the height."""
FEW_SERIES = 8
SERIES_A_ROW = 2
MAXIMUM_TABLE_ROWS = 200
"""Rows written out in one table; a page with thousands is no longer read but searched."""
_WHY_EMPTY = {
    USUAL_HOURS.identifier: "A usual needs at least a week of records before the day that is compared. / "
    "평소 값에는 비교하는 날 이전 1주 이상의 기록이 필요합니다."
}
"""By data set: what else than "nothing was recorded" leaves a visual empty."""


def card(
    tile: TileSpec, row: int, rows: VisualRows, dashboard: DashboardSpec, zone: ZoneInfo, *, prefix: str = ""
) -> Html:
    """Return the card of one visual, placed in the page's grid row `row` (from 1).

    `prefix` begins every id, for a page with several dashboards.
    """
    visual = tile.visual
    own_id = f"{prefix}{visual.visual_id}"
    title_id = f"{own_id}-title"
    style = f"--column:{tile.column + 1};--columns:{tile.columns};--row:{row}"
    kind = "kpi" if visual.kind == "KPIVisual" else "visual"
    head = join(
        [
            element("h3", {"id": title_id}, label(visual.title)),
            element("p", {"class": "subtitle"}, spoken(visual.subtitle)) if visual.subtitle else "",
        ]
    )
    body = (
        empty_state(dashboard, _WHY_EMPTY.get(visual.data_set, ""))
        if rows.empty
        else _body(tile, rows, zone, own_id)
    )
    attributes = {
        "class": f"card tile {kind}",
        "id": own_id,
        "aria-labelledby": title_id,
        "style": style,
    }
    return element("article", attributes, element("div", {}, head), body)


def empty_state(dashboard: DashboardSpec, why: str = "") -> Html:
    """Return the panel that says "no data" in the definition's own words, or why there is none."""
    return element(
        "div",
        {"class": "empty", "role": "note"},
        element("strong", {}, spoken(dashboard.no_data_title)),
        element("span", {}, spoken(why or dashboard.no_data_description)),
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


def _body(tile: TileSpec, rows: VisualRows, zone: ZoneInfo, own_id: str) -> Html:
    visual = tile.visual
    if visual.kind == "KPIVisual":
        value = element("p", {"class": "value"}, spoken(written(rows.rows[0][0], visual.fields[0], zone)))
        said = comparison(visual, rows, zone)
        return join([value, element("p", {"class": "comparison"}, spoken(said)) if said else ""])
    if visual.kind == "TableVisual":
        return join(
            [data_table(visual.fields, rows.rows[:MAXIMUM_TABLE_ROWS], zone, visual.title), _cut(rows)]
        )
    return _chart(tile, rows, zone, own_id)


def comparison(visual: VisualSpec, rows: VisualRows, zone: ZoneInfo) -> str:
    """Return how far a number is from what it is compared with, in words; empty where that is nothing.

    A comparison with nothing, or with zero, has no percentage: it never reads as "no change".
    """
    if visual.target is None:
        return ""
    value, target = rows.rows[0][:2]
    beside = f"{visual.target.label}: {written(target, visual.target, zone)}"
    if not isinstance(value, int | float) or not isinstance(target, int | float) or target == 0:
        return beside
    percent = round((value - target) / abs(target) * 100)
    arrow = "▲" if percent > 0 else "▼" if percent < 0 else "="
    return f"{arrow} {percent:+d} % · {beside}" if percent else f"= 0 % · {beside}"


def _chart(tile: TileSpec, rows: VisualRows, zone: ZoneInfo, own_id: str) -> Html:
    visual = tile.visual
    box_id = f"{own_id}-chart"
    chart = figure(visual, rows, zone)
    height = chart_pixels(tile, rows, len(chart.data))
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
            _left_out(rows),
            _as_table(visual, rows, zone),
        ]
    )


def chart_pixels(tile: TileSpec, rows: VisualRows, series: int) -> int:
    """Return how high a chart is: as its tile, more where many bars or many names of series need it."""
    height = max(MINIMUM_CHART_PIXELS, tile.rows * ROW_PIXELS - CHROME_PIXELS)
    if tile.visual.configuration.get("Orientation") == "HORIZONTAL":
        bars = len({row[0] for row in rows.rows})
        named = LEGEND_ROW_PIXELS * math.ceil(series / SERIES_A_ROW) if series > SERIES_A_ROW else 0
        return max(height, BAR_PIXELS * bars + AXIS_PIXELS + named)
    if tile.visual.kind == "HeatMapVisual":
        lines = len({row[0] for row in rows.rows})
        return max(height, HEAT_ROW_PIXELS * lines + HEAT_AXIS_PIXELS)
    names = {row[0] for row in rows.rows if isinstance(row[0], str)}
    if tile.visual.kind == "BarChartVisual" and is_slanted(names):
        height += SLANTED_PIXELS
    if series > FEW_SERIES and tile.visual.kind == "LineChartVisual":
        height += LEGEND_ROW_PIXELS * math.ceil(series / SERIES_A_ROW)
    return height


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


def _left_out(rows: VisualRows) -> Html:
    """Return what a chart does not show of its data, in words."""
    said = []
    if rows.left_out:
        said.append(f"{rows.left_out:,} smaller categories are left out · 작은 항목 {rows.left_out:,}개 생략")
    if rows.series_left_out:
        count = f"{rows.series_left_out:,}"
        said.append(f"{count} smaller series are left out · 작은 계열 {count}개 생략")
    if rows.step_minutes:
        step = f"{rows.step_minutes}"
        said.append(f"each point stands for {step} minutes (mean) · 점 하나는 {step}분 평균")
    if rows.cut and rows.step_minutes:
        said.append("only the newest part of the period · 기간 중 최근 부분만 표시합니다")
    elif rows.cut:
        kept = f"{len(rows.rows):,}"
        said.append(f"only the first {kept} points, the newest of a line · 일부 점만 표시합니다({kept}개)")
    return element("p", {"class": "cut"}, spoken("; ".join(said))) if said else Html("")


def _cut(rows: VisualRows) -> Html:
    if len(rows.rows) <= MAXIMUM_TABLE_ROWS:
        return Html("")
    more = f"more than {len(rows.rows):,}" if rows.cut else f"{len(rows.rows):,}"
    return element(
        "p", {"class": "cut"}, spoken(f"Shows {MAXIMUM_TABLE_ROWS} of {more} rows · 일부 행만 표시합니다")
    )
