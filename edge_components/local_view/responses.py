"""Answers of the local view: every one tells the browser to keep nothing and to ask nobody else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
    "Connection": "close",
}


@dataclass(frozen=True)
class Response:
    """A whole answer; a `body` of None is a stream that follows."""

    status: int
    content_type: str
    body: bytes | None
    headers: Mapping[str, str] = field(default_factory=dict)

    def head(self) -> bytes:
        """Return status line and headers."""
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        headers = {**HEADERS, "Content-Type": self.content_type, **self.headers}
        if self.body is not None:
            headers["Content-Length"] = str(len(self.body))
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def text(status: int, sentence: str, **headers: str) -> Response:
    """Return an answer of one sentence; underscores in names of headers stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, "text/plain; charset=utf-8", f"{sentence}\n".encode(), named)


def document(content: Mapping[str, Any]) -> Response:
    """Return `content` as JSON."""
    return Response(200, "application/json", json.dumps(content, ensure_ascii=False).encode())
