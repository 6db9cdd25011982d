"""A device of real processes: cameras and a publisher on one spool, started again as systemd would."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from infra.local.aws_environment import REPOSITORY_ROOT, base_environment
from infra.local.processes import ManagedProcess, start_process
from tests.chaos.real.machine_state import MachineState
from tests.chaos.real.stack import ChaoticStack, kill_outright

SITE = "seoul-1"
RESTART_SECONDS = 1.0
_DISK_MEBIBYTES = 12
_EXAMPLES = REPOSITORY_ROOT / "examples" / "demo"
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


@dataclass
class Service:
    """A program that is started again a second after it ended, whatever it ended of."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log_path: Path
    process: ManagedProcess | None = None
    ended_at: float = 0.0
    wanted: bool = True
    starts: int = 0

    def tend(self) -> None:
        """Start it when it should run and does not."""
        if self.process is not None and not self.process.running:
            self.process.stop()
            self.process, self.ended_at = None, time.monotonic()
        due = time.monotonic() - self.ended_at >= RESTART_SECONDS
        if self.wanted and self.process is None and due:
            self.starts += 1
            self.process = start_process(
                self.name, self.command, log_path=self.log_path, environment=self.environment,
                directory=REPOSITORY_ROOT, grace_seconds=20.0,
            )  # fmt: skip

    def kill(self) -> bool:
        """Kill it outright; return whether it ran."""
        return self.process is not None and kill_outright(self.process)

    def end(self) -> None:
        """Ask it to stop, wait, and leave it stopped."""
        self.wanted = False
        if self.process is not None:
            self.process.stop()
            self.process = None


@dataclass
class RealDevice:
    """The spool's disk, the machine's clock and boot, and the services on it."""

    name: str
    folder: Path
    stack: ChaoticStack
    cameras: int = 1
    maximum_bytes: int | None = None
    flap_seconds: float = 0.0
    services: list[Service] = field(default_factory=list)
    has_own_disk: bool = False

    def __post_init__(self) -> None:
        self.disk = self.folder / "disk"
        self.disk.mkdir(parents=True)
        self.has_own_disk = _mount(self.disk)
        self.spool_path = self.disk / "spool.sqlite"
        self.journals: list[Path] = []
        self._state_path = self.folder / "machine.json"
        self.state = MachineState(uuid.uuid4().hex, synced=True, wall_offset_seconds=0.0)
        self.state.write(self._state_path)
        self.services = [self._camera(number + 1) for number in range(self.cameras)]
        self.publisher = self._publisher()
        self.services.append(self.publisher)

    def _environment(self) -> dict[str, str]:
        own = {**self.stack.device_environment(), "PYTHONPATH": str(REPOSITORY_ROOT), "OMP_NUM_THREADS": "1"}
        return base_environment(self.folder, {**own, "OPENBLAS_NUM_THREADS": "1"})

    def _camera(self, number: int) -> Service:
        camera = f"plaza-{number}"
        scene = self.folder / f"{camera}.yaml"
        scene.write_text(_SCENE.format(site=SITE, camera=camera), encoding="utf-8")
        journal = self.folder / f"{camera}.journal"
        self.journals.append(journal)
        command = [
            sys.executable, "-m", "tests.chaos.real.camera_process",
            "--state", str(self._state_path), "--spool", str(self.spool_path), "--scene", str(scene),
            "--detections", str(_EXAMPLES / "truth_tracks.txt"), "--journal", str(journal),
            "--device", self.name, "--flap-seconds", str(self.flap_seconds),
        ]  # fmt: skip
        if self.maximum_bytes is not None:
            command += ["--maximum-bytes", str(self.maximum_bytes)]
        return Service(f"{self.name} {camera}", command, self._environment(), self.folder / f"{camera}.log")

    def _publisher(self) -> Service:
        command = [
            sys.executable, "-m", "tests.chaos.real.publisher_process", str(self._state_path),
            "--spool", str(self.spool_path), "--site", SITE, "--device", self.name,
            "--queue-url", self.stack.ingest_queue_url,
        ]  # fmt: skip
        return Service(f"{self.name} publisher", command, self._environment(), self.folder / "publisher.log")

    # What the run does to it

    def set_clock(self, *, synced: bool, wall_offset_seconds: float) -> None:
        """Turn the wall clock and the time sync."""
        self.state = MachineState(self.state.boot_id, synced, wall_offset_seconds)
        self.state.write(self._state_path)

    def reboot(self, *, synced: bool, wall_offset_seconds: float) -> None:
        """Kill all at once and begin another boot."""
        for service in self.services:
            service.kill()
        self.state = MachineState(uuid.uuid4().hex, synced, wall_offset_seconds)
        self.state.write(self._state_path)

    def fill_disk(self) -> bool:
        """Take all room on the disk; return whether it has one of its own."""
        if not self.has_own_disk:
            return False
        with contextlib.suppress(OSError), (self.disk / "ballast").open("ab") as ballast:
            while True:
                ballast.write(b"\0" * 65536)
                ballast.flush()
        return True

    def free_disk(self) -> None:
        """Give the room back."""
        (self.disk / "ballast").unlink(missing_ok=True)

    def tend(self) -> None:
        """Start again what has ended."""
        for service in self.services:
            service.tend()

    def close(self) -> None:
        """End all and take the disk away."""
        for service in self.services:
            service.end()
        if self.has_own_disk:
            subprocess.run(["umount", "-l", str(self.disk)], check=False, capture_output=True)

    # What it says

    def waiting(self) -> tuple[int, int]:
        """Return how many records wait, and how many counts no ledger record has told."""
        if not self.spool_path.exists():
            return 0, 0
        connection = sqlite3.connect(f"file:{self.spool_path}?mode=ro", uri=True, timeout=5.0)
        try:
            rows = connection.execute("SELECT waiting_rows FROM totals").fetchone()[0]
            silent = connection.execute(
                "SELECT count(*) FROM ledger JOIN streams USING (stream_id) "
                "WHERE (made != reported_made OR dropped != reported_dropped) "
                "AND stream NOT LIKE '%/stream_ledger'"
            ).fetchone()[0]
        finally:
            connection.close()
        return int(rows), int(silent)

    def epochs(self) -> list[str]:
        """Return the epochs of the spool, oldest first."""
        connection = sqlite3.connect(self.spool_path)
        try:
            return [
                str(epoch) for (epoch,) in connection.execute("SELECT epoch FROM epochs ORDER BY epoch_id")
            ]
        finally:
            connection.close()


def _mount(folder: Path) -> bool:
    """Give `folder` a small disk of its own; return whether this user may."""
    if os.geteuid() != 0:
        return False
    options = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_MEBIBYTES}m,mode=0700", "tmpfs", str(folder)]
    return subprocess.run(options, check=False, capture_output=True).returncode == 0
