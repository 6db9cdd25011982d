from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge_components.vision.sources import SourceError, open_source
from edge_components.vision.sources.capture import CaptureError
from edge_components.vision.sources.gstreamer import GStreamerCapture, rtsp_request

SYSTEM_PYTHON = "/usr/bin/python3"
PROBE = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
SERVER = Path(__file__).with_name("rtsp_server.py")


def has_rtsp_server() -> bool:
    if not Path(SYSTEM_PYTHON).exists():
        return False
    return subprocess.run([SYSTEM_PYTHON, "-c", PROBE], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(
    not has_rtsp_server(),
    reason="needs Debian's gir1.2-gst-rtsp-server-1.0, python3-gi and gstreamer1.0-plugins-good",
)


class Server:
    """An RTSP camera that can be unplugged and plugged in again."""

    def __init__(self, *login: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._login = login
        self._process: subprocess.Popen[str] | None = None
        self.plug_in()

    def plug_in(self) -> None:
        command = [SYSTEM_PYTHON, str(SERVER), str(self.port), *self._login]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def unplug(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(*login: str) -> Server:
        servers.append(Server(*login))
        return servers[-1]

    yield start
    for server in servers:
        server.unplug()


def test_a_camera_is_read_lost_and_found_again(serve: Callable[..., Server]) -> None:
    server = serve()
    source = open_source(f"rtsp://127.0.0.1:{server.port}/live")
    first = source.read(5)
    second = source.read(5)
    assert first is not None
    assert second is not None
    assert (source.info.width, source.info.height) == (160, 120)
    assert second.time_seconds > first.time_seconds
    server.unplug()
    deadline = time.monotonic() + 60
    while source.fault is None:
        assert time.monotonic() < deadline, "the loss was not noticed"
        source.read(0.1)
    server.plug_in()
    while source.fault is not None:
        assert time.monotonic() < deadline, "the camera was not found again"
        source.read(0.1)
    assert source.read(5) is not None
    assert not source.ended
    source.close()


def test_a_password_opens_the_camera_and_is_never_shown(
    serve: Callable[..., Server], capfd: pytest.CaptureFixture[str]
) -> None:
    server = serve("viewer", "hunter2")
    source = open_source(f"rtsp://viewer:hunter2@127.0.0.1:{server.port}/live")
    assert source.read(5) is not None
    assert source.name == f"rtsp://***@127.0.0.1:{server.port}/live"
    source.close()
    with pytest.raises(SourceError, match="it cannot be opened") as caught:
        open_source(f"rtsp://viewer:hunter3@127.0.0.1:{server.port}/live", first_connection_seconds=0.5)
    assert "hunter" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_gstreamer_opens_a_camera_with_its_password(serve: Callable[..., Server]) -> None:
    server = serve("viewer", "hun/ter 2")
    request = replace(
        rtsp_request(f"rtsp://viewer:hun%2Fter%202@127.0.0.1:{server.port}/live"), hardware=False
    )
    capture = GStreamerCapture(request)
    try:
        image = capture.retrieve() if capture.grab() else None
        assert image is not None
        assert image.shape == (120, 160, 3)
        assert capture.decoder
    finally:
        capture.release()


def test_gstreamer_says_that_a_password_is_wrong_and_not_which(serve: Callable[..., Server]) -> None:
    server = serve("viewer", "hunter2")
    with pytest.raises(CaptureError, match=r"Unauthorized|not authorized") as caught:
        GStreamerCapture(rtsp_request(f"rtsp://viewer:hunter3@127.0.0.1:{server.port}/live"))
    assert "hunter" not in str(caught.value)
