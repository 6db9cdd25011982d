"""What the vision component costs: its start, several cameras in one process or each in its own, its memory.

    python tests/bench/bench_vision_component.py [--minutes 5] [--cameras 1 2 4] [--skip-throughput]

Cameras are the demo clip: as a file, as fast as the machine can, for frames a second; played as a live camera
at 10 frames a second, in a loop, for the memory.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "examples" / "demo"
LIVE_FRAMES_PER_SECOND = 10.0
_SETTLED_SECONDS = 60.0
_SAMPLE_SECONDS = 5.0


@dataclass(frozen=True)
class Cost:
    """What one way of running cameras took; memory and CPU of all its processes together."""

    cameras: int
    processes: int
    frames_per_second: float
    cpu_seconds_per_thousand_frames: float
    memory_mib: float


class LoopingClip:
    """The clip as a live camera: at its own pace, from the beginning again after its end."""

    ended, skipped_frames, fault = False, 0, None

    def __init__(self, path: str) -> None:
        import cv2

        from edge_components.vision.sources.frames import SourceInfo

        self._capture = cv2.VideoCapture(path)
        ok, image = self._capture.read()
        assert ok
        self.name = path
        self.info = SourceInfo(image.shape[1], image.shape[0], LIVE_FRAMES_PER_SECOND, None, live=True)
        self._due, self._index = time.monotonic(), 0

    def read(self, timeout_seconds: float) -> Any:
        import cv2

        from edge_components.vision.sources.frames import Frame

        self._due += 1 / LIVE_FRAMES_PER_SECOND
        time.sleep(max(0.0, self._due - time.monotonic()))
        ok, image = self._capture.read()
        if not ok:
            self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
            ok, image = self._capture.read()
        self._index += 1
        return Frame(image, self._index, time.monotonic())

    def close(self) -> None:
        self._capture.release()


def serve(folder: Path, cameras: list[str], *, live: bool) -> int:
    """Run the component below `folder`, as the child process."""
    from edge_components.runtime.component import run_component
    from edge_components.runtime.device_folders import DeviceFolders
    from edge_components.vision.component import VisionComponent

    component = (
        VisionComponent(source_opener=lambda path, _: LoopingClip(path)) if live else VisionComponent()
    )
    entries = {
        name: {"source": str(DEMO / "demo.mp4"), "sceneFile": str(folder / f"{name}.yaml")}
        for name in cameras
    }
    configuration = {"cameras": entries, "model": "person_demo", "provider": "cpu"}
    return run_component(
        component, configuration=configuration, folders=DeviceFolders.below(folder), thing_name="bench"
    )


def start(folder: Path, cameras: list[str], *, live: bool = False) -> subprocess.Popen[bytes]:
    """Start a child process; its log is ``log`` below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in cameras:
        scene = (DEMO / "scene.yaml").read_text().replace("camera: plaza-1", f"camera: {name}")
        (folder / f"{name}.yaml").write_text(scene)
    arguments = ["--serve", str(folder), "--names", *cameras, *(["--live"] if live else [])]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, __file__, *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            stderr=log,
        )


def log_of(folder: Path, message: str) -> list[dict[str, Any]]:
    lines = []
    for line in (folder / "log").read_text().splitlines():
        if line.startswith("{") and json.loads(line)["message"] == message:
            lines.append(json.loads(line))
    return lines


def memory_mib(process: subprocess.Popen[bytes], kind: str = "Pss:") -> float:
    """Return the proportional set size, or another line of ``smaps_rollup``; shared pages are divided up."""
    try:
        text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(kind)) / 1024


def measure(folder: Path, groups: list[list[str]]) -> Cost:
    """Run the cameras of each group in a process of its own, all at once, to the end of the clip."""
    folders = [folder / f"process-{index}" for index in range(len(groups))]
    processes = [start(place, names) for place, names in zip(folders, groups, strict=True)]
    count, most = sum(map(len, groups)), 0.0
    while sum(len(log_of(place, "camera ended")) for place in folders) < count:
        if any(process.poll() is not None for process in processes):
            raise SystemExit((folders[0] / "log").read_text())
        most = max(most, sum(memory_mib(process) for process in processes))
        time.sleep(0.5)
    cpu = 0.0
    for process in processes:
        process.terminate()
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = 0
        cpu += used.ru_utime + used.ru_stime
    ends = [line for place in folders for line in log_of(place, "camera ended")]
    starts = [line for place in folders for line in log_of(place, "camera started")]
    frames = sum(line["frames"] for line in ends)
    moments = [
        [datetime.fromisoformat(line["time"]).timestamp() for line in lines] for lines in (starts, ends)
    ]
    seconds = max(moments[1]) - min(moments[0])
    return Cost(count, len(groups), frames / seconds, 1000 * cpu / frames, most)


