from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from edge_components.vision.sources import SourceError, open_source
from edge_components.vision.sources.backoff import BackOff
from edge_components.vision.sources.capture import CaptureError
from edge_components.vision.sources.live import LiveSource

Image = np.ndarray


def picture(value: int, size: tuple[int, int] = (32, 24)) -> Image:
    return np.full((size[1], size[0], 3), value, np.uint8)


class FakeCapture:
    """Gives its pictures and then ends, as a camera does that is unplugged."""

    def __init__(
        self, pictures: list[Image | None], before_grab: Callable[[], object] = lambda: None
    ) -> None:
        self._pictures = pictures
        self._before_grab = before_grab
        self._current: Image | None = None
        self.released = False

    def grab(self) -> bool:
        self._before_grab()
        if not self._pictures:
            return False
        self._current = self._pictures.pop(0)
        return True

    def retrieve(self) -> Image | None:
        return self._current

    def position_seconds(self) -> float:
        return 0.0

    def frames_per_second(self) -> float:
        return 0.0

    def declared_frames(self) -> int:
        return -1

    def release(self) -> None:
        self.released = True


class FakeCamera:
    """Opens one capture after the other; None stands for a camera that cannot be opened."""

    def __init__(self, *captures: FakeCapture | None) -> None:
        self._captures = list(captures)
        self.opened = 0

    def __call__(self) -> FakeCapture | None:
        self.opened += 1
        return self._captures.pop(0) if self._captures else None


def live(camera: FakeCamera, **settings: float) -> LiveSource:
    back_off = BackOff(first_seconds=0.001, maximum_seconds=0.002)
    return LiveSource("/dev/video0", camera, back_off=back_off, **settings)


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within 60 s"
        time.sleep(0.001)


def test_only_the_newest_frame_is_kept_and_the_others_are_counted() -> None:
    source = live(FakeCamera(FakeCapture([picture(value) for value in range(6)])))
    wait_until(lambda: source.fault)
    frame = source.read(1)
    assert frame is not None
    assert (frame.index, frame.image[0, 0, 0], source.skipped_frames) == (5, 5, 5)
    assert source.read(0.01) is None
    source.close()


def test_frames_carry_the_moment_of_their_grab() -> None:
    before = time.monotonic()
    source = live(FakeCamera(FakeCapture([picture(1)])))
    frame = source.read(1)
    source.close()
    assert frame is not None
    assert before <= frame.time_seconds <= time.monotonic()


def test_an_end_of_the_stream_is_a_fault_and_the_camera_is_opened_again() -> None:
    gate = threading.Event()
    first = FakeCapture([picture(1)])
    second = FakeCapture([picture(2)], before_grab=gate.wait)
    camera = FakeCamera(first, None, None, second)
    source = live(camera)
    assert source.read(1) is not None
    wait_until(lambda: camera.opened == 4)
    assert source.fault is not None
    assert not source.ended
    gate.set()
    frame = source.read(1)
    assert frame is not None
    assert frame.image[0, 0, 0] == 2
    assert source.reconnections == 1
    assert first.released
    source.close()


class Clock:
    """A monotonic clock that goes on by `step_seconds` at each look."""

    def __init__(self, step_seconds: float) -> None:
        self._step_seconds = step_seconds
        self._seconds = 0.0

    def __call__(self) -> float:
        self._seconds += self._step_seconds
        return self._seconds


@pytest.mark.parametrize(
    ("step_seconds", "growing"),
    [
        pytest.param(0.001, True, id="a camera that flaps is left alone for longer and longer"),
        pytest.param(60.0, False, id="one that held for a minute is asked again at once"),
    ],
)
def test_the_waits_of_a_camera_that_is_lost_again_and_again(step_seconds: float, growing: bool) -> None:
    waits: list[float] = []
    back_off = BackOff(
        first_seconds=1e-6, maximum_seconds=1e-3, uniform=lambda _, full: waits.append(full) or full
    )
    camera = FakeCamera(*(FakeCapture([picture(value)]) for value in range(6)))
    source = LiveSource("/dev/video0", camera, back_off=back_off, monotonic_seconds=Clock(step_seconds))
    wait_until(lambda: len(waits) >= 6)
    source.close()
    assert waits[:5] == sorted(waits[:5])
    assert (waits[4] > waits[0]) is growing


