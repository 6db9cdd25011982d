"""What a browser or a player asks for, read from a connection."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

MAXIMUM_HEAD_BYTES = 16 * 1024
HEAD_SECONDS = 10.0


class BadRequestError(Exception):
    """Raised for a request that cannot be answered; `status` is HTTP's, the text is for who asked."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True)
class Request:
    """A request without a body: header names are in lower case, the path is decoded."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """Return the request, None when the other side left or took too long; raises `BadRequestError`."""
    try:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_SECONDS)
    except asyncio.LimitOverrunError as error:
        raise BadRequestError(431, "the request's head is too long") from error
    except (asyncio.IncompleteReadError, asyncio.TimeoutError, ConnectionError):
        return None
    return parse_request(head)


def parse_request(head: bytes) -> Request:
    """Return the request whose head is `head`; raises `BadRequestError`."""
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise BadRequestError(400, "this is no HTTP/1 request")
    method, target, _ = parts
    if method not in ("GET", "HEAD"):
        raise BadRequestError(405, "only GET and HEAD are answered here")
    if not target.startswith("/"):
        raise BadRequestError(400, "the request's address must begin with a slash")
    try:
        split = urlsplit(target)
        query = dict(parse_qsl(split.query))
    except ValueError as error:
        raise BadRequestError(400, "the request's address cannot be read") from error
    return Request(method, unquote(split.path), query, _headers(lines))


def _headers(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise BadRequestError(400, "a header of the request cannot be read")
        key = name.lower()
        if key == "host" and key in headers:
            raise BadRequestError(400, "the request names two hosts")
        headers[key] = value.strip()
    return headers
