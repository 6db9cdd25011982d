"""The names of KITTI files: which stream, which frame."""

from __future__ import annotations

import re
from typing import NamedTuple

_DEEPSTREAM_APP = re.compile(r"(\d{2,})_(\d{3,})_(\d{6,})\.txt", re.ASCII)
_SERVICE_MAKER = re.compile(r"(\d{3,})_(\d{6,})\.txt", re.ASCII)
_STREAM = re.compile(r"(?:(\d{1,6})_)?(\d{1,6})", re.ASCII)


class StreamKey(NamedTuple):
    """A stream: `app` is the place of its configuration file on deepstream-app's command line, from 0."""

    app: int
    stream: int

    def __str__(self) -> str:
        return f"{self.app}_{self.stream}"


class FrameFile(NamedTuple):
    """A file's stream and frame number."""

    key: StreamKey
    frame: int


def parse_name(name: str) -> FrameFile | None:
    """Return what a file name says, None for a file that is not DeepStream's.

    deepstream-app names files ``%02u_%03u_%06lu.txt``: application, stream, frame. Service Maker's dump
    (DeepStream 7 and later) leaves out the application. Numbers beyond the width make longer names.
    """
    match = _DEEPSTREAM_APP.fullmatch(name)
    if match is not None:
        return FrameFile(StreamKey(int(match[1]), int(match[2])), int(match[3]))
    match = _SERVICE_MAKER.fullmatch(name)
    return None if match is None else FrameFile(StreamKey(0, int(match[1])), int(match[2]))


def parse_stream(text: str) -> StreamKey | None:
    """Return the stream that a setting names as ``stream`` or ``app_stream``, None for other text."""
    match = _STREAM.fullmatch(text.strip())
    return None if match is None else StreamKey(int(match[1] or 0), int(match[2]))
