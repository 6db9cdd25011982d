"""The devices of a latency run: camera processes on spools, and one publisher beside each spool."""

from __future__ import annotations

import sqlite3
import sys
import time
import uuid
from pathlib import Path

from infra.local.aws_environment import REPOSITORY_ROOT, base_environment
from infra.local.processes import ManagedProcess, start_process, stop_all
from infra.local.stack import LocalStack
from tests.chaos.real.machine_state import MachineState

SITE = "seoul-1"
CAMERAS_A_DEVICE = 4
_GRACE_SECONDS = 20.0
_EMPTY_SECONDS = 120.0
_DETECTIONS = REPOSITORY_ROOT / "examples" / "demo" / "truth_tracks.txt"
_SCENE = """site: {site}
time_zone: Asia/Seoul
camera: {camera}
frame: {{width: 640, height: 360}}
zones:
- {{name: west, polygon: [[9, 280], [260, 280], [286, 109], [32, 109]]}}
- {{name: east, polygon: [[416, 280], [631, 280], [608, 109], [374, 109]]}}
lines:
- {{name: gate, points: [[339, 91], [334, 336]]}}
- {{name: kerb, points: [[47, 85], [593, 85]]}}
classes: [person]
"""


class Fleet:
    """`cameras` cameras on devices of up to four, all started when it is made."""

    def __init__(
        self, stack: LocalStack, folder: Path, cameras: int, profile: str, frames_per_second: float
    ) -> None:
        self._stack, self._folder, self._profile = stack, folder, profile
        self._frames_per_second = frames_per_second
        self._cameras: list[ManagedProcess] = []
        self._publishers: list[ManagedProcess] = []
        self._spools: list[Path] = []
        self.journals: list[Path] = []
        self._state = folder / "machine.json"
        # This machine may have no time sync to ask, and the publisher would wait for it.
        MachineState(uuid.uuid4().hex, synced=True, wall_offset_seconds=0.0).write(self._state)
        for first in range(0, cameras, CAMERAS_A_DEVICE):
            self._start_device(
                f"jetson-{1 + first // CAMERAS_A_DEVICE}",
                range(first, min(cameras, first + CAMERAS_A_DEVICE)),
            )

    def _start_device(self, device: str, cameras: range) -> None:
        self._stack.enrol(device, SITE)
        spool = self._folder / f"{device}.sqlite"
        self._spools.append(spool)
        for number in cameras:
            self._cameras.append(self._start(f"plaza-{number + 1}", self._camera(device, spool, number + 1)))
        command = [
            sys.executable, "-m", "tests.chaos.real.publisher_process", str(self._state),
            "--spool", str(spool), "--site", SITE, "--device", device,
            "--queue-url", self._stack.ingest_queue_url, "--profile", self._profile,
        ]  # fmt: skip
        self._publishers.append(self._start(f"{device}-publisher", command))

    def _camera(self, device: str, spool: Path, number: int) -> list[str]:
        camera = f"plaza-{number}"
        scene, journal = self._folder / f"{camera}.yaml", self._folder / f"{camera}.journal"
        scene.write_text(_SCENE.format(site=SITE, camera=camera), encoding="utf-8")
        self.journals.append(journal)
        return [
            sys.executable, "-m", "tests.bench.latency_camera", "--state", str(self._state),
            "--spool", str(spool), "--scene", str(scene), "--detections", str(_DETECTIONS),
            "--journal", str(journal), "--device", device, "--fps", str(self._frames_per_second),
        ]  # fmt: skip

    def _start(self, name: str, command: list[str]) -> ManagedProcess:
        one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        return start_process(
            name,
            command,
            log_path=self._folder / f"{name}.log",
            environment=base_environment(self._folder, {**self._stack.aws_environment(), **one_thread}),
            directory=REPOSITORY_ROOT,
            grace_seconds=_GRACE_SECONDS,
        )

    def check(self) -> None:
        """Raise AssertionError when a process has ended."""
        for process in [*self._cameras, *self._publishers]:
            assert process.running, f"{process.name} ended: {process.last_words()}"

    def end(self) -> None:
        """End the cameras, let the publishers send the rest at their own pace, and end them, too."""
        stop_all(self._cameras)
        deadline = time.monotonic() + _EMPTY_SECONDS
        while any(map(_waiting_rows, self._spools)):
            assert time.monotonic() < deadline, f"records wait in a spool after {_EMPTY_SECONDS:g} s"
            time.sleep(0.5)
        stop_all(self._publishers)

    def kill(self) -> None:
        """End everything at once."""
        stop_all([*self._cameras, *self._publishers])


def _waiting_rows(spool: Path) -> int:
    connection = sqlite3.connect(f"file:{spool}?mode=ro", uri=True, timeout=5.0)
    try:
        return int(connection.execute("SELECT waiting_rows FROM totals").fetchone()[0])
    finally:
        connection.close()
