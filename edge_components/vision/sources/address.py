"""Tells what a source's text means, and what of it may be shown."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from edge_components.vision.gstreamer.told import HIDDEN, is_telling_name

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_PREFIX = re.compile(r"(gstreamer|hardware):(?!//)")
_DEVICE = re.compile(r"/dev/video(\d+)(?:\?.*)?")
_ELEMENT = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_QUOTED = re.compile(r"\"(?:\\.|[^\"\\])*(?:\"|$)|'[^']*(?:'|$)")
STREAM_SCHEMES = ("rtsp", "rtsps")
GSTREAMER, HARDWARE, ONVIF, CSI = "gstreamer", "hardware", "onvif", "csi"
EXPECTED = (
    "expected a video file, an image folder, rtsp://…, onvif://…, /dev/videoN, csi://N, hardware:… or "
    "gstreamer:…"
)


def scheme_of(text: str) -> str | None:
    """Return the lower-case scheme of a URL, ``gstreamer`` or ``hardware``; None when `text` has none."""
    match = _SCHEME.match(text) or _PREFIX.match(text)
    return match.group(1).lower() if match else None


def device_number(text: str) -> int | None:
    """Return N of ``/dev/videoN``, options or not; None for anything else."""
    match = _DEVICE.fullmatch(text)
    return int(match.group(1)) if match else None


def after_prefix(text: str) -> str:
    """Return what follows on ``gstreamer:`` or ``hardware:``."""
    return text.partition(":")[2].strip()


def is_live(text: str) -> bool:
    """Return whether `text` names a camera, which never ends; False for files, folders and ``@FILE``."""
    scheme = scheme_of(text)
    if scheme == HARDWARE:
        return is_live(after_prefix(text))
    return scheme is not None or device_number(text) is not None


def shown(text: str) -> str:
    """Return `text` as it may be printed or logged: without the user, password and query of a URL.

    Cameras take passwords in either place (``rtsp://user:password@host/…``, ``…?password=…``). Of a GStreamer
    pipeline, which may hold one anywhere, the names of the elements stay.
    """
    scheme = scheme_of(text)
    if scheme is None or scheme == CSI:
        return text
    if scheme == HARDWARE:
        return f"{HARDWARE}:{shown(after_prefix(text))}"
    if scheme == GSTREAMER:
        return f"{GSTREAMER}:{_shown_pipeline(after_prefix(text))}"
    # A password may hold any character, even @ or /, so everything before the last @ is taken for it.
    rest = text[len(scheme) + 3 :]
    _, at, rest = rest.rpartition("@")
    hidden = "***@" if at else ""
    return f"{scheme}://{hidden}{re.split(r'[?#]', rest, maxsplit=1)[0]}"


def _shown_pipeline(pipeline: str) -> str:
    """Return the elements' names: the words that begin a part, with quoted values gone before.

    A word that looks like no element's name may be a password in the wrong place, and is not shown.
    """
    found = (_ELEMENT.match(part.strip()) for part in re.split(r"\s!\s", _QUOTED.sub("", pipeline)))
    names = (match.group() if match else "" for match in found)
    return " ! ".join(name if is_telling_name(name) else HIDDEN for name in names)


def has_host(text: str) -> bool:
    """Return whether a URL names a host and a usable port."""
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
