"""A device with cameras that play, a view of it on a free port, and ways to ask it."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.scene import Scene, parse_scene
from edge_components.local_view.service import AddressBusyError, ViewService
from edge_components.local_view.settings import LocalViewSettings
from edge_components.runtime.device_folders import DeviceFolders
from edge_components.runtime.frame_share import FrameShare
from edge_components.runtime.status import StatusWriter
from edge_components.runtime.view_overlay import scene_overlay

DEADLINE_SECONDS = 60
TOKEN = "0123456789abcdef0123456789abcdef"


def make_scene(camera: str, width: int = 640, height: int = 360) -> Scene:
    document = {
        "site": "seoul-1",
        "time_zone": "Asia/Seoul",
        "camera": camera,
        "frame": {"width": width, "height": height},
        "zones": [{"name": "입구", "polygon": [[10, 10], [200, 10], [200, 200], [10, 200]]}],
        "lines": [{"name": "gate", "points": [[320, 0], [320, 350]]}],
        "classes": ["person"],
    }
    return parse_scene(document)


class Track:
    def __init__(self, track: int, box: tuple[float, float, float, float]) -> None:
        self.track, self.label, self.box = track, "person", box


class Camera:
    """Plays frames of one grey each, another one every time, as the vision component would offer them."""

    def __init__(self, folder: Path, name: str, size: tuple[int, int] = (640, 360)) -> None:
        self.name, self.size = name, size
        self.offered = self.copied = 0
        self._folder = folder
        self._playing = threading.Event()
        self._playing.set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def pause(self) -> None:
        self._playing.clear()

    def play(self) -> None:
        self._playing.set()

    def close(self) -> None:
        self._playing.set()
        self._ended.set()
        self._thread.join(DEADLINE_SECONDS)

    def _run(self) -> None:
        writer = FrameShare.writer(self._folder, self.name)
        while not self._ended.wait(0.02):
            self._playing.wait()
            width, height = self.size
            self.offered += 1
            image = np.full((height, width, 3), 60 + self.offered * 7 % 160, np.uint8)
            scene = make_scene(self.name, width, height)
            tracks = [Track(self.offered, (20.0, 20.0, 60.0, 120.0))]
            lines = {"gate": {"in": self.offered, "out": 0}}

            def overlay(scene: Scene = scene, tracks: Any = tracks, lines: Any = lines) -> dict[str, Any]:
                return scene_overlay(scene, tracks, lines=lines, zones={"입구": {"person": 1}})

            self.copied += writer.offer(image, overlay, event_time_ms=1_795_176_000_000 + self.offered * 20)
        writer.close()


class Device:
    """Folders, cameras and the view."""

    def __init__(self, folder: Path) -> None:
        self.folders = DeviceFolders.below(folder)
        self.folders.make()
        self.cameras: list[Camera] = []
        self._service: ViewService | None = None

    def camera(self, name: str = "plaza-1", size: tuple[int, int] = (640, 360)) -> Camera:
        self.cameras.append(Camera(self.folders.view, name, size))
        mark = self.folders.view / f"{name}.mark"
        wait_for(mark.exists)
        return self.cameras[-1]

    def view(self, **settings: Any) -> ViewService:
        asked = replace(LocalViewSettings(port=0), **settings)
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            try:
                self._service = ViewService(asked, self.folders, "jetson-7")
                break
            except AddressBusyError:
                # On a busy machine the one before may still be on its way out.
                assert time.monotonic() < deadline
                time.sleep(0.1)
        self._service.start()
        return self._service

    def tell(self, component: str, state: Any, reason: str | None = None, **details: Any) -> None:
        writer = StatusWriter(self.folders.status, component, "1.2.0")
        writer.report(state, reason, details)
        writer.write()

    @property
    def port(self) -> int:
        assert self._service is not None
        return self._service.port

    def get(
        self, path: str, *, method: str = "GET", **headers: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_SECONDS)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=named)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response, body

    def stream(self, path: str = "/cameras/plaza-1.mjpeg", **headers: str) -> Stream:
        return Stream(self.port, path, headers)

    def close(self) -> None:
        if self._service is not None:
            self._service.stop()
        for camera in self.cameras:
            camera.close()


class Stream:
    """A viewer that reads pictures one by one, as a player does."""

    def __init__(self, port: int, path: str, headers: dict[str, str]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_SECONDS)
        self._connection.request("GET", path, headers=headers)
        self.response = self._connection.getresponse()
        assert self.response.status == 200, self.response.read()
        self._boundary = self.response.getheader("Content-Type", "").partition("boundary=")[2].encode()
        assert self._boundary
        self.number = 0

    def picture(self) -> bytes:
        assert self.response.readline() == b"--" + self._boundary + b"\r\n"
        headers = http.client.parse_headers(self.response)
        assert headers["Content-Type"] == "image/jpeg"
        self.number = int(headers["X-Picture"])
        data = self.response.read(int(headers["Content-Length"]))
        assert self.response.readline() == b"\r\n"
        return data

    def close(self) -> None:
        self.response.close()
        self._connection.close()


def wait_for(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (value := condition()):
        assert time.monotonic() < deadline, "waited for a minute in vain"
        time.sleep(0.02)
    return value


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    device = Device(tmp_path)
    yield device
    device.close()


@pytest.fixture
def until() -> Callable[[Callable[[], Any]], Any]:
    """Return a waiter: ``until(condition)`` returns what the condition gives once it is true."""
    return wait_for
