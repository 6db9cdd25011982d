"""Where the console reads from; the command hands it over in a variable, for Streamlit is its own process."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from contract.errors import CrowdLensError

VARIABLE = "CROWDLENS_CONSOLE"
LANGUAGES = ("ko", "en")


class ConsoleSettingsError(CrowdLensError):
    """Raised when the console is started without its settings, or with others than it knows."""


@dataclass(frozen=True)
class MySqlAddress:
    """Where the projection is; with `tls` nothing is said before the server's certificate is verified."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    tls: bool
    ca_file: str | None = None


@dataclass(frozen=True)
class ConsoleSettings:
    """What the console needs to know.

    `athena_url` is a local endpoint, None the account's own Athena in `workgroup`. Without `mysql` live
    figures come from the lake, too. `refresh_seconds` is how often they are asked for anew.
    `stands_at` is where the clock of a lake stands whose records ended before the console began (ISO 8601).
    """

    athena_url: str | None
    database: str
    time_zone: str
    region: str = "ap-northeast-2"
    workgroup: str | None = None
    mysql: MySqlAddress | None = None
    language: str = "ko"
    refresh_seconds: float = 5.0
    stands_at: str | None = None

    def now(self) -> datetime:
        """Return the moment that is shown as the present, aware."""
        return datetime.now(UTC) if self.stands_at is None else datetime.fromisoformat(self.stands_at)

    def written(self) -> dict[str, str]:
        """Return the variable that hands these settings to the console's process."""
        return {VARIABLE: json.dumps(asdict(self))}


def read_settings(environment: Mapping[str, str] | None = None) -> ConsoleSettings:
    """Return the settings of this process; raises `ConsoleSettingsError` where they are missing or wrong."""
    variables = os.environ if environment is None else environment
    if VARIABLE not in variables:
        raise ConsoleSettingsError(f"{VARIABLE} is not set: expected `crowdlens console` to start this page")
    try:
        given = json.loads(variables[VARIABLE])
        mysql = given.pop("mysql", None)
        return ConsoleSettings(**given, mysql=None if mysql is None else MySqlAddress(**mysql))
    except (TypeError, ValueError, AttributeError) as error:
        raise ConsoleSettingsError(
            f"{VARIABLE} cannot be read ({error}): expected what the command writes"
        ) from None
