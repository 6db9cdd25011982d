"""`crowdlens map`: the live map on this machine, over a MySQL or over a lake in a folder."""

from __future__ import annotations

import argparse
import os
import re
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cli.arguments import port
from cli.output import say
from contract.errors import CrowdLensError

if TYPE_CHECKING:
    from lambdas.live_api.application import Application

EXAMPLE = """examples:
  crowdlens map --lake out/demo                      what `make demo` left, as it was when the data ended
  crowdlens map --lake out/history                   a simulated month, with its places
  crowdlens map --mysql-url mysql://user:password@127.0.0.1:3306/crowdlens      live
  crowdlens map --mysql-url … --places places.yaml   makes the places that are not there
the page and the API are those of the cloud, on 127.0.0.1 alone; nobody signs in, and everybody may edit"""
DEFAULT_PORT = 8765
_LOOK_AGAIN_SECONDS = 0.2
_TILE_HOST = re.compile(r"(https?://(?:\{s\}\.)?[A-Za-z0-9.-]+(?::\d+)?)/")
_PLACES_FILE = "places.yaml"
_DATA_FOLDER = Path("out") / "map"


class TilesError(CrowdLensError):
    """Raised when the address of a tile server cannot be used."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `crowdlens map`."""
    parser.epilog = EXAMPLE
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--mysql-url",
        "--database",
        dest="mysql_url",
        help="mysql://user:password@host:port/database (default: MYSQL_HOST, …)",
    )
    source.add_argument(
        "--lake", type=Path, help="a lake, or the folder of a demo or a history: loaded into a private MySQL"
    )
    parser.add_argument("--places", type=Path, help="YAML of places to make when they are not there")
    parser.add_argument(
        "--port", type=port, default=DEFAULT_PORT, help="port on 127.0.0.1; 0 takes a free one"
    )
    parser.add_argument(
        "--data", type=Path, default=_DATA_FOLDER, help="folder for photos and the places' export"
    )
    parser.add_argument("--tile-url", help="map tiles, https://host/{z}/{x}/{y}.png (default: own outline)")
    parser.add_argument("--tile-attribution", default="", help="what the tile server wants to be said")
    parser.add_argument("--open", action="store_true", help="open the page in a browser")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Serve the map until Ctrl-C."""
    from cli.live_map.server import LiveMapServer
    from edge_components.runtime.processes import stop_on_signals
    from lambdas.live_api.handler import make_handler

    origin, stop = tile_origin(arguments.tile_url), threading.Event()
    with _application(arguments) as application:
        _make_places(arguments, application)
        handler = make_handler(lambda: application)
        with (
            stop_on_signals(stop, clears_up=True),
            LiveMapServer(handler, port=arguments.port, tile_origin=origin) as server,
        ):
            say(f"the live map is at {server.url} until Ctrl-C")
            if arguments.open:
                webbrowser.open(server.url)
            # Asked again and again: an event that a signal's handler sets while it is waited for may hang.
            while not stop.is_set():
                time.sleep(_LOOK_AGAIN_SECONDS)
    return 0


@contextmanager
def _application(arguments: argparse.Namespace) -> Iterator[Application]:
    from lambdas.live_api.live_map import utc_now

    if arguments.lake is None:
        environment = dict(os.environ)
        if arguments.mysql_url is not None:
            from infra.local.mysql_server import parse_url

            environment |= parse_url(arguments.mysql_url).environment()
        yield _made(arguments, environment, utc_now)
        return
    from cli.live_map.lake_database import database_of_lake, environment_of

    with database_of_lake(arguments.lake, say) as loaded:
        say(f"the map shows {loaded.ended_at:%Y-%m-%d %H:%M:%S} UTC, when the data ended; its clock stands")
        yield _made(arguments, environment_of(loaded), lambda: loaded.ended_at)


def _made(
    arguments: argparse.Namespace, environment: dict[str, str], clock: Callable[[], datetime]
) -> Application:
    from lambdas.live_api.application import make_application
    from lambdas.live_api.settings import live_api_settings

    given = {
        "CROWDLENS_SIGN_IN": "none",
        "CROWDLENS_PHOTOS": str(arguments.data / "photos"),
        "CROWDLENS_PLACES_EXPORT": str(arguments.data / "places"),
        "CROWDLENS_TILE_URL": arguments.tile_url or "",
        "CROWDLENS_TILE_ATTRIBUTION": arguments.tile_attribution,
    }
    return make_application(live_api_settings({**environment, **given}), clock=clock)


def _make_places(arguments: argparse.Namespace, application: Application) -> None:
    from cli.live_map.places_file import add_places, made_up_places, read_places_file

    beside = None if arguments.lake is None else arguments.lake / _PLACES_FILE
    path = arguments.places or (beside if beside is not None and beside.is_file() else None)
    if path is not None:
        say(f"{add_places(application, read_places_file(path), str(path))} places of {path} were made")
    elif arguments.lake is not None and not application.map.places():
        made = add_places(application, made_up_places(application), "made up")
        say(f"{made} places were made, one for each zone, side by side: nobody has said where they are")


def tile_origin(tile_url: str | None) -> str | None:
    """Return the scheme and host of a tile server, for the page's policy; raises `TilesError`."""
    if tile_url is None:
        return None
    match = _TILE_HOST.match(tile_url)
    if match is None or not all(name in tile_url for name in ("{z}", "{x}", "{y}")):
        raise TilesError(f"--tile-url is {tile_url!r}: expected one like https://host/{{z}}/{{x}}/{{y}}.png")
    # {s} stands for one of several hosts, as * does in the policy.
    return match[1].replace("{s}", "*")
