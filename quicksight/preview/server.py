"""Shows one page on this machine only."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from contract.errors import CrowdLensError

LOOPBACK = "127.0.0.1"


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


@contextmanager
def serve_page(path: Path, *, port: int = 0) -> Iterator[ServedPage]:
    """Serve the file at `path`, and nothing else, on 127.0.0.1; port 0 takes a free one.

    The file is read at each request, so a page drawn anew is seen by reloading. Raises `PagePortError`.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def _answer(self, *, with_body: bool) -> None:
            known = self.path.split("?")[0] in ("/", f"/{path.name}")
            try:
                body = path.read_bytes() if known else b"There is only one page here: /\n"
            except OSError:
                known, body = False, b"The page is gone; draw it anew.\n"
            self.send_response(HTTPStatus.OK if known else HTTPStatus.NOT_FOUND)
            self.send_header("Content-Type", "text/html; charset=utf-8" if known else "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            if with_body:
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Stay quiet: the terminal belongs to the run."""

    try:
        server = ThreadingHTTPServer((LOOPBACK, port), Handler)
    except OSError as error:
        raise PagePortError(
            f"port {port} for the page cannot be had ({error.strerror}): choose another"
        ) from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="page", daemon=True)
    thread.start()
    try:
        yield ServedPage(f"http://{LOOPBACK}:{server.server_address[1]}/", thread)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