def start_up(folder: Path) -> tuple[float, float]:
    """Return the seconds from the process's start to the first frame's run and to the first record."""
    import sqlite3

    began, began_wall = time.monotonic(), time.time()
    process = start(folder, ["plaza-1"], live=True)
    spool = folder / "state" / "spool.db"
    try:
        while True:
            time.sleep(0.02)
            if not spool.exists():
                continue
            try:
                with sqlite3.connect(f"file:{spool}?mode=ro", uri=True) as database:
                    if database.execute("SELECT count(*) FROM records").fetchone()[0]:
                        break
            except sqlite3.Error:
                continue
        first = time.monotonic() - began
        started = datetime.fromisoformat(log_of(folder, "camera started")[0]["time"]).timestamp()
        return started - began_wall, first
    finally:
        process.terminate()
        process.wait()


def over_time(folder: Path, minutes: float, cameras: int) -> list[tuple[float, float]]:
    """Return seconds and own memory, without mapped files, of a process with live cameras."""
    process = start(folder, [f"camera-{index}" for index in range(cameras)], live=True)
    began, samples = time.monotonic(), []
    try:
        while (seconds := time.monotonic() - began) < 60 * minutes:
            time.sleep(_SAMPLE_SECONDS)
            samples.append((seconds, memory_mib(process, "Anonymous:")))
    finally:
        process.terminate()
        process.wait()
    return samples


def by_minute(samples: list[tuple[float, float]]) -> list[tuple[int, float]]:
    """Return the last sample of each minute."""
    return sorted({int(seconds // 60): memory for seconds, memory in samples}.items())


def growth_per_hour(samples: list[tuple[float, float]]) -> float:
    """Return the slope in MiB per hour of what came after the first minute, by least squares."""
    import numpy as np

    settled = [sample for sample in samples if sample[0] >= _SETTLED_SECONDS]
    if len(settled) < 2:
        return float("nan")
    seconds, memory = np.array(settled).T
    return float(np.polyfit(seconds, memory, 1)[0] * 3600)


def report(arguments: argparse.Namespace, folder: Path) -> list[str]:
    lines = []
    runs, firsts = zip(*[start_up(folder / f"start-{number}") for number in range(5)], strict=True)
    middle = len(runs) // 2
    lines += [
        "| start-up, median of 5 | seconds |",
        "| --- | --- |",
        f"| process to running camera | {sorted(runs)[middle]:.2f} |",
        f"| process to first record on disk | {sorted(firsts)[middle]:.2f} |",
        "",
    ]
    if not arguments.skip_throughput:
        lines += [
            "| cameras | processes | frames/s together | CPU s per 1,000 frames | memory, MiB (PSS) |",
            "| --- | --- | --- | --- | --- |",
        ]
        for count in arguments.cameras:
            names = [f"camera-{index}" for index in range(count)]
            for groups in ([names], [[name] for name in names])[: 1 if count == 1 else 2]:
                cost = measure(folder / f"run-{count}-{len(groups)}", groups)
                lines.append(
                    f"| {cost.cameras} | {cost.processes} | {cost.frames_per_second:.1f} | "
                    f"{cost.cpu_seconds_per_thousand_frames:.1f} | {cost.memory_mib:.0f} |"
                )
                sys.stdout.write(lines[-1] + "\n")
                sys.stdout.flush()
        lines.append("")
    if arguments.minutes:
        samples = over_time(folder / "memory", arguments.minutes, 2)
        lines += [
            "| two live cameras at 10 frames/s | own memory, MiB |",
            "| --- | --- |",
            *(f"| after {minute} min | {memory:.1f} |" for minute, memory in by_minute(samples)),
            f"| growth per hour, by least squares | {growth_per_hour(samples):+.1f} |",
        ]
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=0.0, help="how long to watch the memory")
    parser.add_argument("--cameras", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--skip-throughput", action="store_true")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--names", nargs="+", default=[], help=argparse.SUPPRESS)
    parser.add_argument("--live", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve is not None:
        return serve(arguments.serve, arguments.names, live=arguments.live)
    with tempfile.TemporaryDirectory(prefix="crowdlens-bench-") as folder:
        sys.stdout.write("\n".join(report(arguments, Path(folder))) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
