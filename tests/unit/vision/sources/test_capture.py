"""What a V4L2 camera is asked for before its first frame."""

from __future__ import annotations

from unittest.mock import create_autospec

import cv2
import pytest

from edge_components.vision.sources import capture as module
from edge_components.vision.sources.camera_mode import CameraMode
from edge_components.vision.sources.capture import CaptureError, open_device

ASKED = CameraMode(1280, 720, 30, "MJPG")


class Driver:
    """Stands in for a driver that gives `size`, whatever is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]) -> None:
        self.asked: list[tuple[int, float]] = []
        self.capture = create_autospec(cv2.VideoCapture, instance=True)
        self.capture.isOpened.return_value = True
        self.capture.set.side_effect = lambda setting, value: self.asked.append((setting, value)) or True
        self.capture.get.side_effect = dict(
            zip((cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT), size, strict=True)
        ).get
        monkeypatch.setattr(module.cv2, "VideoCapture", lambda *_: self.capture)


def test_the_format_is_asked_for_before_the_size(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver(monkeypatch, (1280, 720))
    assert open_device(0, ASKED) is not None
    # A driver chooses sizes and rates by the pixel format, so that comes first.
    assert driver.asked == [
        (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")),
        (cv2.CAP_PROP_FRAME_WIDTH, 1280),
        (cv2.CAP_PROP_FRAME_HEIGHT, 720),
        (cv2.CAP_PROP_FPS, 30),
    ]


def test_a_camera_that_gives_another_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver(monkeypatch, (640, 480))
    with pytest.raises(CaptureError, match="it gives 640x480, not the 1280x720 asked for"):
        open_device(0, ASKED)
    driver.capture.release.assert_called_once_with()


def test_without_options_the_driver_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver(monkeypatch, (640, 480))
    assert open_device(0, CameraMode()) is not None
    assert driver.asked == []
