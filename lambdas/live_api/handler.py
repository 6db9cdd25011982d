"""Lambda entry: a request of an API Gateway HTTP API (payload 2.0) → the live map's JSON API."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError

from contract.errors import CrowdLensError
from lambdas.live_api import responses
from lambdas.live_api.application import Application, make_application
from lambdas.live_api.errors import ApiError
from lambdas.live_api.routes import Routes
from lambdas.live_api.settings import live_api_settings
from lambdas.shared.mysql import DatabaseUnavailableError
from lambdas.shared.observability import bind_request, make_logger

logger = make_logger("live_api")


@lru_cache(maxsize=1)
def application() -> Application:
    """Return the application this process keeps, with its one connection."""
    return make_application(live_api_settings())


def refused(error: ApiError) -> Response[Any]:
    """Answer a request that is refused with its reason."""
    return responses.refusal(error)


def failed(error: CrowdLensError) -> Response[Any]:
    """Answer a request that could not be served without telling how the system is built."""
    logger.error("request failed", extra={"error": type(error).__name__, "reason": str(error)})
    away = isinstance(error, DatabaseUnavailableError)
    status = HTTPStatus.SERVICE_UNAVAILABLE if away else HTTPStatus.INTERNAL_SERVER_ERROR
    sentence = "the counts cannot be read at the moment: try again in a few seconds"
    return responses.failure(status, {"error": {"message": sentence, "field": None}})


def no_such_address(error: NotFoundError) -> Response[Any]:
    """Answer a request for an address that there is not."""
    del error
    body = {"error": {"message": "there is nothing at this address", "field": None}}
    return responses.failure(HTTPStatus.NOT_FOUND, body)


def make_handler(application: Callable[[], Application]) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """Return what answers an event with what `application` returns, which is asked at each request."""
    resolver = APIGatewayHttpResolver()
    Routes(resolver, application).register()
    resolver.exception_handler(ApiError)(refused)
    resolver.exception_handler(CrowdLensError)(failed)
    resolver.not_found(no_such_address)
    return resolver.resolve


_resolve = make_handler(application)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request."""
    bind_request(logger, context)
    return _resolve(event, context)
