"""Pictures over real sockets: who looks, who is slow, who leaves, and cameras that come and go."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from edge_components.runtime import frame_share

Until = Callable[[Callable[[], Any]], Any]
pytestmark = pytest.mark.xdist_group("processes")


def decoded(data: bytes) -> Any:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image


@pytest.mark.parametrize(
    ("query", "size"),
    [
        pytest.param("", (858, 480), id="480p unless asked otherwise"),
        pytest.param("?size=480p", (858, 480), id="480p"),
        pytest.param("?size=720p", (1280, 720), id="720p"),
        pytest.param("?size=1080p", (1920, 1080), id="1080p"),
    ],
)
def test_three_sizes_of_stream_and_picture(device: Any, query: str, size: tuple[int, int]) -> None:
    device.camera()
    device.view()
    stream = device.stream(f"/cameras/plaza-1.mjpeg{query}")
    pictures = [stream.picture() for _ in range(3)]
    stream.close()
    assert [decoded(data).shape[1::-1] for data in pictures] == [size] * 3
    assert len(set(pictures)) == 3, "the picture moves"
    response, data = device.get(f"/cameras/plaza-1.jpg{query}")
    assert (response.status, response.getheader("Content-Type")) == (200, "image/jpeg")
    assert decoded(data).shape[1::-1] == size
    assert response.getheader("Cache-Control") == "no-store"


def test_zones_lines_tracks_and_counts_stand_in_the_picture(device: Any) -> None:
    device.camera()
    device.view()
    _, data = device.get("/cameras/plaza-1.jpg?size=1080p")
    image = decoded(data).astype(int)
    # Frames are grey: all colour is drawn. Zone, line and track lie where the scene, scaled by 3, has them.
    colourful = np.ptp(image, axis=2) > 25
    assert colourful[400, 300], "the zone is tinted"
    assert colourful[500, 958:963].any(), "the line is there"
    assert colourful[200, 55:66].any(), "the track's box is there"
    assert not colourful[900, 1500], "and the rest is as the camera gave it"


@pytest.mark.parametrize("path", ["/stream", "/stream.mjpeg?size=480p", "/stream?camera=plaza-1"])
def test_a_player_may_ask_for_the_stream_alone(device: Any, path: str) -> None:
    device.camera()
    device.view()
    stream = device.stream(path)
    assert decoded(stream.picture()).shape == (480, 858, 3)
    stream.close()


def test_opencv_reads_the_stream(device: Any) -> None:
    device.camera()
    device.view()
    capture = cv2.VideoCapture(f"http://127.0.0.1:{device.port}/stream?size=480p", cv2.CAP_FFMPEG)
    try:
        for _ in range(5):
            found, image = capture.read()
            assert found
            assert image.shape == (480, 858, 3)
    finally:
        capture.release()


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(
            ("ffmpeg", "-v", "error", "-i", "URL", "-frames:v", "5", "-f", "null", "-"), id="ffmpeg"
        ),
        pytest.param(
            ("mplayer", "-demuxer", "lavf", "-vo", "null", "-ao", "null", "-frames", "5", "URL"), id="mplayer"
        ),
    ],
)
def test_players_take_the_stream(device: Any, command: tuple[str, ...]) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"needs {command[0]}")
    device.camera()
    device.view()
    url = f"http://127.0.0.1:{device.port}/stream?size=480p"
    done = subprocess.run(
        [url if word == "URL" else word for word in command],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    if command[0] == "mplayer":
        assert re.search(r"^VIDEO:.*858x480", done.stdout, re.MULTILINE), done.stdout


def test_ten_viewers_of_whom_one_stalls(device: Any, until: Until, caplog: pytest.LogCaptureFixture) -> None:
    """Nine go on seeing the picture move, the pipeline goes on, and the tenth is cut off after a while."""
    caplog.set_level("INFO")
    camera = device.camera()
    device.view(stalled_seconds=1.0, frames_per_second=30.0, jpeg_quality=95)
    stalled = socket.socket()
    stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stalled.connect(("127.0.0.1", device.port))
    stalled.sendall(b"GET /cameras/plaza-1.mjpeg?size=1080p HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    viewers = [device.stream() for _ in range(9)]
    offered = camera.offered
    for _ in range(10):
        for viewer in viewers:
            assert viewer.picture()

    def went() -> bool:
        for viewer in viewers:
            viewer.picture()
        return "stalled" in [getattr(record, "ending", None) for record in caplog.records]

    until(went)
    assert camera.offered > offered + 10
    for viewer in viewers:
        viewer.close()
    stalled.close()


def test_a_slow_viewer_gets_the_latest_picture_not_the_next(device: Any, until: Until) -> None:
    camera = device.camera()
    device.view(frames_per_second=30.0)
    slow, quick = device.stream("/stream?size=1080p"), device.stream("/stream?size=1080p")
    slow.picture()
    # Quick goes on for longer than the buffers between could hold for slow, were all kept for it.
    while quick.number < slow.number + 40:
        quick.picture()
    numbers = []
    while not numbers or numbers[-1] < quick.number:
        slow.picture()
        numbers.append(slow.number)
    assert len(numbers) < 40
    assert numbers == sorted(set(numbers))
    assert camera.copied >= 40
    slow.close()
    quick.close()


def test_all_viewers_of_a_size_share_one_encoding(device: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge_components.local_view import feed

    made: list[int] = []
    encode = feed.jpeg

    def counted(image: Any, quality: int) -> bytes:
        made.append(image.shape[0])
        return encode(image, quality)

    monkeypatch.setattr(feed, "jpeg", counted)
    device.camera()
    device.view()
    viewers = [device.stream() for _ in range(5)] + [device.stream("/stream?size=720p")]
    last = {viewer.picture() for viewer in viewers for _ in range(4)}
    for viewer in viewers:
        viewer.close()
    assert set(made) == {480, 720}
    # Five viewers and four pictures each: twenty encodings, were they not shared.
    assert made.count(480) < 20
    assert len(last) > 4


def test_more_viewers_than_may_be_are_told_so(device: Any, until: Until) -> None:
    device.camera()
    device.view(maximum_viewers=2)
    viewers = [device.stream(), device.stream()]
    viewers[0].picture()
    for path in ("/cameras/plaza-1.mjpeg", "/cameras/plaza-1.jpg", "/stream"):
        response, body = device.get(path)
        assert response.status == 503
        assert body.decode() == "2 viewers are here, as many as may be: close one, or try again later\n"
        assert response.getheader("Retry-After") == "10"
    assert device.get("/cameras/plaza-1.mjpeg", method="HEAD")[0].status == 503
    assert device.get("/status.json")[0].status == 200
    viewers[0].close()
    until(lambda: device.get("/cameras/plaza-1.jpg")[0].status == 200)
    viewers[1].close()


def test_nothing_is_copied_once_everybody_has_left(
    device: Any, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_share, "FRESH_SECONDS", 0.5)
    camera = device.camera()
    device.view()
    viewer = device.stream()
    viewer.picture()
    viewer.close()

    def rests() -> bool:
        copied, offered = camera.copied, camera.offered
        until(lambda: camera.offered > offered + 20)
        return camera.copied == copied

    until(rests)
    assert camera.copied > 0
    assert [path.name for path in device.folders.view.iterdir()] == ["plaza-1.mark"]


def test_a_camera_that_vanishes_and_comes_back(
    device: Any, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream says so and goes on: a still picture would look like a place where nobody moves."""
    monkeypatch.setattr("edge_components.local_view.feed.SILENT_SECONDS", 0.5)
    monkeypatch.setattr("edge_components.local_view.feed.TELL_SECONDS", 0.2)
    camera = device.camera()
    device.view()
    viewer = device.stream()
    bright = decoded(viewer.picture())
    camera.pause()

    def shows_the_warning() -> bool:
        plate = decoded(viewer.picture())[228:252, 350:500].astype(int)
        return bool((plate[..., 2] - plate[..., 0] > 90).mean() > 0.2)

    until(shows_the_warning)
    assert decoded(viewer.picture())[440, 700].max() < bright[440, 700].max(), "the last picture is dimmed"
    camera.close()
    assert shows_the_warning(), "also when its process has gone"
    camera = device.camera()
    until(lambda: not shows_the_warning())
    viewer.close()


