"""Serves the editor's page to a browser on this machine and to nobody else."""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from types import TracebackType
from typing import Any, Self

from cli.scene_editor.session import EditorSession
from contract.errors import CrowdLensError

MAXIMUM_BODY_BYTES = 1024 * 1024
# A refused body is read up to here before the answer: a client that is still sending when the connection
# closes sees a broken pipe in place of the reason.
_DISCARDED_BODY_BYTES = 16 * 1024 * 1024
_STATIC = files("cli.scene_editor") / "static"
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_HEADERS = {
    # The page needs nothing from elsewhere, so the browser is told to ask nobody else.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class PortBusyError(CrowdLensError):
    """Raised when the port that was asked for cannot be had."""


class EditorServer:
    """The editor of `session` at `url` on 127.0.0.1 while the context is open; port 0 takes a free one.

    The URL holds a random token: without it no other program or page on this machine can read or write.
    """

    def __init__(self, session: EditorSession, *, port: int = 0) -> None:
        self._token = secrets.token_urlsafe(18)
        handler = partial(_Handler, session=session, token=self._token)
        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        except OSError as error:
            raise PortBusyError(
                f"port {port} on 127.0.0.1 cannot be had ({error.strerror}): expected a free one, or 0"
            ) from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._serve, name="scene-editor", daemon=True)

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.05)

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self._server.server_port}/{self._token}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self) -> None:
        """Wait until the thread ends, which Ctrl-C interrupts."""
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Header and body leave in one write; two cost 40 ms on a kept connection.
    wbufsize = -1
    timeout = 60

    def __init__(self, *arguments: Any, session: EditorSession, token: str) -> None:
        self._session = session
        self._token = token
        self._unread_bytes = 0
        super().__init__(*arguments)

    def do_GET(self) -> None:
        """Answer with the page, its files, the scene or the frame."""
        name = self._permitted_name()
        if name is None:
            return
        if name == "scene":
            self._send_json(self._session.state())
        elif name == "frame":
            self._send(HTTPStatus.OK, "image/jpeg", self._session.picture())
        else:
            self._send_static(name or "index.html")

    def do_POST(self) -> None:
        """Review or save a document, or take another frame."""
        length = self.headers.get("Content-Length", "")
        self._unread_bytes = int(length) if length.isdecimal() else 0
        name = self._permitted_name()
        if name is None:
            return
        document = self._read_json()
        if document is None:
            return
        if name == "review":
            self._send_json(self._session.review(document))
        elif name == "save":
            self._send_json(self._session.save(document))
        elif name == "frame":
            self._send_json(self._session.another_frame())
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "no such page")

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: the token would stand in it."""

    def _permitted_name(self) -> str | None:
        """Return the path behind the token; refuses the request and returns None without it.

        The Host header tells a page of another name that was pointed at this address (DNS rebinding), the
        Origin header a request that another page sent.
        """
        address = self.connection.getsockname()
        hosts = {f"127.0.0.1:{address[1]}", f"localhost:{address[1]}"}
        origin = self.headers.get("Origin")
        token, _, name = self.path.partition("?")[0].removeprefix("/").partition("/")
        if self.headers.get("Host") not in hosts:
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST, "asked for another host")
        elif origin is not None and origin.removeprefix("http://") not in hosts:
            self._refuse(HTTPStatus.FORBIDDEN, "asked by another page")
        elif not hmac.compare_digest(token.encode(), self._token.encode()):
            self._refuse(HTTPStatus.FORBIDDEN, "use the whole address that `crowdlens scene draw` printed")
        else:
            return name
        return None

    def _read_json(self) -> Any:
        """Return the body of a POST; refuses the request and returns None when it is not an object."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAXIMUM_BODY_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "expected at most 1 MiB of JSON")
            return None
        if self.headers.get_content_type() != "application/json":
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "expected application/json")
            return None
        try:
            body, self._unread_bytes = self.rfile.read(int(length)), 0
            document = json.loads(body)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            self._refuse(HTTPStatus.BAD_REQUEST, "expected a JSON object")
            return None
        return document

    def _send_static(self, name: str) -> None:
        known = {entry.name: entry for entry in _STATIC.iterdir()}
        suffix = f".{name.rpartition('.')[2]}"
        if name not in known or suffix not in _TYPES:
            self._refuse(HTTPStatus.NOT_FOUND, "no such page")
            return
        self._send(HTTPStatus.OK, f"{_TYPES[suffix]}; charset=utf-8", known[name].read_bytes())

    def _send_json(self, document: dict[str, Any]) -> None:
        self._send(HTTPStatus.OK, "application/json", json.dumps(document, ensure_ascii=False).encode())

    def _refuse(self, status: HTTPStatus, sentence: str) -> None:
        # What is left of the body must not be taken for the next request.
        self.close_connection = True
        self._discard_body()
        self._send(status, "text/plain; charset=utf-8", f"{sentence}\n".encode())

    def _discard_body(self) -> None:
        left = min(self._unread_bytes, _DISCARDED_BODY_BYTES)
        while left > 0:
            chunk = self.rfile.read1(min(left, 64 * 1024))
            if not chunk:
                return
            left -= len(chunk)

    def _send(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        for name, value in {
            **_HEADERS,
            "Content-Type": content_type,
            "Content-Length": str(len(body)),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
