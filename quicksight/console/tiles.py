"""The visuals of a definition as parts of a Streamlit page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import pandas as pd
import streamlit as st

from quicksight.console.words import in_language, say
from quicksight.preview.charts import figure
from quicksight.preview.drawing import Drawing
from quicksight.preview.querying import Value, VisualRows
from quicksight.preview.specs import FieldSpec, SheetSpec, TileSpec, VisualSpec
from quicksight.preview.values import written
from quicksight.preview.visual_cards import (
    FEW_SERIES,
    LEGEND_ROW_PIXELS,
    MAXIMUM_TABLE_ROWS,
    chart_pixels,
    comparison,
)

LEGEND_ENTRIES_A_ROW = 3
CHART_SETTINGS = {"displayModeBar": False}


def draw_sheet(drawing: Drawing, sheet: SheetSpec, language: str, key: str) -> None:
    """Draw a sheet in its rows of tiles; a phone puts the tiles below each other."""
    if sheet.description:
        st.caption(sheet.description)
    draw_tiles(drawing, sheet, sheet.tiles, language, key)


def draw_tiles(
    drawing: Drawing, sheet: SheetSpec, tiles: Sequence[TileSpec], language: str, key: str
) -> None:
    """Draw some tiles of a sheet, in rows as wide as the definition says."""
    for row, group in groupby(tiles, key=lambda tile: tile.row):
        beside = list(group)
        columns = st.columns([tile.columns for tile in beside], gap="small")
        for column, tile in zip(columns, beside, strict=True):
            with column, st.container(border=tile.visual.kind != "KPIVisual", height="stretch"):
                rows = drawing.rows(tile.visual, sheet.sheet_id)
                _draw(drawing, tile, rows, language, f"{key}-{row}-{tile.visual.visual_id}")


def _draw(drawing: Drawing, tile: TileSpec, rows: VisualRows, language: str, key: str) -> None:
    visual = tile.visual
    if visual.kind == "KPIVisual":
        _draw_number(drawing, visual, rows, language)
        return
    st.markdown(f"**{_plain(visual.title)}**")
    if visual.subtitle:
        st.caption(_plain(visual.subtitle))
    if rows.empty:
        st.info(say("nothing", language), icon=":material/block:")
    elif visual.kind == "TableVisual":
        st.dataframe(frame(visual.fields, rows.rows[:MAXIMUM_TABLE_ROWS], drawing), hide_index=True, key=key)
    else:
        _draw_chart(drawing, tile, rows, language, key)


def _draw_number(drawing: Drawing, visual: VisualSpec, rows: VisualRows, language: str) -> None:
    value = say("no_data", language)
    beside = ""
    if not rows.empty:
        value = written(rows.rows[0][0], visual.fields[0], drawing.zone)
        beside = comparison(visual, rows, drawing.zone)
    st.metric(
        _plain(visual.title),
        value,
        # Neither colour nor arrow judges: more people is not worse or better by itself.
        delta=beside or None,
        delta_color="off",
        delta_arrow="off",
        help=_plain(visual.subtitle) or None,
        border=True,
        height="stretch",
    )


def _draw_chart(drawing: Drawing, tile: TileSpec, rows: VisualRows, language: str, key: str) -> None:
    visual = tile.visual
    chart = figure(visual, rows, drawing.zone)
    height = chart_pixels(tile, rows, len(chart.data))
    if chart.layout.showlegend and len(chart.data) <= FEW_SERIES:
        height += LEGEND_ROW_PIXELS * math.ceil(len(chart.data) / LEGEND_ENTRIES_A_ROW)
    chart.update_layout(height=height)
    st.plotly_chart(chart, theme=None, key=key, config=CHART_SETTINGS, alt=visual.alt_text or visual.title)
    for key_of_note, count in (
        ("left_out", rows.series_left_out),
        ("thinned", rows.step_minutes),
        ("cut", len(rows.rows) if rows.cut else 0),
    ):
        if count:
            st.caption(say(key_of_note, language, count=f"{count:,}"))
    with st.expander(say("numbers", language)):
        st.dataframe(frame(visual.fields, rows.rows[-MAXIMUM_TABLE_ROWS:], drawing), hide_index=True)


def frame(fields: Sequence[FieldSpec], rows: Sequence[Sequence[Value]], drawing: Drawing) -> pd.DataFrame:
    """Return rows as a table; a column with a missing number is words, so that it says "no data"."""
    columns: dict[str, list[Any]] = {}
    for index, field in enumerate(fields):
        values = [row[index] for row in rows]
        whole = all(isinstance(value, int | float) for value in values)
        name = field.label if field.label not in columns else f"{field.label} ({index + 1})"
        columns[name] = (
            [round(float(value), field.decimals) if field.decimals else value for value in values]  # type: ignore[arg-type]  # numbers, by `whole`
            if whole
            else [written(value, field, drawing.zone) for value in values]
        )
    return pd.DataFrame(columns)


def _plain(text: str) -> str:
    """Return text that Streamlit shows as it is, not as Markdown."""
    return "".join(f"\\{letter}" if letter in r"\`*_{}[]()#+!|<>$~:" else letter for letter in text)


__all__ = ["draw_sheet", "draw_tiles", "frame", "in_language"]
