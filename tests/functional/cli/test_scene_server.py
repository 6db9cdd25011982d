"""The editor's server gives and takes nothing without its token, from another page or under another name."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cli.scene_editor.draft import new_document
from cli.scene_editor.frames import FrameTaker
from cli.scene_editor.server import EditorServer, PortBusyError
from cli.scene_editor.session import EditorSession
from edge_components.vision.scene_file import read_scene


@dataclass
class Client:
    """Asks one server, with whatever headers a stranger might send."""

    port: int
    token: str
    path: Path
    document: dict[str, Any]

    def ask(
        self, method: str, target: str, *, body: bytes | None = None, **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, target, body=body, headers=named)
        response = connection.getresponse()
        answer = response.status, response.read(), dict(response.getheaders())
        connection.close()
        return answer

    def save(self, **headers: str) -> int:
        headers.setdefault("Content_Type", "application/json")
        body = json.dumps(self.document).encode()
        return self.ask("POST", f"/{self.token}/save", body=body, **headers)[0]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(2):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((90, 160, 3), 100 * number, np.uint8))
    frames = FrameTaker(str(folder))
    document = new_document(160, 90, site=None, camera=None)
    path = tmp_path / "scene.yaml"
    with EditorServer(EditorSession(frames, document, path)) as server:
        _, _, host, token, _ = server.url.split("/")
        drawn = {**document, "lines": [{"name": "gate", "points": [[80, 0], [80, 90]]}]}
        yield Client(int(host.partition(":")[2]), token, path, drawn)
    frames.close()


def test_the_page_with_its_token_reads_and_saves(client: Client) -> None:
    status, page, headers = client.ask("GET", f"/{client.token}/")
    assert status == 200
    assert b"main.js" in page
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    status, picture, headers = client.ask("GET", f"/{client.token}/frame?0")
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    assert (status, headers["Content-Type"]) == (200, "image/jpeg")
    assert image is not None
    assert image.shape == (90, 160, 3)
    assert client.save(Origin=f"http://127.0.0.1:{client.port}") == 200
    assert read_scene(client.path).lines[0].name == "gate"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Host": "evil.example"}, 421, id="another name for this address"),
        pytest.param({"Origin": "http://evil.example"}, 403, id="another page"),
        pytest.param({"Origin": "null"}, 403, id="a page without an address"),
        pytest.param({"Content_Type": "text/plain"}, 415, id="a form, which needs no permission"),
    ],
)
def test_a_stranger_cannot_save(client: Client, headers: dict[str, str], status: int) -> None:
    assert client.save(**headers) == status
    assert not client.path.exists()


@pytest.mark.parametrize("target", ["/", "/scene", "/frame", "/wrong-token/scene", "/%s/../scene"])
def test_nothing_is_shown_without_the_token(client: Client, target: str) -> None:
    assert client.ask("GET", target)[0] == 403


@pytest.mark.parametrize(
    "name",
    ["../server.py", "%2e%2e/server.py", "static/main.js", "..", "__init__.py", "/etc/passwd", "nothing.js"],
)
def test_only_the_page_and_its_files_are_served(client: Client, name: str) -> None:
    assert client.ask("GET", f"/{client.token}/{name}")[0] == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"{", 400, id="no JSON"),
        pytest.param(b"[]", 400, id="no object"),
        pytest.param(b"[" * 100_000, 400, id="nested without end"),
        pytest.param(b"1" * (1024 * 1024 + 1), 413, id="too long"),
        pytest.param(b"1" * (12 * 1024 * 1024), 413, id="too long for the sockets' buffers"),
    ],
)
def test_a_body_that_is_no_scene_is_refused(client: Client, body: bytes, status: int) -> None:
    found = client.ask("POST", f"/{client.token}/save", body=body, Content_Type="application/json")
    assert found[0] == status
    assert not client.path.exists()


def test_a_stranger_who_is_still_sending_reads_why(client: Client) -> None:
    found = client.ask("POST", "/wrong-token/save", body=b"1" * (12 * 1024 * 1024))
    assert found[0] == 403


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({}, id="empty"),
        pytest.param({"zones": 3}, id="no list"),
        pytest.param({"zones": [{"name": []}], "frame": None}, id="wrong types"),
        pytest.param(
            {"frame": {"width": 160, "height": 90}, "lines": [{"name": "a"}]}, id="a line of nothing"
        ),
        pytest.param({"ground": [None]}, id="no pair"),
    ],
)
def test_any_document_gets_a_sentence(client: Client, document: dict[str, Any]) -> None:
    body = json.dumps(document).encode()
    for name in ("review", "save"):
        status, answer, _ = client.ask(
            "POST", f"/{client.token}/{name}", body=body, Content_Type="application/json"
        )
        found = json.loads(answer)
        assert status == 200
        assert found.get("review", found)["problems"][0]["sentence"]
    assert not client.path.exists()


def test_a_busy_port_is_a_sentence(client: Client, tmp_path: Path) -> None:
    frames = FrameTaker(str(tmp_path / "frames"))
    session = EditorSession(frames, client.document, client.path)
    with pytest.raises(PortBusyError, match=f"port {client.port} on 127.0.0.1 cannot be had"):
        EditorServer(session, port=client.port)
    frames.close()
