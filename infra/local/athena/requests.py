"""What every operation does with its request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Request = Mapping[str, Any]
Answer = dict[str, Any]

WORK_GROUP = "primary"
PAGE_SIZE = 50


class RequestError(Exception):
    """Raised for a request that Athena answers with an error; `kind` is the error's shape."""

    def __init__(
        self, message: str, *, kind: str = "InvalidRequestException", code: str | None = None
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code


def required(request: Request, field: str) -> str:
    """Return a text field that must be there; raises `RequestError` when it is not."""
    value = request.get(field)
    if not isinstance(value, str) or not value:
        raise RequestError(f"{field} is missing: expected text")
    return value


def check_work_group(request: Request) -> None:
    """Raise `RequestError` for another work group than the one there is."""
    group = request.get("WorkGroup") or WORK_GROUP
    if group != WORK_GROUP:
        raise RequestError(f"WorkGroup {group} is not found.")


def offset(request: Request) -> int:
    """Return where a page begins; raises `RequestError` for a token that was never given."""
    token = request.get("NextToken")
    if token is not None and not str(token).isdecimal():
        raise RequestError(f"NextToken is {token!r}: expected one that was given before")
    return int(token or 0)


def page(items: list[Any], request: Request, field: str) -> Answer:
    """Return the page of `items` that a request asks for, under `field`, with a token when more follow."""
    first = offset(request)
    size = min(int(request.get("MaxResults") or PAGE_SIZE), PAGE_SIZE)
    answer: Answer = {field: items[first : first + size]}
    if first + size < len(items):
        answer["NextToken"] = str(first + size)
    return answer
