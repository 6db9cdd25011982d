"""Lambda entry: a custom resource of CloudFormation, at each deployment that brings another schema."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

from contract.errors import CrowdLensError
from lambdas.database_setup.settings import database_setup_settings
from lambdas.database_setup.setup import LONGEST_BUSY_SECONDS, set_up
from lambdas.shared.cloudformation import response, send
from lambdas.shared.observability import bind_request, make_logger

logger = make_logger("database_setup")
PHYSICAL_ID = "mysql-schema"
ANSWER_SECONDS = 20.0
"""What is left of the function's time when it stops waiting, so that it can still say so."""
DEFAULT_WAIT_SECONDS = 840.0


def handler(event: dict[str, Any], context: object) -> None:
    """Set MySQL up for a Create or an Update, let it be for a Delete, and tell CloudFormation how it went."""
    bind_request(logger, context)
    reason = None
    if event["RequestType"] != "Delete":
        reason = _set_up(context)
    send(event["ResponseURL"], response(event, PHYSICAL_ID, reason))


def _set_up(context: object) -> str | None:
    """Return None when MySQL is set up, else why not in one sentence."""
    # Calling again could run two migrations at once; they would wait for each other, and the time be over.
    # A function that is not ready yet says so at once: those waits come off the time for the answer.
    waiting = Config(
        read_timeout=max(1.0, _wait_seconds(context) - LONGEST_BUSY_SECONDS),
        retries={"total_max_attempts": 1},
    )
    try:
        answer = set_up(
            database_setup_settings(), boto3.client("secretsmanager"), boto3.client("lambda", config=waiting)
        )
    except CrowdLensError as error:
        logger.exception("database not set up")
        return str(error)
    except Exception as error:
        # CloudFormation must hear of any failure: it would wait for an hour.
        logger.exception("database not set up")
        return f"database_setup failed: {type(error).__name__}, see its log"
    logger.info("database set up", extra=answer)
    return None


def _wait_seconds(context: object) -> float:
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return DEFAULT_WAIT_SECONDS if remaining is None else max(1.0, remaining() / 1000 - ANSWER_SECONDS)
