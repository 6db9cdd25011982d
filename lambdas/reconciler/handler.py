"""Lambda entry: a schedule reconciles the days near the present; ``{"day": …}`` one day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config

from contract.errors import CrowdLensError
from lambdas.reconciler.loads import LoadLedger, LoadQueue
from lambdas.reconciler.memory import Memory
from lambdas.reconciler.reconciler import Reconciler
from lambdas.reconciler.remote_ledger import RemoteLedger
from lambdas.reconciler.run import Run, RunReport
from lambdas.reconciler.settings import ReconcilerSettings, reconciler_settings
from lambdas.reconciler.silence import send_reports
from lambdas.reconciler.store import S3Lake
from lambdas.shared.control_table import control_client
from lambdas.shared.deadline import time_left
from lambdas.shared.leases import Leases
from lambdas.shared.load_ledger import MySqlLedger
from lambdas.shared.mysql import Database
from lambdas.shared.observability import bind_request, count, make_logger, make_metrics

DAY_SECONDS = 300
"""With less time left, no day is begun."""
WATCHED = ("records_missing", "records_not_in_mysql", "days_failed", "devices_silent")
"""What an alarm needs; all other counts are in the log line."""
# As long as the function that is asked may take.
_ASKING = Config(read_timeout=65, retries={"mode": "standard", "total_max_attempts": 4})
logger = make_logger("reconciler")
metrics = make_metrics("reconciler")


class EventError(CrowdLensError):
    """Raised when an event names a day that is none."""


@lru_cache(maxsize=1)
def _parts() -> tuple[ReconcilerSettings, S3Lake, LoadLedger | None, Any]:
    settings = reconciler_settings()
    return settings, S3Lake(settings.lake_bucket), _ledger(settings), control_client()


def _ledger(settings: ReconcilerSettings) -> LoadLedger | None:
    if settings.loader_function is not None:
        return RemoteLedger(boto3.client("lambda", config=_ASKING), settings.loader_function)
    return MySqlLedger(Database(settings.mysql)) if settings.mysql else None


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Reconcile what `event` asks for and return the counts."""
    bind_request(logger, context)
    settings, lake, ledger, control = _parts()
    reconciler = Reconciler(lake, ledger, settings.rules)
    run = Run(
        reconciler,
        Memory(control, settings.control_table),
        Leases(control, settings.control_table),
        settings.rules,
        queue=_queue(settings, lake),
        has_time=time_left(context, DAY_SECONDS),
    )
    report = run.run(_days(event))
    for key, reason in reconciler.unreadable.reasons.items():
        logger.warning("object unreadable", extra={"key": key, "reason": reason})
    counts = _told(report)
    if settings.alert_queue_url is not None:
        send_reports(boto3.client("sqs"), settings.alert_queue_url, report.silence)
    return counts


def _told(report: RunReport) -> dict[str, Any]:
    for day, reason in report.failed.items():
        logger.error("day not reconciled", extra={"day": day, "reason": reason})
    for day, device in report.opened:
        logger.error("difference found", extra={"day": day, "device": device})
    for day, device in report.closed:
        logger.info("difference closed", extra={"day": day, "device": device})
    for day, tables in report.short_in_mysql.items():
        logger.error(
            "MySQL is short: compacted objects of the day are announced to it", extra={"day": day, **tables}
        )
    counts = report.counts()
    logger.info("reconciled", extra=counts)
    if not report.busy:
        count(metrics, {name: counts[name] for name in WATCHED if name in counts})
    return counts


def _queue(settings: ReconcilerSettings, lake: S3Lake) -> LoadQueue | None:
    if settings.load_queue_url is None or (settings.mysql is None and settings.loader_function is None):
        return None
    return LoadQueue(boto3.client("sqs"), settings.load_queue_url, settings.lake_bucket, lake.version_of)


def _days(event: Mapping[str, Any]) -> list[str] | None:
    day = event.get("day")
    if day is None:
        return None
    try:
        if date.fromisoformat(day).isoformat() == day:
            return [day]
    except (ValueError, TypeError):
        pass
    raise EventError(f"day is {day!r}: expected a UTC day, YYYY-MM-DD")
