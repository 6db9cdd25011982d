"""How near a fleet is to each limit, the nearest first, and what to turn."""

from __future__ import annotations

from dataclasses import dataclass

from infra.cost.bill import Mysql, Usage
from infra.cost.fleet import MONTH_DAYS
from infra.cost.ingest import Drain, Settings, Steady, loader_rows_a_second
from infra.cost.limits import (
    LAMBDA_CONCURRENCY,
    RDS_LARGEST_DISK_GB,
    S3_PUTS_A_SECOND,
    SQS_IN_FLIGHT,
)
from infra.ingest_settings import COMPACTOR, RETENTION_SECONDS
from infra.mysql_classes import connections


@dataclass(frozen=True)
class Limit:
    """A limit, how much of it is used (1.0: all), and what to turn when it is near."""

    name: str
    used: float
    turn: str


def limits(settings: Settings, use: Usage, mysql: Mysql, steady: Steady, drain: Drain) -> list[Limit]:
    """Return every limit, the one that breaks first in front."""
    records = use.records / max(1.0, use.objects)
    bears = loader_rows_a_second(settings, records)
    allowed = connections(mysql.instance.removeprefix("db."))
    in_flight = steady.writer.concurrency(1.0) * steady.writer.messages_a_call
    found = [
        Limit(
            "rds_loader's connections (rows a second)", mysql.rows_a_second / bears,
            "a longer batch window of lake_writer (bigger objects), then more concurrency of rds_loader",
        ),
        Limit(
            f"MySQL's processors ({mysql.instance}, half of them)", mysql.rows_a_second / mysql.rows_it_bears,
            "a larger instance; windows of 60 s; tracks kept out of MySQL",
        ),
        Limit("MySQL's disk", mysql.disk_gb / RDS_LARGEST_DISK_GB, "windows of 60 s; fewer days in MySQL"),
        Limit(
            "MySQL's connections",
            (settings.assumptions.loader_concurrency + 1) / allowed,
            "a larger instance; less concurrency of rds_loader",
        ),
        Limit(
            "lake_writer's concurrency", steady.writer.concurrency(1.0) / settings.writer_concurrency,
            "LAKE_WRITER_CONCURRENCY in infra/stacks/ingest.py; a larger batch",
        ),
        Limit(
            "the account's concurrency",
            (steady.writer.concurrency(1.0) + steady.loader.concurrency(1.0)) / LAMBDA_CONCURRENCY,
            "ask AWS for more",
        ),
        Limit(
            "S3 PUTs a second of a table and day", use.objects / MONTH_DAYS / 86_400 / 5 / S3_PUTS_A_SECOND,
            "a longer batch window",
        ),
        Limit("SQS messages in flight", in_flight / SQS_IN_FLIGHT, "a shorter batch window; a second queue"),
        Limit(
            "one compactor at a time",
            use.compactor_seconds / MONTH_DAYS / 86_400
            * COMPACTOR.every_seconds / COMPACTOR.function_timeout_seconds,
            "COMPACTOR_FAN_OUT_FUNCTION: an invocation for each table and day",
        ),
        Limit(
            "14 days in the load queue after the outage", drain.loader_seconds / RETENTION_SECONDS,
            "more concurrency of rds_loader; a larger instance; or rebuild from the lake",
        ),
    ]  # fmt: skip
    return sorted(found, key=lambda limit: -limit.used)
