"""The pictures of docs/questions.md that the live map answers, from the page and API of the product."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from cli.live_map.lake_database import database_of_lake, environment_of
from cli.live_map.places_file import add_places, read_places_file
from cli.live_map.server import LiveMapServer
from cli.output import say
from lambdas.live_api.application import make_application
from lambdas.live_api.handler import make_handler
from lambdas.live_api.settings import live_api_settings

SITE, PLACE = "seoul-1", "seoul-1-plaza-2"
LANGUAGES = {"ko": "ko-KR", "en": "en-US"}
_WIDE, _TALL = 1120, 600
_CARD_TALL = 860
_MOMENT_MS = 500


@dataclass(frozen=True)
class MapAnswer:
    """What the API tells of the places of one site, by id."""

    places: dict[str, dict[str, Any]]

    @property
    def busiest(self) -> dict[str, Any]:
        """The place with the most people now, of those that are counted."""
        return max(self.places.values(), key=lambda one: (one["count"] is not None, one["count"] or 0))


@contextmanager
def map_of(history: Path, work: Path) -> Iterator[tuple[str, MapAnswer]]:
    """Give the address of the map of a history and what its API tells, while the context is open.

    The places of the history are written to its lake, as the cloud's API does, so that Athena has them.
    """
    with database_of_lake(history, say) as loaded:
        given = {
            "CROWDLENS_SIGN_IN": "none",
            "CROWDLENS_PHOTOS": str(work / "photos"),
            "CROWDLENS_PLACES_EXPORT": str(history / "lake" / "places"),
        }
        settings = live_api_settings({**environment_of(loaded), **given})
        application = make_application(settings, clock=lambda: loaded.ended_at)
        add_places(application, read_places_file(history / "places.yaml"), "places.yaml")
        with LiveMapServer(make_handler(lambda: application)) as server:
            yield server.url, _ask(server.url)


def _ask(url: str) -> MapAnswer:
    with urlopen(f"{url}api/v1/places", timeout=60) as answer:  # noqa: S310 - our own server on this machine
        told = json.load(answer)
    return MapAnswer({one["id"]: one for one in told["places"] if one["site"] == SITE})


def take(browser: Any, url: str) -> dict[str, bytes]:
    """Return the pictures of the map and of a card by name, in both languages, as PNG."""
    pictures = {}
    for language, locale in LANGUAGES.items():
        context = browser.new_context(
            locale=locale,
            viewport={"width": _WIDE, "height": _TALL},
            device_scale_factor=1.5,
            reduced_motion="reduce",
            color_scheme="light",
            timezone_id="Asia/Seoul",
        )
        page = context.new_page()
        page.goto(url)
        page.wait_for_selector(f'#list [data-key="{PLACE}"]')
        page.fill("#search", SITE)
        page.press("#search", "Enter")
        page.select_option("#order", "count")
        page.wait_for_timeout(_MOMENT_MS)
        pictures[f"2-busiest-place.{language}"] = page.screenshot()
        page.set_viewport_size({"width": _WIDE, "height": _CARD_TALL})
        page.click(f'#list [data-key="{PLACE}"] button')
        page.wait_for_selector("#card .charts svg")
        page.wait_for_timeout(_MOMENT_MS)
        pictures[f"1-people-now.{language}"] = page.locator("#card").screenshot()
        context.close()
    return pictures
