"""What the CloudWatch dashboard shows: graphs as data, from what comes in to what it becomes."""

from __future__ import annotations

from dataclasses import dataclass

from infra.alarms import functions_of
from infra.config import StageConfig
from infra.ingest_settings import LAKE_WRITER, RDS_LOADER
from infra.metrics import OWN_METRICS, Metric, of_database, of_function, of_queue, own


@dataclass(frozen=True)
class Graph:
    """Lines over time under one title; each metric is one line."""

    title: str
    metrics: tuple[Metric, ...]
    period_seconds: int = 300


def graphs_of(config: StageConfig) -> tuple[Graph, ...]:
    """Return the graphs of the stage, in reading order."""
    found = [
        Graph("Messages and rows stored", _own(config, "lake_writer", "messages", "rows")),
        Graph("Age of the oldest message, s", _queues(config, "ApproximateAgeOfOldestMessage")),
        Graph(
            "Not stored: quarantined, refused, dead letters",
            (
                *_own(config, "lake_writer", "messages_quarantined", "identity_impostors"),
                *_own(config, "lake_writer", "identity_unknown_devices", "identity_blocked_devices"),
                *_own(config, "dead_letters", "dead_letters", "dead_letters_failed"),
            ),
        ),
        Graph(
            "Made, but not where it should be",
            tuple(own(config, "reconciler", name, "Maximum") for name in _ACCOUNTED),
            1800,
        ),
        Graph("Devices silent for an hour", (own(config, "reconciler", "devices_silent", "Maximum"),), 3600),
        Graph(
            "Largest clock offset, ms", (own(config, "lake_writer", "clock_offset_milliseconds", "Maximum"),)
        ),
        Graph("Errors by function", _functions(config, "Errors", "Sum")),
        Graph("Duration by function, ms, 95th percentile", _functions(config, "Duration", "p95")),
    ]
    if config.mysql:
        found += _mysql(config)
    if config.open_data:
        taken = _own(config, "open_data", *OWN_METRICS["open_data"])
        found.append(Graph("Public data: rows taken in and quarantined, files not loaded", taken, 3600))
    return tuple(found)


_ACCOUNTED = ("records_missing", "records_not_in_mysql")


def _mysql(config: StageConfig) -> list[Graph]:
    identifier = config.mysql_identifier
    return [
        Graph("Rows into MySQL", _own(config, "rds_loader", "rows", "messages_failed")),
        Graph(
            "MySQL: connections, processor %",
            (
                of_database(identifier, "DatabaseConnections", "Maximum"),
                of_database(identifier, "CPUUtilization"),
            ),
        ),
        Graph("MySQL: free storage, bytes", (of_database(identifier, "FreeStorageSpace", "Minimum"),)),
    ]


def _own(config: StageConfig, function: str, *names: str) -> tuple[Metric, ...]:
    return tuple(own(config, function, name) for name in names)


def _queues(config: StageConfig, name: str) -> tuple[Metric, ...]:
    queues = (LAKE_WRITER, RDS_LOADER) if config.mysql else (LAKE_WRITER,)
    return tuple(of_queue(queue.named(config.prefix).queue_name, name) for queue in queues)


def _functions(config: StageConfig, name: str, statistic: str) -> tuple[Metric, ...]:
    return tuple(
        of_function(config.function_name(function), name, statistic) for function in functions_of(config)
    )
