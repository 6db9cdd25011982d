"""What `live_api` is told by its environment."""

from __future__ import annotations

import enum
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

from lambdas.shared.settings import MySQLSettings, SettingError, mysql_settings
from lambdas.shared.time_zones import is_time_zone

UNKNOWN_TIME_ZONE = "UTC"


class SignIn(enum.Enum):
    """Who is let in."""

    NONE = "none"
    """Everybody, with every right: a person's own machine."""
    COGNITO = "cognito"
    """Whom API Gateway's JWT authorizer has checked, with the rights of their groups."""


@dataclass(frozen=True)
class LiveApiSettings:
    """What `live_api` needs.

    `mysql` is the account that only asks, `places_mysql` the one that writes places. `photos` and
    `places_export` are a folder or an ``s3://`` address; None means that there are no photos, no export.
    """

    mysql: MySQLSettings
    places_mysql: MySQLSettings
    sign_in: SignIn
    photos: str | None
    places_export: str | None
    tile_url: str | None
    tile_attribution: str
    time_zone: str


def live_api_settings(environment: Mapping[str, str] = os.environ) -> LiveApiSettings:
    """Return the settings of `live_api`; raises `SettingError`."""
    mysql = mysql_settings(environment)
    return LiveApiSettings(
        mysql=mysql,
        places_mysql=replace(
            mysql,
            user=environment.get("MYSQL_PLACES_USER") or mysql.user,
            password=environment.get("MYSQL_PLACES_PASSWORD") or mysql.password,
        ),
        sign_in=_sign_in(environment),
        photos=environment.get("CROWDLENS_PHOTOS") or None,
        places_export=environment.get("CROWDLENS_PLACES_EXPORT") or None,
        tile_url=environment.get("CROWDLENS_TILE_URL") or None,
        tile_attribution=environment.get("CROWDLENS_TILE_ATTRIBUTION", ""),
        time_zone=_time_zone(environment),
    )


def _sign_in(environment: Mapping[str, str]) -> SignIn:
    # Without a word nobody is let in who has not signed in.
    value = environment.get("CROWDLENS_SIGN_IN") or SignIn.COGNITO.value
    try:
        return SignIn(value)
    except ValueError as error:
        raise SettingError(f"CROWDLENS_SIGN_IN is {value!r}: expected 'none' or 'cognito'") from error


def _time_zone(environment: Mapping[str, str]) -> str:
    value = environment.get("CROWDLENS_TIME_ZONE") or UNKNOWN_TIME_ZONE
    if not is_time_zone(value):
        raise SettingError(f"CROWDLENS_TIME_ZONE is {value!r}: expected a name like 'Asia/Seoul'")
    return value
