"""What the reconciler is told by its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from lambdas.reconciler.reconciler import ReconcilerRules
from lambdas.shared.control_table import DEFAULT_CONTROL_TABLE
from lambdas.shared.settings import MySQLSettings, SettingError, mysql_settings


@dataclass(frozen=True)
class ReconcilerSettings:
    """What `reconciler` needs.

    MySQL's ledger is asked through the function `loader_function`, or by itself with `mysql`; without either
    only the lake is reconciled, without a queue nothing is announced, and nobody is told of silent
    devices.
    """

    lake_bucket: str
    control_table: str
    mysql: MySQLSettings | None
    loader_function: str | None
    load_queue_url: str | None
    alert_queue_url: str | None
    rules: ReconcilerRules


def reconciler_settings(environment: Mapping[str, str] = os.environ) -> ReconcilerSettings:
    """Return the settings of `reconciler`; MySQL is there when MYSQL_HOST is. Raises `SettingError`."""
    bucket = environment.get("LAKE_BUCKET", "").strip()
    if not bucket:
        raise SettingError("LAKE_BUCKET is not set: expected a value in the environment")
    defaults = ReconcilerRules()
    return ReconcilerSettings(
        bucket,
        environment.get("CONTROL_TABLE") or DEFAULT_CONTROL_TABLE,
        mysql_settings(environment) if environment.get("MYSQL_HOST") else None,
        environment.get("LOADER_FUNCTION") or None,
        environment.get("LOAD_QUEUE_URL") or None,
        environment.get("ALERT_QUEUE_URL") or None,
        ReconcilerRules(
            _minutes(environment, "RECONCILER_GRACE_MINUTES", defaults.grace),
            _minutes(environment, "RECONCILER_LOAD_GRACE_MINUTES", defaults.load_grace),
            _minutes(environment, "RECONCILER_ACCOUNT_EVERY_MINUTES", defaults.account_every),
            _days(environment, "RECONCILER_DAYS", defaults.days),
        ),
    )


def _minutes(environment: Mapping[str, str], name: str, default: timedelta) -> timedelta:
    value = environment.get(name)
    if not value:
        return default
    try:
        minutes = float(value)
    except ValueError:
        minutes = -1.0
    if not 0 <= minutes <= 60 * 24 * 30:
        raise SettingError(f"{name} is {value!r}: expected a number of minutes from 0 to 43200")
    return timedelta(minutes=minutes)


def _days(environment: Mapping[str, str], name: str, default: int) -> int:
    value = environment.get(name) or str(default)
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 400:
        raise SettingError(f"{name} is {value!r}: expected a whole number of days from 1 to 400")
    return int(value)