def test_a_camera_may_change_its_resolution_in_the_middle_of_a_stream(device: Any, until: Until) -> None:
    camera = device.camera()
    device.view()
    viewer = device.stream()
    assert decoded(viewer.picture()).shape == (480, 858, 3)
    camera.size = (480, 360)

    def has_bars() -> bool:
        image = decoded(viewer.picture())
        assert image.shape == (480, 858, 3), "players take no other size in the middle"
        return bool(image[100:400, :60].max() < 16 and image[240, 429].max() > 30)

    until(has_bars)
    camera.size = (640, 360)
    until(lambda: not has_bars())
    viewer.close()


def test_a_picture_of_a_silent_camera_is_refused_in_a_sentence(
    device: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_components.local_view.server.SNAPSHOT_SECONDS", 0.3)
    camera = device.camera()
    camera.pause()
    device.view()
    response, body = device.get("/cameras/plaza-1.jpg")
    assert (response.status, body) == (503, b"camera plaza-1 gave no picture within 0.3 s\n")


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        pytest.param(
            "/cameras/gate-9.mjpeg", 404, "there is no such camera here: expected one of plaza-1", id="camera"
        ),
        pytest.param("/cameras/..%2f..%2fetc.jpg", 404, "there is no such page", id="a path for a camera"),
        pytest.param(
            "/cameras/plaza-1.jpg?size=4k",
            400,
            "size is unknown: expected one of 480p, 720p, 1080p",
            id="size",
        ),
        pytest.param("/static/../server.py", 404, "there is no such page", id="source code"),
        pytest.param("/favicon.ico", 404, "there is no such page", id="page"),
    ],
)
def test_what_is_not_there_is_told_in_a_sentence(device: Any, path: str, status: int, sentence: str) -> None:
    device.camera()
    device.view()
    response, body = device.get(path)
    assert (response.status, body.decode()) == (status, sentence + "\n")
    assert not list(device.folders.view.glob("gate-9*"))


def test_a_fault_of_drawing_costs_a_picture_and_not_the_view(
    device: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge_components.local_view import feed

    monkeypatch.setattr(feed, "TELL_SECONDS", 0.05)
    draw, faults = feed.picture, iter([True, True])

    def faulty(*arguments: Any) -> Any:
        if next(faults, False):
            raise cv2.error("no such thing")
        return draw(*arguments)

    monkeypatch.setattr(feed, "picture", faulty)
    device.camera()
    device.view()
    viewer = device.stream()
    assert decoded(viewer.picture()) is not None
    viewer.close()
