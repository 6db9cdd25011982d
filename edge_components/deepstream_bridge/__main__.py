"""``python -m edge_components.deepstream_bridge``: under Greengrass by its configuration, else by flags."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from contract.errors import CrowdLensError
from contract.identity import check_identifier
from edge_components.deepstream_bridge.bridge import Bridge
from edge_components.deepstream_bridge.service import STATE_FOLDER, BridgeComponent
from edge_components.deepstream_bridge.settings import CLOCK, FRAMES, read_settings
from edge_components.deepstream_bridge.stream_counter import FORMS
from edge_components.runtime.component import run_component
from edge_components.runtime.device_folders import DeviceFolders
from edge_components.runtime.ipc import in_greengrass
from edge_components.runtime.logs import configure_logging
from edge_components.runtime.spool import Spool

_EXAMPLE = """example:
  python -m edge_components.deepstream_bridge --folder /var/tmp/kitti --scene 0=a.yaml --scene 1=b.yaml \\
    --width 1920 --height 1080 --fps 30 --state out/deepstream --device jetson-1"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run until a signal, or with --drain until all files are counted; return the exit status."""
    given = sys.argv[1:] if argv is None else list(argv)
    if not given and in_greengrass():
        return run_component(BridgeComponent())
    parser = build_parser()
    arguments = parser.parse_args(given)
    try:
        check_identifier("device", arguments.device)
        configuration = configuration_of(arguments)
        if arguments.drain:
            return _drain(arguments, configuration)
        return run_component(
            BridgeComponent(),
            configuration=configuration,
            folders=_folders(arguments.state),
            thing_name=arguments.device,
        )
    except CrowdLensError as error:
        sys.stderr.write(f"deepstream_bridge: {error}\n")
        return error.exit_status


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the flags."""
    parser = argparse.ArgumentParser(
        prog="python -m edge_components.deepstream_bridge",
        description="Count what a running DeepStream app sees, from the KITTI files it writes.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--folder", required=True, help="the app's gie- or track-kitti-output-dir")
    parser.add_argument(
        "--scene", action="append", required=True, metavar="[STREAM=]FILE", help="scene file of a stream"
    )
    parser.add_argument("--state", type=Path, required=True, help="folder for spool.db and positions")
    parser.add_argument("--device", required=True, help="name of this device")
    parser.add_argument("--width", help="width of the stream muxer's picture (default: the scene's)")
    parser.add_argument("--height", help="height of the stream muxer's picture (default: the scene's)")
    parser.add_argument("--fps", default="30", help="frames per second of a stream (default: 30)")
    parser.add_argument(
        "--times", choices=(CLOCK, FRAMES), default=CLOCK,
        help="frames: trust frame numbers alone, for recorded files",
    )  # fmt: skip
    parser.add_argument("--form", choices=FORMS, default="auto", help="whether lines have tracker ids")
    parser.add_argument(
        "--label", action="append", default=[], metavar="LABEL=CLASS", help="DeepStream's label of a class"
    )
    parser.add_argument("--confidence", default="0.5", help="confidence that starts a track of ours")
    parser.add_argument("--window-seconds", default="10", help="length of a counting window")
    parser.add_argument("--drain", action="store_true", help="count all files that are there and end")
    parser.add_argument("--log-level", choices=("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO")
    return parser


def configuration_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the component's configuration that the flags stand for."""
    streams = {}
    for text in arguments.scene:
        stream, found, path = text.partition("=")
        streams[stream if found else "0"] = {"scene": path if found else text}
    labels = dict(text.partition("=")[::2] for text in arguments.label)
    optional = {"width": arguments.width, "height": arguments.height}
    return {
        "kittiFolder": arguments.folder,
        "streams": streams,
        "framesPerSecond": arguments.fps,
        "times": arguments.times,
        "form": arguments.form,
        "labels": labels,
        "confidence": arguments.confidence,
        "windowSeconds": arguments.window_seconds,
        "logLevel": arguments.log_level,
        **{name: value for name, value in optional.items() if value is not None},
    }


def _folders(state: Path) -> DeviceFolders:
    return DeviceFolders(state=state, run=state / "run", settings=state)


def _drain(arguments: argparse.Namespace, configuration: dict[str, Any]) -> int:
    configure_logging(arguments.log_level)
    settings = read_settings(configuration)
    folders = _folders(arguments.state)
    folders.make()
    with Spool(folders.spool, device=arguments.device) as spool:
        Bridge(settings, spool, folders.state / STATE_FOLDER, threading.Event()).drain()
    return 0


if __name__ == "__main__":
    sys.exit(main())
