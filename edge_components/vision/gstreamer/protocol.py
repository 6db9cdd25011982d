"""What the worker and the process that started it say to each other over two pipes.

The request is one line of JSON on the worker's standard input, which nobody else can read: a password in it
stands neither in the list of processes nor in the environment. Answers are messages of a header and a body.
"""

from __future__ import annotations

import json
import struct
from dataclasses import asdict, dataclass

HEADER = struct.Struct("<cxxxIIIq")
"""Kind, bytes of the body, width, height, presentation time in nanoseconds (-1: none)."""
FRAME, FACTS, FAILED, ENDED = b"F", b"I", b"X", b"E"
MAXIMUM_BODY_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class Request:
    """A pipeline without its sink.

    `properties` are set on its elements, as (element, property, value), once it is parsed: they may hold
    anything without being quoted. `every_frame` keeps a file's frames, else only the newest waits.
    `hardware` refuses a pipeline whose decoder turns out to be the processor.
    """

    pipeline: str
    properties: tuple[tuple[str, str, str], ...] = ()
    every_frame: bool = False
    hardware: bool = False

    def line(self) -> bytes:
        """Return the request as one line."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @staticmethod
    def read(line: bytes) -> Request:
        """Return the request in a line."""
        given = json.loads(line)
        given["properties"] = tuple((element, name, value) for element, name, value in given["properties"])
        return Request(**given)


@dataclass(frozen=True)
class Facts:
    """What is known once the first frame is there; 0 where the stream does not say."""

    frames_per_second: float
    duration_seconds: float
    decoder: str

    def body(self) -> bytes:
        """Return the facts as the body of a message."""
        return json.dumps(asdict(self)).encode()

    @staticmethod
    def read(body: bytes) -> Facts:
        """Return the facts in the body of a message."""
        return Facts(**json.loads(body))


def nv12_bytes(width: int, height: int) -> int:
    """Return the size of an NV12 picture as GStreamer lays it out: rows of 4 bytes' multiples."""
    stride, rows = nv12_shape(width, height)
    return stride * rows * 3 // 2


def nv12_shape(width: int, height: int) -> tuple[int, int]:
    """Return bytes in a row and rows of the brightness plane (gst_video_info_set_format)."""
    return (width + 3) // 4 * 4, (height + 1) // 2 * 2
