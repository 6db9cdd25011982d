"""How fast the link is: downloads and uploads a bounded number of bytes, over HTTP or HTTPS.

Runs as a process of its own (`python -m edge_components.fleet_agent link-test`), so that TLS costs the agent
no memory and a link that hangs costs it no time.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from contract.errors import WorkFailedError
from edge_components.fleet_agent.commands import run_command
from edge_components.fleet_agent.settings import LinkTestSettings

if TYPE_CHECKING:
    from http.client import HTTPConnection

_CHUNK_BYTES = 64 * 1024
_CONNECT_SECONDS = 10.0
_LEAST_SECONDS = 0.001
_REFUSED_STATUS = 300
_PROCESS_MARGIN_SECONDS = 15.0


class LinkTestError(WorkFailedError):
    """Raised for a link test that could not be done; the text says which direction and why."""


@dataclass(frozen=True)
class Direction:
    """Bytes that went through in one direction, and the time that took."""

    transferred_bytes: int
    seconds: float

    @property
    def bits_per_second(self) -> int:
        """The mean speed."""
        return round(8 * self.transferred_bytes / max(self.seconds, _LEAST_SECONDS))


def run_link_test(settings: LinkTestSettings) -> dict[str, int]:
    """Return `link_down_bits_per_second` and `link_up_bits_per_second`, as far as there is a URL for them.

    Raises `LinkTestError`.
    """
    tests: tuple[tuple[str, str | None, Callable[..., Direction]], ...] = (
        ("link_down_bits_per_second", settings.download_url, download),
        ("link_up_bits_per_second", settings.upload_url, upload),
    )
    found: dict[str, int] = {}
    for column, url, measure in tests:
        if url is not None:
            found[column] = measure(url, settings.maximum_bytes, settings.maximum_seconds).bits_per_second
    return found


def run_apart(settings: LinkTestSettings) -> dict[str, int]:
    """Run the test in a process of its own and return its figures; raises `WorkFailedError`."""
    words = [sys.executable, "-m", "edge_components.fleet_agent", "link-test", "--json"]
    words += ["--bytes", str(settings.maximum_bytes), "--seconds", str(settings.maximum_seconds)]
    words += ["--download", settings.download_url] if settings.download_url else []
    words += ["--upload", settings.upload_url] if settings.upload_url else []
    limit_seconds = 2 * (settings.maximum_seconds + _CONNECT_SECONDS) + _PROCESS_MARGIN_SECONDS
    answer = json.loads(run_command(words, limit_seconds=limit_seconds))
    if "error" in answer:
        raise LinkTestError(str(answer["error"]))
    return {str(name): int(value) for name, value in answer.items()}


def download(url: str, maximum_bytes: int, maximum_seconds: float) -> Direction:
    """Read at most so many bytes of `url` for at most so long; the time runs from the first byte on.

    Raises `LinkTestError` when nothing comes.
    """
    from http.client import HTTPException

    connection, path = _connect(url)
    try:
        headers = {"Range": f"bytes=0-{maximum_bytes - 1}", "Accept-Encoding": "identity"}
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        if answer.status >= _REFUSED_STATUS:
            raise LinkTestError(f"download: the server answered {answer.status} {answer.reason}")
        return _read(answer, maximum_bytes, maximum_seconds)
    except (OSError, HTTPException) as error:
        raise LinkTestError(f"download: {error or type(error).__name__}") from error
    finally:
        connection.close()


def upload(url: str, maximum_bytes: int, maximum_seconds: float) -> Direction:
    """Send so many bytes by PUT, fewer when `maximum_seconds` are over; raises `LinkTestError`.

    The body is sent in chunks without a length, so that it can end in time; what counts is the time until
    the server has answered.
    """
    from http.client import HTTPException

    connection, path = _connect(url)
    sent = _Counted(maximum_bytes, maximum_seconds)
    try:
        began = time.monotonic()
        headers = {"Content-Type": "application/octet-stream"}
        connection.request("PUT", path, body=iter(sent), headers=headers, encode_chunked=True)
        answer = connection.getresponse()
        answer.read(_CHUNK_BYTES)
        seconds = time.monotonic() - began
        if answer.status >= _REFUSED_STATUS:
            raise LinkTestError(f"upload: the server answered {answer.status} {answer.reason}")
        return Direction(sent.sent_bytes, seconds)
    except (OSError, HTTPException) as error:
        raise LinkTestError(f"upload: {error or type(error).__name__}") from error
    finally:
        connection.close()


class _Counted:
    """Chunks up to a number of bytes and a time, counted."""

    def __init__(self, maximum_bytes: int, maximum_seconds: float) -> None:
        self._maximum_bytes = maximum_bytes
        self._until = time.monotonic() + maximum_seconds
        self.sent_bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        # Zeros would be squeezed by what compresses on the way.
        chunk = os.urandom(_CHUNK_BYTES)
        while self.sent_bytes < self._maximum_bytes and time.monotonic() < self._until:
            part = chunk[: self._maximum_bytes - self.sent_bytes]
            yield part
            self.sent_bytes += len(part)


def _read(answer: Any, maximum_bytes: int, maximum_seconds: float) -> Direction:
    began = time.monotonic()
    received = 0
    while received < maximum_bytes and time.monotonic() - began < maximum_seconds:
        part = answer.read1(min(_CHUNK_BYTES, maximum_bytes - received))
        if not part:
            break
        received += len(part)
    if not received:
        raise LinkTestError("download: the server sent nothing")
    return Direction(received, time.monotonic() - began)


def _connect(url: str) -> tuple[HTTPConnection, str]:
    from http.client import HTTPConnection, HTTPSConnection

    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return kind(parts.hostname or "", parts.port, timeout=_CONNECT_SECONDS), path


def speeds_text(found: Mapping[str, int]) -> str:
    """Return what was found in words, such as ``down 48.2 Mbit/s, up 9.7 Mbit/s``."""
    words = {"link_down_bits_per_second": "down", "link_up_bits_per_second": "up"}
    return ", ".join(f"{words[name]} {value / 1e6:.1f} Mbit/s" for name, value in found.items())
