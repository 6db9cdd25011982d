"""What a local camera is asked for, behind the question mark of its address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from edge_components.vision.sources.frames import SourceError

_LIMITS = {"width": (16, 16_384), "height": (16, 16_384), "fps": (1, 240), "flip": (0, 7)}
_FORMAT = re.compile(r"[A-Z0-9]{4}")


@dataclass(frozen=True)
class CameraMode:
    """Size in pixels, pace, pixel format (four letters, V4L2) and turn (CSI: `flip-method` of nvvidconv)."""

    width: int | None = None
    height: int | None = None
    frames_per_second: int | None = None
    pixel_format: str | None = None
    flip: int | None = None


def parse_mode(text: str, *, allowed: tuple[str, ...]) -> CameraMode:
    """Return what the address `text` asks for by ``?width=…&height=…``; raises `SourceError`.

    `allowed` are the options that this kind of camera has.
    """
    address, _, query = text.partition("?")
    given: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in allowed:
            raise SourceError(f"camera {address} has the option {name!r}: expected {', '.join(allowed)}")
        given[name] = value
    numbers = {name: _number(address, name, value) for name, value in given.items() if name != "format"}
    if ("width" in numbers) != ("height" in numbers):
        raise SourceError(f"camera {address} has one of width and height: expected both or neither")
    pixel_format = given.get("format")
    if pixel_format is not None and not _FORMAT.fullmatch(pixel_format):
        raise SourceError(f"camera {address} format is {pixel_format!r}: expected four letters like MJPG")
    return CameraMode(
        numbers.get("width"), numbers.get("height"), numbers.get("fps"), pixel_format, numbers.get("flip")
    )


def _number(address: str, name: str, value: str) -> int:
    lowest, highest = _LIMITS[name]
    if not value.isascii() or not value.isdecimal() or not lowest <= int(value) <= highest:
        raise SourceError(
            f"camera {address} {name} is {value!r}: expected a whole number from {lowest} to {highest}"
        )
    return int(value)
