"""The one adapter to OpenCV's video capture; tests put a fake in its place."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from edge_components.vision.sources.camera_mode import CameraMode
from edge_components.vision.sources.frames import Image, SourceError

OPEN_TIMEOUT_MILLISECONDS = 5_000
READ_TIMEOUT_MILLISECONDS = 5_000


class Capture(Protocol):
    """An open camera or file."""

    def grab(self) -> bool:
        """Take the next frame; False at the end or on a fault, `CaptureError` where the reason is known."""
        ...

    def retrieve(self) -> Image | None:
        """Return the frame taken as BGR (h, w, 3), None when it cannot be decoded."""
        ...

    def position_seconds(self) -> float:
        """Return the presentation time of the frame taken; 0 when the format has none."""
        ...

    def frames_per_second(self) -> float:
        """Return the declared frame rate; 0 when unknown."""
        ...

    def declared_frames(self) -> int:
        """Return the declared number of frames; 0 or less when unknown."""
        ...

    def release(self) -> None:
        """Give it back."""
        ...


CaptureFactory = Callable[[], "Capture | None"]
"""Opens a capture; None when it cannot be opened, `CaptureError` where the reason is known."""


class CaptureError(SourceError):
    """Raised when a camera cannot be opened; the text is the reason in a few words, without a password."""


@dataclass(eq=False)
class OpenCvCapture:
    """A capture of OpenCV."""

    _capture: cv2.VideoCapture

    def grab(self) -> bool:
        """Take the next frame; False at the end or on a fault."""
        return bool(self._capture.grab())

    def retrieve(self) -> Image | None:
        """Return the frame taken as BGR (h, w, 3), None when it cannot be decoded."""
        ok, image = self._capture.retrieve()
        if not ok or image is None or image.ndim != 3:
            return None
        return np.asarray(image, np.uint8)

    def position_seconds(self) -> float:
        """Return the presentation time of the frame taken; 0 when the format has none."""
        return float(self._capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000

    def frames_per_second(self) -> float:
        """Return the declared frame rate; 0 when unknown."""
        return float(self._capture.get(cv2.CAP_PROP_FPS))

    def declared_frames(self) -> int:
        """Return the declared number of frames; 0 or less when unknown."""
        return int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))

    def release(self) -> None:
        """Give it back."""
        self._capture.release()


def open_file(path: str) -> OpenCvCapture | None:
    """Return a capture of a video file, None when FFmpeg cannot read it.

    One decoding thread: the other cores belong to the detector.
    """
    quieten_ffmpeg()
    return _opened(cv2.VideoCapture(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1]))


def open_stream(url: str) -> OpenCvCapture | None:
    """Return a capture of an RTSP stream, None when it cannot be had within the time-out."""
    quieten_ffmpeg()
    settings = [
        *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_TIMEOUT_MILLISECONDS),
        *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_TIMEOUT_MILLISECONDS),
        *(cv2.CAP_PROP_N_THREADS, 1),
    ]
    return _opened(cv2.VideoCapture(url, cv2.CAP_FFMPEG, settings))


def open_device(number: int, mode: CameraMode | None = None) -> OpenCvCapture | None:
    """Return a capture of a V4L2 device in `mode`, None when it cannot be opened.

    Raises `CaptureError` for a camera that cannot give the size asked for: it would give another silently.
    """
    quieten_ffmpeg()
    capture = cv2.VideoCapture(number, cv2.CAP_V4L2)
    if mode is not None and capture.isOpened():
        _set_mode(capture, mode)
    return _opened(capture)


def _set_mode(capture: cv2.VideoCapture, mode: CameraMode) -> None:
    if mode.pixel_format is not None:
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*mode.pixel_format))
    wanted = {
        cv2.CAP_PROP_FRAME_WIDTH: mode.width,
        cv2.CAP_PROP_FRAME_HEIGHT: mode.height,
        cv2.CAP_PROP_FPS: mode.frames_per_second,
    }
    for setting, value in wanted.items():
        if value is not None:
            capture.set(setting, value)
    width, height = (round(capture.get(setting)) for setting in list(wanted)[:2])
    if (mode.width or width, mode.height or height) != (width, height):
        capture.release()
        raise CaptureError(f"it gives {width}x{height}, not the {mode.width}x{mode.height} asked for")


def _opened(capture: cv2.VideoCapture) -> OpenCvCapture | None:
    if not capture.isOpened():
        capture.release()
        return None
    return OpenCvCapture(capture)


def quieten_ffmpeg() -> None:
    """Stop FFmpeg from writing to standard error; works only before OpenCV's first use of it.

    It writes by itself, URLs included; the one sentence for the user is ours. OpenCV reads this variable when
    it opens its first video and has no other switch for it.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
