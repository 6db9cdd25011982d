"""What viewers of the local view cost the pipeline: frames a second, and processor time of both processes.

Run: ``tests/bench/bench_local_view.py [--source CLIP --model FOLDER --rounds 5 --size 480p --out TABLE.md]``.
The pipeline is a process that analyses the clip as fast as it can and shares its frames as the vision
component does; the local view is a process of its own; the viewers read from sockets here. A round takes all
loads one after the other; every ratio is to the same round's pipeline alone. On a machine with other work the
processor time says more than the frames a second.
"""

from __future__ import annotations

import argparse
import json
import os
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import psutil

from contract.records import Record, StoredRecord
from contract.scene import Scene
from edge_components.local_view.drawing import SIZES, jpeg, picture
from edge_components.runtime.clock import DeviceClock
from edge_components.runtime.counting.analytics import SceneAnalytics
from edge_components.runtime.device_folders import DeviceFolders
from edge_components.runtime.frame_share import FrameShare
from edge_components.runtime.inference.detector import DetectorSettings, open_detector
from edge_components.runtime.status import read_status
from edge_components.runtime.view_overlay import scene_overlay
from edge_components.vision.analysis_run import AnalysedFrame
from edge_components.vision.pipeline import run_pipeline
from edge_components.vision.scene_file import read_scene
from edge_components.vision.sources import open_source

ROOT = Path(__file__).parents[2]
CLIP = ROOT / "examples/demo/demo.mp4"
MODEL = ROOT / "edge_components/vision/models/person_demo"
CAMERA = "plaza-1"


@dataclass(frozen=True)
class Load:
    """Who looks: no view at all (None), or so many viewers, so many of whom read nothing."""

    name: str
    viewers: int | None
    stalled: int = 0


LOADS = (
    Load("pipeline alone, nothing shared", None),
    Load("local_view runs, nobody looks", 0),
    Load("1 viewer", 1),
    Load("10 viewers, one of them stalled", 10, 1),
)


@dataclass
class Row:
    """What one load gave, a value a round."""

    rates: list[float] = field(default_factory=list)
    pipeline_milliseconds: list[float] = field(default_factory=list)
    view_percent: list[float] = field(default_factory=list)
    pictures: list[float] = field(default_factory=list)


class NoSink:
    """Stores nothing: what is compared is the view's part."""

    def append(self, records: Sequence[Record]) -> Sequence[StoredRecord]:
        return []


def analyse(source: str, model: str, scene: Scene, view: Path | None) -> dict[str, float]:
    """Run the pipeline over the clip; return frames, seconds and processor seconds."""
    detector = open_detector(model, DetectorSettings(provider="cpu", threads=1))
    analytics = SceneAnalytics(scene, labels=detector.labels)
    writer = None if view is None else FrameShare.writer(view, CAMERA)

    def show(frame: AnalysedFrame) -> None:
        if writer is not None:
            writer.offer(
                frame.frame.image,
                lambda: scene_overlay(
                    scene, frame.tracks, lines=analytics.line_totals, zones=analytics.occupancy
                ),
                event_time_ms=frame.event_time_ms,
            )

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    before = time.process_time()
    result = run_pipeline(
        open_source(source), detector, analytics, NoSink(), scene=scene, clock=DeviceClock(), on_frame=show
    )
    spent = time.process_time() - before
    if writer is not None:
        writer.close()
    return {"frames": result.frames, "seconds": result.seconds, "cpu_seconds": spent}


