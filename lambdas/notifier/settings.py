"""What the notifier is told by its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lambdas.shared.control_table import DEFAULT_CONTROL_TABLE
from lambdas.shared.settings import SettingError

LANGUAGES: Final = ("ko", "en")


@dataclass(frozen=True)
class NotifierSettings:
    """What `notifier` needs; each message is published once in each of `languages`.

    `map_url` is where the live map is, None when there is none to link to.
    """

    topic_arn: str
    control_table: str
    languages: tuple[str, ...]
    map_url: str | None


def notifier_settings(environment: Mapping[str, str] = os.environ) -> NotifierSettings:
    """Return the settings of `notifier`; raises `SettingError`."""
    topic_arn = environment.get("ALERT_TOPIC_ARN", "").strip()
    if not topic_arn:
        raise SettingError("ALERT_TOPIC_ARN is not set: expected a value in the environment")
    languages = tuple((environment.get("ALERT_LANGUAGES") or ",".join(LANGUAGES)).split(","))
    unknown = [name for name in languages if name not in LANGUAGES]
    if unknown:
        raise SettingError(f"ALERT_LANGUAGES has {unknown[0]!r}: expected some of {', '.join(LANGUAGES)}")
    map_url = (environment.get("LIVE_MAP_URL") or "").strip() or None
    if map_url is not None and not map_url.startswith(("https://", "http://")):
        raise SettingError(f"LIVE_MAP_URL is {map_url!r}: expected an address that starts with https://")
    return NotifierSettings(
        topic_arn, environment.get("CONTROL_TABLE") or DEFAULT_CONTROL_TABLE, languages, map_url
    )
