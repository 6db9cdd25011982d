"""Frames a second of the pipeline, beside a bare ONNX Runtime loop and a plain sequential loop, in one run.

Run: ``tests/bench/bench_pipeline.py [--source CLIP --model ONNX --rounds 5]``; prints a markdown table.
Each round runs all loops one after the other; every ratio is to the mean of the bare loops right before and
after, so that a busy neighbour hits both alike. The plain loop runs where ``.tools/bench`` exists
(requirements/bench.in): OpenCV, ONNX Runtime, supervision's LineZone and trackers' ByteTrack, YOLOX only.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2

from contract.records import Record, StoredRecord
from contract.scene import Scene, parse_scene
from edge_components.runtime.clock import DeviceClock
from edge_components.runtime.counting.analytics import SceneAnalytics
from edge_components.runtime.inference.detections import Detections
from edge_components.runtime.inference.detector import DetectorSettings, OnnxDetector, open_detector
from edge_components.vision.analysis_run import Analytics
from edge_components.vision.pipeline import PipelineResult, run_pipeline
from edge_components.vision.sources import open_source

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
PEER_PYTHON = ROOT / ".tools" / "bench" / "bin" / "python"
BARE_INFERENCES = 200
BARE = "bare ONNX Runtime loop, tensors ready"
TRIVIAL = "CrowdLens, analytics that do nothing"
FULL = "CrowdLens, tracker + zones + line + events"
PLAIN = "plain loop: cv2 + ONNX Runtime + trackers ByteTrack + supervision LineZone"


class NoAnalytics:
    """Counts nothing."""

    tracks = ()

    def update(
        self, detections: Detections, event_time_ms: int, *, clock_quality: str, suspect: bool
    ) -> list[Record]:
        return []

    def idle(self, event_time_ms: int) -> list[Record]:
        """Nothing waits here."""
        return []

    def close(self) -> list[Record]:
        return []


class NoSink:
    """Stores nothing."""

    def append(self, records: Sequence[Record]) -> Sequence[StoredRecord]:
        return []


@dataclass
class Row:
    """Rates, processor time and ratios of one loop, a value a round."""

    rates: list[float] = field(default_factory=list)
    cpu_milliseconds: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)


def middle_scene(width: int, height: int) -> Scene:
    """Return a scene with two halves as zones and a line down the middle."""
    half = width // 2
    return parse_scene(
        {
            "site": "bench",
            "time_zone": "UTC",
            "camera": "bench",
            "frame": {"width": width, "height": height},
            "zones": [
                {"name": "left", "polygon": [[0, 0], [half, 0], [half, height], [0, height]]},
                {"name": "right", "polygon": [[half, 0], [width, 0], [width, height], [half, height]]},
            ],
            "lines": [{"name": "middle", "points": [[half, 0], [half, height]]}],
            "classes": ["person"],
        }
    )


class Bench:
    """The loops over one clip and model."""

    def __init__(self, source: str, model: str, threads: int) -> None:
        self._source, self._model = source, model
        self.detector: OnnxDetector = open_detector(
            model, DetectorSettings(provider="cpu", threads=threads, classes=("person",))
        )
        opened = open_source(source)
        self.info = opened.info
        first = opened.read(1)
        opened.close()
        assert first is not None
        self._prepared = self.detector.preprocess(first.image, self.detector.new_buffer())
        self._scene = middle_scene(self.info.width, self.info.height)
        self._peer: subprocess.Popen[str] | None = None
        self.last: PipelineResult | None = None

    def bare(self) -> tuple[int, float]:
        started = time.perf_counter()
        for _ in range(BARE_INFERENCES):
            self.detector.infer(self._prepared)
        return BARE_INFERENCES, time.perf_counter() - started

    def pipeline(self, analytics: Analytics) -> tuple[int, float]:
        self.last = run_pipeline(
            open_source(self._source),
            self.detector,
            analytics,
            NoSink(),
            scene=self._scene,
            clock=DeviceClock(),
        )
        return self.last.frames, self.last.seconds

    def trivial(self) -> tuple[int, float]:
        return self.pipeline(NoAnalytics())

    def full(self) -> tuple[int, float]:
        return self.pipeline(SceneAnalytics(self._scene, labels=self.detector.labels))

    def plain(self) -> tuple[int, float]:
        if self._peer is None:
            command = [str(PEER_PYTHON), str(Path(__file__).with_name("peer_loop.py"))]
            self._peer = subprocess.Popen(
                [*command, self._model, self._source],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._peer.stdin is not None
        assert self._peer.stdout is not None
        self._peer.stdin.write("go\n")
        self._peer.stdin.flush()
        answer = json.loads(self._peer.stdout.readline())
        return answer["frames"], answer["seconds"]

    def close(self) -> None:
        if self._peer is not None:
            self._peer.communicate()


def measure(bench: Bench, rounds: int) -> dict[str, Row]:
    loops: dict[str, Callable[[], tuple[int, float]]] = {TRIVIAL: bench.trivial, FULL: bench.full}
    if PEER_PYTHON.exists() and bench.detector.package.layout == "yolox_grid":
        loops[PLAIN] = bench.plain
    rows = {name: Row() for name in (BARE, *loops)}
    for warm_up in loops.values():
        warm_up()
    for number in range(rounds):
        names = list(loops)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            before = timed(rows[BARE], bench.bare)
            rate = timed(rows[name], loops[name])
            after = timed(rows[BARE], bench.bare)
            rows[name].ratios.append(rate / statistics.fmean((before, after)))
    return rows


def timed(row: Row, loop: Callable[[], tuple[int, float]]) -> float:
    cpu_started = time.process_time()
    frames, seconds = loop()
    row.cpu_milliseconds.append((time.process_time() - cpu_started) / frames * 1000)
    row.rates.append(frames / seconds)
    return row.rates[-1]


def spread(values: Sequence[float], digits: int) -> str:
    if not values:
        return ""
    figures = (statistics.median(values), min(values), max(values))
    return "{} ({}–{})".format(*(f"{figure:.{digits}f}" for figure in figures))


def report(bench: Bench, rows: dict[str, Row], arguments: argparse.Namespace) -> str:
    lines = [
        f"{Path(arguments.source).name} {bench.info.width}x{bench.info.height}, {bench.info.frames} frames; "
        f"{Path(arguments.model).name} on {bench.detector.provider}, {arguments.threads} intra-op thread(s); "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; medians of {arguments.rounds} rounds "
        "(least–most)",
        "",
        "| loop | frames/s | of the bare loop | processor ms/frame |",
        "| --- | --- | --- | --- |",
    ]
    for name, row in rows.items():
        cpu = "" if name == PLAIN else spread(row.cpu_milliseconds, 2)
        lines.append(f"| {name} | {spread(row.rates, 1)} | {spread(row.ratios, 3)} | {cpu} |")
    if bench.last is not None:
        stages = ", ".join(f"{stage} {times.p50:.2f}" for stage, times in bench.last.latency.items())
        lines += ["", f"Median ms a frame in the last run of ours: {stages}"]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--source", default=str(SHARED / "media" / "vtest.avi"))
    parser.add_argument("--model", default=str(SHARED / "models" / "yolox_nano.onnx"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    bench = Bench(arguments.source, arguments.model, arguments.threads)
    try:
        rows = measure(bench, arguments.rounds)
    finally:
        bench.close()
    sys.stdout.write(report(bench, rows, arguments) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