class Viewers:
    """Reads streams in one thread and counts pictures; stalled ones are opened and never read."""

    def __init__(self, port: int, size: str, load: Load) -> None:
        self.pictures = 0
        self._ended = threading.Event()
        self._selector = selectors.DefaultSelector()
        self._sockets = [self._open(port, size) for _ in range(load.viewers or 0)]
        for opened in self._sockets[load.stalled :]:
            self._selector.register(opened, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        for opened in self._sockets:
            opened.close()

    def _open(self, port: int, size: str) -> socket.socket:
        opened = socket.socket()
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        opened.connect(("127.0.0.1", port))
        opened.sendall(
            f"GET /cameras/{CAMERA}.mjpeg?size={size} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
        )
        return opened

    def _read(self) -> None:
        while not self._ended.is_set():
            for key, _ in self._selector.select(0.1):
                data = key.fileobj.recv(256 * 1024)  # type: ignore[union-attr]
                self.pictures += data.count(b"X-Picture")
                if not data:
                    self._selector.unregister(key.fileobj)
        self._selector.close()


@contextmanager
def local_view(folders: DeviceFolders) -> Iterator[tuple[psutil.Process, int]]:
    """Run the local view as a process; yield it and its port."""
    command = [sys.executable, "-m", "edge_components.local_view", "--port", "0", "--stalled-seconds", "300"]
    named = {"--folder": folders.state, "--run": folders.run, "--settings": folders.settings}
    command += [str(word) for pair in named.items() for word in pair]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while (
            status := read_status(folders.status / "local_view.json")
        ) is None or "url" not in status.details:
            if time.monotonic() > deadline:
                raise TimeoutError("local_view did not start")
            time.sleep(0.1)
        yield psutil.Process(process.pid), int(str(status.details["url"]).rstrip("/").rpartition(":")[2])
    finally:
        process.terminate()
        process.wait(10)


def measure(load: Load, row: Row, arguments: argparse.Namespace) -> None:
    """Run the pipeline once under `load`."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        folders = DeviceFolders.below(Path(folder))
        folders.make()
        worker = [
            sys.executable,
            __file__,
            "--source",
            arguments.source,
            "--model",
            arguments.model,
            "--worker",
        ]
        if load.viewers is None:
            figures, _, _ = run_worker([*worker, "-"], None, lambda: None)
        else:
            with local_view(folders) as (process, port):
                viewers: list[Viewers] = []
                figures, spent, pictures = run_worker(
                    [*worker, str(folders.view)],
                    process,
                    lambda: viewers.append(Viewers(port, arguments.size, load)),
                    viewers,
                )
            row.view_percent.append(100 * spent / figures["seconds"])
            readers = load.viewers - load.stalled
            row.pictures.append(pictures / readers / figures["seconds"] if readers else 0.0)
    row.rates.append(figures["frames"] / figures["seconds"])
    row.pipeline_milliseconds.append(1000 * figures["cpu_seconds"] / figures["frames"])


def run_worker(
    command: list[str], view: psutil.Process | None, prepare: object, viewers: list[Viewers] | None = None
) -> tuple[dict[str, float], float, int]:
    """Start the pipeline's process, let viewers come, then start the clock; return its figures.

    Also the processor seconds of the view meanwhile, and how many pictures viewers got.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        assert callable(prepare)
        prepare()
        before = processor_seconds(view)
        process.stdin.write("go\n")
        process.stdin.flush()
        figures: dict[str, float] = json.loads(process.stdout.readline())
        spent = processor_seconds(view) - before
    finally:
        process.kill()
        process.wait()
        for one in viewers or []:
            one.close()
    return figures, spent, sum(one.pictures for one in viewers or [])


def processor_seconds(process: psutil.Process | None) -> float:
    if process is None:
        return 0.0
    times = process.cpu_times()
    return float(times.user + times.system)


def table(rows: dict[Load, Row], size: str) -> str:
    """Return the figures as markdown: medians, and in brackets the least and the most."""
    alone = rows[LOADS[0]]
    lines = [
        f"| load ({size}, 10 pictures/s asked) | frames/s | against alone | pipeline, CPU ms a frame | "
        "local_view, % of a core | pictures/s a viewer |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for load, row in rows.items():
        ratios = [100 * rate / base - 100 for rate, base in zip(row.rates, alone.rates, strict=True)]
        shown = [spread(row.rates, 1), spread(ratios, 1, "%"), spread(row.pipeline_milliseconds, 2)]
        shown += [spread(row.view_percent, 1), spread(row.pictures, 1) if load.viewers else "–"]
        lines.append(f"| {load.name} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def spread(values: list[float], digits: int, unit: str = "") -> str:
    if not values:
        return "–"
    least, most = f"{min(values):.{digits}f}", f"{max(values):.{digits}f}"
    return f"{statistics.median(values):.{digits}f}{unit} ({least} to {most})"


def single_costs() -> str:
    """Return what one offer, one drawing and one encoding take, as markdown."""
    cv2.setNumThreads(1)
    scene = read_scene(CLIP.with_name("scene.yaml"))
    lines = ["| one of | frame | CPU milliseconds, median |", "| --- | --- | --- |"]
    generator = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        camera = None
        for width, height in ((640, 360), (1920, 1080), (3840, 2160)):
            noise = generator.integers(0, 255, (height // 8, width // 8, 3), np.uint8)
            image = np.asarray(np.kron(noise, np.ones((8, 8, 1), np.uint8)), np.uint8)
            scaled = scene.scaled_to(width, height)
            clock = iter(float(number) for number in range(1, 10_000))
            writer = FrameShare.writer(Path(folder), CAMERA, clock=lambda clock=clock: next(clock))  # type: ignore[misc]
            reader = FrameShare.reader(Path(folder), CAMERA)
            offers, frame = [], None
            for number in range(50):
                reader.ask(60)
                os.utime(Path(folder) / f"{CAMERA}.mark", (number, number))
                started = time.process_time()
                assert writer.offer(image, lambda: scene_overlay(scaled, []))  # noqa: B023 - called at once
                offers.append(1000 * (time.process_time() - started))
                frame = reader.read() or frame
            lines.append(
                f"| offer with a viewer there | {width}x{height} | {statistics.median(offers):.2f} |"
            )
            writer.close()
            if height == 1080:
                camera = frame
    assert camera is not None
    for size in SIZES:
        drawn, encoded = [], []
        for _ in range(20):
            started = time.process_time()
            canvas = picture(camera, CAMERA, size)
            between = time.process_time()
            jpeg(canvas, 80)
            drawn.append(1000 * (between - started))
            encoded.append(1000 * (time.process_time() - between))
        lines.append(f"| drawing (in local_view) | {size} | {statistics.median(drawn):.2f} |")
        lines.append(f"| JPEG (in local_view) | {size} | {statistics.median(encoded):.2f} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", default=str(CLIP))
    parser.add_argument("--model", default=str(MODEL))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", choices=SIZES, default="480p")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--worker", metavar="VIEW")
    arguments = parser.parse_args()
    if arguments.worker is not None:
        scene = read_scene(CLIP.with_name("scene.yaml"))
        view = None if arguments.worker == "-" else Path(arguments.worker)
        sys.stdout.write(json.dumps(analyse(arguments.source, arguments.model, scene, view)) + "\n")
        return 0
    rows = {load: Row() for load in LOADS}
    for _ in range(arguments.rounds):
        for load, row in rows.items():
            measure(load, row, arguments)
            sys.stderr.write(
                f"{load.name}: {row.rates[-1]:.1f} frames/s, {row.pipeline_milliseconds[-1]:.2f} ms\n"
            )
    text = table(rows, arguments.size) + "\n\n" + single_costs() + "\n"
    sys.stdout.write(text)
    if arguments.out is not None:
        arguments.out.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
