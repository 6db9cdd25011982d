"""``python -m edge_components.deepstream_bridge``: under Greengrass by its configuration, else by flags."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from contract.errors import CrowdLensError
from contract.identity import check_identifier
from edge_components.deepstream_bridge.bridge import Bridge
from edge_components.deepstream_bridge.drained import DrainedStream
from edge_components.deepstream_bridge.folder_copy import doubtful_times, second_folder
from edge_components.deepstream_bridge.service import STATE_FOLDER, BridgeComponent
from edge_components.deepstream_bridge.settings import CLOCK, FRAMES, read_settings
from edge_components.deepstream_bridge.stream_counter import FORMS
from edge_components.runtime.component import run_component
from edge_components.runtime.device_folders import DeviceFolders
from edge_components.runtime.ipc import in_greengrass
from edge_components.runtime.logs import configure_logging
from edge_components.runtime.spool import Spool

_EXAMPLE = """examples:
  python -m edge_components.deepstream_bridge --folder /run/kitti --scene 0=a.yaml --scene 1=b.yaml \\
    --width 1920 --height 1080 --fps 30 --state out/deepstream --device jetson-1
  cp -a /run/kitti out/copy        # -a: with the files' times
  python -m edge_components.deepstream_bridge --drain --keep --folder out/copy --scene 0=a.yaml \\
    --width 1920 --height 1080 --fps 30 --state out/drained --device jetson-1
files that are counted are removed from the folder, with --drain too, but for --drain --keep
exit status: 0 done, 1 the work failed or no line of a stream could be read, 2 the call was wrong"""


class FlagsError(CrowdLensError):
    """Raised for flags that do not go together."""


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
        if (arguments.keep or arguments.json) and not arguments.drain:
            raise FlagsError("--keep and --json are for --drain: expected --drain beside them")
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
        "--times", choices=(CLOCK, FRAMES),
        help="frames: trust frame numbers alone; clock: and when files were written "
        "(default: clock, with --drain frames)",
    )  # fmt: skip
    parser.add_argument("--form", choices=FORMS, default="auto", help="whether lines have tracker ids")
    parser.add_argument(
        "--label", action="append", default=[], metavar="LABEL=CLASS", help="DeepStream's label of a class"
    )
    parser.add_argument("--confidence", default="0.5", help="confidence that starts a track of ours")
    parser.add_argument("--window-seconds", default="10", help="length of a counting window")
    parser.add_argument(
        "--drain",
        action="store_true",
        help="count all files that are there, remove them, say what was counted, and end",
    )
    parser.add_argument("--keep", action="store_true", help="with --drain: leave the files in the folder")
    parser.add_argument("--json", action="store_true", help="with --drain: print JSON")
    parser.add_argument("--log-level", choices=("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO")
    return parser


def configuration_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the component's configuration that the flags stand for."""
    streams: dict[str, dict[str, str]] = {}
    for text in arguments.scene:
        stream, found, path = text.partition("=")
        name = stream if found else "0"
        if name in streams:
            raise FlagsError(
                f"--scene {text}: stream {name} has {streams[name]['scene']} already: expected one scene each"
            )
        streams[name] = {"scene": path if found else text}
    labels = dict(text.partition("=")[::2] for text in arguments.label)
    optional = {"width": arguments.width, "height": arguments.height}
    return {
        "kittiFolder": arguments.folder,
        "streams": streams,
        "framesPerSecond": arguments.fps,
        "times": arguments.times or (FRAMES if arguments.drain else CLOCK),
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
    rates = {key: stream.frames_per_second for key, stream in settings.streams.items()}
    notes = doubtful_times(settings.folder, rates)
    if notes and configuration["times"] == CLOCK:
        notes.append("such times make tracks break and windows fill: expected --times frames")
    with ExitStack() as stack:
        if arguments.keep:
            second = stack.enter_context(second_folder(settings.folder, folders.state))
            settings = replace(settings, folder=second)
        spool = stack.enter_context(Spool(folders.spool, device=arguments.device))
        bridge = Bridge(settings, spool, folders.state / STATE_FOLDER, threading.Event())
        streams = bridge.drain()
        strangers = bridge.figures()["not_counted"]
        waiting = spool.counts().waiting
    if strangers:
        notes.append(f"no --scene was given for streams {', '.join(strangers)}: they were not counted")
    _report(arguments, folders, streams, waiting, notes)
    return 1 if any(stream.unreadable for stream in streams) else 0


def _report(
    arguments: argparse.Namespace,
    folders: DeviceFolders,
    streams: list[DrainedStream],
    waiting: int,
    notes: list[str],
) -> None:
    for note in notes:
        sys.stderr.write(f"deepstream_bridge: {note}\n")
    facts = {
        "streams": [stream.as_dict() for stream in streams],
        "spool": str(folders.spool),
        "records_waiting": waiting,
        "files_kept": arguments.keep,
        "notes": notes,
    }
    sentences = [sentence for stream in streams for sentence in stream.sentences()]
    kept = "left in" if arguments.keep else "removed from"
    sentences += [
        f"the counted files were {kept} {arguments.folder}",
        f"{waiting} records wait in {folders.spool} for a publisher",
    ]
    text = json.dumps(facts, indent=2, ensure_ascii=False) if arguments.json else "\n".join(sentences)
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
