"""One syntax for every source."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from edge_components.vision.sources.address import (
    STREAM_SCHEMES,
    device_number,
    has_host,
    scheme_of,
    shown,
)
from edge_components.vision.sources.capture import CaptureFactory, open_device, open_stream
from edge_components.vision.sources.frames import Source, SourceError
from edge_components.vision.sources.image_folder import ImageFolder
from edge_components.vision.sources.live import LiveSource
from edge_components.vision.sources.video_file import VideoFile


def open_source(
    text: str,
    *,
    folder_frames_per_second: float = 10.0,
    first_connection_seconds: float = 15.0,
    capture_factory: CaptureFactory | None = None,
) -> Source:
    """Return the source that `text` names: a video file, an image folder, ``rtsp://…`` or ``/dev/videoN``.

    An image folder plays at `folder_frames_per_second`. A camera has `first_connection_seconds` to give its
    first picture. `capture_factory` takes the place of the camera's driver. Raises `SourceError`.
    """
    scheme, device = scheme_of(text), device_number(text)
    if scheme is not None:
        _check_url(text, scheme)
        factory = capture_factory or partial(open_stream, text)
        return LiveSource(shown(text), factory, first_connection_seconds=first_connection_seconds)
    if device is not None:
        if capture_factory is None and not Path(text).exists():
            raise SourceError(f"camera {text}: no such device")
        factory = capture_factory or partial(open_device, device)
        return LiveSource(text, factory, first_connection_seconds=first_connection_seconds)
    path = Path(text)
    if not text or not path.exists():
        raise SourceError(
            f"source {text!r}: no such file or folder; expected a video file, an image folder, rtsp://… or "
            "/dev/videoN"
        )
    if path.is_dir():
        return ImageFolder(path, frames_per_second=folder_frames_per_second)
    return VideoFile(path)


def _check_url(text: str, scheme: str) -> None:
    if scheme not in STREAM_SCHEMES:
        raise SourceError(
            f"source {shown(text)}: expected rtsp:// (or a video file, an image folder, /dev/videoN)"
        )
    if not has_host(text):
        raise SourceError(f"source {shown(text)}: expected rtsp://[user:password@]host[:port]/path")
