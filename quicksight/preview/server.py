"""Shows one page on this machine only."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from contract.errors import CrowdLensError

LOOPBACK = "127.0.0.1"
_POLL_SECONDS = 0.05
# The page brings all it needs in one file: it may fetch nothing and send nothing.
_CONTENT_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class PagePortError(CrowdLensError):
    """Raised when the port for the page cannot be had."""


@dataclass(frozen=True)
class ServedPage:
    """A page that is being served; `wait` returns only by an interrupt."""

    url: str
    _thread: threading.Thread

    def wait(self) -> None:
        """Block until the server ends or KeyboardInterrupt is raised."""
        while self._thread.is_alive():
            self._thread.join(1.0)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, page: Path, port: int) -> None:
        self.page = page
        super().__init__((LOOPBACK, port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay quiet about a browser that went away before it had its answer; tell of anything else."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # handed on as it came

    def is_addressed_by(self, host: str) -> bool:
        """Return whether a Host header is what a browser sends that was told to look on this machine.

        Any other name was made by somebody to resolve to this machine, to read the page from theirs.
        """
        return host.lower() in {f"{name}:{self.server_port}" for name in (LOOPBACK, "localhost")}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    # Header and body leave in one write: two would cost 40 ms on a kept-alive connection.
    wbufsize = -1

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        status, body = self._choose()
        self.send_response(status)
        kind = "text/html" if status is HTTPStatus.OK else "text/plain"
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", _CONTENT_POLICY)
        self.end_headers()
        if with_body:
            self.wfile.write(body)
        self.wfile.flush()

    def _choose(self) -> tuple[HTTPStatus, bytes]:
        if not self.server.is_addressed_by(self.headers.get("Host", "")):
            own = f"http://{LOOPBACK}:{self.server.server_port}/"
            return HTTPStatus.FORBIDDEN, f"This page is shown at {own} only.\n".encode()
        if self.path.split("?")[0] not in ("/", f"/{self.server.page.name}"):
            return HTTPStatus.NOT_FOUND, b"There is only one page here: /\n"
        try:
            return HTTPStatus.OK, self.server.page.read_bytes()
        except OSError:
            return HTTPStatus.NOT_FOUND, b"The page is gone; draw it anew.\n"

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet: the terminal belongs to the run."""


@contextmanager
def serve_page(path: Path, *, port: int = 0) -> Iterator[ServedPage]:
    """Serve the file at `path`, and nothing else, on 127.0.0.1; port 0 takes a free one.

    The file is read at each request, so a page drawn anew is seen by reloading. Raises `PagePortError`.
    """
    try:
        server = _Server(path, port)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or "expected a port from 0 to 65535"
        raise PagePortError(f"port {port} for the page cannot be had ({reason}): choose another") from error
    thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), name="page", daemon=True)
    thread.start()
    try:
        yield ServedPage(f"http://{LOOPBACK}:{server.server_address[1]}/", thread)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
