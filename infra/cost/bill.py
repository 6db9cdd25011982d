"""A month's bill, line by line: what grows with the records, and the fees that do not."""

from __future__ import annotations

import math
from dataclasses import dataclass

from infra.alarms import alarm_metrics
from infra.config import read_config
from infra.cost.fleet import DAY_SECONDS, MONTH_DAYS, Fleet
from infra.cost.ingest import Settings, Steady
from infra.cost.limits import ATHENA_LEAST_BYTES, RDS_INSTANCES, SQS_BILLED_BYTES, SQS_MESSAGES_A_CALL
from infra.cost.measured import (
    COMPACTOR_REWRITES,
    COMPACTOR_SECONDS_A_RECORD,
    COMPACTOR_SECONDS_AN_OBJECT,
    LOADER_SECONDS_A_RECORD,
    TABLE_FIGURES,
    Assumptions,
)
from infra.cost.queueing import Flow
from infra.ingest_settings import COMPACTOR, QueueFunction
from infra.metrics import OWN_METRICS, SENT_WHEN_A_DEVICE_COMES

MONTH_SECONDS = MONTH_DAYS * DAY_SECONDS
RAW_DAYS = 15.25
"""A quarter of a day in sight, then fifteen as a noncurrent version (docs/decisions/0009)."""
POLLS_AN_HOUR = 3 * 60
"""A poller of an event source waits up to 20 seconds for a message."""
REGISTRY_SECONDS = 600.0
IOT_MESSAGES_A_DAY = 24
MAP_SECONDS = 5.0
"""An open page of the live map asks so often; `live_api` has one GiB."""
HOT_BYTES_A_CAMERA = len(TABLE_FIGURES) * 4 * 16 * 1024
"""Rows come in at the end of each camera's part of four indexes a table: a page of 16 KiB for each."""
LOADED_SHARE = 0.5
"""How much of an instance the steady load may take."""


@dataclass(frozen=True)
class Usage:
    """A month's quantities, before prices."""

    records: float
    messages: float
    writer_calls: float
    objects: float
    loader_calls: float
    sqs_requests: float
    lambda_calls: float
    lambda_gb_seconds: float
    compactor_seconds: float
    s3_puts: float
    s3_gets: float
    lake_gb_a_month: float
    raw_gb: float
    dynamodb_reads: float
    log_gb: float
    athena_tb: float


def usage(fleet: Fleet, settings: Settings, steady: Steady) -> Usage:
    """Return what the fleet uses in a month of `steady` days."""
    assumed = settings.assumptions
    messages = fleet.messages_a_second * MONTH_SECONDS
    writer_calls = messages / max(1.0, steady.writer.messages_a_call)
    objects = writer_calls * steady.objects_a_call
    loader_calls = objects / max(1.0, steady.loader.messages_a_call)
    records = fleet.records_a_second * MONTH_SECONDS
    seconds = compactor_seconds(records, objects, settings)
    runs = MONTH_SECONDS / COMPACTOR.every_seconds
    calls = writer_calls + loader_calls + runs
    # Every run lists three prefixes of each table and writes an object and its cover.
    compactor_puts = runs * len(TABLE_FIGURES) * (3 + 2) + runs * objects / MONTH_DAYS / 4 / 1000
    billed = messages * math.ceil(fleet.body_bytes / SQS_BILLED_BYTES)
    return Usage(
        records=records,
        messages=messages,
        writer_calls=writer_calls,
        objects=objects,
        loader_calls=loader_calls,
        sqs_requests=billed
        + _taking(messages, steady.writer, fleet.body_bytes)
        + objects
        + _taking(objects, steady.loader, 1_500),
        lambda_calls=calls,
        lambda_gb_seconds=_gb_seconds(settings.writer, steady.writer, writer_calls)
        + _gb_seconds(settings.loader, steady.loader, loader_calls)
        + seconds * COMPACTOR.memory_mib / 1024,
        compactor_seconds=seconds,
        s3_puts=objects + compactor_puts,
        s3_gets=2 * objects + objects * 0.1,
        lake_gb_a_month=_compacted_bytes(fleet) * MONTH_DAYS / 1e9,
        raw_gb=_raw_bytes(fleet, objects / MONTH_DAYS) * RAW_DAYS / 1e9,
        dynamodb_reads=_registry_reads(fleet, steady, messages),
        log_gb=calls * assumed.log_bytes_an_invocation / 1e9,
        athena_tb=assumed.dashboard_queries_a_month
        * max(ATHENA_LEAST_BYTES, assumed.dashboard_bytes_a_camera * fleet.cameras)
        / 1e12,
    )


def compactor_seconds(records: float, objects: float, settings: Settings) -> float:
    """Return the processor and request time of folding so many records from so many objects."""
    an_object = COMPACTOR_SECONDS_AN_OBJECT + settings.assumptions.compactor_get_seconds
    return objects * an_object + records * COMPACTOR_REWRITES * COMPACTOR_SECONDS_A_RECORD


def _taking(messages: float, flow: Flow, body_bytes: float) -> float:
    """Return the billed requests of receiving so many messages, each 64 KiB at least, and deleting them."""
    received = messages * flow.receives_a_message
    steps = max(received, messages * body_bytes / SQS_BILLED_BYTES)
    batch = max(1.0, flow.messages_a_call)
    return steps + messages / batch * math.ceil(batch / SQS_MESSAGES_A_CALL)


