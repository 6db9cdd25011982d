"""One camera's vision process: the product's pipeline and spool, fed with replayed detections.

Source and model are replaced, since neither frames nor inference are what dies here; tracking, counting,
camera health, clock and spool are the product's. What the spool says is written to a journal beside it: what
was tried before, what was stored after.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from contract.columns import ColumnType
from contract.errors import CrowdLensError, DiskFullError
from contract.records import Record, StoredRecord, Value
from contract.tables import TABLES
from edge_components.runtime.clock import DeviceClock
from edge_components.runtime.counting.analytics import SceneAnalytics
from edge_components.runtime.inference.detections import Detections
from edge_components.runtime.logs import configure_logging
from edge_components.runtime.processes import stop_on_signals
from edge_components.runtime.spool import Spool
from edge_components.vision.pipeline import run_pipeline
from edge_components.vision.scene_file import read_scene
from edge_components.vision.sources.frames import Frame, SourceInfo
from tests.chaos.real.machine_state import Machine
from tests.chaos.real.publisher_process import install

WIDTH, HEIGHT = 640, 360
_PICTURES = 8


class ReplayedSource:
    """A live camera of noise at a steady rate, its index in the first pixels; it flaps when asked to."""

    name = "replay"
    skipped_frames = 0
    ended = False

    def __init__(self, frames_per_second: float, flap_seconds: float) -> None:
        self.info = SourceInfo(WIDTH, HEIGHT, frames_per_second, None, live=True)
        self.fault: str | None = None
        self._flap_seconds = flap_seconds
        self._begun = time.monotonic()
        self._index = 0
        dice = np.random.default_rng(1)
        self._pictures = [
            dice.integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8).astype(np.uint8) for _ in range(_PICTURES)
        ]

    def read(self, timeout_seconds: float) -> Frame | None:
        """Return the next frame when it is due; None where the camera is away."""
        if self._is_away():
            self.fault = "the camera does not answer"
            time.sleep(min(0.2, timeout_seconds))
            return None
        self.fault = None
        due = self._begun + self._index / self.info.frames_per_second
        now = time.monotonic()
        if due > now:
            time.sleep(due - now)
        elif now - due > 1.0:
            # Away or asleep for a while: a camera does not catch up.
            self._index = int((now - self._begun) * self.info.frames_per_second)
        image = self._pictures[self._index % _PICTURES]
        image[0, 0] = (self._index & 255, self._index >> 8 & 255, self._index >> 16 & 255)
        frame = Frame(image.copy(), self._index, time.monotonic())
        self._index += 1
        return frame

    def _is_away(self) -> bool:
        if self._flap_seconds <= 0:
            return False
        return (time.monotonic() - self._begun) % (4 * self._flap_seconds) > 3 * self._flap_seconds

    def close(self) -> None:
        self.ended = True


class ReplayedDetector:
    """Gives the detections that were recorded for the frame whose index stands in its first pixels."""

    name = "replay"
    confidence = 0.5
    labels: tuple[str, ...] = ("person",)
    provider = "replay"
    requested_providers: tuple[str, ...] = ("replay",)

    def __init__(self, recorded: Path) -> None:
        rows = np.loadtxt(recorded, delimiter=",", ndmin=2)
        self._frames = [rows[rows[:, 0] == number] for number in np.unique(rows[:, 0])]

    def new_buffer(self) -> Any:
        return object()

    def preprocess(self, frame_bgr: Any, buffer: Any) -> Any:
        low, middle, high = (int(part) for part in frame_bgr[0, 0])
        return low | middle << 8 | high << 16

    def infer(self, prepared: Any) -> Any:
        return prepared

    def postprocess(self, outputs: Any, prepared: Any) -> Detections:
        found = self._frames[int(outputs) % len(self._frames)]
        boxes = found[:, 2:6].astype(np.float32)
        boxes[:, 2:] += boxes[:, :2]
        count = len(found)
        return Detections(boxes, np.full(count, 0.9, np.float32), np.zeros(count, np.int64))


class JournalledSpool:
    """The spool, with a journal of what it was asked and what it answered."""

    def __init__(self, spool: Spool, journal: Path) -> None:
        self._spool = spool
        self._descriptor = os.open(journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._tried = 0

    def append(self, records: Sequence[Record]) -> Sequence[StoredRecord]:
        self._tried += 1
        name = f"{os.getpid()}-{self._tried}"
        self._write({"tried": name, "digests": [digest(record) for record in records]})
        try:
            stored = self._spool.append(records)
        except DiskFullError:
            self._write({"refused": name})
            raise
        self._write({"stored": name, "rows": [_row(self._spool.device, one) for one in stored]})
        return stored

    def _write(self, line: dict[str, Any]) -> None:
        os.write(self._descriptor, json.dumps(line, separators=(",", ":")).encode() + b"\n")


def digest(record: Record) -> str:
    """Return what tells a record's content from another's, without its times, which time sync may move."""
    text = json.dumps([record.table, record.camera, record.scene_version, own_values(record)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def own_values(record: Record) -> dict[str, Value]:
    """Return the record's own values as they will be sent, times left out."""
    values: dict[str, Value] = {}
    for column in TABLES[record.table].own_columns:
        value = record.values.get(column.name)
        if column.type is ColumnType.TIMESTAMP:
            continue
        if column.type is ColumnType.REAL and value is not None:
            value = round(float(value), column.decimals)
        values[column.name] = value
    return values


def _row(device: str, stored: StoredRecord) -> list[Any]:
    record = stored.record
    return [stored.record_id(device), digest(record), record.event_time_ms, record.clock_quality]


def main() -> int:
    """Run until SIGTERM; return 0, or 1 when the spool or the disk stopped it."""
    arguments = _parse()
    configure_logging("WARNING")
    machine = Machine(arguments.state)
    install(machine)
    stop = threading.Event()
    scene = read_scene(arguments.scene)
    source = ReplayedSource(arguments.fps, arguments.flap_seconds)
    detector = ReplayedDetector(arguments.detections)
    clock = DeviceClock()
    try:
        with (
            stop_on_signals(stop),
            Spool(
                arguments.spool, device=arguments.device, maximum_bytes=arguments.maximum_bytes, clock=clock
            ) as spool,
        ):
            analytics = SceneAnalytics(scene, labels=detector.labels, window_seconds=arguments.window_seconds)
            sink = JournalledSpool(spool, arguments.journal)
            run_pipeline(
                source,
                detector,
                analytics,
                sink,
                scene=scene,
                clock=clock,
                stop=stop,
                on_clock_moved=spool.restamp,
            )
            spool.write_ledger()
    except CrowdLensError as error:
        sys.stderr.write(f"camera: {error}\n")
        return 1
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("state", "spool", "scene", "detections", "journal"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--device", required=True)
    parser.add_argument("--fps", type=float, default=10.0)
    parser.add_argument("--window-seconds", type=float, default=1.0)
    parser.add_argument("--flap-seconds", type=float, default=0.0)
    parser.add_argument("--maximum-bytes", type=int)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
