"""`crowdlens replay`: MOT detections in, tracks and counts out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cli.arguments import folder, frame_size, positive_number, share, window_seconds
from cli.commands.run import add_alerts_argument, alert_publisher
from cli.counts import count_sentences
from cli.output import print_json, say, write_progress

EXAMPLE = """example:
  crowdlens replay --detections det.txt --fps 25 --size 640x480 --scene scene.yaml --out out/replay
  writes out/replay/tracks.txt (MOT: frame,id,x,y,w,h,1,-1,-1,-1; not with privacy) and summary.json"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `crowdlens replay`."""
    parser.epilog = EXAMPLE
    parser.add_argument(
        "--detections", type=Path, required=True, help="MOT text: frame,id,x,y,w,h,confidence,…"
    )
    parser.add_argument(
        "--fps", type=positive_number, required=True, help="frames per second of the detections"
    )
    parser.add_argument("--size", type=frame_size, required=True, metavar="WxH", help="frame size in pixels")
    parser.add_argument("--scene", type=Path, required=True, help="scene file (YAML)")
    parser.add_argument(
        "--out", type=folder, required=True, help="folder to write tracks.txt and summary.json to"
    )
    parser.add_argument(
        "--window-seconds", type=window_seconds, default=10.0, help="length of a counting window"
    )
    parser.add_argument(
        "--confidence",
        type=share,
        help="confidence that starts a track (default: 0.5); columns without one are 1",
    )
    add_alerts_argument(parser)
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Replay the detections and say what was counted."""
    from edge_components.vision.progress import ProgressPrinter
    from edge_components.vision.replay import replay
    from edge_components.vision.scene_file import naming, read_scene

    width, height = arguments.size
    scene = read_scene(arguments.scene)
    with naming(arguments.scene):
        summary = replay(
            arguments.detections,
            frames_per_second=arguments.fps,
            width=width,
            height=height,
            scene=scene,
            out_dir=arguments.out,
            warn=say,
            window_seconds=arguments.window_seconds,
            confidence=arguments.confidence,
            progress=ProgressPrinter(write_progress, is_terminal=sys.stderr.isatty()),
            alerts=alert_publisher(arguments),
        )
    if arguments.json:
        print_json(summary)
        return 0
    for sentence in count_sentences(summary):
        say(sentence)
    if summary["minimum_count"] > 1:
        say("no tracks.txt is written, for the scene has privacy")
    say(f"{summary['frames']} frames, {summary['tracks']} tracks → {arguments.out / 'summary.json'}")
    return 0
