"""What tracking and counting cost of a frame, and what preparing and reading cost beside the model's time.

Run: ``tests/bench/bench_tracking_share.py [--source CLIP --model MODEL … --rounds 3]``; prints markdown.
The drone project that CrowdLens replaces lost 34 % of its frames a second to tracking (38 to 25); the goal
here is under 5 %. First table: the stages one after the other in one thread, in processor time, which a busy
neighbour hardly changes; the median of the rounds' medians over all frames, with the least and the most.
Second table: frames a second of the pipeline with the first model, whose stages overlap, without and with
tracking and counting, one right after the other; it wants a quiet machine.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
from bench_pipeline import NoAnalytics, NoSink

from contract.scene import Scene, parse_scene
from edge_components.runtime.clock import DeviceClock
from edge_components.runtime.counting.analytics import SceneAnalytics
from edge_components.runtime.inference.detector import DetectorSettings, OnnxDetector, open_detector
from edge_components.vision.analysis_run import Analytics
from edge_components.vision.pipeline import run_pipeline
from edge_components.vision.sources import open_source

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
SHIPPED = ROOT / "edge_components" / "vision" / "models" / "person_demo"
STAGES = ("decode", "prepare", "model", "read boxes", "track", "count")
START_MS = 1_760_000_000_000
FAST_MODEL_MILLISECONDS = 5.0
"""About what a small model takes as an fp16 engine on an Orin Nano; the rest is this machine's."""


class TimedTracker:
    """Stands before the tracker of an analytics and adds up its time."""

    def __init__(self, tracker: Any) -> None:
        self._tracker = tracker
        self.seconds = 0.0

    def update(self, *arguments: Any) -> Any:
        started = time.thread_time()
        step = self._tracker.update(*arguments)
        self.seconds = time.thread_time() - started
        return step

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tracker, name)


