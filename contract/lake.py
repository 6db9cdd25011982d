"""Where things lie in the lake bucket: the only place that spells its keys.

``raw/<table>/day=YYYY-MM-DD/<object>.parquet`` holds what `lake_writer` wrote, by UTC day of event time;
``compacted/<table>/day=YYYY-MM-DD/<bucket>-of-<buckets>-<rows>-<digest>.parquet`` what `compactor` folded;
``covers/<table>/day=YYYY-MM-DD/<digest>.json`` which objects hold all rows of which others; and
``quarantine/day=YYYY-MM-DD/<object>.json`` what was refused, with the reason and the original bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone

from contract.errors import CrowdLensError
from contract.tables import TABLES

RAW_PREFIX = "raw/"
COMPACTED_PREFIX = "compacted/"
COVERS_PREFIX = "covers/"
QUARANTINE_PREFIX = "quarantine/"
_RAW_KEY = re.compile(r"raw/([a-z_]+)/day=(\d{4}-\d{2}-\d{2})/([A-Za-z0-9._-]+)\.parquet")
_COMPACTED_KEY = re.compile(
    r"compacted/([a-z_]+)/day=(\d{4}-\d{2}-\d{2})/(\d{4})-of-(\d{4})-(\d{1,18})-([0-9a-f]{40})\.parquet"
)
_DAY_FOLDER = re.compile(r"day=(\d{4}-\d{2}-\d{2})/")


class LakeKeyError(CrowdLensError):
    """Raised when an object key is not of the form asked for."""


@dataclass(frozen=True)
class CompactedObject:
    """What the key of a compacted object says.

    It holds `rows` rows of the cameras whose number is `bucket` of `buckets`; `digest` is of its content
    and of what it was made from, so no two contents ever share a key.
    """

    table: str
    day: str
    bucket: int
    buckets: int
    rows: int
    digest: str

    @property
    def key(self) -> str:
        """The object's key."""
        name = f"{self.bucket:04d}-of-{self.buckets:04d}-{self.rows}-{self.digest}"
        return f"{compacted_day_prefix(self.table, self.day)}{name}.parquet"


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


def raw_day_prefix(table: str, day: str) -> str:
    """Return the prefix of the raw objects of `table` and UTC `day`."""
    return f"{raw_prefix(table)}day={day}/"


def compacted_prefix(table: str) -> str:
    """Return the prefix under which all compacted objects of `table` lie."""
    return f"{COMPACTED_PREFIX}{table}/"


def compacted_day_prefix(table: str, day: str) -> str:
    """Return the prefix of the compacted objects of `table` and UTC `day`."""
    return f"{compacted_prefix(table)}day={day}/"


def parse_compacted_key(key: str) -> CompactedObject:
    """Return what a compacted object's key says; raises `LakeKeyError` for any other key."""
    match = _COMPACTED_KEY.fullmatch(key)
    if match is None or match[1] not in TABLES:
        raise LakeKeyError(
            f"object key is {key!r}: expected compacted/<table>/day=YYYY-MM-DD/"
            "<bucket>-of-<buckets>-<rows>-<digest>.parquet"
        )
    return CompactedObject(match[1], match[2], int(match[3]), int(match[4]), int(match[5]), match[6])


def is_compacted(key: str) -> bool:
    """Return whether the key is one of the compactor's, and not of a raw object."""
    return key.startswith(COMPACTED_PREFIX)


def table_and_day(key: str) -> tuple[str, str]:
    """Return the table and the UTC day of a raw or compacted object's key; raises `LakeKeyError`."""
    if is_compacted(key):
        compacted = parse_compacted_key(key)
        return compacted.table, compacted.day
    table, day, _ = parse_raw_key(key)
    return table, day


def covers_prefix(table: str) -> str:
    """Return the prefix under which the cover manifests of `table` lie."""
    return f"{COVERS_PREFIX}{table}/"


def covers_day_prefix(table: str, day: str) -> str:
    """Return the prefix of the cover manifests of `table` and UTC `day`."""
    return f"{covers_prefix(table)}day={day}/"


def covers_key(table: str, day: str, digest: str) -> str:
    """Return the key of the cover manifest of `table` and UTC `day` with this content digest."""
    return f"{covers_day_prefix(table, day)}{digest}.json"


def day_of_folder(prefix: str) -> str | None:
    """Return the day of a prefix that ends in ``day=YYYY-MM-DD/``, None for any other."""
    match = _DAY_FOLDER.search(prefix)
    return match[1] if match is not None and prefix.endswith(match[0]) else None


def quarantine_key(day: str, name: str) -> str:
    """Return the key of a quarantined message received on UTC `day`."""
    return f"{QUARANTINE_PREFIX}day={day}/{name}.json"
