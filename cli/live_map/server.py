"""Serves the live map's page and its API to browsers on this machine and to nobody else."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from types import TracebackType
from typing import Any, Self

from cli.live_map.requests import answer_of, event_of
from contract.errors import CrowdLensError
from lambdas.live_api.photos import MOST_BYTES

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]
_API = "/api/"
_DISCARDED_BODY_BYTES = 16 * MOST_BYTES
_STATIC = files("lambdas.live_api") / "static"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".webmanifest": "application/manifest+json",
}
_CONFIGURATION = json.dumps({"sign_in": "none"}).encode()
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


class PortBusyError(CrowdLensError):
    """Raised when the port that was asked for cannot be had."""


class LiveMapServer:
    """The map at `url` on 127.0.0.1 while the context is open; port 0 takes a free one."""

    def __init__(self, handler: Handler, *, port: int = 0, tile_origin: str | None = None) -> None:
        # The handler has one connection to MySQL, as a function in the cloud has: one request at a time.
        turns = threading.Lock()

        def in_turn(event: dict[str, Any]) -> dict[str, Any]:
            with turns:
                return handler(event, None)

        serve = partial(_Request, answer=in_turn, policy=content_policy(tile_origin))
        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), serve)
        except OSError as error:
            raise PortBusyError(
                f"port {port} on 127.0.0.1 cannot be had ({error.strerror}): expected a free one, or 0"
            ) from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._serve, name="live-map", daemon=True)

    @property
    def url(self) -> str:
        """Return where the page is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.05)


def content_policy(tile_origin: str | None) -> str:
    """Return what the page may load: itself, and pictures of the tile server when there is one."""
    tiles = f" {tile_origin}" if tile_origin else ""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        f"img-src 'self' data: blob:{tiles}; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body leave in one packet, not one after the other's acknowledgement.
    wbufsize = -1

    def __init__(
        self, *arguments: Any, answer: Callable[[dict[str, Any]], dict[str, Any]], policy: str
    ) -> None:
        self._answer = answer
        self._policy = policy
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """Answer a page or the API."""
        path = self.path.partition("?")[0]
        if path.startswith(_API):
            self._api()
        elif self._from_here():
            self._page(path.removeprefix("/") or "index.html")

    def do_POST(self) -> None:
        """Answer the API."""
        self._api()

    def do_PUT(self) -> None:
        """Answer the API."""
        self._api()

    def do_DELETE(self) -> None:
        """Answer the API."""
        self._api()

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: a page that asks every five seconds would fill the terminal."""

    def _api(self) -> None:
        length = self.headers.get("Content-Length", "0")
        size = int(length) if length.isdecimal() else _DISCARDED_BODY_BYTES + 1
        if size > 2 * MOST_BYTES or "Transfer-Encoding" in self.headers:
            self._discard(size)
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is larger than 1 MiB")
            return
        # Read in any case: what is left of it would be taken for the next request.
        body = self.rfile.read(size)
        if self._from_here():
            event = event_of(self.command, self.path, dict(self.headers.items()), body)
            status, headers, content = answer_of(self._answer(event))
            self._send(status, headers, content)

    def _page(self, name: str) -> None:
        if name == "config.json":
            self._send(HTTPStatus.OK, {"Content-Type": _TYPES[".json"]}, _CONFIGURATION)
            return
        known = {entry.name: entry for entry in _STATIC.iterdir() if entry.is_file()}
        kind = _TYPES.get(f".{name.rpartition('.')[2]}")
        if name not in known or kind is None:
            self._refuse(HTTPStatus.NOT_FOUND, "no such page")
            return
        headers = {"Content-Type": kind, "Content-Security-Policy": self._policy, "Cache-Control": "no-cache"}
        self._send(HTTPStatus.OK, headers, known[name].read_bytes())

    def _from_here(self) -> bool:
        """Return whether a page of ours asks; refuses the request when not.

        The Host header tells a page of another name that was pointed at this address (DNS rebinding), the
        Origin header a request that another page sent: here nobody signs in, so both must be ours.
        """
        port = self.connection.getsockname()[1]
        hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        origin = self.headers.get("Origin")
        if self.headers.get("Host") not in hosts:
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST, "asked for another host")
        elif origin is not None and origin.removeprefix("http://") not in hosts:
            self._refuse(HTTPStatus.FORBIDDEN, "asked by another page")
        else:
            return True
        return False

    def _discard(self, size: int) -> None:
        """Read what a client still sends, up to a bound, so that it reads our answer."""
        left = min(size, _DISCARDED_BODY_BYTES)
        while left > 0 and (chunk := self.rfile.read1(min(left, 64 * 1024))):
            left -= len(chunk)
        self.close_connection = True

    def _refuse(self, status: HTTPStatus, sentence: str) -> None:
        body = json.dumps({"error": {"message": sentence, "field": None}}).encode()
        self._send(status, {"Content-Type": _TYPES[".json"], "Cache-Control": "no-store"}, body)

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {**_SAFE, **headers}.items():
            self.send_header(name, value)
        # An answer of 204 or 304 has no body, and so no length.
        if status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and body:
            self.wfile.write(body)
        self.wfile.flush()
