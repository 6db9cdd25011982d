"""Lambda entry: a batch of the alert queue → SNS; ``{"task": "send"}`` each minute for what waited."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config

from contract.errors import CrowdLensError
from lambdas.notifier.batches import Batches
from lambdas.notifier.lot import Lot, take_lot
from lambdas.notifier.notifier import Notifier
from lambdas.notifier.rule_book import RuleBook
from lambdas.notifier.sender import Sender, SendResult, SnsTopic
from lambdas.notifier.settings import NotifierSettings, notifier_settings
from lambdas.notifier.store import DynamoStore
from lambdas.shared.control_table import control_client
from lambdas.shared.deadline import time_left
from lambdas.shared.observability import bind_request, count, make_logger, make_metrics
from lambdas.shared.sqs import batch_response, sqs_records

SEND = "send"
SEND_SECONDS = 15
"""With less time left, no message is begun."""
# A message that SNS took without saying so in time is sent again: ask once more at most.
_PUBLISHING = Config(
    connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2}
)
logger = make_logger("notifier")
metrics = make_metrics("notifier")


class TaskError(CrowdLensError):
    """Raised when an event asks for a task that there is not."""


@lru_cache(maxsize=1)
def _parts() -> tuple[NotifierSettings, DynamoStore, RuleBook, SnsTopic]:
    settings = notifier_settings()
    store = DynamoStore(control_client(), settings.control_table)
    topic = SnsTopic(boto3.client("sns", config=_PUBLISHING), settings.topic_arn)
    return settings, store, RuleBook(store), topic


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Take alerts and send what is due; return the messages that must come again, or what was sent."""
    bind_request(logger, context)
    settings, store, book, topic = _parts()
    sender = Sender(
        Batches(store), topic, settings.languages, settings.map_url, has_time=time_left(context, SEND_SECONDS)
    )
    if "Records" not in event:
        return _send_due(sender, event)
    lot = take_lot(store, Notifier(store, book), sqs_records(event))
    sent = sender.send(lot.due.values())
    _tell(lot, sent, book)
    return batch_response(lot.failed.keys())


def _send_due(sender: Sender, event: Mapping[str, Any]) -> dict[str, Any]:
    if event.get("task") != SEND:
        raise TaskError(f"task is {event.get('task')!r}: expected {SEND}")
    result = sender.send_due(float(event.get("ahead_seconds", 0.0)))
    _log_failures(result)
    if result.sent or result.failures:
        # Idle, it sends none: a metric costs a fee for every hour in which it was sent.
        count(metrics, {"messages_sent": result.sent, "messages_failed": len(result.failures)})
    return {"sent": result.sent, "failed": len(result.failures), "given_up": len(result.given_up)}


def _tell(lot: Lot, sent: SendResult, book: RuleBook) -> None:
    for message_id, reason in lot.failed.items():
        logger.error("alert not taken", extra={"message_id": message_id, "reason": reason})
    for rule, reason in book.problems.items():
        logger.warning("rule left out", extra={"rule": rule, "reason": reason})
    _log_failures(sent)
    logger.info("alerts taken", extra={"told": lot.told, "ignored": lot.ignored, "messages_sent": sent.sent})
    count(
        metrics,
        {
            "alerts_failed": len(lot.failed),
            "messages_sent": sent.sent,
            "messages_failed": len(sent.failures),
        },
    )


def _log_failures(result: SendResult) -> None:
    for reason in result.failures:
        logger.error("message not sent", extra={"reason": reason})
    for reason in result.given_up:
        logger.error("message given up after a day", extra={"reason": reason})
