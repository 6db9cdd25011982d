"""Lambda entry: a batch from a dead-letter queue → quarantine, with a partial batch response."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from lambdas.dead_letters.copier import copy_to_quarantine
from lambdas.shared.lake_store import LakeStore
from lambdas.shared.observability import bind_request, count, make_logger, make_metrics
from lambdas.shared.settings import dead_letters_settings
from lambdas.shared.sqs import batch_response, sqs_records

logger = make_logger("dead_letters")
metrics = make_metrics("dead_letters")


@lru_cache(maxsize=1)
def lake_store() -> LakeStore:
    """Return the lake bucket this process keeps a client of."""
    return LakeStore(dead_letters_settings().lake_bucket)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Copy the batch to quarantine and name the messages that must stay in their dead-letter queue."""
    bind_request(logger, context)
    result = copy_to_quarantine(lake_store(), sqs_records(event))
    for letter in result.copied:
        fields = {"queue": letter.queue_arn, "device": letter.device, "key": letter.key}
        logger.warning("dead letter quarantined", error=letter.error, reason=letter.reason, extra=fields)
    for error in result.store_errors:
        logger.error("dead letter not copied", reason=error)
    counts = {"dead_letters": len(result.copied), "dead_letters_failed": len(result.failed_message_ids)}
    count(metrics, counts)
    return batch_response(result.failed_message_ids)
