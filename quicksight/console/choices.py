"""The side of the console: language, view, filters and period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from quicksight.console.settings import LANGUAGES
from quicksight.console.sources import Sources
from quicksight.console.words import CAMERAS, HISTORY, LIVE, MOVEMENT, one_of, say
from quicksight.label import Label

DEFAULT_DAYS = 7
VIEWS: dict[str, Label] = {"live": LIVE, "cameras": CAMERAS, "movement": MOVEMENT, "history": HISTORY}
_LANGUAGE_NAMES = {"ko": "한국어", "en": "English"}
_PLACES = (
    "SELECT DISTINCT site, camera, zone FROM stored_zone_counts WHERE day >= '{first}' AND day <= '{last}'"
)
_DAYS = "SELECT min(day) AS first, max(day) AS last FROM stored_zone_counts"


@dataclass(frozen=True)
class Chosen:
    """What the reader chose; empty texts mean all."""

    language: str
    view: str
    sites: tuple[str, ...]
    cameras: tuple[str, ...]
    zones: tuple[str, ...]
    first: date
    last: date

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Column and value of each text."""
        chosen = {"site": self.sites, "camera": self.cameras, "zone": self.zones}
        return [(column, value) for column, values in chosen.items() for value in values]


@dataclass(frozen=True)
class Place:
    """A zone of a camera of a site."""

    site: str
    camera: str
    zone: str


def choose(sources: Sources, zone: ZoneInfo) -> Chosen:
    """Draw the side and return what is chosen there."""
    with st.sidebar:
        language = st.segmented_control(
            "Language · 언어",
            LANGUAGES,
            default=sources.settings.language,
            format_func=_LANGUAGE_NAMES.__getitem__,
            key="language",
            required=True,
        )
        # A widget a language: one whose options are renamed forgets which of them is chosen.
        view = st.radio(
            say("view", language),
            list(VIEWS),
            index=list(VIEWS).index(st.session_state.get("view", "live")),
            format_func=lambda key: one_of(VIEWS[key], language),
            key=f"view-{language}",
        )
        st.session_state["view"] = view
        st.divider()
        first, last = _period(language, zone, sources.settings.now())
        places = _places(sources, first, last)
        sites = _several("site", sorted({place.site for place in places}), language)
        within = [place for place in places if not sites or place.site in sites]
        cameras = _several("camera", sorted({place.camera for place in within}), language)
        within = [place for place in within if not cameras or place.camera in cameras]
        zones = _several("zone", sorted({place.zone for place in within}), language)
        st.caption(say("time_zone", language, zone=zone.key))
    return Chosen(language, view, sites, cameras, zones, first, last)


def newest_days(sources: Sources) -> tuple[date, date] | None:
    """Return the first and the last day that the lake has, None where it has none."""
    ((first, last),) = sources.history(_DAYS).rows
    if first is None or last is None:
        return None
    return date.fromisoformat(first), date.fromisoformat(last)


def show_newest_week(first: date, last: date) -> None:
    """Choose the week that ends with the newest day."""
    st.session_state["first"] = max(first, last - timedelta(days=DEFAULT_DAYS - 1))
    st.session_state["last"] = last


def _period(language: str, zone: ZoneInfo, now: datetime) -> tuple[date, date]:
    today = now.astimezone(zone).date()
    st.session_state.setdefault("first", today - timedelta(days=DEFAULT_DAYS - 1))
    st.session_state.setdefault("last", today)
    first = st.date_input(say("first", language), key="first", format="YYYY-MM-DD")
    last = st.date_input(say("last", language), key="last", format="YYYY-MM-DD")
    return first, last


def _places(sources: Sources, first: date, last: date) -> list[Place]:
    """Return every zone with a count in the days, and in a UTC day more on each side for other clocks."""
    days = {"first": first - timedelta(days=1), "last": last + timedelta(days=1)}
    return [
        Place(*(str(value) for value in row))
        for row in sources.history(_PLACES.format(**days)).rows
        if all(row)
    ]


def _several(name: str, options: Sequence[str], language: str) -> tuple[str, ...]:
    # What was chosen before may lie outside of the new period: it stays chosen, and shows nothing.
    kept = [value for value in st.session_state.get(name, []) if value not in options]
    return tuple(
        st.multiselect(say(name, language), [*options, *kept], key=name, placeholder=say("all", language))
    )
