"""Answers of the API, with what a browser must know to keep them and to take them for nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from lambdas.live_api.errors import ApiError
from lambdas.live_api.requests import has_already, header
from lambdas.live_api.snapshot import Answer, answer_of, digest

JSON = "application/json"
_SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
# Kept by the browser, asked for again each time: 304 is the cheap answer. By nobody between: rights differ.
_VARY = "Accept-Encoding, Authorization"
_ASK_AGAIN = {"Cache-Control": "private, no-cache"}


def json_answer(
    event: Mapping[str, Any],
    document: Mapping[str, Any],
    *,
    version: int | None = None,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> Response[Any]:
    """Return a document with an ETag, which begins with the place's `version` where it has one."""
    answer = answer_of(document)
    if version is not None:
        answer = Answer(answer.body, answer.compressed, f'"v{version}-{digest(answer.body)}"')
    return kept_answer(event, answer, status=status, headers=headers)


def kept_answer(
    event: Mapping[str, Any],
    answer: Answer,
    *,
    status: HTTPStatus = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
) -> Response[Any]:
    """Return an answer, or 304 without a body to a caller that has it."""
    told = {**_SAFE, **_ASK_AGAIN, "ETag": answer.etag, "Vary": _VARY}
    told |= headers or {}
    if status is HTTPStatus.OK and has_already(event, answer.etag):
        return Response(HTTPStatus.NOT_MODIFIED, headers=told, body="")
    if answer.compressed is not None and "gzip" in header(event, "accept-encoding"):
        told["Content-Encoding"] = "gzip"
        # As text, for the resolver would write bytes of this type as JSON.
        packed = Response(status, JSON, base64.b64encode(answer.compressed).decode(), told)
        packed.base64_encoded = True
        return packed
    return Response(status, JSON, answer.body.decode(), told)


def csv_answer(content: bytes, file_name: str) -> Response[Any]:
    """Return a table that a browser saves under `file_name`."""
    told = {**_SAFE, **_ASK_AGAIN, "Content-Disposition": f'attachment; filename="{file_name}"'}
    return Response(HTTPStatus.OK, "text/csv; charset=utf-8", content.decode(), told)


def photo_answer(
    event: Mapping[str, Any], content: bytes, content_type: str, photo_digest: str
) -> Response[Any]:
    """Return a photo that is a photo and nothing else, also when it is opened by itself.

    A browser asks again each time: who uses it next may have no right to the place.
    """
    told = {**_SAFE, **_ASK_AGAIN, "ETag": f'"{photo_digest}"', "Vary": _VARY}
    told |= {"Content-Security-Policy": "default-src 'none'; sandbox", "Content-Disposition": "inline"}
    if has_already(event, told["ETag"]):
        return Response(HTTPStatus.NOT_MODIFIED, headers=told, body="")
    return Response(HTTPStatus.OK, content_type, content, told)


def nothing() -> Response[Any]:
    """Return 204."""
    return Response(HTTPStatus.NO_CONTENT, headers={**_SAFE, **_ASK_AGAIN}, body="")


def refusal(error: ApiError) -> Response[Any]:
    """Return what was refused, and why."""
    return failure(error.status, error.body())


def failure(status: HTTPStatus, body: Mapping[str, Any]) -> Response[Any]:
    """Return an error, which nobody keeps."""
    told = {**_SAFE, "Cache-Control": "no-store"}
    return Response(status, JSON, json.dumps(body), told)
