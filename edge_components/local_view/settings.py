"""What the local view is told, and what it refuses to be told."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_components.local_view.token_file import read_token
from edge_components.runtime.component_config import Fields
from edge_components.runtime.device_folders import DeviceFolders

DEFAULT_PORT = 8090
TOKEN_FILE = "local_view.token"  # noqa: S105 - a file's name
"""In the settings folder, unless `tokenFile` names another."""
_MAXIMUM_HOST_CHARACTERS = 253
_HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*")
KEYS = (
    *("address", "port", "tokenFile", "hostNames"),
    *("maximumViewers", "framesPerSecond", "jpegQuality", "stalledSeconds"),
)


@dataclass(frozen=True)
class LocalViewSettings:
    """How pictures are shown; `token` is None where only this machine can ask.

    `token_file` is where the token was read, for who has to look it up. `host_names` are names, besides
    addresses and the machine's own, that a browser may ask for.
    """

    address: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    token: str | None = None
    token_file: str = ""
    host_names: tuple[str, ...] = ()
    maximum_viewers: int = 16
    frames_per_second: float = 10.0
    jpeg_quality: int = 80
    stalled_seconds: float = 10.0


def parse_settings(configuration: Mapping[str, Any]) -> LocalViewSettings:
    """Return the settings in `configuration`; raises `ComponentConfigError` or `TokenFileError`.

    An address that others can reach demands a token: its file is read here.
    """
    fields = Fields(configuration)
    fields.check_known(KEYS)
    address = _address(fields)
    token, token_file = None, ""
    if not is_loopback(address):
        usual = DeviceFolders.of(configuration).settings / TOKEN_FILE
        token_file = fields.text("tokenFile", str(usual))
        token = read_token(Path(token_file), address)
    return LocalViewSettings(
        address=address,
        port=fields.integer("port", DEFAULT_PORT, minimum=0, maximum=65535),
        token=token,
        token_file=token_file,
        host_names=_host_names(fields),
        maximum_viewers=fields.integer("maximumViewers", 16, minimum=1, maximum=100),
        frames_per_second=fields.real("framesPerSecond", 10.0, minimum=0.2, maximum=30),
        jpeg_quality=fields.integer("jpegQuality", 80, minimum=20, maximum=95),
        stalled_seconds=fields.real("stalledSeconds", 10.0, minimum=1, maximum=300),
    )


def is_loopback(address: str) -> bool:
    """Return whether only this machine can reach `address`."""
    return ipaddress.ip_address(address).is_loopback


def _host_names(fields: Fields) -> tuple[str, ...]:
    names = tuple(name.lower().rstrip(".") for name in fields.texts("hostNames"))
    for name in names:
        if len(name) > _MAXIMUM_HOST_CHARACTERS or not _HOST_NAME.fullmatch(name):
            raise fields.error(
                "hostNames", f"names such as jetson-7.local, without port or path; {name!r} is none"
            )
    return names


def _address(fields: Fields) -> str:
    address = fields.text("address", "127.0.0.1")
    try:
        return str(ipaddress.ip_address("127.0.0.1" if address == "localhost" else address))
    except ValueError as error:
        raise fields.error("address", "an IP address such as 127.0.0.1 or 0.0.0.0") from error
