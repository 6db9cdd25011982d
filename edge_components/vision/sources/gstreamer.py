"""Frames of a GStreamer pipeline: NVIDIA's decoders and CSI cameras, and whatever else has a plug-in."""

from __future__ import annotations

import atexit
import os
import select
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, cast
from urllib.parse import unquote, urlsplit

import cv2
import numpy as np

from edge_components.vision.gstreamer.protocol import (
    ENDED,
    FACTS,
    FAILED,
    FRAME,
    HEADER,
    MAXIMUM_BODY_BYTES,
    Facts,
    Request,
    nv12_shape,
)
from edge_components.vision.sources.camera_mode import parse_mode
from edge_components.vision.sources.capture import CaptureError, open_file
from edge_components.vision.sources.frames import Image, SourceError

WORKER = "edge_components.vision.gstreamer.worker"
FIRST_FRAME_SECONDS = 15.0
"""NVIDIA's camera service alone takes some seconds to start."""
FRAME_SECONDS = 5.0
CLOSE_SECONDS = 2.0
_NANOSECONDS = 1_000_000_000
_REGISTRY = "GST_REGISTRY"
_PIPE_BYTES = 1024 * 1024
_SET_PIPE_SIZE = 1031
"""F_SETPIPE_SZ of Linux, which Python's fcntl names from 3.10 on, only where it was built with it."""


