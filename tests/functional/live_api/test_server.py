"""The map on one machine: its page, its API, and nobody else's requests."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from cli.live_map.requests import event_of
from cli.live_map.server import LiveMapServer, PortBusyError, content_policy


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer what was asked, so that a test can look at it."""
    if event["rawPath"].endswith("/nothing"):
        return {"statusCode": 304, "headers": {"ETag": '"a"'}, "body": ""}
    if event["rawPath"].endswith("/photo"):
        return {
            "statusCode": 200,
            "headers": {"Content-Type": "image/png"},
            "body": "AAH/",
            "isBase64Encoded": True,
        }
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(event)}


@pytest.fixture(scope="module")
def server() -> Iterator[LiveMapServer]:
    with LiveMapServer(handler) as started:
        yield started


def ask(
    server: LiveMapServer, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    port = int(server.url.rstrip("/").rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(
            method, path, body, {name.replace("_", "-"): value for name, value in headers.items()}
        )
        answer = connection.getresponse()
        return answer.status, dict(answer.headers), answer.read()
    finally:
        connection.close()


def test_the_page_may_load_nothing_from_elsewhere(server: LiveMapServer) -> None:
    status, headers, body = ask(server, "GET", "/")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
    assert b"<" in body


def test_a_tile_server_is_let_into_the_policy() -> None:
    assert "img-src 'self' data: blob: https://tiles.example.org;" in content_policy(
        "https://tiles.example.org"
    )


def test_nobody_signs_in_on_ones_own_machine(server: LiveMapServer) -> None:
    assert json.loads(ask(server, "GET", "/config.json")[2]) == {"sign_in": "none"}


def test_a_request_reaches_the_handler_as_a_gateway_sends_it(server: LiveMapServer) -> None:
    sent = '{"name": "광장"}'.encode()
    path = "/api/v1/places/%EA%B0%80?v=1"
    _, _, body = ask(server, "PUT", path, sent, Content_Type="application/json", If_Match='"v1"')
    event = json.loads(body)
    assert event["requestContext"]["http"]["method"] == "PUT"
    assert (event["rawPath"], event["rawQueryString"]) == ("/api/v1/places/가", "v=1")
    assert (event["body"], event["isBase64Encoded"]) == (sent.decode(), False)
    assert event["headers"]["if-match"] == '"v1"'


def test_a_photo_goes_both_ways_byte_for_byte(server: LiveMapServer) -> None:
    assert event_of("PUT", "/x", {"Content-Type": "image/png"}, b"\0\xff")["body"] == "AP8="
    assert ask(server, "GET", "/api/v1/places/a/photo")[2] == b"\0\x01\xff"


def test_304_has_no_body(server: LiveMapServer) -> None:
    status, headers, body = ask(server, "GET", "/api/v1/nothing")
    assert (status, headers["ETag"], body) == (304, '"a"', b"")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Host": "evil.example.org"}, 421, id="another name pointed at this address"),
        pytest.param({"Origin": "https://evil.example.org"}, 403, id="another page"),
        pytest.param({"Origin": "null"}, 403, id="a page without an origin"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("GET", "/api/v1/places"), ("POST", "/api/v1/places")]
)
def test_other_pages_are_refused(
    server: LiveMapServer, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    assert ask(server, method, path, b"{}" if method == "POST" else None, **headers)[0] == status


@pytest.mark.parametrize("path", ["/../handler.py", "/handler.py", "/static/main.js", "/nothing.html", "/.."])
def test_only_files_of_the_page_are_served(server: LiveMapServer, path: str) -> None:
    assert ask(server, "GET", path)[0] == 404


def test_a_body_that_is_too_large_is_refused_with_its_reason(server: LiveMapServer) -> None:
    status, _, body = ask(server, "PUT", "/api/v1/places/a/photo", bytes(3 * 1024 * 1024))
    assert status == 413
    assert b"larger than" in body


def test_a_port_that_is_taken_is_named(server: LiveMapServer) -> None:
    port = int(server.url.rstrip("/").rpartition(":")[2])
    with pytest.raises(PortBusyError, match=str(port)):
        LiveMapServer(handler, port=port)
