"""`crowdlens run`: one camera, from its source to the spool."""

from __future__ import annotations

import argparse
import platform
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.arguments import (
    folder,
    identifier,
    instant_ms,
    positive_integer,
    positive_number,
    share,
    window_seconds,
)
from cli.counts import classification_sentences, count_sentences, health_sentence, plural
from cli.output import print_json, say, write_json, write_progress

if TYPE_CHECKING:
    from contract.classification_message import ClassificationMessage
    from contract.scene import Scene
    from edge_components.runtime.inference.open_model import Model
    from edge_components.vision.alerts import AlertPublisher
    from edge_components.vision.camera import CameraRun, CameraSettings
    from edge_components.vision.sources import Source

MESSAGES_NAME = "messages.jsonl"
EXAMPLE = """examples:
  crowdlens run --source examples/demo/demo.mp4 --scene examples/demo/scene.yaml --out out/run
  crowdlens run --project examples/projects/person-count.yaml --source examples/demo/demo.mp4 --out out/run
  crowdlens run --source rtsp://user:password@camera/stream --model yolox-nano --out out/run
  writes out/run/summary.json and key_frame.jpg; the records wait in out/run/spool.db for a publisher.
  A project that sends messages writes them to out/run/messages.jsonl, a line each."""


def default_device() -> str:
    """Return this machine's name as a device name."""
    cleaned = re.sub(r"[^A-Za-z0-9_-]+", "-", platform.node()).strip("-_")
    return cleaned[:64] or "device-1"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `crowdlens run`."""
    parser.epilog = EXAMPLE
    parser.add_argument(
        "--out", type=folder, default=Path("out/run"), help="folder for summary.json and key_frame.jpg"
    )
    parser.add_argument("--spool", type=Path, help="spool file (default: spool.db in --out)")
    parser.add_argument("--device", type=identifier, default=default_device(), help="name of this device")
    add_camera_arguments(parser, source_required=True)
    parser.add_argument(
        "--project",
        type=Path,
        help="project file (YAML): model, scene and what comes of it",
    )
    add_alerts_argument(parser)
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    parser.set_defaults(execute=execute)


def add_camera_arguments(parser: argparse.ArgumentParser, *, source_required: bool) -> None:
    """Add what `crowdlens run` and `crowdlens demo` have in common."""
    parser.add_argument(
        "--source", required=source_required, help="video file, image folder, rtsp://… or /dev/videoN"
    )
    parser.add_argument(
        "--scene", type=Path, help="scene file (YAML); without one the whole frame is counted"
    )
    parser.add_argument("--model", help="model package, .onnx file or name (default: the shipped detector)")
    parser.add_argument(
        "--window-seconds", type=window_seconds, default=10.0, help="length of a counting window"
    )
    parser.add_argument("--threads", type=positive_integer, default=1, help="threads of one inference")
    parser.add_argument(
        "--provider",
        choices=("auto", "tensorrt", "cuda", "cpu"),
        default="auto",
        help="where to run the model",
    )
    parser.add_argument(
        "--confidence", type=share, help="confidence that starts a track (default: the model's)"
    )
    parser.add_argument(
        "--fps", type=positive_number, default=10.0, help="frames per second of an image folder"
    )
    parser.add_argument("--start-time", type=instant_ms, help="time of a file's first frame, ISO 8601")
    parser.add_argument("--seconds", type=positive_number, help="stop after this wall-clock time")


def add_alerts_argument(parser: argparse.ArgumentParser) -> None:
    """Add the option that says where alerts go."""
    parser.add_argument(
        "--alerts-queue",
        metavar="URL",
        help="send alerts to this queue, as `crowdlens demo --hold` names it (default: none are sent)",
    )


def alert_publisher(arguments: argparse.Namespace) -> AlertPublisher | None:
    """Return what takes the alerts, None when nobody asked for them."""
    if not arguments.alerts_queue:
        return None
    from cli.cloud import sqs_client
    from infra.local.topic_rule import TopicRule

    return TopicRule(sqs_client(None), arguments.alerts_queue)


def camera_settings(
    arguments: argparse.Namespace,
    *,
    source: str,
    scene: Path | None,
    spool: Path,
    project: Path | None = None,
) -> CameraSettings:
    """Return the settings that the arguments of `add_camera_arguments` describe."""
    from cli.model_location import find_model, model_of_project
    from edge_components.vision.camera import CameraSettings

    named = arguments.model
    model = find_model(named) if named or project is None else model_of_project(project)

    return CameraSettings(
        source=source,
        scene=scene,
        model=model,
        spool=spool,
        device=arguments.device,
        window_seconds=arguments.window_seconds,
        threads=arguments.threads,
        provider=arguments.provider,
        confidence=arguments.confidence,
        folder_frames_per_second=arguments.fps,
        start_time_ms=arguments.start_time,
        maximum_seconds=arguments.seconds,
        project=project,
    )


def execute(arguments: argparse.Namespace) -> int:
    """Run the camera and write its summary."""
    from edge_components.runtime.processes import stop_on_signals
    from edge_components.vision.camera import run_camera
    from edge_components.vision.progress import ProgressPrinter

    arguments.out.mkdir(parents=True, exist_ok=True)
    settings = camera_settings(
        arguments,
        source=arguments.source,
        scene=arguments.scene,
        spool=arguments.spool or arguments.out / "spool.db",
        project=arguments.project,
    )
    stop = threading.Event()
    printer = ProgressPrinter(write_progress, is_terminal=sys.stderr.isatty())
    with stop_on_signals(stop, clears_up=True), _messages(arguments.out, settings) as tell:
        run = run_camera(
            settings,
            stop=stop,
            progress=printer,
            started=_announce,
            alerts=alert_publisher(arguments),
            tell=tell,
        )
    printer.finish(run.progress)
    summary = {
        **run.summary(),
        "device": arguments.device,
        "records": {"made": run.records_made, "dropped": run.records_dropped, "waiting": run.records_waiting},
    }
    key_frame = arguments.out / "key_frame.jpg"
    summary["key_frame"] = str(key_frame) if run.save_key_frame(key_frame) else None
    write_json(arguments.out / "summary.json", summary)
    _report(arguments.json, run, summary, arguments.out)
    return 0 if run.problem is None else 1


@contextmanager
def _messages(
    out: Path, settings: CameraSettings
) -> Iterator[Callable[[ClassificationMessage], None] | None]:
    """Yield what writes a classifier's messages to a file of `out`; None where there can be none."""
    from contract.classification_message import encode_classification
    from contract.project import NEVER
    from edge_components.vision.project_file import read_project

    project = None if settings.project is None else read_project(settings.project)
    if project is None or project.output.mqtt == NEVER:
        yield None
        return
    with (out / MESSAGES_NAME).open("w", encoding="utf-8") as file:

        def write(message: ClassificationMessage) -> None:
            file.write(encode_classification(message) + "\n")

        yield write


