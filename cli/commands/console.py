"""`crowdlens console`: live figures, cameras, events and history in a browser on this machine."""

from __future__ import annotations

import argparse
import http.client
import os
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from cli.arguments import port, positive_number
from cli.output import say
from contract.errors import CrowdLensError, WorkFailedError

if TYPE_CHECKING:
    from infra.local.athena import LocalAthena
    from quicksight.console.settings import ConsoleSettings, MySqlAddress

LOOPBACK = "127.0.0.1"
_START_SECONDS = 60.0
HISTORY_ENDED_AFTER = timedelta(minutes=10)
"""A lake whose newest count is older at the start is a history: the clock stands where it ended."""
_NEWEST = (
    "SELECT max(date_add('millisecond', CAST(round(window_seconds * 1000) AS bigint), event_time)) AS newest "
    "FROM stored_zone_counts"
)
MYSQL_URL_VARIABLE = "CROWDLENS_MYSQL_URL"
EXAMPLE = """examples:
  crowdlens console --lake out/demo/lake
  crowdlens console --lake out/demo/lake --mysql-url mysql://user:password@127.0.0.1:3306/crowdlens
  crowdlens console --workgroup crowdlens --database crowdlens_dev      the account's own Athena
shows itself on 127.0.0.1 only; Ctrl-C ends it; docs/console.md says what stands where"""


class StreamlitMissingError(CrowdLensError):
    """Raised when Streamlit is not installed."""


class ConsoleEndedError(WorkFailedError):
    """Raised when the console's process ended although nobody ended it."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `crowdlens console`."""
    parser.epilog = EXAMPLE
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--lake", type=Path, default=Path("out/demo/lake"), help="lake folder of a run")
    source.add_argument("--workgroup", help="ask the account's own Athena in this workgroup, not a folder")
    parser.add_argument("--database", default="crowdlens", help="database name")
    parser.add_argument("--time-zone", help="clock of the page (default: the lake's most frequent)")
    parser.add_argument(
        "--mysql-url",
        help=f"live figures from mysql://user:password@host:port/database (or ${MYSQL_URL_VARIABLE})",
    )
    parser.add_argument("--language", choices=("ko", "en"), default="ko", help="language at the start")
    parser.add_argument(
        "--refresh-seconds", type=positive_number, default=5.0, help="how often live figures are read anew"
    )
    parser.add_argument("--port", type=port, default=8501, help="port on 127.0.0.1; 0 takes a free one")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Serve the console until Ctrl-C."""
    if find_spec("streamlit") is None:
        raise StreamlitMissingError(
            "Streamlit is not installed: expected `sh infra/local/setup.sh console` to have put it in place"
        )
    from infra.local.ports import check_port, free_port

    if arguments.port:
        check_port(arguments.port, "the console")
    wanted = arguments.port or free_port()
    with ExitStack() as stack:
        settings = replace(
            _source(arguments, stack),
            mysql=_mysql(_mysql_url(arguments)),
            language=arguments.language,
            refresh_seconds=arguments.refresh_seconds,
        )
        return _serve(settings, wanted)


def streamlit_command(wanted_port: int) -> list[str]:
    """Return the command that serves the page on this machine alone and tells nobody of it."""
    import quicksight.console

    page = Path(quicksight.console.__file__).with_name("app.py")
    options = {
        "server.address": LOOPBACK,
        "server.port": str(wanted_port),
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "browser.serverAddress": LOOPBACK,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "theme.base": "light",
        "theme.primaryColor": "#0072B2",
        "logger.level": "error",
    }
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    return [sys.executable, "-m", "streamlit", "run", str(page), *flags]


def _source(arguments: argparse.Namespace, stack: ExitStack) -> ConsoleSettings:
    """Return where Athena answers; a lake folder gets an endpoint of its own as long as the page is up."""
    from quicksight.console.settings import ConsoleSettings

    if arguments.workgroup is not None:
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "ap-northeast-2"
        return ConsoleSettings(
            None, arguments.database, arguments.time_zone or "UTC", region, arguments.workgroup
        )
    from cli.dashboards import site_time_zone
    from cli.lake_location import open_lake
    from infra.local.athena import AthenaEndpoint, LocalAthena

    lake = open_lake(arguments.lake)
    athena = LocalAthena(lake, arguments.database)
    zone = arguments.time_zone or site_time_zone(athena)
    ended_at = None if _mysql_url(arguments) else end_of_history(athena, datetime.now(UTC))
    if ended_at is not None:
        say(f"the console shows {ended_at:%Y-%m-%d %H:%M:%S} UTC, when the data ended; its clock stands")
        athena = LocalAthena(lake, arguments.database, now=lambda: ended_at)
    endpoint = stack.enter_context(AthenaEndpoint(athena))
    stands_at = None if ended_at is None else ended_at.isoformat()
    return ConsoleSettings(endpoint.url, arguments.database, zone, stands_at=stands_at)


def end_of_history(athena: LocalAthena, now: datetime) -> datetime | None:
    """Return when the counts of a lake ended, if that was a while before `now`, else None: it is live."""
    ((newest,),) = athena.query(_NEWEST).rows
    if newest is None:
        return None
    ended_at = instant_of(newest)
    return ended_at if now - ended_at > HISTORY_ENDED_AFTER else None


def instant_of(value: object) -> datetime:
    """Return a time of a query, which is UTC without saying so, as an aware one."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _mysql_url(arguments: argparse.Namespace) -> str | None:
    url: str | None = arguments.mysql_url or os.environ.get(MYSQL_URL_VARIABLE)
    return url


def _mysql(url: str | None) -> MySqlAddress | None:
    from infra.local.mysql_server import parse_url
    from quicksight.console.settings import MySqlAddress

    if url is None:
        return None
    server = parse_url(url)
    return MySqlAddress(
        server.host, server.port, server.user, server.password, server.database, server.tls, server.ca_file
    )


def _serve(settings: ConsoleSettings, wanted_port: int) -> int:
    from infra.local.processes import start_process, wait_until_ready

    with tempfile.TemporaryDirectory(prefix="crowdlens-console-") as folder:
        console = start_process(
            "console",
            streamlit_command(wanted_port),
            log_path=Path(folder) / "console.log",
            environment={**os.environ, **settings.written()},
        )
        try:
            wait_until_ready(console, lambda: _answers(wanted_port), deadline_seconds=_START_SECONDS)
            say(f"look at   http://{LOOPBACK}:{wanted_port}/   (Ctrl-C ends it)")
            console.guard.wait()
            raise ConsoleEndedError(f"the console ended by itself: {console.last_words()}")
        except KeyboardInterrupt:
            say()
            return 0
        finally:
            console.stop()


def _answers(wanted_port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, wanted_port, timeout=5)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
