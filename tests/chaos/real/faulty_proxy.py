"""An HTTP proxy before MiniStack that fails as AWS and the way to it do.

It refuses (500, 503), hangs up before or after it forwarded a request, waits, and forwards a request twice.
Every process of a run reaches SQS and S3 through one; a device's own has outages of its own.
"""

from __future__ import annotations

import http.client
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from infra.local.ports import LOOPBACK

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "expect"})
_UPSTREAM_SECONDS = 40.0
FAULTS = ("refuse", "drop_before", "drop_after", "delay", "repeat")


@dataclass
class Weather:
    """What may happen to requests now; shared by the threads of a proxy.

    `rates` per request by fault. While `outage` names a service (``sqs``, ``s3`` or ``all``) nothing of it
    gets through.
    """

    seed: str
    rates: Mapping[str, float] = field(default_factory=dict)
    outage: str = ""
    struck: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._lock = threading.Lock()

    def strike(self, service: str, operation: str) -> str:
        """Return what happens to a request: a fault, or nothing."""
        with self._lock:
            self.requests[operation] += 1
            if self.outage in ("all", service):
                self.struck["outage"] += 1
                return self._dice.choice(("refuse", "drop_before"))
            for fault, rate in self.rates.items():
                if self._dice.random() < rate:
                    self.struck[fault] += 1
                    return fault
        return ""

    def clear(self) -> None:
        """Let everything through from now on."""
        with self._lock:
            self.rates, self.outage = {}, ""


class FaultyProxy:
    """Listens on a port of its own and forwards to `upstream_port`, as `weather` lets it."""

    def __init__(self, upstream_port: int, weather: Weather) -> None:
        self.weather = weather
        handler = type("Handler", (_Handler,), {"weather": weather, "upstream_port": upstream_port})
        self._server = _Server((LOOPBACK, 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="proxy", daemon=True)

    @property
    def url(self) -> str:
        """Where clients reach it."""
        return f"http://{LOOPBACK}:{self._server.server_address[1]}"

    def __enter__(self) -> FaultyProxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients are killed here by profession."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # Head and body in one write: two cost 40 ms each on a kept connection.
    wbufsize = -1
    weather: Weather
    upstream_port: int
    _upstream: http.client.HTTPConnection | None = None

    def _serve(self) -> None:
        body = self._body()
        service, operation = self._named()
        fault = self.weather.strike(service, operation)
        if fault == "refuse":
            self._refuse(service)
        elif fault == "drop_before":
            self._hang_up()
        else:
            if fault == "delay":
                time.sleep(random.uniform(0.2, 2.5))
            if fault == "repeat" and operation != "ReceiveMessage":
                self._forward(body)
            status, reason, headers, answer = self._forward(body)
            if fault == "drop_after":
                self._hang_up()
            else:
                self._answer(status, reason, headers, answer)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _serve  # noqa: N815 - http.server's names

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            chunks = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _named(self) -> tuple[str, str]:
        target = self.headers.get("X-Amz-Target", "")
        if target.startswith("AmazonSQS."):
            return "sqs", target.partition(".")[2]
        if target:
            return target.partition(".")[0].lower(), target.partition(".")[2]
        return "s3", f"{self.command} object"

    def _forward(self, body: bytes) -> tuple[int, str, list[tuple[str, str]], bytes]:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        if body or self.command in ("PUT", "POST"):
            headers["Content-Length"] = str(len(body))
        if self._upstream is None:
            self._upstream = http.client.HTTPConnection(
                LOOPBACK, self.upstream_port, timeout=_UPSTREAM_SECONDS
            )
        try:
            self._upstream.request(self.command, self.path, body or None, headers)
            answer = self._upstream.getresponse()
            return answer.status, answer.reason, answer.getheaders(), answer.read()
        except (OSError, http.client.HTTPException):
            self._upstream.close()
            self._upstream = None
            return 502, "Bad Gateway", [], b""

    def _answer(self, status: int, reason: str, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status, reason)
        length = str(len(body))
        for name, value in headers:
            if name.lower() == "content-length" and self.command == "HEAD":
                length = value
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()

    def _refuse(self, service: str) -> None:
        status, code = random.choice(((500, "InternalError"), (503, "SlowDown")))
        if service == "s3":
            body = f"<Error><Code>{code}</Code><Message>chaos</Message></Error>".encode()
            kind = "application/xml"
        else:
            body = f'{{"__type":"com.amazonaws.sqs#{code}","message":"chaos"}}'.encode()
            kind = "application/x-amz-json-1.0"
        self._answer(status, "chaos", [("Content-Type", kind)], body)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
