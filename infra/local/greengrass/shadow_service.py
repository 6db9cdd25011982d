"""The cloud's side of shadows: AWS IoT's data API over HTTP, for boto3, on the shadows of a `Nucleus`.

Source of paths and answers: API reference of AWS IoT Core, "GetThingShadow" and "UpdateThingShadow".
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from infra.local.greengrass.nucleus import Nucleus, OperationError
from infra.local.greengrass.shadow_topics import apply_to_shadow, shadow_document

_STATUS = {"ResourceNotFoundError": 404, "ConflictError": 409, "InvalidArgumentsError": 400}
_EXCEPTION = {404: "ResourceNotFoundException", 409: "ConflictException", 400: "InvalidRequestException"}
_MAXIMUM_BODY_BYTES = 8 * 1024


class ShadowService:
    """Serves one nucleus's shadows on a port of this machine while it is entered."""

    def __init__(self, nucleus: Nucleus) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(nucleus))
        self._thread = threading.Thread(target=self._server.serve_forever, name="shadows", daemon=True)

    @property
    def url(self) -> str:
        """The endpoint, for ``AWS_ENDPOINT_URL_IOT_DATA_PLANE``."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> ShadowService:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(nucleus: Nucleus) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(lambda thing, name: shadow_document(nucleus, thing, name))

        def do_POST(self) -> None:
            length = min(int(self.headers.get("Content-Length", "0")), _MAXIMUM_BODY_BYTES)
            document = json.loads(self.rfile.read(length))
            state, version = document.get("state", {}), document.get("version")
            self._answer(lambda thing, name: apply_to_shadow(nucleus, thing, name, state, version))

        def _answer(self, call: Any) -> None:
            parts = urlsplit(self.path)
            words = [unquote(word) for word in parts.path.split("/") if word]
            if len(words) != 3 or (words[0], words[2]) != ("things", "shadow"):
                self._send(404, {"message": f"no path {parts.path}"})
                return
            try:
                self._send(200, call(words[1], parse_qs(parts.query).get("name", [""])[0]))
            except OperationError as error:
                status = _STATUS.get(error.shape, 500)
                self._send(status, {"message": str(error)}, _EXCEPTION.get(status))

        def _send(self, status: int, document: Any, exception: str | None = None) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if exception is not None:
                self.send_header("x-amzn-ErrorType", exception)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    return Handler
