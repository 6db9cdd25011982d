"""What following a DeepStream app costs: processor and memory of the bridge at 30 frames/s and 4 streams.

    PYTHONPATH=. .venv/bin/python tests/bench/bench_deepstream.py [--seconds 60]

This process writes files as deepstream-app does (one per stream and frame, tracked, 20 objects); the bridge
is a process of its own. Its processor time is read from the kernel, so a busy machine changes it little.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

STREAMS, FRAMES_PER_SECOND, OBJECTS = 4, 30, 20
SCENE = """
site: bench
time_zone: UTC
camera: camera-{stream}
frame: {{width: 1920, height: 1080}}
zones: [{{name: left, polygon: [[0, 0], [960, 0], [960, 1080], [0, 1080]]}}]
lines: [{{name: gate, points: [[960, 0], [960, 1080]]}}]
classes: [person]
"""


def lines(frame: int) -> str:
    told = []
    for person in range(OBJECTS):
        along = (frame * 3 + person * 173) % 3600
        x = along if along < 1800 else 3600 - along
        y = 40 * person
        box = f"{x:f} {y:f} {x + 80:f} {y + 200:f}"
        told.append(f"person {person + 1} 0.0 0 0.0 {box} 0.0 0.0 0.0 0.0 0.0 0.0 0.0 0.9\n")
    return "".join(told)


def start(folder: Path, kitti: Path) -> subprocess.Popen[bytes]:
    scenes: list[str] = []
    for stream in range(STREAMS):
        path = folder / f"scene-{stream}.yaml"
        path.write_text(SCENE.format(stream=stream))
        scenes += ["--scene", f"{stream}={path}"]
    command = [sys.executable, "-m", "edge_components.deepstream_bridge", "--folder", str(kitti), *scenes]
    command += ["--state", str(folder / "state"), "--device", "bench", "--fps", str(FRAMES_PER_SECOND)]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": "."}, stderr=subprocess.DEVNULL)


def write(kitti: Path, seconds: float, frame: int) -> int:
    """Write for so many seconds at the frame rate; return the next frame."""
    began, first = time.monotonic(), frame
    while time.monotonic() - began < seconds:
        text = lines(frame)
        for stream in range(STREAMS):
            (kitti / f"00_{stream:03d}_{frame:06d}.txt").write_text(text)
        frame += 1
        time.sleep(max(0.0, began + (frame - first) / FRAMES_PER_SECOND - time.monotonic()))
    return frame


def processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the DeepStream bridge.")
    parser.add_argument("--seconds", type=float, default=60.0)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as name:
        folder, kitti = Path(name), Path(name) / "kitti"
        kitti.mkdir()
        process = start(folder, kitti)
        measured = psutil.Process(process.pid)
        try:
            time.sleep(5)
            before = processor_seconds(measured)
            time.sleep(10)
            idle_share = (processor_seconds(measured) - before) / 10
            frame = write(kitti, 10, 0)
            before, began = processor_seconds(measured), time.monotonic()
            write(kitti, seconds, frame)
            share = (processor_seconds(measured) - before) / (time.monotonic() - began)
            waiting = len(list(kitti.iterdir()))
            megabytes = measured.memory_info().rss / 1e6
        finally:
            process.terminate()
            process.wait(30)
    per_frame_ms = 1000 * share / (STREAMS * FRAMES_PER_SECOND)
    rows = [
        f"| {STREAMS} streams x {FRAMES_PER_SECOND} frames/s, {OBJECTS} objects | figure |",
        "| --- | --- |",
        f"| share of one core, running | {100 * share:.1f} % ({per_frame_ms:.2f} ms a frame) |",
        f"| share of one core, no app running | {100 * idle_share:.2f} % |",
        f"| memory | {megabytes:.0f} MB |",
        f"| files in the folder at the end | {waiting} |",
    ]
    sys.stdout.write("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
