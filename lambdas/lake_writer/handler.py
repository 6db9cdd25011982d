"""Lambda entry: SQS ingest batch → parquet in the lake, with a partial batch response."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.lake_writer.identity import IdentityCheck, open_gate, reason_for
from lambdas.lake_writer.identity_report import MentionedLately, identity_counts
from lambdas.lake_writer.writer import LakeWriter
from lambdas.shared.lake_store import LakeStore
from lambdas.shared.observability import bind_request, count, make_logger, make_metrics, measure
from lambdas.shared.settings import lake_writer_settings
from lambdas.shared.sqs import batch_response, sqs_records

logger = make_logger("lake_writer")
metrics = make_metrics("lake_writer")
mentioned = MentionedLately()


@lru_cache(maxsize=1)
def lake_writer() -> LakeWriter:
    """Return the writer this process keeps."""
    settings = lake_writer_settings()
    return LakeWriter(LakeStore(settings.lake_bucket), open_gate(settings))


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Write the batch and name the messages to deliver again."""
    bind_request(logger, context)
    result = lake_writer().write(sqs_records(event))
    for refusal in result.refusals:
        logger.warning("message quarantined", error=refusal.error, reason=refusal.reason)
    for error in result.store_errors:
        logger.error("object not stored", reason=error)
    _log_identity(result.identity)
    counts = {
        "messages": result.messages,
        "messages_failed": len(result.failed_message_ids),
        "messages_quarantined": result.quarantined,
        "rows": result.rows,
        "objects": result.objects,
        **identity_counts(result.identity),
    }
    logger.info("batch written", extra=counts)
    if result.clock_offset_milliseconds is not None:
        measure(
            metrics, "clock_offset_milliseconds", MetricUnit.Milliseconds, result.clock_offset_milliseconds
        )
    count(metrics, counts)
    return batch_response(result.failed_message_ids)


def _log_identity(identity: IdentityCheck) -> None:
    if identity.problem is not None:
        logger.error("device registry unavailable", reason=identity.problem)
    for mismatch in mentioned.news(identity):
        reason = reason_for(mismatch.device, mismatch.fault, mismatch.sender_id)
        logger.warning(
            "sender does not match device", error=mismatch.fault.value, device=mismatch.device, reason=reason
        )
