"""What is so now: the situation over all places, and camera by camera; both refresh themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from quicksight.console.asking import AskingError
from quicksight.console.choices import Chosen
from quicksight.console.live import CameraNow, Freshness, LiveSourceError, Situation, ZoneNow
from quicksight.console.sources import Sources
from quicksight.console.tiles import CHART_SETTINGS
from quicksight.console.words import age, say
from quicksight.preview.chart_parts import base_layout, literal
from quicksight.preview.charts import FEW_WHOLE_NUMBERS
from quicksight.preview.values import number, written_time
from quicksight.theme import BLUE, GRID, NO_DATA_COLOR

MAXIMUM_BARS = 25
BAR_PIXELS = 30
CARDS_A_ROW = 4


def live_view(sources: Sources, chosen: Chosen, zone: ZoneInfo) -> None:
    """Draw the situation: totals, how old they are, bars and a table."""
    now = _read(sources, chosen)
    if now is None:
        return
    language = chosen.language
    _draw_totals(now, language)
    _say_how_old(now, language, zone)
    if now.zones:
        st.plotly_chart(
            _bars(now, language),
            theme=None,
            key="live-bars",
            config=CHART_SETTINGS,
            alt=say("inside", language),
        )
        st.dataframe(zones_table(now, language, zone), hide_index=True)
    _say_when_read(sources, now, language, zone)


def cameras_view(sources: Sources, chosen: Chosen, zone: ZoneInfo) -> None:
    """Draw a card for each camera: how many its zones hold, how old that is, and its state."""
    now = _read(sources, chosen)
    if now is None:
        return
    _say_how_old(now, chosen.language, zone)
    names = sorted(
        {(one.site, one.camera) for one in now.zones} | {(one.site, one.camera) for one in now.cameras}
    )
    for start in range(0, len(names), CARDS_A_ROW):
        columns = st.columns(CARDS_A_ROW)
        for column, (site, camera) in zip(columns, names[start : start + CARDS_A_ROW], strict=False):
            with column, st.container(border=True, height="stretch"):
                _draw_camera(now.only([site], [camera], []), f"{site} / {camera}", chosen.language, zone)
    _say_when_read(sources, now, chosen.language, zone)


def zones_table(now: Situation, language: str, zone: ZoneInfo) -> pd.DataFrame:
    """Return every zone with its count, its age and whether it is live; what is missing says so."""
    rows = [
        {
            say("site", language): one.site,
            say("place", language): f"{one.camera} / {one.zone}",
            say("object_class", language): one.object_class,
            say("inside", language): _text(one.inside, 0, language),
            say("density", language): _text(one.density_per_m2, 2, language),
            say("as_of", language): written_time(one.as_of, zone),
            say("state", language): _freshness(one, now.read_at, language),
        }
        for one in sorted(now.zones, key=lambda one: (one.site, one.camera, one.zone, one.object_class))
    ]
    return pd.DataFrame(rows)


def _read(sources: Sources, chosen: Chosen) -> Situation | None:
    try:
        situation = sources.situation()
    except (AskingError, LiveSourceError) as error:
        st.error(say("cannot_read", chosen.language, reason=error))
        return None
    return situation.only(chosen.sites, chosen.cameras, chosen.zones)


def _draw_totals(now: Situation, language: str) -> None:
    live, stale = (now.zones_with(one) for one in (Freshness.LIVE, Freshness.STALE))
    trouble = [camera for camera in now.cameras if not camera.good]
    figures = [
        ("inside_now", _text(now.inside(), 0, language)),
        ("live_zones", str(live) if now.zones else say("no_data", language)),
        ("stale_zones", str(stale) if now.zones else say("no_data", language)),
        ("camera_trouble", str(len(trouble)) if now.cameras else say("no_data", language)),
    ]
    for column, (key, value) in zip(st.columns(len(figures)), figures, strict=True):
        column.metric(say(key, language), value, border=True)


def _say_how_old(now: Situation, language: str, zone: ZoneInfo) -> None:
    if now.newest is None:
        st.info(say("nothing", language), icon=":material/block:")
        return
    stale = now.zones_with(Freshness.STALE)
    if not now.with_freshness(Freshness.LIVE):
        passed = age(now.read_at - now.newest, language)
        text = say("all_stale", language, age=passed, time=written_time(now.newest, zone))
        st.warning(text, icon=":material/history:")
    elif stale:
        st.warning(say("some_stale", language, count=stale), icon=":material/history:")


def _bars(now: Situation, language: str) -> go.Figure:
    """Return bars of the fullest places; a stale one is grey and hatched, one without data has no bar."""
    counted = sorted(now.zones, key=lambda one: (one.inside is not None, one.inside or 0), reverse=True)
    shown = counted[:MAXIMUM_BARS]
    several_classes = len({one.object_class for one in shown}) > 1
    several_sites = len({one.site for one in shown}) > 1
    chart = go.Figure()
    for freshness, color, pattern in ((Freshness.LIVE, BLUE, ""), (Freshness.STALE, NO_DATA_COLOR, "/")):
        some = [one for one in shown if one.freshness(now.read_at) is freshness]
        names = [_name(one, with_class=several_classes, with_site=several_sites) for one in some]
        chart.add_bar(
            name=say(freshness.value, language),
            y=names,
            x=[one.inside for one in some],
            text=[f"{one.inside}" for one in some],
            textposition="outside",
            cliponaxis=False,
            orientation="h",
            marker={"color": color, "pattern": {"shape": pattern}, "cornerradius": 3},
            hovertemplate="%{y}: %{x}<extra>%{fullData.name}</extra>",
        )
    chart.update_layout(
        base_layout(),
        height=BAR_PIXELS * len(shown) + 90,
        barmode="overlay",
        xaxis=_people_axis(max((one.inside or 0 for one in shown), default=0)),
        yaxis={
            "type": "category",
            "autorange": "reversed",
            "automargin": True,
            "categoryorder": "array",
            "categoryarray": [
                _name(one, with_class=several_classes, with_site=several_sites) for one in shown
            ],
        },
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
    )
    return chart


def _people_axis(largest: int) -> dict[str, object]:
    axis: dict[str, object] = {"rangemode": "tozero", "gridcolor": GRID, "nticks": 6, "tickformat": ",d"}
    # Whole people: ticks of a half would be written twice.
    return {**axis, "dtick": 1} if largest < FEW_WHOLE_NUMBERS else axis


def _name(one: ZoneNow, *, with_class: bool, with_site: bool) -> str:
    name = f"{one.camera} / {one.zone}"
    name = f"{one.site} / {name}" if with_site else name
    return literal(f"{name} ({one.object_class})" if with_class else name)


def _draw_camera(now: Situation, name: str, language: str, zone: ZoneInfo) -> None:
    st.markdown(f"**`{name}`**")
    _draw_state(now.cameras, language, zone)
    for object_class, group in groupby(
        sorted(now.zones, key=lambda one: (one.object_class, one.zone)), key=lambda one: one.object_class
    ):
        zones = list(group)
        live = [one for one in zones if one.freshness(now.read_at) is Freshness.LIVE]
        newest = max(one.as_of for one in zones)
        value = _text(sum(one.inside or 0 for one in live) if live else None, 0, language)
        if not live and any(one.inside is not None for one in zones):
            value = say("stale", language)
        st.metric(f"{say('inside', language)} · {object_class}", value)
        parts = [f"{one.zone}: {_text(one.inside, 0, language)}" for one in zones]
        st.caption(f"{', '.join(parts)} — {age(now.read_at - newest, language)}")
    if not now.zones:
        st.metric(say("inside", language), say("no_data", language))


def _draw_state(cameras: Sequence[CameraNow], language: str, zone: ZoneInfo) -> None:
    if not cameras:
        st.badge(say("unknown", language), color="gray", icon=":material/help:")
        return
    for one in cameras:
        icon = ":material/check:" if one.good else ":material/warning:"
        st.badge(one.state, color="green" if one.good else "orange", icon=icon)
        detail = f" · {one.detail}" if one.detail else ""
        st.caption(f"{say('since', language)} {written_time(one.since, zone)}{detail}")


def _say_when_read(sources: Sources, now: Situation, language: str, zone: ZoneInfo) -> None:
    source = "source_lake" if sources.settings.mysql is None else "source_mysql"
    time = now.read_at.astimezone(zone).strftime("%H:%M:%S")
    updated = say("updated", language, time=time, seconds=sources.settings.refresh_seconds)
    st.caption(f"{say(source, language)}. {updated}.")


def _freshness(one: ZoneNow, now: datetime, language: str) -> str:
    state = say(one.freshness(now).value, language)
    return f"{state} ({age(now - one.as_of, language)})"


def _text(value: float | None, decimals: int, language: str) -> str:
    return say("no_data", language) if value is None else number(value, decimals)
