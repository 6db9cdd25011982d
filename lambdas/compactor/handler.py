"""Lambda entry: a schedule finds what there is to compact, or an event names one piece of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from contract.errors import CrowdLensError
from lambdas.compactor.compactor import Compactor, Piece
from lambdas.compactor.event import event_of, piece_of
from lambdas.compactor.report import Report
from lambdas.compactor.settings import CompactorSettings, compactor_settings
from lambdas.compactor.store import S3ObjectStore
from lambdas.shared.control_table import control_client
from lambdas.shared.deadline import time_left
from lambdas.shared.leases import Leases
from lambdas.shared.observability import bind_request, count, make_logger, make_metrics

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

PIECE_SECONDS = 180
"""A piece of `piece_rows` takes a fraction of it: with less left, none is begun."""
FAULTS = ("pieces_failed", "covers_broken", "objects_skipped")
"""What an alarm needs to hear of, as one sum: a metric costs a fee, and the log line has every count."""


class DispatchError(CrowdLensError):
    """Raised when a piece could not be handed to an invocation of its own."""


logger = make_logger("compactor")
metrics = make_metrics("compactor")


@lru_cache(maxsize=1)
def _clients() -> tuple[CompactorSettings, S3ObjectStore, Leases]:
    settings = compactor_settings()
    leases = Leases(control_client(), settings.control_table)
    return settings, S3ObjectStore(settings.lake_bucket), leases


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Compact what `event` asks for and return the counts."""
    bind_request(logger, context)
    settings, store, leases = _clients()
    dispatch = _dispatcher(settings.fan_out_function) if settings.fan_out_function else None
    compactor = Compactor(
        store, leases, settings.rules, has_time=time_left(context, PIECE_SECONDS), dispatch=dispatch
    )
    piece = piece_of(event)
    if piece is not None:
        return _told(compactor.run([piece]))
    pieces = compactor.pieces()
    if dispatch is None:
        return _told(compactor.run(pieces))
    for found in pieces:
        dispatch(found)
    return _told(Report())


def _told(report: Report) -> dict[str, Any]:
    for key, reason in report.skipped.items():
        logger.warning("object left alone", key=key, reason=reason)
    for piece, reason in report.failed.items():
        logger.error("piece failed", piece=piece, reason=reason)
    counts = report.counts()
    logger.info("compacted", extra=counts)
    count(metrics, {"faults": sum(counts[name] for name in FAULTS)})
    return counts


def _dispatcher(function_name: str) -> Callable[[Piece], None]:
    client: LambdaClient = boto3.client("lambda")

    def dispatch(piece: Piece) -> None:
        payload = json.dumps(event_of(piece)).encode()
        try:
            client.invoke(FunctionName=function_name, InvocationType="Event", Payload=payload)
        except (ClientError, BotoCoreError) as error:
            raise DispatchError(
                f"piece {piece.name} could not be handed to {function_name}: {error}"
            ) from error

    return dispatch