def scene_of(width: int, height: int) -> Scene:
    """Return a scene with two zones that look for crowding and running, a line, and ground for speeds."""
    half = width // 2
    crowding = {"threshold": 12, "minimum_seconds": 5, "hysteresis": 2}
    corners = [[0, height], [width, height], [width, height // 3], [0, height // 3]]
    world = [[0, 0], [20, 0], [20, 40], [0, 40]]
    return parse_scene(
        {
            "site": "bench",
            "time_zone": "UTC",
            "camera": "bench",
            "frame": {"width": width, "height": height},
            "zones": [
                {
                    "name": "left",
                    "polygon": [[0, 0], [half, 0], [half, height], [0, height]],
                    "events": {"crowding": crowding},
                },
                {"name": "right", "polygon": [[half, 0], [width, 0], [width, height], [half, height]]},
            ],
            "lines": [{"name": "middle", "points": [[half, 0], [half, height]]}],
            "ground": [
                {"image": image, "world_m": metres} for image, metres in zip(corners, world, strict=True)
            ],
            "classes": ["person"],
        }
    )


def one_round(source: str, detector: OnnxDetector) -> tuple[list[float], float]:
    """Return the median milliseconds of each stage over the clip, and the mean number of tracks."""
    opened = open_source(source)
    analytics = SceneAnalytics(scene_of(opened.info.width, opened.info.height), labels=detector.labels)
    tracker = TimedTracker(analytics._tracker)
    analytics._tracker = tracker  # type: ignore[assignment]  # the same calls, timed
    buffer, rows, tracks = detector.new_buffer(), [], []
    step_ms = 1000 / (opened.info.frames_per_second or 10)
    while True:
        marks = [time.thread_time()]
        frame = opened.read(1)
        if frame is None:
            break
        marks.append(time.thread_time())
        prepared = detector.preprocess(frame.image, buffer)
        marks.append(time.thread_time())
        outputs = detector.infer(prepared)
        marks.append(time.thread_time())
        found = detector.postprocess(outputs, prepared)
        marks.append(time.thread_time())
        analytics.update(found, START_MS + round(len(rows) * step_ms))
        marks.append(time.thread_time())
        seconds = [after - before for before, after in pairwise(marks)]
        rows.append([*seconds[:4], tracker.seconds, seconds[4] - tracker.seconds])
        tracks.append(len(analytics.tracks))
    opened.close()
    medians = [statistics.median(row[column] for row in rows) * 1000 for column in range(len(STAGES))]
    return medians, statistics.fmean(tracks)


def frames_a_second(source: str, detector: OnnxDetector, analytics: Analytics, scene: Scene) -> float:
    """Return the pipeline's speed over the clip."""
    result = run_pipeline(
        open_source(source), detector, analytics, NoSink(), scene=scene, clock=DeviceClock()
    )
    return result.frames / result.seconds


def speeds(source: str, detector: OnnxDetector, rounds: int) -> str:
    """Return a row of the second table."""
    opened = open_source(source)
    scene = scene_of(opened.info.width, opened.info.height)
    opened.close()
    without, along = [], []
    for number in range(rounds + 1):
        pair = [
            frames_a_second(source, detector, NoAnalytics(), scene),
            frames_a_second(source, detector, SceneAnalytics(scene, labels=detector.labels), scene),
        ]
        if number:  # the first warms up
            without.append(pair[0])
            along.append(pair[1])
    lost = [100 * (1 - after / before) for before, after in zip(without, along, strict=True)]
    return f"| {detector.name} | {spread(without, 1)} | {spread(along, 1)} | **{spread(lost, 1)} %** |"


def spread(values: Sequence[float], digits: int = 2) -> str:
    figures = (statistics.median(values), min(values), max(values))
    return "{} ({}–{})".format(*(f"{figure:.{digits}f}" for figure in figures))


def row_of(name: str, rounds: Sequence[Sequence[float]]) -> str:
    whole = [sum(figures) for figures in rounds]
    tracking = [sum(figures[4:]) for figures in rounds]
    share = [100 * part / total for part, total in zip(tracking, whole, strict=True)]
    alone = [100 * figures[4] / total for figures, total in zip(rounds, whole, strict=True)]
    fast = [
        100 * part / (total - figures[2] + FAST_MODEL_MILLISECONDS)
        for part, total, figures in zip(tracking, whole, rounds, strict=True)
    ]
    over = [(figures[1] + figures[3]) / figures[2] for figures in rounds]
    cells = [spread([figures[column] for figures in rounds]) for column in range(len(STAGES))]
    cells += [f"**{spread(alone, 1)} %**", f"{spread(share, 1)} %", f"{spread(fast, 1)} %", spread(over)]
    return f"| {name} | {' | '.join(cells)} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--source", default=str(SHARED / "media" / "vtest.avi"))
    parser.add_argument("--model", action="append")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    names = arguments.model or [
        str(SHARED / "models" / name) for name in ("yolox_nano.onnx", "FastestDet.onnx")
    ]
    models = [*names, *([] if arguments.model else [str(SHIPPED)])]
    settings = DetectorSettings(provider="cpu", classes=("person",))
    detectors = {Path(name).stem: open_detector(name, settings) for name in models}
    figures: dict[str, list[list[float]]] = {name: [] for name in detectors}
    people = 0.0
    for _ in range(arguments.rounds):
        for name, detector in detectors.items():
            medians, people = one_round(arguments.source, detector)
            figures[name].append(medians)
    lines = [
        f"{Path(arguments.source).name}, {people:.1f} tracks a frame with the last model; ONNX Runtime on "
        f"one CPU thread, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; median processor "
        f"ms a frame of {arguments.rounds} rounds (least–most)",
        "",
        f"| model | {' | '.join(STAGES)} | track, of the frame | track + count, of the frame | "
        f"the same of a frame whose model takes {FAST_MODEL_MILLISECONDS:g} ms | "
        "prepare + read, of the model's time |",
        "| --- " * (len(STAGES) + 5) + "|",
        *(row_of(name, rounds) for name, rounds in figures.items()),
    ]
    sys.stdout.write("\n".join(lines) + "\n\n")
    sys.stdout.flush()
    first = next(iter(detectors.values()))
    lines = [
        "| model | frames/s without tracking and counting | with | lost |",
        "| --- | --- | --- | --- |",
        speeds(arguments.source, first, arguments.rounds),
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
