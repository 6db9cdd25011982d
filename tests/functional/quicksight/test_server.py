from __future__ import annotations

import http.client
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from quicksight.preview.server import PagePortError, serve_page


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_text("<p>쪽</p>", encoding="utf-8")
    (tmp_path / "summary.json").write_text("{}")
    return path


@pytest.fixture
def connection(page: Path) -> Iterator[http.client.HTTPConnection]:
    with serve_page(page) as served:
        address = urlsplit(served.url)
        opened = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
        yield opened
        opened.close()


def ask(connection: http.client.HTTPConnection, path: str, method: str = "GET") -> tuple[int, bytes, str]:
    """Return status, body and length as stated."""
    connection.request(method, path)
    response = connection.getresponse()
    return response.status, response.read(), str(response.getheader("Content-Length"))


@pytest.mark.parametrize("path", ["/", "/report.html", "/?again=1"])
def test_the_one_page_is_served(connection: http.client.HTTPConnection, page: Path, path: str) -> None:
    assert ask(connection, path)[:2] == (200, page.read_bytes())


@pytest.mark.parametrize(
    "path",
    ["/summary.json", "/../summary.json", "/report.html/", "/%2e%2e/summary.json", "/favicon.ico"],
)
def test_nothing_else_is(connection: http.client.HTTPConnection, path: str) -> None:
    assert ask(connection, path)[:2] == (404, b"There is only one page here: /\n")


def test_head_answers_without_a_body(connection: http.client.HTTPConnection, page: Path) -> None:
    status, body, length = ask(connection, "/", "HEAD")
    assert (status, body, length) == (200, b"", str(page.stat().st_size))
    assert ask(connection, "/other", "HEAD")[:2] == (404, b"")


def test_a_page_drawn_anew_is_seen_by_reloading(connection: http.client.HTTPConnection, page: Path) -> None:
    ask(connection, "/")
    page.write_text("new")
    assert ask(connection, "/")[1] == b"new"
    page.unlink()
    assert ask(connection, "/")[:2] == (404, b"The page is gone; draw it anew.\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_changed(connection: http.client.HTTPConnection, page: Path, method: str) -> None:
    before = page.read_bytes()
    assert ask(connection, "/", method)[0] == 501
    assert page.read_bytes() == before


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param("127.0.0.1:{port}", 200, id="address"),
        pytest.param("localhost:{port}", 200, id="name"),
        pytest.param("LOCALHOST:{port}", 200, id="name in capitals"),
        pytest.param("attacker.example:{port}", 403, id="a name that resolves to us"),
        pytest.param("127.0.0.1", 403, id="without the port"),
        pytest.param("127.0.0.1:1", 403, id="another port"),
        pytest.param("127.0.0.1:{port}.attacker.example", 403, id="a name that begins like ours"),
        pytest.param("", 403, id="nothing"),
    ],
)
def test_only_who_means_this_machine_is_answered(
    connection: http.client.HTTPConnection, page: Path, host: str, status: int
) -> None:
    connection.request("GET", "/", headers={"Host": host.format(port=connection.port)})
    response = connection.getresponse()
    assert response.status == status
    assert (response.read() == page.read_bytes()) is (status == 200)


def test_the_page_may_fetch_nothing(connection: http.client.HTTPConnection) -> None:
    connection.request("GET", "/")
    policy = str(connection.getresponse().getheader("Content-Security-Policy"))
    assert policy.startswith("default-src 'none';")
    assert "http" not in policy


def test_an_answer_leaves_in_one_write(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two small writes meet Nagle's algorithm and a delayed acknowledgement: 40 ms a request."""
    sent: list[int] = []

    class CountedSocket(socket.socket):
        def accept(self) -> tuple[socket.socket, object]:
            descriptor, address = self._accept()  # type: ignore[attr-defined]  # what accept itself calls
            return CountedSocket(self.family, self.type, self.proto, fileno=descriptor), address

        def send(self, data: bytes, *flags: int) -> int:  # type: ignore[override]  # bytes are enough here
            sent.append(len(data))
            return super().send(data, *flags)

        def sendall(self, data: bytes, *flags: int) -> None:  # type: ignore[override]  # as above
            sent.append(len(data))
            super().sendall(data, *flags)

    monkeypatch.setattr("socketserver.socket.socket", CountedSocket)
    with serve_page(page) as served:
        monkeypatch.undo()
        address = urlsplit(served.url)
        asking = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
        assert ask(asking, "/")[0] == 200
        asking.close()
    assert len(sent) == 1


def test_a_browser_that_goes_away_is_not_talked_about(page: Path, capfd: pytest.CaptureFixture[str]) -> None:
    page.write_bytes(b"x" * 20_000_000)
    with serve_page(page) as served:
        address = urlsplit(served.url)
        with socket.create_connection((str(address.hostname), int(address.port or 0))) as leaving:
            leaving.sendall(f"GET / HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
            leaving.recv(1000)
            # Go without reading the rest: the server's write fails.
            leaving.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handlers = [thread for thread in threading.enumerate() if "process_request" in thread.name]
        for thread in handlers:
            thread.join(10)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("port", [-1, 65536, 99999])
def test_a_port_that_cannot_be_is_one_sentence(page: Path, port: int) -> None:
    with (
        pytest.raises(PagePortError, match=rf"^port {port} for the page cannot be had .*0 to 65535"),
        serve_page(page, port=port),
    ):
        pass


def test_it_listens_on_this_machine_only(page: Path) -> None:
    with serve_page(page) as served:
        assert urlsplit(served.url).hostname == "127.0.0.1"


def test_a_busy_port_is_one_sentence(page: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(
                PagePortError, match=rf"^port {port} for the page cannot be had \(.+\): choose another$"
            ),
            serve_page(page, port=port),
        ):
            pass


def test_nothing_is_left_behind(page: Path) -> None:
    with serve_page(page) as served:
        port = urlsplit(served.url).port
    assert not [thread for thread in threading.enumerate() if thread.name == "page"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port or 0)), timeout=2)