def rtsp_request(url: str) -> Request:
    """Return the pipeline of an RTSP stream whose decoder must be hardware."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    properties = [("camera", "location", parts._replace(netloc=host).geturl())]
    if parts.username:
        properties.append(("camera", "user-id", unquote(parts.username)))
    if parts.password:
        properties.append(("camera", "user-pw", unquote(parts.password)))
    # TCP, because a lost packet of UDP shows as a grey picture until the next whole one.
    pipeline = (
        "rtspsrc name=camera protocols=tcp latency=200 ! application/x-rtp,media=video ! decodebin ! queue"
    )
    return Request(pipeline, tuple(properties), hardware=True)


def file_request(path: Path, *, hardware: bool = True) -> Request:
    """Return the pipeline of a video file, every frame of it."""
    return Request(
        "filesrc name=video ! decodebin ! queue",
        (("video", "location", str(path.absolute())),),
        every_frame=True,
        hardware=hardware,
    )


def csi_request(text: str) -> Request:
    """Return the pipeline of ``csi://N?width=…&height=…&fps=…&flip=…``; raises `SourceError`.

    1280x720 at 30 frames/s unless said otherwise. The pipeline is NVIDIA's of a Jetson.
    """
    number = text.removeprefix("csi://").partition("?")[0]
    if not number.isascii() or not number.isdecimal():
        raise SourceError(f"camera {text}: expected csi://N with the camera's number, for example csi://0")
    mode = parse_mode(text, allowed=("width", "height", "fps", "flip"))
    size = f"width={mode.width or 1280},height={mode.height or 720}"
    caps = f"video/x-raw(memory:NVMM),{size},framerate={mode.frames_per_second or 30}/1"
    turn = f" ! nvvidconv flip-method={mode.flip}" if mode.flip else ""
    return Request(f"nvarguscamerasrc sensor-id={int(number)} ! {caps}{turn}")


def open_decoded_file(path: Path, *, hardware: bool = True) -> GStreamerCapture:
    """Return a capture of every frame of a video file.

    How many there should be is asked of OpenCV: GStreamer looks at a file that was cut off as a shorter one.
    Raises `CaptureError`.
    """
    opened = open_file(str(path.absolute()))
    declared_frames = 0 if opened is None else max(0, opened.declared_frames())
    if opened is not None:
        opened.release()
    return GStreamerCapture(file_request(path, hardware=hardware), declared_frames=declared_frames)


class GStreamerCapture:
    """A capture whose pipeline runs in a process of its own, which closing ends."""

    def __init__(self, request: Request, *, declared_frames: int = 0) -> None:
        self._declared_frames = declared_frames
        self._process = _started(request)
        self._facts = Facts(0.0, 0.0, "")
        self._body = bytearray()
        self._header: tuple[int, int, int] = (0, 0, -1)
        self._waiting = False
        try:
            self._waiting = self._next(FIRST_FRAME_SECONDS)
        except BaseException:
            self.release()
            raise
        if not self._waiting:
            self.release()
            raise CaptureError(f"it gave no picture in {FIRST_FRAME_SECONDS:g} s")

    @property
    def decoder(self) -> str:
        """GStreamer's name of the decoder in use, empty when there is none."""
        return self._facts.decoder

    def grab(self) -> bool:
        """Take the next frame; False at the end, `CaptureError` when the pipeline stops with an error."""
        if self._waiting:
            self._waiting = False
            return True
        return self._next(FRAME_SECONDS)

    def retrieve(self) -> Image | None:
        """Return the frame taken as BGR (h, w, 3)."""
        width, height, _ = self._header
        stride, rows = nv12_shape(width, height)
        planes = np.frombuffer(self._body, np.uint8).reshape(rows * 3 // 2, stride)
        image = cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_NV12)
        return np.ascontiguousarray(image[:height, :width], np.uint8)

    def position_seconds(self) -> float:
        """Return the presentation time of the frame taken; 0 when the pipeline has none."""
        return max(0, self._header[2]) / _NANOSECONDS

    def frames_per_second(self) -> float:
        """Return the declared frame rate; 0 when unknown."""
        return self._facts.frames_per_second

    def declared_frames(self) -> int:
        """Return the number of frames that is known, or follows from the duration; 0 when unknown."""
        return self._declared_frames or round(self._facts.duration_seconds * self._facts.frames_per_second)

    def release(self) -> None:
        """End the pipeline and its process."""
        process = self._process
        for stream in (process.stdin, process.stdout):
            if stream is not None and not stream.closed:
                stream.close()
        try:
            process.wait(CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _next(self, seconds: float) -> bool:
        """Read messages up to a frame; False when the pipeline ended or says nothing in time."""
        deadline = time.monotonic() + seconds
        while True:
            header = self._read(HEADER.size, deadline)
            if header is None:
                return False
            kind, size, width, height, nanoseconds = HEADER.unpack(header)
            body = self._read(min(size, MAXIMUM_BODY_BYTES), deadline)
            if body is None or kind == ENDED:
                return False
            if kind == FAILED:
                raise CaptureError(body.decode("utf-8", "replace"))
            if kind == FACTS:
                self._facts = Facts.read(bytes(body))
            elif kind == FRAME:
                self._body, self._header = body, (width, height, nanoseconds)
                return True

    def _read(self, size: int, deadline: float) -> bytearray | None:
        """Return exactly `size` bytes of the worker's, None when they do not come in time."""
        descriptor, content = _pipe(self._process.stdout).fileno(), bytearray(size)
        view = memoryview(content)
        while view:
            if not select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
                return None
            count = os.readv(descriptor, [view])
            if count == 0:
                return None
            view = view[count:]
        return content


def _started(request: Request) -> subprocess.Popen[bytes]:
    """Start the worker and give it its request: by standard input, as anybody may list arguments."""
    code = str(Path(__file__).parents[3])
    path = os.pathsep.join([code, *filter(None, [os.environ.get("PYTHONPATH")])])
    process = subprocess.Popen(
        [sys.executable, "-m", WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env={**os.environ, "PYTHONPATH": path, **_registry()},
        start_new_session=True,
    )
    _widen(_pipe(process.stdout).fileno())
    # A worker that is gone already is found out when its first frame is waited for.
    with suppress(BrokenPipeError):
        _pipe(process.stdin).write(request.line())
    return process


@cache
def _registry() -> dict[str, str]:
    """Return where GStreamer keeps its list of plug-ins when the user has no home to keep it in.

    It would look through all plug-ins at every connection of a camera, which takes seconds on a Jetson. The
    folder is ours alone, as the list says which libraries are loaded, and goes with this process.
    """
    if _REGISTRY in os.environ or _has_cache_folder():
        return {}
    folder = tempfile.TemporaryDirectory(prefix="crowdlens-gstreamer-")
    atexit.register(folder.cleanup)
    return {_REGISTRY: str(Path(folder.name) / "registry.bin")}


def _has_cache_folder() -> bool:
    """Return whether there is, or can be made, the folder that GStreamer uses by itself."""
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # The user is in no list of users and no variable says where its home is.
        return False
    nearest = next((place for place in (folder, *folder.parents) if place.exists()), folder)
    return os.access(nearest, os.W_OK)


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    """Return a stream that `Popen` was told to make."""
    return cast("IO[bytes]", stream)


def _widen(descriptor: int) -> None:
    """Let the pipe hold more of a frame, so that the two processes switch less often."""
    import fcntl

    with suppress(OSError):
        fcntl.fcntl(descriptor, _SET_PIPE_SIZE, _PIPE_BYTES)
