"""Frames of a video file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edge_components.vision.sources.capture import Capture, CaptureError, open_file
from edge_components.vision.sources.frames import Frame, Image, SourceDamagedError, SourceError, SourceInfo
from edge_components.vision.sources.presentation_time import PresentationTimes, sane_frame_rate

MISSING_FRAMES_TOLERATED = 2
"""Encoders round the number they declare."""
MISSING_SHARE_TOLERATED = 0.01
MISSING_SECONDS_TOLERATED = 0.5
FileOpener = Callable[[Path], "Capture | None"]
"""Opens a file's capture in another way than OpenCV's."""


class VideoFile:
    """Every frame of a video file, in order; none is skipped.

    The first frame is decoded when it is opened, so that a file that holds no video is refused at once.
    """

    skipped_frames = 0
    fault: str | None = None

    def __init__(
        self, path: str | Path, *, name: str | None = None, open_capture: FileOpener | None = None
    ) -> None:
        self._path = Path(path)
        self.name = name or str(path)
        self._capture = _opened(self._path, open_capture)
        self._closed = False
        self._decoded = 0
        first = self._next_image()
        if first is None:
            self.close()
            raise SourceError(
                f"video {self.name} has no frame that can be decoded: the file is damaged or empty"
            )
        rate = sane_frame_rate(self._capture.frames_per_second())
        declared = self._capture.declared_frames()
        height, width = first.shape[:2]
        self.info = SourceInfo(width, height, rate, declared if declared > 0 else None, live=False)
        self._exact_count = _declares_exact_count(self._path)
        self._times = PresentationTimes(rate)
        self._pending: Frame | None = self._timed(first, 0)
        self._decoded = 1
        self.ended = False

    def read(self, timeout_seconds: float) -> Frame | None:
        """Return the next frame or None at the end; raises `SourceDamagedError` when frames are missing."""
        del timeout_seconds
        if self._pending is not None:
            frame, self._pending = self._pending, None
            self._last_seconds = frame.time_seconds
            return frame
        image = None if self._closed else self._next_image()
        if image is None:
            self._end()
            return None
        if image.shape[:2] != (self.info.height, self.info.width):
            self._refuse_size(image.shape[1], image.shape[0])
        frame = self._timed(image, self._decoded)
        self._decoded += 1
        self._last_seconds = frame.time_seconds
        return frame

    def close(self) -> None:
        """Close the file; safe to call twice."""
        if not self._closed:
            self._closed = True
            self._capture.release()

    def _next_image(self) -> Image | None:
        try:
            return self._capture.retrieve() if self._capture.grab() else None
        except CaptureError as error:
            self.ended = True
            self.close()
            raise SourceDamagedError(
                f"video {self.name} cannot be read further: {error}; the {self._decoded} frames before were "
                "counted",
                self._decoded,
            ) from error

    def _timed(self, image: Image, index: int) -> Frame:
        return Frame(image, index, self._times.next(self._capture.position_seconds()))

    def _end(self) -> None:
        if self.ended:
            return
        self.ended = True
        self.close()
        declared = self.info.frames
        if declared is not None and self._is_damaged(declared):
            raise SourceDamagedError(
                f"video {self.name} is damaged or cut off: {self._decoded} of its {declared} frames could be "
                "decoded, and these were counted",
                self._decoded,
            )

    def _is_damaged(self, declared: int) -> bool:
        missing = declared - self._decoded
        if missing <= max(MISSING_FRAMES_TOLERATED, MISSING_SHARE_TOLERATED * declared):
            return False
        # Other containers declare a duration only; with a varying frame rate fewer frames may still be all.
        missing_seconds = declared / self.info.frames_per_second - self._last_seconds
        return self._exact_count or missing_seconds > MISSING_SECONDS_TOLERATED

    def _refuse_size(self, width: int, height: int) -> None:
        self.ended = True
        self.close()
        raise SourceDamagedError(
            f"video {self.name} changes from {self.info.width}x{self.info.height} to {width}x{height} at "
            f"frame {self._decoded}: expected one size; the {self._decoded} frames before were counted",
            self._decoded,
        )


def _opened(path: Path, open_capture: FileOpener | None) -> Capture:
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except FileNotFoundError as error:
        raise SourceError(f"source {path}: no such file or folder") from error
    except OSError as error:
        raise SourceError(f"source {path} cannot be read: {error.strerror or error}") from error
    if empty:
        raise SourceError(f"video {path} is empty: expected a video file")
    try:
        capture = open_file(str(path.absolute())) if open_capture is None else open_capture(path)
    except CaptureError as error:
        raise SourceError(f"video {path} cannot be opened: {error}") from error
    if capture is None:
        raise SourceError(f"video {path} cannot be opened: it is not a video, or it is damaged or cut off")
    return capture


def _declares_exact_count(path: Path) -> bool:
    """Return whether the container counts its frames one by one: AVI and MP4/MOV do."""
    with path.open("rb") as file:
        head = file.read(12)
    return head[:4] == b"RIFF" or head[4:8] == b"ftyp"
