"""How the compactor cuts its work and how long it lets things be, from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from lambdas.shared.control_table import DEFAULT_CONTROL_TABLE
from lambdas.shared.settings import SettingError


@dataclass(frozen=True)
class CompactionRules:
    """What a piece of work may hold, and when what is done.

    `piece_rows` bounds the memory of a piece: about 0.6 KB a row at its peak. `target_bytes` is the size
    that a day's object is meant to have: a bigger day is split into camera buckets. `merge_at` live objects
    of a bucket are merged at once, two or more after `settle` without a new one. A covered object is taken
    from the readers' sight `reader_grace` after its cover was written, which must be longer than any query
    may take; a raw one only `raw_keep` after it arrived, for `rds_loader` reads it, too. `lease_seconds` is
    the longest that a function runs: no piece that fits one can lose its lease to the clock.
    """

    piece_rows: int = 2_000_000
    piece_objects: int = 20_000
    target_bytes: int = 64 * 1024 * 1024
    merge_at: int = 8
    settle: timedelta = timedelta(hours=3)
    reader_grace: timedelta = timedelta(hours=1)
    raw_keep: timedelta = timedelta(hours=6)
    lease_seconds: float = 900.0


@dataclass(frozen=True)
class CompactorSettings:
    """What `compactor` needs; with a `fan_out_function` each day is a piece for an invocation of its own."""

    lake_bucket: str
    control_table: str
    fan_out_function: str | None
    rules: CompactionRules


def compactor_settings(environment: Mapping[str, str] = os.environ) -> CompactorSettings:
    """Return the settings of `compactor`; raises `SettingError`."""
    bucket = environment.get("LAKE_BUCKET", "").strip()
    if not bucket:
        raise SettingError("LAKE_BUCKET is not set: expected a value in the environment")
    defaults = CompactionRules()
    return CompactorSettings(
        bucket,
        environment.get("CONTROL_TABLE") or DEFAULT_CONTROL_TABLE,
        environment.get("COMPACTOR_FAN_OUT_FUNCTION") or None,
        CompactionRules(
            piece_rows=_whole(environment, "COMPACTOR_PIECE_ROWS", defaults.piece_rows),
            raw_keep=_hours(environment, "COMPACTOR_RAW_KEEP_HOURS", defaults.raw_keep),
            reader_grace=_hours(environment, "COMPACTOR_READER_GRACE_HOURS", defaults.reader_grace),
        ),
    )


def _whole(environment: Mapping[str, str], name: str, default: int) -> int:
    value = environment.get(name) or str(default)
    if not value.isascii() or not value.isdigit() or int(value) < 1:
        raise SettingError(f"{name} is {value!r}: expected a whole number above 0")
    return int(value)


def _hours(environment: Mapping[str, str], name: str, default: timedelta) -> timedelta:
    value = environment.get(name)
    if not value:
        return default
    try:
        hours = float(value)
    except ValueError:
        hours = -1.0
    if not 0 <= hours <= 24 * 3650:
        raise SettingError(f"{name} is {value!r}: expected a number of hours from 0 to 87600")
    return timedelta(hours=hours)
