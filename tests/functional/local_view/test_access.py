"""Who may look, over real sockets; and what no request may do."""

from __future__ import annotations

import base64
import socket
from typing import Any

import pytest

TOKEN = "0123456789abcdef0123456789abcdef"
pytestmark = pytest.mark.xdist_group("processes")


@pytest.fixture
def open_device(device: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A device that others can reach: everything needs the token."""
    monkeypatch.setattr("edge_components.local_view.server.WRONG_TOKEN_SECONDS", 0.01)
    device.camera()
    device.view(token=TOKEN, host_names=("crowdlens.example",))
    return device


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize("path", ["/", "/status.json", "/cameras/plaza-1.jpg", "/stream", "/nothing"])
@pytest.mark.parametrize(
    ("query", "headers"),
    [
        pytest.param("", {}, id="none"),
        pytest.param(f"?token={TOKEN[:-1]}", {}, id="cut short"),
        pytest.param("?token=%ed%95%9c%ea%b8%80", {}, id="in another script"),
        pytest.param("", {"Authorization": "Bearer " + "f" * 32}, id="wrong bearer"),
        pytest.param("", {"Authorization": "Basic !"}, id="broken basic"),
        pytest.param("", {"Cookie": "crowdlens_view=" + TOKEN}, id="the token as a cookie"),
        pytest.param("", {"Cookie": 'crowdlens_view="\x01'}, id="broken cookie"),
    ],
)
def test_without_the_token_there_is_nothing(
    open_device: Any, path: str, query: str, headers: dict[str, str]
) -> None:
    response, body = open_device.get(path + query, **headers)
    assert response.status == 401
    assert response.getheader("WWW-Authenticate", "").startswith("Bearer")
    assert response.getheader("Set-Cookie") is None
    assert b"plaza-1" not in body
    assert (b"<form" in body) == (path == "/")


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        pytest.param(f"?token={TOKEN}", {}, id="in the address"),
        pytest.param("", {"Authorization": f"Bearer {TOKEN}"}, id="bearer"),
        pytest.param("", {"Authorization": basic("anyone", TOKEN)}, id="basic, as players send it"),
    ],
)
def test_with_the_token_everything_is_there(open_device: Any, query: str, headers: dict[str, str]) -> None:
    assert open_device.get("/cameras/plaza-1.jpg" + query, **headers)[0].status == 200
    stream = open_device.stream("/stream" + query, **headers)
    assert stream.picture()
    stream.close()


def test_the_page_trades_the_token_for_a_cookie(open_device: Any) -> None:
    response, _ = open_device.get(f"/?token={TOKEN}")
    assert (response.status, response.getheader("Location")) == (303, "/")
    cookie = response.getheader("Set-Cookie")
    assert TOKEN not in cookie
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    pair = cookie.partition(";")[0]
    for path in ("/", "/status.json", "/cameras/plaza-1.jpg"):
        assert open_device.get(path, Cookie=f"other=1; {pair}")[0].status == 200


def test_another_token_takes_the_cookie_back(device: Any) -> None:
    view = device.view(token=TOKEN)
    cookie = device.get(f"/?token={TOKEN}")[0].getheader("Set-Cookie").partition(";")[0]
    assert device.get("/status.json", Cookie=cookie)[0].status == 200
    from dataclasses import replace

    assert view.take(replace(view._server.settings, token="f" * 32))
    assert device.get("/status.json", Cookie=cookie)[0].status == 401


def test_on_this_machine_alone_no_token_is_needed(device: Any) -> None:
    device.camera()
    device.view()
    assert device.get("/status.json")[0].status == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param("127.0.0.1:8090", 200, id="address"),
        pytest.param("localhost:9999", 200, id="through a tunnel, at another port"),
        pytest.param("[::1]:8090", 200, id="address of IPv6"),
        pytest.param("LOCALHOST", 200, id="in capitals"),
        pytest.param("evil.example", 421, id="a name pointed here"),
        pytest.param("192.168.0.7", 421, id="an address that is not this machine's loopback"),
        pytest.param("127.0.0.1.evil.example", 421, id="a name that looks like an address"),
        pytest.param("", 421, id="none"),
    ],
)
def test_a_page_of_another_name_gets_nothing(device: Any, host: str, status: int) -> None:
    """DNS rebinding: a page elsewhere whose name is made to point at this machine."""
    device.view()
    assert device.get("/status.json", Host=host)[0].status == status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param("192.168.0.7:8090", 200, id="any address"),
        pytest.param(f"{socket.gethostname()}.local", 200, id="the machine's name"),
        pytest.param("crowdlens.example", 200, id="a name of the configuration"),
        pytest.param("evil.example", 421, id="any other name"),
    ],
)
def test_an_open_view_knows_its_own_names(open_device: Any, host: str, status: int) -> None:
    response, _ = open_device.get("/status.json", Host=host, Authorization=f"Bearer {TOKEN}")
    assert response.status == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param(
            {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}, 403, id="image elsewhere"
        ),
        pytest.param(
            {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}, 200, id="link elsewhere"
        ),
        pytest.param({"Sec_Fetch_Site": "same-origin", "Sec_Fetch_Mode": "cors"}, 200, id="our page"),
        pytest.param({"Origin": "http://evil.example"}, 200, id="no browser: answered, without CORS"),
    ],
)
def test_pages_of_other_sites_get_nothing(device: Any, headers: dict[str, str], status: int) -> None:
    device.view()
    response, _ = device.get("/status.json", **headers)
    assert response.status == status
    assert response.getheader("Access-Control-Allow-Origin") is None


@pytest.mark.parametrize("path", ["/", "/status.json", "/cameras/plaza-1.jpg", "/static/page.js", "/nothing"])
def test_every_answer_tells_the_browser_to_be_careful(device: Any, path: str) -> None:
    device.camera()
    device.view()
    response, _ = device.get(path)
    policy = response.getheader("Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response.getheader("Cache-Control") == "no-store"
    assert response.getheader("X-Content-Type-Options") == "nosniff"
    assert response.getheader("Cross-Origin-Resource-Policy") == "same-origin"
    assert response.getheader("Referrer-Policy") == "no-referrer"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", 405, id="post"),
        pytest.param(b"GET /\r\n\r\n", 400, id="no version"),
        pytest.param(b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, id="proxy"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n", 400, id="two hosts"),
        pytest.param(b"GET / HTTP/1.1\r\nno colon here\r\n\r\n", 400, id="no header"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400, id="TLS"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", 431, id="endless head"),
    ],
)
def test_what_is_no_proper_request_is_refused(device: Any, sent: bytes, status: int) -> None:
    device.view()
    with socket.create_connection(("127.0.0.1", device.port), timeout=60) as connection:
        connection.sendall(sent)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert device.get("/status.json")[0].status == 200


def test_idle_connections_do_not_take_the_view_away(device: Any, until: Any) -> None:
    device.view(maximum_viewers=1)
    idle = [socket.create_connection(("127.0.0.1", device.port), timeout=60) for _ in range(40)]
    assert until(lambda: device.get("/status.json")[0].status == 503)
    for connection in idle:
        connection.close()
    until(lambda: device.get("/status.json")[0].status == 200)


def test_the_log_never_holds_the_token(open_device: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    open_device.get(f"/?token={TOKEN}")
    open_device.get("/status.json?token=wrong-but-secret")
    stream = open_device.stream(f"/stream?token={TOKEN}")
    stream.picture()
    stream.close()
    assert caplog.records
    told = " ".join(str(vars(record)) for record in caplog.records)
    assert TOKEN not in told
    assert "wrong-but-secret" not in told
