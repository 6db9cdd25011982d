"""HTTP → the event that an API Gateway HTTP API makes of it (payload 2.0), and its answer → HTTP.

The form: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

_TEXT = ("application/json", "text/")


def event_of(method: str, target: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Return the event of a request for `target`, path and query, with nobody signed in."""
    path, _, query = target.partition("?")
    lowered = {name.lower(): value for name, value in headers.items()}
    is_text = lowered.get("content-type", _TEXT[0]).startswith(_TEXT)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": unquote(path),
        "rawQueryString": query,
        "headers": lowered,
        "queryStringParameters": dict(parse_qsl(query)),
        "requestContext": {
            "http": {"method": method, "path": unquote(path), "protocol": "HTTP/1.1"},
            "stage": "$default",
        },
        "isBase64Encoded": not is_text,
    }
    if body:
        event["body"] = body.decode("utf-8", "replace") if is_text else base64.b64encode(body).decode()
    return event


def answer_of(result: Mapping[str, Any]) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of a handler's answer."""
    text = result.get("body") or ""
    body = base64.b64decode(text) if result.get("isBase64Encoded") else str(text).encode()
    headers = {str(name): str(value) for name, value in (result.get("headers") or {}).items()}
    return int(result["statusCode"]), headers, body