def _gb_seconds(function: QueueFunction, flow: Flow, calls: float) -> float:
    running = sum(flow.busy) * flow.step_seconds / max(1, len(flow.calls))
    return calls * running * function.memory_mib / 1024


def _compacted_bytes(fleet: Fleet) -> float:
    each = fleet.records_a_camera_day()
    return fleet.cameras * sum(each[name] * TABLE_FIGURES[name].compacted_bytes for name in each)


def _raw_bytes(fleet: Fleet, objects_a_day: float) -> float:
    each = fleet.records_a_camera_day()
    rows = fleet.cameras * sum(each[name] * TABLE_FIGURES[name].raw_bytes for name in each)
    bases = [figures.raw_object_bytes for figures in TABLE_FIGURES.values()]
    return rows + objects_a_day * sum(bases) / len(bases)


def _registry_reads(fleet: Fleet, steady: Steady, messages: float) -> float:
    """Return reads of devices: each environment asks for each every ten minutes, at most once a message."""
    environments = max(1.0, steady.writer.concurrency(1.0))
    return min(messages, fleet.devices * environments * MONTH_SECONDS / REGISTRY_SECONDS)


def variable_lines(
    use: Usage, prices: dict[str, float], fleet: Fleet, stored_days: float
) -> dict[str, float]:
    """Return dollars a month by service, without fixed fees, once `stored_days` of lake are kept."""
    minutes = MONTH_SECONDS / 60
    iot = minutes * prices["iot_connection_minute"] + IOT_MESSAGES_A_DAY * MONTH_DAYS * prices["iot_message"]
    stored = use.lake_gb_a_month * stored_days / MONTH_DAYS + use.raw_gb
    return {
        "SQS": use.sqs_requests * prices["sqs_request"],
        "Lambda": use.lambda_calls * prices["lambda_request"]
        + use.lambda_gb_seconds * prices["lambda_gb_second"],
        "S3 requests": use.s3_puts * prices["s3_put"] + use.s3_gets * prices["s3_get"],
        "S3 storage": stored * prices["s3_gb_month"],
        "DynamoDB": use.dynamodb_reads * prices["dynamodb_read"],
        "CloudWatch Logs": use.log_gb * prices["logs_gb"],
        "Athena": use.athena_tb * prices["athena_tb"],
        "IoT Core": fleet.devices * iot,
    }


@dataclass(frozen=True)
class Mysql:
    """The instance that the load asks for, and why."""

    instance: str
    fits: bool
    disk_gb: float
    rows_a_second: float
    rows_it_bears: float


def mysql_for(fleet: Fleet) -> Mysql:
    """Return the smallest instance that takes the rows, and keeps the pages they go to, in half of itself."""
    each = fleet.records_a_camera_day()
    disk = sum(
        each[name] * figures.mysql_bytes * figures.mysql_days for name, figures in TABLE_FIGURES.items()
    )
    disk_gb = max(20.0, fleet.cameras * disk / 1e9)
    for name, memory_gib, processors in RDS_INSTANCES:
        bears = processors * LOADED_SHARE / LOADER_SECONDS_A_RECORD
        warm = fleet.cameras * HOT_BYTES_A_CAMERA <= memory_gib * 2**30 * LOADED_SHARE
        if warm and bears >= fleet.records_a_second:
            return Mysql(name, True, disk_gb, fleet.records_a_second, bears)
    return Mysql(name, False, disk_gb, fleet.records_a_second, bears)


def _alarms_of_prod() -> int:
    prod = {"stage": "prod", "region": "us-east-1", "account": "111122223333"}
    return alarm_metrics(read_config(prod.get))


def fixed_lines(prices: dict[str, float], fleet: Fleet, mysql: Mysql, settings: Settings) -> dict[str, float]:
    """Return dollars a month by fee: what is paid though nothing is counted."""
    assumed = settings.assumptions
    hours = MONTH_DAYS * 24
    own_metrics = sum(
        len(names) for function, names in OWN_METRICS.items() if function not in SENT_WHEN_A_DEVICE_COMES
    )
    # The pollers of the two dead-letter queues; those of the others are never idle.
    idle_polls = 2 * assumed.quiet_pollers * POLLS_AN_HOUR * hours
    return {
        "Greengrass": fleet.devices * prices["greengrass_month"],
        "RDS": hours * prices[mysql.instance] + mysql.disk_gb * prices["rds_gb_month"],
        "QuickSight": assumed.authors * prices["quicksight_author_month"]
        + assumed.readers * prices["quicksight_reader_month"],
        "CloudWatch": own_metrics * prices["metric_month"] + _alarms_of_prod() * prices["alarm_month"],
        "idle polling": idle_polls * prices["sqs_request"],
        "live map": _live_map(prices, assumed),
    }


def _live_map(prices: dict[str, float], assumed: Assumptions) -> float:
    """Return what looking at the live map costs: it grows with who looks, not with the cameras."""
    answers = assumed.map_pages_open * assumed.map_hours_a_day * MONTH_DAYS * 3600 / MAP_SECONDS
    an_answer = prices["http_api_request"] + prices["cloudfront_request"] + prices["lambda_request"]
    gib_seconds = answers * assumed.map_answer_seconds
    return (
        answers * an_answer
        + gib_seconds * prices["lambda_gb_second"]
        + assumed.map_users * prices["cognito_user_month"]
    )
