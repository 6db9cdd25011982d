"""Where things lie in the lake bucket: the only place that spells its keys.

``raw/<table>/day=YYYY-MM-DD/<object>.parquet`` holds what `lake_writer` wrote, by UTC day of event time;
``quarantine/day=YYYY-MM-DD/<object>.json`` what it refused, with the reason and the original bytes.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone

from contract.errors import CrowdLensError
from contract.tables import TABLES

RAW_PREFIX = "raw/"
QUARANTINE_PREFIX = "quarantine/"
_RAW_KEY = re.compile(r"raw/([a-z_]+)/day=(\d{4}-\d{2}-\d{2})/([A-Za-z0-9._-]+)\.parquet")


class LakeKeyError(CrowdLensError):
    """Raised when an object key is not one of a raw lake object."""


def day_of(event_time_ms: int) -> str:
    """Return the UTC day, ``YYYY-MM-DD``, of a time in milliseconds since 1970."""
    return datetime.fromtimestamp(event_time_ms // 1000, tz=timezone.utc).strftime("%Y-%m-%d")


def raw_prefix(table: str) -> str:
    """Return the prefix under which all raw objects of `table` lie."""
    return f"{RAW_PREFIX}{table}/"


def raw_key(table: str, day: str, name: str) -> str:
    """Return the key of the raw object `name` of `table` and UTC `day`."""
    return f"{raw_prefix(table)}day={day}/{name}.parquet"


def parse_raw_key(key: str) -> tuple[str, str, str]:
    """Return table, day and name of a raw object's key; raises `LakeKeyError` for any other key."""
    match = _RAW_KEY.fullmatch(key)
    if match is None or match[1] not in TABLES:
        raise LakeKeyError(f"object key is {key!r}: expected raw/<table>/day=YYYY-MM-DD/<name>.parquet")
    return match[1], match[2], match[3]


def quarantine_key(day: str, name: str) -> str:
    """Return the key of a quarantined message received on UTC `day`."""
    return f"{QUARANTINE_PREFIX}day={day}/{name}.json"
