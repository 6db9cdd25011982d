"""One camera of a latency run: the product's pipeline and spool in real time, fed with replayed detections.

``python -m tests.bench.latency_camera --state … --spool … --scene … --detections … --journal … --device …``.
Writes a line to its journal whenever windows are on the disk: their records, when each window ended, and now.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from contract.errors import CrowdLensError
from contract.records import Record, StoredRecord
from edge_components.runtime.clock import DeviceClock
from edge_components.runtime.counting.analytics import SceneAnalytics
from edge_components.runtime.logs import configure_logging
from edge_components.runtime.spool import Spool
from edge_components.vision.pipeline import run_pipeline, stop_on_signals
from edge_components.vision.scene_file import read_scene
from tests.bench.latency_journal import WATCHED_TABLE, Journal
from tests.chaos.real.camera_process import ReplayedDetector, ReplayedSource
from tests.chaos.real.machine_state import Machine
from tests.chaos.real.publisher_process import install


class TimedSpool:
    """The spool, with a note of when it had each window on the disk."""

    def __init__(self, spool: Spool, journal: Journal, window_ms: int) -> None:
        self._spool, self._journal, self._window_ms = spool, journal, window_ms

    def append(self, records: Sequence[Record]) -> Sequence[StoredRecord]:
        stored = self._spool.append(records)
        now = time.time()
        windows = [
            [one.record_id(self._spool.device), one.record.event_time_ms + self._window_ms]
            for one in stored
            if one.record.table == WATCHED_TABLE
        ]
        if windows:
            self._journal.write(at=now, windows=windows)
        return stored


def main() -> int:
    """Run until SIGTERM; return 0, or 1 when the spool or the disk stopped it."""
    arguments = _parse()
    configure_logging("WARNING")
    install(Machine(arguments.state))
    stop = threading.Event()
    source = ReplayedSource(arguments.fps, flap_seconds=0.0)
    detector = ReplayedDetector(arguments.detections)
    clock = DeviceClock()
    scene = read_scene(arguments.scene)
    try:
        with stop_on_signals(stop), Spool(arguments.spool, device=arguments.device, clock=clock) as spool:
            analytics = SceneAnalytics(scene, labels=detector.labels, window_seconds=arguments.window_seconds)
            run_pipeline(
                source,
                detector,
                analytics,
                TimedSpool(spool, Journal(arguments.journal), round(1000 * arguments.window_seconds)),
                scene=scene,
                clock=clock,
                stop=stop,
                on_clock_moved=spool.restamp,
            )
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
    parser.add_argument("--window-seconds", type=float, default=10.0)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
