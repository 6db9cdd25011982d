"""One JSON log line an event and one metric a business event, in the form CloudWatch reads."""

from __future__ import annotations

from collections.abc import Mapping

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from lambdas.shared.settings import metrics_namespace


def make_logger(service: str) -> Logger:
    """Return the JSON logger of a function; POWERTOOLS_LOG_LEVEL sets its level."""
    return Logger(service=service, level=None, utc=True)


def make_metrics(service: str) -> Metrics:
    """Return the metrics of a function, printed in CloudWatch's embedded metric format."""
    return Metrics(namespace=metrics_namespace(), service=service)


def count(metrics: Metrics, counts: Mapping[str, int]) -> None:
    """Emit `counts` as one embedded-metric line; zeros too: to an alarm "none" is not "no data".

    A metric costs a fee for every hour in which it was sent: what no alarm watches belongs into the log line.
    """
    for name, value in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    metrics.flush_metrics()


def measure(metrics: Metrics, name: str, unit: MetricUnit, value: float) -> None:
    """Add a measured value to the line that the next `count` emits."""
    metrics.add_metric(name=name, unit=unit, value=value)


def bind_request(logger: Logger, context: object) -> None:
    """Put the request id of a Lambda `context` on the log lines that follow."""
    logger.append_keys(request_id=getattr(context, "aws_request_id", None))
