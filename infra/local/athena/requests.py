"""What every operation does with its request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Request = Mapping[str, Any]
Answer = dict[str, Any]

WORK_GROUP = "primary"
PAGE_SIZE = 50
_SHOWN_CHARACTERS = 80
_TOKEN_DIGITS = 18


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
        state = "missing" if value in (None, "") else _shown(value)
        raise RequestError(f"{field} is {state}: expected text")
    return value


def optional_text(request: Request, field: str) -> str | None:
    """Return a text field, None when it is not there; raises `RequestError` for anything but text."""
    value = request.get(field)
    if value is not None and not isinstance(value, str):
        raise RequestError(f"{field} is {_shown(value)}: expected text")
    return value or None


def optional_texts(request: Request, field: str) -> list[str]:
    """Return a list of texts, empty when it is not there; raises `RequestError` for anything else."""
    value = request.get(field)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise RequestError(f"{field} is {_shown(value)}: expected a list of texts")
    return list(value)


def optional_structure(request: Request, field: str) -> Request:
    """Return a structure, empty when it is not there; raises `RequestError` for anything else."""
    value = request.get(field)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RequestError(f"{field} is {_shown(value)}: expected a structure")
    return value


def maximum_results(request: Request, most: int) -> int:
    """Return how long a page may be: 1 to `most`, and `most` when nothing is asked; raises `RequestError`."""
    value = request.get("MaxResults")
    if value is None:
        return most
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise RequestError(f"MaxResults is {_shown(value)}: expected a number from 1 to {most}")
    return value


def _shown(value: object) -> str:
    return repr(value)[:_SHOWN_CHARACTERS]


def check_work_group(request: Request) -> None:
    """Raise `RequestError` for another work group than the one there is."""
    group = optional_text(request, "WorkGroup") or WORK_GROUP
    if group != WORK_GROUP:
        raise RequestError(f"WorkGroup {group} is not found.")


def offset(request: Request) -> int:
    """Return where a page begins; raises `RequestError` for a token that was never given."""
    token = optional_text(request, "NextToken")
    if token is not None and not (token.isascii() and token.isdecimal() and len(token) <= _TOKEN_DIGITS):
        raise RequestError(f"NextToken is {_shown(token)}: expected one that was given before")
    return int(token or 0)


def page(items: list[Any], request: Request, field: str) -> Answer:
    """Return the page of `items` that a request asks for, under `field`, with a token when more follow."""
    first = offset(request)
    size = maximum_results(request, PAGE_SIZE)
    answer: Answer = {field: items[first : first + size]}
    if first + size < len(items):
        answer["NextToken"] = str(first + size)
    return answer
