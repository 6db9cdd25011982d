"""The HTTP server that boto3 and awswrangler talk to."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from contract.errors import CrowdLensError
from infra.local.athena.engine import LocalAthena
from infra.local.athena.executions import Executions
from infra.local.athena.operations import Operations
from infra.local.athena.requests import RequestError
from infra.local.athena.results import Results

_CONTENT_TYPE = "application/x-amz-json-1.1"
_TARGET = "AmazonAthena."
_BODY_MAXIMUM_BYTES = 2**20
_LENGTH_DIGITS = 12
_SILENCE_SECONDS = 60.0


class AthenaPortError(CrowdLensError):
    """Raised when the endpoint's port cannot be had."""


class AthenaEndpoint:
    """Athena's JSON 1.1 API on a loopback port; use it as a context manager.

    `port` 0 chooses a free one. With `results` the CSV of every query goes to `output_location` (or where the
    request says); without, results are managed: clients read them through GetQueryResults. Raises
    `AthenaPortError` when the port is taken.
    """

    def __init__(
        self,
        athena: LocalAthena,
        port: int = 0,
        *,
        results: Results | None = None,
        output_location: str | None = None,
    ) -> None:
        self._executions = Executions(athena, results)
        self._operations = Operations(athena, self._executions, output_location)
        try:
            self._server = _Server(self._operations, port)
        except OSError as error:
            self._executions.close()
            raise AthenaPortError(
                f"port is {port}: it cannot be had on 127.0.0.1 ({error.strerror})"
            ) from error
        self._thread = threading.Thread(target=self._serve, name="athena-endpoint", daemon=True)

    @property
    def url(self) -> str:
        """The address for `endpoint_url`."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._executions.close()

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.1)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A connection kept alive by a client must not hold up the end.
    block_on_close = False

    def __init__(self, operations: Operations, port: int) -> None:
        self.operations = operations
        super().__init__(("127.0.0.1", port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    # Header and body leave in one write: two would cost 40 ms on a kept-alive connection.
    wbufsize = -1
    # A client that promises more than it sends must not hold a thread for ever.
    timeout = _SILENCE_SECONDS

    def do_POST(self) -> None:
        status, answer = self._answer()
        body = json.dumps(answer, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", _CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        if status != 200:
            self.send_header("x-amzn-ErrorType", answer["__type"])
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the caller sees every answer."""

    def _answer(self) -> tuple[int, dict[str, Any]]:
        try:
            request = self._request()
            target = self.headers.get("X-Amz-Target") or ""
            if not target.startswith(_TARGET) or not isinstance(request, dict):
                return 400, _error("UnknownOperationException", f"the target {target!r} is not Athena's")
            return 200, self.server.operations.call(target.removeprefix(_TARGET), request)
        except RequestError as error:
            return 400, _error(error.kind, str(error), error.code)
        except CrowdLensError as error:
            return 400, _error("InvalidRequestException", str(error))
        except TimeoutError:
            # The base class ends the connection of a client that fell silent.
            raise
        except Exception as error:  # noqa: BLE001 - a fault of ours is an answer too, not a dropped connection
            return 500, _error("InternalServerException", f"{type(error).__name__}: {error}")

    def _request(self) -> object:
        """Return the JSON of the body; raises `RequestError`."""
        body = self.rfile.read(self._body_bytes()) or b"{}"
        try:
            request = json.loads(body)
            # JSON can spell half of a surrogate pair, which is no text that could be run or answered.
            json.dumps(request, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            raise RequestError("the request is no JSON", kind="SerializationException") from error
        return request

    def _body_bytes(self) -> int:
        """Return how long the body is; a client whose words do not tell is answered and left."""
        text = self.headers.get("Content-Length") or "0"
        if "Transfer-Encoding" in self.headers or not (text.isascii() and text.isdigit()):
            self.close_connection = True
            raise RequestError(f"Content-Length is {text[:40]!r}: expected the request's length in bytes")
        length = int(text) if len(text) <= _LENGTH_DIGITS else _BODY_MAXIMUM_BYTES + 1
        if length > _BODY_MAXIMUM_BYTES:
            self.close_connection = True
            raise RequestError(f"the request is longer than {_BODY_MAXIMUM_BYTES} bytes")
        return length


def _error(kind: str, message: str, code: str | None = None) -> dict[str, Any]:
    shape: dict[str, Any] = {"__type": kind, "message": message, "Message": message}
    if code is not None:
        shape["AthenaErrorCode"] = code
    return shape
