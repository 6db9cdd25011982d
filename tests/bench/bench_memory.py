"""Memory of the pipeline over a clip played ten times in one run: it must stay flat.

Run: ``python tests/bench/bench_memory.py [--source CLIP --model ONNX --times 10]``. Prints a markdown table
of the resident memory after each playing and the peak; tracker, zones, a line and a real spool are in it.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from pathlib import Path

import cv2
from bench_pipeline import SHARED, middle_scene

from edge_components.runtime.clock import DeviceClock
from edge_components.runtime.counting.analytics import SceneAnalytics
from edge_components.runtime.inference.detector import DetectorSettings, open_detector
from edge_components.runtime.spool import Spool
from edge_components.vision.pipeline import AnalysedFrame, run_pipeline
from edge_components.vision.sources import Frame, Source, SourceInfo, open_source


class Repeated:
    """A clip played several times as if it were one long file."""

    skipped_frames = 0
    fault: str | None = None

    def __init__(self, text: str, times: int) -> None:
        self._text, self._left = text, times - 1
        self._clip: Source = open_source(text)
        self.name = f"{text} x{times}"
        self.frames_each = self._clip.info.frames or 0
        one = self._clip.info
        frames = self.frames_each * times
        self.info = SourceInfo(one.width, one.height, one.frames_per_second, frames, live=False)
        self._index = 0
        self.ended = False

    def read(self, timeout_seconds: float) -> Frame | None:
        frame = self._clip.read(timeout_seconds)
        if frame is None and self._left:
            self._left -= 1
            self._clip.close()
            self._clip = open_source(self._text)
            frame = self._clip.read(timeout_seconds)
        if frame is None:
            self.ended = True
            return None
        self._index += 1
        return Frame(frame.image, self._index - 1, (self._index - 1) / self.info.frames_per_second)

    def close(self) -> None:
        self._clip.close()


def resident_mebibytes() -> float:
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * resource.getpagesize() / 2**20


def peak_mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def play(arguments: argparse.Namespace, spool_path: Path) -> list[tuple[int, float, float]]:
    """Return frames, resident and peak memory after each playing."""
    source = Repeated(arguments.source, arguments.times)
    scene = middle_scene(source.info.width, source.info.height)
    detector = open_detector(arguments.model, DetectorSettings(provider="cpu", classes=("person",)))
    points: list[tuple[int, float, float]] = []

    def note(frame: AnalysedFrame) -> None:
        done = frame.frame.index + 1
        if done % source.frames_each == 0:
            points.append((done, resident_mebibytes(), peak_mebibytes()))

    clock = DeviceClock()
    with Spool(spool_path, device="bench", clock=clock) as spool:
        analytics = SceneAnalytics(scene, labels=detector.labels)
        run_pipeline(source, detector, analytics, spool, scene=scene, clock=clock, on_frame=note)
    return points


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--source", default=str(SHARED / "media" / "vtest.avi"))
    parser.add_argument("--model", default=str(SHARED / "models" / "yolox_nano.onnx"))
    parser.add_argument("--times", type=int, default=10)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        points = play(arguments, Path(folder) / "spool.sqlite")
    lines = ["| frames | resident MiB | peak MiB |", "| --- | --- | --- |"]
    lines += [f"| {frames} | {resident:.1f} | {peak:.1f} |" for frames, resident, peak in points]
    growth = points[-1][2] / points[0][2] - 1
    lines += ["", f"The peak of {len(points)} playings is {growth:+.1%} of the peak of the first."]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
