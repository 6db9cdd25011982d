"""Lambda entry: SQS batch of S3 notifications → MySQL, with a partial batch response.

A schedule calls it with ``{"task": "maintain"}``, the reconciler with a question to the ledger: the same
function, so the same one connection.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from lambdas.rds_loader.loader import Loader
from lambdas.shared import load_ledger
from lambdas.shared.lake_store import LakeStore
from lambdas.shared.mysql import Database
from lambdas.shared.observability import bind_request, count, make_logger, make_metrics
from lambdas.shared.settings import rds_loader_settings
from lambdas.shared.sqs import batch_response, sqs_records

logger = make_logger("rds_loader")
metrics = make_metrics("rds_loader")

MAINTAIN = "maintain"


@lru_cache(maxsize=1)
def database() -> Database:
    """Return the database this process keeps, with its one connection."""
    return Database(rds_loader_settings().mysql)


@lru_cache(maxsize=1)
def loader() -> Loader:
    """Return the loader this process keeps."""
    return Loader(LakeStore(rds_loader_settings().lake_bucket), database())


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Load the objects of the batch and name the messages to deliver again; or do another task."""
    bind_request(logger, context)
    if event.get("task") == MAINTAIN:
        return _maintain()
    if event.get("task") == load_ledger.TASK:
        return load_ledger.answer(load_ledger.MySqlLedger(database()), event)
    result = loader().load_batch(sqs_records(event))
    for error, reason in result.errors:
        logger.error("object not loaded", extra={"error": error, "reason": reason})
    counts = {
        "objects": result.objects,
        "objects_skipped": result.objects_skipped,
        "objects_from_compacted": result.objects_from_compacted,
        "rows": result.rows,
        "messages_failed": len(result.failed_message_ids),
    }
    logger.info("batch loaded", extra=counts)
    count(metrics, counts)
    return batch_response(result.failed_message_ids)


def _maintain() -> dict[str, Any]:
    result = loader().maintain()
    logger.info("projection maintained", extra={"removed": result.removed, "finished": result.finished})
    for error, reason in result.totals.errors:
        logger.error("hour totals not made", extra={"error": error, "reason": reason})
    faults = {"totals_failed": result.totals.failed, "totals_given_up": result.totals.given_up}
    # A metric is paid for in every hour that it is sent: these come only with something to tell.
    told = {name: number for name, number in faults.items() if number}
    count(metrics, {"prune_unfinished": int(not result.finished), **told})
    return {"removed": result.removed, "finished": result.finished}
