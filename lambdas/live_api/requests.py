"""What a request says: its body, its version, whether it has the answer already."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from lambdas.live_api.errors import ApiError

MOST_BODY_BYTES = 256 * 1024
_VERSION = re.compile(r'\s*(?:W/)?"v(\d{1,18})(?:-[0-9a-f]+)?"\s*')


def header(event: Mapping[str, Any], name: str) -> str:
    """Return a header's value, empty without one; HTTP APIs write names in lower case."""
    return str((event.get("headers") or {}).get(name.lower()) or "")


def body_bytes(event: Mapping[str, Any], most: int) -> bytes:
    """Return the body; raises `ApiError` (400, 413)."""
    text = event.get("body") or ""
    if len(text) > most * 2:
        raise _too_large(most)
    try:
        content = base64.b64decode(text, validate=True) if event.get("isBase64Encoded") else text.encode()
    except (binascii.Error, ValueError) as error:
        raise ApiError(HTTPStatus.BAD_REQUEST, "the body cannot be read") from error
    if len(content) > most:
        raise _too_large(most)
    return content


def json_body(event: Mapping[str, Any]) -> object:
    """Return the JSON of the body; raises `ApiError` (400, 413, 415).

    Only `application/json` will do: a page of another origin could send anything else without asking.
    """
    if header(event, "content-type").partition(";")[0].strip().lower() != "application/json":
        raise ApiError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "expected a body of application/json")
    try:
        body = json.loads(body_bytes(event, MOST_BODY_BYTES).decode("utf-8"))
        # Half a pair ("\ud800") is JSON and no text: no answer could repeat it, no database keep it.
        json.dumps(body, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise ApiError(HTTPStatus.BAD_REQUEST, "the body is no JSON in UTF-8") from error
    return body


def expected_version(event: Mapping[str, Any]) -> int:
    """Return the version that If-Match names; raises `ApiError` (400, 428)."""
    value = header(event, "if-match")
    if not value:
        raise ApiError(
            HTTPStatus.PRECONDITION_REQUIRED,
            "If-Match is missing: expected the ETag of the place as you saw it",
            "If-Match",
        )
    match = _VERSION.fullmatch(value)
    if match is None:
        raise ApiError(HTTPStatus.BAD_REQUEST, "If-Match is no ETag of a place", "If-Match")
    return int(match[1])


def has_already(event: Mapping[str, Any], etag: str) -> bool:
    """Return whether If-None-Match names `etag`; weak or not makes no difference to a GET."""
    value = header(event, "if-none-match")
    known = {one.strip().removeprefix("W/") for one in value.split(",")}
    return bool(value) and (etag.removeprefix("W/") in known or "*" in known)


def _too_large(most: int) -> ApiError:
    return ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is larger than {most // 1024} KiB")