def _announce(source: Source, detector: Model, scene: Scene) -> None:
    from contract.project import CLASSIFICATION

    info = source.info
    length = "live" if info.live else f"{info.frames or '?'} frames"
    say(
        f"camera {scene.camera}: {source.name}, {info.width}x{info.height} "
        f"at {info.frames_per_second:g} frames/s, {length}"
    )
    kind = "classifier" if detector.package.task == CLASSIFICATION else "detector"
    say(
        f"{kind} {detector.name} on {detector.provider}"
        + (f" ({detector.provider_note})" if detector.provider_note else "")
    )


def _report(as_json: bool, run: CameraRun, summary: dict[str, Any], out: Path) -> None:
    from edge_components.vision.warning_sentences import sentences_of

    if as_json:
        print_json(summary)
    pace = f"{summary['frames_per_second']:.1f} frames/s"
    # A classifier follows nobody.
    tracks = "" if "classification" in summary else plural(summary["tracks"], "track") + ", "
    say(
        f"{plural(summary['frames'], 'frame')} in {summary['seconds']:.1f} s ({pace}), {tracks}"
        f"{plural(summary['records']['made'], 'record')} → {out / 'summary.json'}"
    )
    counted = [*classification_sentences(summary), *count_sentences(summary)]
    for sentence in [*counted, *sentences_of(summary["warnings"])]:
        say(sentence)
    if (health := health_sentence(summary["camera_health"])) is not None:
        say(health)
    if run.problem:
        say(f"crowdlens run: {run.problem}")
