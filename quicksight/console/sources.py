"""The sources of the console, one for all who look at it; answers are kept for a moment and shared."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from quicksight.console.asking import Answer, Athena
from quicksight.console.live import LakeLive, LiveSource, Situation
from quicksight.console.live_mysql import MySqlLive
from quicksight.console.settings import ConsoleSettings

HISTORY_KEPT_SECONDS = 60
"""History changes by the minute at most: two readers who look at the same ask once."""
_KEPT_ANSWERS = 500


@dataclass(frozen=True)
class Sources:
    """Where history and live figures come from."""

    settings: ConsoleSettings
    athena: Athena
    live: LiveSource

    def history(self, sql: str) -> Answer:
        """Return the answer to a question about what was, at most a minute old."""
        return _kept(self.athena, sql)

    def situation(self) -> Situation:
        """Return what is so now."""
        return self.live.situation(self.settings.now())


@st.cache_resource(show_spinner=False, max_entries=4)
def open_sources(settings: ConsoleSettings) -> Sources:
    """Return the sources that the settings name, opened once for all sessions."""
    athena = Athena(settings)
    live = LakeLive(athena.ask) if settings.mysql is None else MySqlLive(settings.mysql)
    return Sources(settings, athena, live)


@st.cache_data(
    ttl=HISTORY_KEPT_SECONDS,
    max_entries=_KEPT_ANSWERS,
    show_spinner=False,
    hash_funcs={Athena: lambda athena: athena.where},
)
def _kept(athena: Athena, sql: str) -> Answer:
    return athena.ask(sql)
