"""Tells what a source's text means, and what of it may be shown."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_DEVICE = re.compile(r"/dev/video(\d+)")
STREAM_SCHEMES = ("rtsp", "rtsps")


def scheme_of(text: str) -> str | None:
    """Return the lower-case scheme of a URL, None when `text` is no URL."""
    match = _SCHEME.match(text)
    return match.group(1).lower() if match else None


def device_number(text: str) -> int | None:
    """Return N of ``/dev/videoN``, None for anything else."""
    match = _DEVICE.fullmatch(text)
    return int(match.group(1)) if match else None


def shown(text: str) -> str:
    """Return `text` as it may be printed or logged: without the user, password and query of a URL.

    Cameras take passwords in either place (``rtsp://user:password@host/…``, ``…?password=…``).
    """
    scheme = scheme_of(text)
    if scheme is None:
        return text
    # A password may hold any character, even @ or /, so everything before the last @ is taken for it.
    rest = text[len(scheme) + 3 :]
    _, at, rest = rest.rpartition("@")
    hidden = "***@" if at else ""
    return f"{scheme}://{hidden}{re.split(r'[?#]', rest, maxsplit=1)[0]}"


def has_host(text: str) -> bool:
    """Return whether a URL names a host and a usable port."""
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
