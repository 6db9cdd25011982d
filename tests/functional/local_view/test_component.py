"""The whole process, by flags and under the nucleus with the real SDK."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_components.local_view.service import AddressBusyError, listen, url_of
from edge_components.runtime.device_folders import DeviceFolders
from edge_components.runtime.frame_share import FrameShare
from edge_components.runtime.status import read_status
from infra.bundles import ROOT
from infra.local.greengrass import IpcEndpoint, Nucleus

COMPONENT = "com.crowdlens.local_view"
TOKEN = "0123456789abcdef0123456789abcdef"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - what is tested is that it takes a token
DEADLINE_SECONDS = 60
Until = Callable[[Callable[[], Any]], Any]
pytestmark = [pytest.mark.device, pytest.mark.xdist_group("component-process")]


class Process:
    """A local view of its own, and what it says."""

    def __init__(self, folder: Path) -> None:
        self.folders = DeviceFolders.below(folder)
        self.folders.make()
        self.folders.settings.mkdir()
        self._processes: list[subprocess.Popen[str]] = []

    @property
    def configuration(self) -> dict[str, str]:
        folders = self.folders
        return {"folder": str(folders.state), "run": str(folders.run), "settings": str(folders.settings)}

    def start(self, *flags: str, **variables: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "edge_components.local_view", *flags],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
            stderr=subprocess.PIPE,
            text=True,
        )
        self._processes.append(process)
        return process

    def status(self) -> Any:
        return read_status(self.folders.status / "local_view.json")

    def port(self, state: str = "running") -> int:
        """The port that its status tells, 0 before there is one."""
        status = self.status()
        url = None if status is None or status.state != state else status.details.get("url")
        return int(url.rstrip("/").rpartition(":")[2]) if url else 0

    def write_token(self, token: str = TOKEN, mode: int = 0o600) -> Path:
        path = self.folders.settings / "local_view.token"
        path.write_text(token + "\n", encoding="ascii")
        path.chmod(mode)
        return path

    def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.communicate(timeout=DEADLINE_SECONDS)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    process = Process(tmp_path)
    yield process
    process.close()


def asked(port: int, path: str = "/status.json", **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_SECONDS)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body = response.read()
    except ConnectionError:
        return 0, None
    finally:
        connection.close()
    return response.status, json.loads(body) if response.status == 200 else body.decode()


def free_port() -> int:
    with listen("127.0.0.1", 0) as opened:
        return int(opened.getsockname()[1])


def test_the_component_takes_updates_and_refuses_bad_ones(
    process: Process, tmp_path: Path, until: Until
) -> None:
    """Live where it can be, a fresh process where not, the old settings where the new ones are bad."""
    nucleus = Nucleus("jetson-7", is_lite=True)
    nucleus.install(COMPONENT, {**process.configuration, "port": str(free_port()), "framesPerSecond": "5"})
    with IpcEndpoint(nucleus, tmp_path / "ipc") as endpoint:
        started = process.start(**endpoint.environment(COMPONENT))
        assert nucleus.wait_for(lambda: nucleus.states[COMPONENT] == ["RUNNING"])
        port = until(process.port)
        assert asked(port)[1]["device"] == "jetson-7"

        def deploy(**change: Any) -> str | None:
            return nucleus.deploy(COMPONENT, change, seconds=DEADLINE_SECONDS)

        assert deploy(maximumViewers=3) is None
        until(lambda: asked(port)[1]["viewers"]["most"] == 3)
        for change, sentence in (
            ({"jpegQuality": "lots"}, "configuration jpegQuality is 'lots'"),
            ({"address": "example.com"}, "configuration address is 'example.com'"),
            ({"address": EVERYWHERE}, "address 0.0.0.0 can be reached by others, and token file"),
            ({"colour": "blue"}, "key colour is not known"),
        ):
            refused = deploy(**change)
            assert refused is not None
            assert sentence in refused
        assert asked(port)[1]["viewers"]["most"] == 3
        with listen("127.0.0.1", 0) as taken:
            busy = taken.getsockname()[1]
            assert deploy(port=busy) is None, "only who tries can know"
            problem = until(lambda: process.status().details.get("configuration_problem"))
            assert f"address 127.0.0.1 and port {busy} cannot be had" in problem
            assert asked(port)[0] == 200
        other = free_port()
        assert deploy(port=other) is None
        until(lambda: process.port() == other)
        assert asked(other)[0] == 200
        process.write_token()
        assert deploy(address=EVERYWHERE) is None
        until(lambda: asked(other)[0] == 401)
        assert asked(other, Authorization=f"Bearer {TOKEN}")[0] == 200
        assert process.status().process_id == started.pid
        started.send_signal(signal.SIGTERM)
        assert started.wait(DEADLINE_SECONDS) == 0


def test_flags_say_everything_and_it_stops_in_time_with_viewers_there(process: Process, until: Until) -> None:
    writer = FrameShare.writer(process.folders.view, "plaza-1")
    flags = [word for key, path in process.configuration.items() for word in (f"--{key}", path)]
    started = process.start("--port", "0", "--device", "bench-1", *flags)
    port = until(process.port)
    status, document = asked(port)
    assert (status, document["device"]) == (200, "bench-1")
    assert [camera["name"] for camera in document["cameras"]] == ["plaza-1"]
    viewers = [socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_SECONDS) for _ in range(3)]
    for viewer in viewers:
        viewer.sendall(b"GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert viewer.recv(64).startswith(b"HTTP/1.1 200 ")
    started.send_signal(signal.SIGTERM)
    assert started.wait(DEADLINE_SECONDS) == 0
    for viewer in viewers:
        viewer.close()
    writer.close()


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        pytest.param(("--address", EVERYWHERE), "can be reached by others, and token file", id="no token"),
        pytest.param(("--device", "my device"), "--device is 'my device'", id="device"),
    ],
)
def test_a_users_mistake_is_one_sentence(process: Process, flags: tuple[str, ...], sentence: str) -> None:
    folders = [word for key, path in process.configuration.items() for word in (f"--{key}", path)]
    started = process.start(*folders, *flags)
    _, told = started.communicate(timeout=DEADLINE_SECONDS)
    assert started.returncode == 2
    assert sentence in told
    assert "Traceback" not in told


def test_addresses_are_told_as_a_browser_takes_them() -> None:
    assert url_of("127.0.0.1", 8090) == "http://127.0.0.1:8090/"
    assert url_of("::1", 8090) == "http://[::1]:8090/"
    with listen("::1", 0) as opened, pytest.raises(AddressBusyError, match="expected an address of this"):
        listen("::1", opened.getsockname()[1])
