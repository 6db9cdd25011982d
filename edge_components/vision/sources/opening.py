"""One syntax for every source."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from edge_components.vision.gstreamer.protocol import Request
from edge_components.vision.sources.address import (
    CSI,
    EXPECTED,
    GSTREAMER,
    HARDWARE,
    ONVIF,
    STREAM_SCHEMES,
    after_prefix,
    device_number,
    has_host,
    scheme_of,
    shown,
)
from edge_components.vision.sources.camera_mode import parse_mode
from edge_components.vision.sources.capture import CaptureFactory, open_device, open_stream
from edge_components.vision.sources.frames import Source, SourceError
from edge_components.vision.sources.gstreamer import (
    GStreamerCapture,
    csi_request,
    open_decoded_file,
    rtsp_request,
)
from edge_components.vision.sources.image_folder import ImageFolder
from edge_components.vision.sources.live import LiveSource
from edge_components.vision.sources.onvif import OnvifAddress
from edge_components.vision.sources.secret import source_text, with_password
from edge_components.vision.sources.video_file import VideoFile

_DEVICE_OPTIONS = ("width", "height", "fps", "format")
_FILE_MARK = "@"


def open_source(
    text: str,
    *,
    folder_frames_per_second: float = 10.0,
    first_connection_seconds: float = 15.0,
    capture_factory: CaptureFactory | None = None,
) -> Source:
    """Return the source that `text` names.

    A video file, an image folder, ``rtsp://…``, ``onvif://…``, ``/dev/videoN``, ``csi://N``,
    ``hardware:rtsp://…``, ``hardware:FILE``, ``gstreamer:PIPELINE``, or ``@FILE`` that holds one of these.
    An image folder plays at `folder_frames_per_second`. A camera has `first_connection_seconds` to give its
    first picture. `capture_factory` takes the place of the camera's driver. Raises `SourceError`.
    """
    if text.startswith(_FILE_MARK):
        text = source_text(source_file=text.removeprefix(_FILE_MARK))
    factory = _camera(text)
    if factory is None:
        return _file_or_folder(text, folder_frames_per_second)
    return LiveSource(
        shown(text), capture_factory or factory(), first_connection_seconds=first_connection_seconds
    )


def check_source(text: str) -> None:
    """Refuse an address that nothing could ever be read from; looks at no file, device or network.

    The address may hold ``{password}`` still. Raises `SourceError`.
    """
    _camera(with_password(text, "password"))


def _camera(text: str) -> Callable[[], CaptureFactory] | None:
    """Return what makes the capture factory of a live source, with its address checked; None for a file."""
    scheme, device = scheme_of(text), device_number(text)
    if scheme in STREAM_SCHEMES:
        _check_host(text)
        return lambda: partial(open_stream, text)
    if scheme == ONVIF:
        _check_host(text)
        address = OnvifAddress.parse(text)
        return lambda: lambda: open_stream(address.stream_url())
    if scheme == CSI:
        return _played(csi_request(text))
    if scheme == GSTREAMER:
        return _played(Request(_checked_pipeline(text)))
    if scheme == HARDWARE:
        return _hardware(after_prefix(text))
    if scheme is not None:
        raise SourceError(f"source {shown(text)}: {EXPECTED}")
    if device is not None:
        mode = parse_mode(text, allowed=_DEVICE_OPTIONS)
        return lambda: _device(text, lambda: open_device(device, mode))
    return None


def _played(request: Request) -> Callable[[], CaptureFactory]:
    return lambda: partial(GStreamerCapture, request)


def _hardware(address: str) -> Callable[[], CaptureFactory] | None:
    if scheme_of(address) is None:
        return None
    if scheme_of(address) not in STREAM_SCHEMES:
        raise SourceError(f"source hardware:{shown(address)}: expected hardware:rtsp://… or hardware:FILE")
    _check_host(address)
    return _played(rtsp_request(address))


def _device(text: str, opener: CaptureFactory) -> CaptureFactory:
    path = text.partition("?")[0]
    if not Path(path).exists():
        raise SourceError(f"camera {path}: no such device")
    return opener


def _file_or_folder(text: str, folder_frames_per_second: float) -> Source:
    hardware = scheme_of(text) == HARDWARE
    path = Path(after_prefix(text) if hardware else text)
    if not text or not path.exists():
        raise SourceError(f"source {str(path) if text else text!r}: no such file or folder; {EXPECTED}")
    if hardware:
        return VideoFile(path, name=text, open_capture=open_decoded_file)
    if path.is_dir():
        return ImageFolder(path, frames_per_second=folder_frames_per_second)
    return VideoFile(path)


def _checked_pipeline(text: str) -> str:
    pipeline = after_prefix(text)
    if not pipeline or pipeline.endswith("!"):
        raise SourceError(f"source {shown(text)}: expected gstreamer:ELEMENT ! ELEMENT …, without a sink")
    return pipeline


def _check_host(text: str) -> None:
    if not has_host(text):
        scheme = scheme_of(text)
        raise SourceError(f"source {shown(text)}: expected {scheme}://[user:password@]host[:port]/path")
