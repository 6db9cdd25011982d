"""Lambda entry: a custom resource of CloudFormation, at each deployment that brings another page."""

from __future__ import annotations

from typing import Any

import boto3

from contract.errors import CrowdLensError
from lambdas.page_setup.page import empty_page, page_request, put_page
from lambdas.shared.cloudformation import response, send
from lambdas.shared.observability import bind_request, make_logger

logger = make_logger("page_setup")
PHYSICAL_ID = "live-map-page"


def handler(event: dict[str, Any], context: object) -> None:
    """Put the page into its bucket, or take it out for a Delete, and tell CloudFormation how it went."""
    bind_request(logger, context)
    send(event["ResponseURL"], response(event, PHYSICAL_ID, _done(event)))


def _done(event: dict[str, Any]) -> str | None:
    """Return None when it is done, else why not in one sentence."""
    try:
        request, s3 = page_request(event["ResourceProperties"]), boto3.client("s3")
        if event["RequestType"] == "Delete":
            empty_page(request.bucket, s3)
        else:
            logger.info("page put", extra={"files": put_page(request, s3)})
    except CrowdLensError as error:
        logger.exception("page not put")
        return str(error)
    except Exception as error:
        # CloudFormation must hear of any failure: it would wait for an hour.
        logger.exception("page not put")
        return f"page_setup failed: {type(error).__name__}, see its log"
    return None
