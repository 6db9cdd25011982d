"""Frames of a live camera: always the newest, with reconnection."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from edge_components.vision.sources.backoff import BackOff
from edge_components.vision.sources.capture import Capture, CaptureError, CaptureFactory
from edge_components.vision.sources.frames import Frame, Image, SourceError, SourceInfo
from edge_components.vision.sources.presentation_time import StreamTimes, sane_frame_rate

logger = logging.getLogger(__name__)

STEADY_SECONDS = 10.0
"""A camera that holds for so long is well again; one that flaps is opened at ever longer intervals."""
CLOSE_SECONDS = 2.0
"""How long closing waits for a read that hangs in the driver; the thread ends with the process then."""


class LiveSource:
    """A camera read by a thread of its own that keeps only the newest frame.

    Frames have the stream's own times where it has some, else the moment of the grab.

    Any end of the stream is a fault: the camera is opened again, at growing intervals, until it is closed.
    The intervals are short again once it has held for `STEADY_SECONDS`. A camera that comes back with another
    picture size stays out, because the scene would not fit.
    """

    ended = False

    def __init__(
        self,
        name: str,
        open_capture: CaptureFactory,
        *,
        first_connection_seconds: float = 15.0,
        back_off: BackOff | None = None,
        monotonic_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._open_capture = open_capture
        self._back_off = back_off or BackOff()
        self._monotonic_seconds = monotonic_seconds
        self._stop = threading.Event()
        self._arrived = threading.Condition()
        self._newest: Frame | None = None
        self._grabbed = 0
        self._skipped = 0
        self._reconnections = 0
        self._fault: str | None = None
        self._error: Exception | None = None
        self.other_size: tuple[int, int] | None = None
        """The size of the pictures that came back, when it is not that of the first any more."""
        self._times = StreamTimes()
        self._connected_at = monotonic_seconds()
        capture, image = self._first_connection(first_connection_seconds)
        height, width = image.shape[:2]
        self.info = SourceInfo(width, height, sane_frame_rate(capture.frames_per_second()), None, live=True)
        self._publish(image, self._times.next(capture.position_seconds(), self._monotonic_seconds()))
        self._thread = threading.Thread(target=self._run, args=(capture,), name="camera", daemon=True)
        self._thread.start()

    @property
    def skipped_frames(self) -> int:
        """Frames that were replaced by newer ones before anyone read them."""
        return self._skipped

    @property
    def reconnections(self) -> int:
        """How often the camera was lost and came back."""
        return self._reconnections

    @property
    def fault(self) -> str | None:
        """Why no frame comes at present; None while they do."""
        return self._fault

    def read(self, timeout_seconds: float) -> Frame | None:
        """Return the newest frame nobody read yet, None when none came in time."""
        with self._arrived:
            self._arrived.wait_for(lambda: self._newest is not None or self._error, timeout_seconds)
            if self._error is not None:
                raise self._error
            frame, self._newest = self._newest, None
            return frame

    def close(self) -> None:
        """Stop reading and give the camera back; safe to call twice."""
        self._stop.set()
        self._thread.join(CLOSE_SECONDS)

    def _first_connection(self, seconds: float) -> tuple[Capture, Image]:
        deadline = self._monotonic_seconds() + seconds
        is_told = False
        while True:
            capture, reason = self._open()
            if capture is not None:
                try:
                    grabbed, reason = _grabbed(capture, "it gives no picture")
                    image = capture.retrieve() if grabbed else None
                except Exception:
                    capture.release()
                    raise
                if image is not None:
                    self._connected_at = self._monotonic_seconds()
                    return capture, image
                capture.release()
            remaining_seconds = deadline - self._monotonic_seconds()
            if remaining_seconds <= 0:
                raise SourceError(f"camera {self.name}: {reason}; tried for {seconds:g} s")
            if not is_told:
                # At once: who starts it watches the log, and a wrong address is no matter of 15 seconds.
                fields = {"camera": self.name, "reason": reason, "tries_seconds": round(remaining_seconds)}
                logger.warning("camera not opened yet, tried on", extra=fields)
                is_told = True
            self._stop.wait(min(self._back_off.next_seconds(), remaining_seconds))

    def _run(self, capture: Capture | None) -> None:
        try:
            while not self._stop.is_set():
                if capture is None:
                    capture = self._reconnect()
                elif not self._take(capture):
                    capture.release()
                    capture = None
        except Exception as error:  # noqa: BLE001 - carried over to the reading thread, which raises it
            with self._arrived:
                self._error = error
                self._arrived.notify_all()
        finally:
            if capture is not None:
                capture.release()

    def _take(self, capture: Capture) -> bool:
        grabbed, reason = _grabbed(capture, "the stream ended or timed out")
        if not grabbed:
            self._fault = reason
            return False
        grabbed_at, position_seconds = self._monotonic_seconds(), capture.position_seconds()
        image = capture.retrieve()
        if image is None:
            self._fault = "a frame could not be decoded"
            return False
        height, width = image.shape[:2]
        if (width, height) != (self.info.width, self.info.height):
            self.other_size = width, height
            self._fault = f"it gives {width}x{height} instead of {self.info.width}x{self.info.height}"
            return False
        if self._fault is not None:
            self._fault = None
            self._reconnections += 1
        if grabbed_at - self._connected_at >= STEADY_SECONDS:
            self._back_off.reset()
        self._publish(image, self._times.next(position_seconds, grabbed_at))
        return True

    def _reconnect(self) -> Capture | None:
        if self._stop.wait(self._back_off.next_seconds()):
            return None
        capture, reason = self._open()
        self._times = StreamTimes()
        self._connected_at = self._monotonic_seconds()
        if capture is None:
            self._fault = reason
        return capture

    def _open(self) -> tuple[Capture | None, str]:
        """Return the capture, or None with why there is none, in a few words."""
        try:
            return self._open_capture(), "it cannot be opened"
        except CaptureError as error:
            return None, str(error)

    def _publish(self, image: Image, seconds: float) -> None:
        with self._arrived:
            if self._newest is not None:
                self._skipped += 1
            self._newest = Frame(image, self._grabbed, seconds)
            self._grabbed += 1
            self._arrived.notify_all()


def _grabbed(capture: Capture, otherwise: str) -> tuple[bool, str]:
    """Take the next frame; return whether there was one, and why not: `otherwise` when nobody knows."""
    try:
        return capture.grab(), otherwise
    except CaptureError as error:
        return False, str(error)
