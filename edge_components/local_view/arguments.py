"""The local view's command line, for a device without Greengrass and for trying it out."""

from __future__ import annotations

import argparse
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from contract.errors import CrowdLensError
from contract.identity import check_identifier
from edge_components.runtime.device_folders import FOLDER_KEYS, DeviceFolders
from edge_components.runtime.folder_options import add_folder_options, chosen_folders

_EXAMPLES = """examples:
  python -m edge_components.local_view
      on this machine alone, at http://127.0.0.1:8090/; from a laptop: ssh -L 8090:127.0.0.1:8090 DEVICE
  python -m edge_components.local_view --address 0.0.0.0 --token-file /etc/crowdlens/local_view.token
      for everybody who has the token
  ffplay 'http://127.0.0.1:8090/stream?size=720p'
  mplayer -demuxer lavf 'http://127.0.0.1:8090/cameras/plaza-1.mjpeg'
"""
_FLAGS = (
    ("address", "IP address to serve on; one that others can reach needs a token (default: 127.0.0.1)"),
    ("port", "port to serve on, 0 for any free one (default: 8090)"),
    ("tokenFile", "file with the token (default: SETTINGS/local_view.token)"),
    ("hostNames", "names, with commas between, by which browsers may ask for this device"),
    ("maximumViewers", "viewers at one time (default: 16)"),
    ("framesPerSecond", "pictures a second for each viewer, at most (default: 10)"),
    ("jpegQuality", "20 to 95 (default: 80)"),
    ("stalledSeconds", "a viewer that takes nothing for so long is cut off (default: 10)"),
    ("logLevel", "DEBUG, INFO, WARNING or ERROR (default: INFO)"),
)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of ``python -m edge_components.local_view``."""
    parser = argparse.ArgumentParser(
        prog="python -m edge_components.local_view",
        description="Show a device's cameras, annotated, and how it is, in a browser or a video player.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for key, explanation in _FLAGS:
        parser.add_argument(_flag(key), dest=key, metavar=key.upper(), help=explanation)
    add_folder_options(parser)
    parser.add_argument("--device", default=None, help="name to show (default: this machine's)")
    return parser


def parse(argv: Sequence[str]) -> tuple[dict[str, Any], str]:
    """Return the configuration that the flags stand for, as a nucleus would hand it out, and the device.

    Exits with status 2 for what is no flag; raises `InvalidNameError` for a device that is no name.
    """
    arguments = vars(build_parser().parse_args(argv))
    device = arguments.pop("device")
    named = _own_name() if device is None else check_identifier("--device", device)
    folders = chosen_folders(*(arguments.pop(key) for key in FOLDER_KEYS))
    usual = DeviceFolders()
    places = {
        key: str(path)
        for key, path, default in zip(FOLDER_KEYS, _paths(folders), _paths(usual), strict=True)
        if path != default
    }
    return {**{key: value for key, value in arguments.items() if value is not None}, **places}, named


def _paths(folders: DeviceFolders) -> tuple[Path, Path, Path]:
    return folders.state, folders.run, folders.settings


def _own_name() -> str:
    try:
        return check_identifier("the machine's name", socket.gethostname().partition(".")[0])
    except CrowdLensError:
        return "device"


def _flag(key: str) -> str:
    return "--" + "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in key)
