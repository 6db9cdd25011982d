"""An OpenID Connect server in memory, as far as Cognito's hosted page is one: code, PKCE, refresh."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlencode, urlsplit

CLIENT = "page-client"


class FakeSignIn:
    """A sign-in page at `url` that lets everybody in at once; `refuse` makes it say no."""

    def __init__(self) -> None:
        self.refuse: str | None = None
        self.lifetime_seconds = 3600
        self.codes: dict[str, dict[str, str]] = {}
        self.trades: list[str] = []
        self.redirects: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def authorize(self, query: dict[str, str]) -> str:
        """Return where the browser is sent back to."""
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert query["code_challenge_method"] == "S256"
        if self.refuse is not None:
            answer = {"error": "access_denied", "error_description": self.refuse, "state": query["state"]}
        else:
            code = f"code-{len(self.codes)}"
            self.codes[code] = query
            answer = {"code": code, "state": query["state"]}
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def trade(self, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        """Return tokens for a code whose verifier fits, or for a refresh token."""
        self.trades.append(form["grant_type"])
        if form["grant_type"] == "authorization_code":
            asked = self.codes.pop(form["code"], None)
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if asked is None or asked["code_challenge"] != challenge:
                return 400, {"error": "invalid_grant"}
            if asked["redirect_uri"] != form["redirect_uri"]:
                return 400, {"error": "invalid_grant"}
        elif form.get("refresh_token") != "refresh-1":
            return 400, {"error": "invalid_grant"}
        tokens = {
            "id_token": f"id-{len(self.trades)}",
            "access_token": "access",
            "refresh_token": "refresh-1",
        }
        return 200, {**tokens, "expires_in": self.lifetime_seconds, "token_type": "Bearer"}


def _handler(sign_in: FakeSignIn) -> type[BaseHTTPRequestHandler]:
    class _Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        timeout = 60

        def get(self) -> None:
            address = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(address.query).items()}
            target = sign_in.authorize(query) if address.path == "/oauth2/authorize" else query["logout_uri"]
            sign_in.redirects.append(address.path)
            self.respond(302, b"", Location=target)

        def post(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            status, document = sign_in.trade({name: values[0] for name, values in form.items()})
            self.respond(status, json.dumps(document).encode(), **{"Access-Control-Allow-Origin": "*"})

        def respond(self, status: int, body: bytes, **headers: str) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing on the terminal."""

    for method, function in {"GET": _Handler.get, "POST": _Handler.post}.items():
        setattr(_Handler, f"do_{method}", function)
    return _Handler
