"""What was: the dashboards' own visuals over the chosen days and places."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import streamlit as st

from quicksight.console.asking import AskingError
from quicksight.console.choices import Chosen, newest_days, show_newest_week
from quicksight.console.sources import Sources
from quicksight.console.tiles import draw_sheet, draw_tiles
from quicksight.console.words import dashboard_in, one_of, say
from quicksight.dashboard import Dashboard
from quicksight.dashboards.catalog import DASHBOARDS
from quicksight.data_sets import DATA_SETS
from quicksight.preview import Drawing, chosen_for_all, start_drawing
from quicksight.preview.choosing import read_choices
from quicksight.preview.specs import Json, SheetSpec

MOVEMENT_DATA_SETS = frozenset({"speed_hours", "safety_events", "safety_counts", "alerts_now"})
"""What the view of speed and events shows, of whichever dashboard."""


def history_view(sources: Sources, chosen: Chosen) -> None:
    """Draw one dashboard, chosen by the reader."""
    language = chosen.language
    names = {dashboard.dashboard_id: one_of(dashboard.name, language) for dashboard in DASHBOARDS}
    identifier = st.selectbox(
        say("dashboard", language), list(names), format_func=names.__getitem__, key="dashboard"
    )
    dashboard = next(one for one in DASHBOARDS if one.dashboard_id == identifier)
    if not _period_is_good(sources, chosen):
        return
    drawing = _drawing(sources, chosen, dashboard)
    sheets = drawing.dashboard.sheets
    try:
        if len(sheets) == 1:
            draw_sheet(drawing, sheets[0], language, identifier)
        else:
            for tab, sheet in zip(st.tabs([sheet.name for sheet in sheets]), sheets, strict=True):
                with tab:
                    draw_sheet(drawing, sheet, language, f"{identifier}-{sheet.sheet_id}")
    except AskingError as error:
        st.error(say("cannot_read", language, reason=error))
    st.caption(say("same", language))


def movement_view(sources: Sources, chosen: Chosen) -> None:
    """Draw every visual of any dashboard that shows speed or safe-walking events."""
    if not _period_is_good(sources, chosen):
        return
    for dashboard in DASHBOARDS:
        drawing = _drawing(sources, chosen, dashboard)
        for sheet in drawing.dashboard.sheets:
            some = _movement_of(sheet)
            if some.tiles:
                try:
                    draw_tiles(
                        drawing,
                        some,
                        some.tiles,
                        chosen.language,
                        f"{dashboard.dashboard_id}-{sheet.sheet_id}",
                    )
                except AskingError as error:
                    st.error(say("cannot_read", chosen.language, reason=error))
    st.caption(say("same", chosen.language))


def _movement_of(sheet: SheetSpec) -> SheetSpec:
    return replace(
        sheet, tiles=tuple(tile for tile in sheet.tiles if tile.visual.data_set in MOVEMENT_DATA_SETS)
    )


def _drawing(sources: Sources, chosen: Chosen, dashboard: Dashboard) -> Drawing:
    definition = dashboard.definition(time_zone=sources.settings.time_zone)
    choice = chosen_for_all({"": definition}, _known(definition, chosen), chosen.first, chosen.last)[""]
    drawing = start_drawing(definition, sources.history, DATA_SETS, chosen=choice, now=sources.settings.now())
    return replace(drawing, dashboard=dashboard_in(drawing.dashboard, chosen.language))


def _known(definition: Json, chosen: Chosen) -> list[tuple[str, str]]:
    """Return the chosen pairs whose column the dashboard filters; open data has no camera."""
    columns = read_choices(definition).columns
    return [pair for pair in chosen.pairs if pair[0] in columns]


def _period_is_good(sources: Sources, chosen: Chosen) -> bool:
    """Say what is wrong with the period, if anything; offer the newest week where it shows nothing."""
    language = chosen.language
    if chosen.last < chosen.first:
        st.error(say("period_wrong", language))
        return False
    try:
        known = newest_days(sources)
    except AskingError as error:
        st.error(say("cannot_read", language, reason=error))
        return False
    if known is not None and (known[1] < chosen.first - timedelta(days=1) or known[0] > chosen.last):
        st.warning(say("older", language, first=known[0], last=known[1]), icon=":material/history:")
        st.button(say("show_newest", language), on_click=show_newest_week, args=known)
    return True
