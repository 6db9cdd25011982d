"""The console's page; Streamlit runs this file anew at each choice of a reader."""

from __future__ import annotations

import streamlit as st

from contract.errors import CrowdLensError
from quicksight.console.asking import AskingError
from quicksight.console.choices import VIEWS, Chosen, choose
from quicksight.console.history_views import history_view, movement_view
from quicksight.console.live_views import cameras_view, live_view
from quicksight.console.settings import read_settings
from quicksight.console.sources import Sources, open_sources
from quicksight.console.words import one_of, say
from quicksight.preview.values import time_zone, written_time

# As text: Streamlit fetches the icons it names from elsewhere.
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<circle cx="16" cy="16" r="15" fill="#0b4a74"/><circle cx="16" cy="12" r="4" fill="#fff"/>'
    '<path d="M8 25c1-5 4-7.5 8-7.5s7 2.5 8 7.5" fill="none" '
    'stroke="#fff" stroke-width="2.6" stroke-linecap="round"/></svg>'
)
STYLE = """
<style>
[data-testid="stMetricValue"] { font-variant-numeric: tabular-nums; }
[data-testid="stMetricValue"] { font-size: clamp(1.2rem, 2.1vw, 2.25rem); }
[data-testid="stMetricValue"] * { white-space: normal; overflow: visible; text-overflow: clip; }
[data-testid="stMetricLabel"] p, .stMarkdown p { word-break: keep-all; overflow-wrap: anywhere; }
[data-testid="stSidebarHeader"] { height: 2.5rem; margin-bottom: 0; }
[data-testid="stSidebar"] hr { margin: .6rem 0; }
h1 { font-size: 1.9rem !important; }
.block-container { padding-top: 2.6rem; max-width: 1500px; }
</style>
"""


def main() -> None:
    """Draw the page."""
    st.set_page_config("CrowdLens", page_icon=ICON, layout="wide")
    st.html(STYLE)
    try:
        sources = open_sources(read_settings())
        zone = time_zone(sources.settings.time_zone)
        chosen = choose(sources, zone)
    except AskingError as error:
        st.error(f"Athena: {error}")
        return
    except CrowdLensError as error:
        st.error(str(error))
        return
    st.title(one_of(VIEWS[chosen.view], chosen.language), anchor=False)
    if sources.settings.stands_at is not None:
        moment = written_time(sources.settings.now(), zone)
        text = say("stands", chosen.language, time=moment, zone=zone.key)
        st.warning(text, icon=":material/history:")
    _draw(sources, chosen)


def _draw(sources: Sources, chosen: Chosen) -> None:
    zone = time_zone(sources.settings.time_zone)
    if chosen.view == "history":
        history_view(sources, chosen)
    elif chosen.view == "movement":
        movement_view(sources, chosen)
    else:
        view = live_view if chosen.view == "live" else cameras_view
        # Only this part is run anew by the clock: choices and scrolling stay as they are.
        st.fragment(view, run_every=sources.settings.refresh_seconds)(sources, chosen, zone)


main()
