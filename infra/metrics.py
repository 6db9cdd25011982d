"""The CloudWatch metrics that alarms and the dashboard read, by name: no construct, so the bill has them too.

AWS's own metrics cost nothing. Each of ours costs a fee for every hour in which it was sent, so a function
that runs by itself sends only what an alarm watches; everything else it counted stands in its log line.
"""

from __future__ import annotations

from dataclasses import dataclass

from infra.config import StageConfig


@dataclass(frozen=True)
class Metric:
    """One metric and how the values of a period become one number (a CloudWatch statistic)."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str


OWN_METRICS: dict[str, tuple[str, ...]] = {
    "lake_writer": (
        "messages",
        "messages_failed",
        "messages_quarantined",
        "rows",
        "objects",
        "identity_impostors",
        "identity_unknown_devices",
        "identity_blocked_devices",
        "identity_unchecked",
        "identity_held",
        "clock_offset_milliseconds",
    ),
    "rds_loader": (
        "objects",
        "objects_skipped",
        "rows",
        "messages_failed",
        "prune_unfinished",
        "totals_failed",
        "totals_given_up",
    ),
    "provisioning": ("devices_provisioned", "provisioning_refused", "provisioning_failed"),
    "dead_letters": ("dead_letters", "dead_letters_failed"),
    "compactor": ("faults",),
    "reconciler": ("records_missing", "records_not_in_mysql", "days_failed", "devices_silent"),
    "notifier": ("alerts_failed", "messages_sent", "messages_failed"),
    "open_data": ("files_refused", "files_unknown", "rows", "rows_quarantined"),
}
"""What each function sends, held equal to the functions by `tests/consistency`."""
LIVE_API_FAULTS = "live_api_faults"
"""Answers 5xx of the live map's API, counted in its access log: there only in hours that had one."""
SENT_WHEN_A_DEVICE_COMES = ("provisioning", "open_data", "notifier")
"""Functions whose metrics are sent, and paid for, in so few hours that a bill has no line for them."""
SENT_WITHOUT_CAMERAS: dict[str, tuple[str, ...]] = {
    "rds_loader": ("prune_unfinished",),
    "compactor": OWN_METRICS["compactor"],
    # Silence is counted where the ledger of a device was read: there is none without devices.
    "reconciler": ("records_missing", "records_not_in_mysql", "days_failed"),
}
"""What schedules make functions send though nothing is counted: paid for every hour of the month."""


def metrics_namespace(config: StageConfig) -> str:
    """Return the namespace of the stage's own metrics: two stages in one account must not add up."""
    return config.prefix


def own(config: StageConfig, function: str, name: str, statistic: str = "Sum") -> Metric:
    """Return the metric `name` that `function` sends in this stage; raises KeyError for any other."""
    if name not in OWN_METRICS[function]:
        raise KeyError(
            f"{function} sends no metric {name}: expected one of {', '.join(OWN_METRICS[function])}"
        )
    return Metric(metrics_namespace(config), name, (("service", function),), statistic)


def of_queue(queue_name: str, name: str, statistic: str = "Maximum") -> Metric:
    """Return SQS's metric `name` of a queue."""
    return Metric("AWS/SQS", name, (("QueueName", queue_name),), statistic)


def of_topic(topic_name: str, name: str, statistic: str = "Sum") -> Metric:
    """Return SNS's metric `name` of a topic."""
    return Metric("AWS/SNS", name, (("TopicName", topic_name),), statistic)


def of_function(function_name: str, name: str, statistic: str = "Sum") -> Metric:
    """Return Lambda's metric `name` of a function."""
    return Metric("AWS/Lambda", name, (("FunctionName", function_name),), statistic)


def of_all_functions(name: str, statistic: str = "Sum") -> Metric:
    """Return Lambda's metric `name` over every function of the account in the region."""
    return Metric("AWS/Lambda", name, (), statistic)


def of_database(identifier: str, name: str, statistic: str = "Average") -> Metric:
    """Return RDS's metric `name` of an instance."""
    return Metric("AWS/RDS", name, (("DBInstanceIdentifier", identifier),), statistic)