def test_the_reason_of_a_driver_that_knows_it_is_the_fault() -> None:
    def refused() -> None:
        raise CaptureError("Unauthorized")

    captures: list[FakeCapture | None] = [FakeCapture([picture(1)])]

    def open_capture() -> FakeCapture | None:
        if not captures:
            refused()
        return captures.pop()

    source = LiveSource(
        "rtsp://h/x", open_capture, back_off=BackOff(first_seconds=0.001, maximum_seconds=0.002)
    )
    wait_until(lambda: source.fault == "Unauthorized")
    source.close()
    with pytest.raises(SourceError, match=r"camera rtsp://h/x: Unauthorized; tried for 0\.01 s"):
        LiveSource("rtsp://h/x", open_capture, first_connection_seconds=0.01)


def test_a_camera_that_comes_back_with_another_size_stays_out() -> None:
    other = FakeCapture([picture(2, (64, 48))])
    source = live(FakeCamera(FakeCapture([picture(1)]), other))
    assert source.read(1) is not None
    wait_until(lambda: other.released)
    assert source.read(0.02) is None
    assert source.info.width == 32
    source.close()


def test_a_frame_that_cannot_be_decoded_is_a_fault() -> None:
    source = live(FakeCamera(FakeCapture([picture(1), None, picture(3)])))
    wait_until(lambda: source.fault)
    assert source.skipped_frames == 0
    source.close()


def test_the_first_failure_of_a_camera_is_logged_at_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING"), pytest.raises(SourceError, match="tried for"):
        LiveSource(
            "rtsp://h/x",
            FakeCamera(),
            first_connection_seconds=0.05,
            back_off=BackOff(first_seconds=0.001, maximum_seconds=0.002),
        )
    told = [one for one in caplog.records if one.message == "camera not opened yet, tried on"]
    assert [one.__dict__["reason"] for one in told] == ["it cannot be opened"], "once, and not at every try"


@pytest.mark.parametrize(
    ("camera", "sentence"),
    [
        pytest.param(FakeCamera(), "it cannot be opened", id="never there"),
        pytest.param(FakeCamera(*(FakeCapture([]) for _ in range(1000))), "it gives no picture", id="blind"),
    ],
)
def test_a_camera_that_gives_nothing_at_first_is_refused(camera: FakeCamera, sentence: str) -> None:
    with pytest.raises(SourceError, match=f"camera /dev/video0: {sentence}; tried for 0.05 s"):
        live(camera, first_connection_seconds=0.05)


def test_an_error_of_the_driver_reaches_the_reader() -> None:
    grabs = iter([None])

    def explode() -> None:
        if next(grabs, "second") == "second":
            raise MemoryError("no room for a frame")

    source = live(FakeCamera(FakeCapture([picture(1), picture(2)], before_grab=explode)))
    wait_until(lambda: "camera" not in {thread.name for thread in threading.enumerate()})
    with pytest.raises(MemoryError, match="no room for a frame"):
        source.read(1)
    source.close()


def test_closing_releases_the_camera_and_stops_its_thread() -> None:
    capture = FakeCapture([picture(1)] * 100_000, before_grab=lambda: time.sleep(0.001))
    source = live(FakeCamera(capture))
    source.close()
    source.close()
    assert capture.released
    assert "camera" not in {thread.name for thread in threading.enumerate()}


def test_the_password_is_in_no_name_and_no_repr() -> None:
    url = "rtsp://admin:secret@camera.example/live"
    source = open_source(url, capture_factory=FakeCamera(FakeCapture([picture(1)])))
    assert source.name == "rtsp://***@camera.example/live"
    assert source.info.live
    assert "secret" not in f"{source!r} {source.info!r} {source.fault!r}"
    source.close()


def test_a_v4l2_camera_is_a_live_source() -> None:
    source = open_source("/dev/video0", capture_factory=FakeCamera(FakeCapture([picture(7)])))
    frame = source.read(1)
    assert frame is not None
    assert frame.image[0, 0, 0] == 7
    assert (source.info.live, source.info.frames, source.info.frames_per_second) == (True, None, 25)
    source.close()


@pytest.mark.parametrize("step", ["grab", "retrieve"])
def test_a_driver_that_fails_at_the_first_picture_gives_the_camera_back(
    monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fails(_: object) -> None:
        raise ValueError("bad frame")

    capture = FakeCapture([picture(1)])
    monkeypatch.setattr(FakeCapture, step, fails)
    with pytest.raises(ValueError, match="bad frame"):
        live(FakeCamera(capture))
    assert capture.released
