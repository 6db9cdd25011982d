"""A DeepStream app that writes KITTI files as the real one does, and a bridge that can crash."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contract.records import Record
from contract.scene import Scene, parse_scene
from edge_components.deepstream_bridge.bridge import Bridge
from edge_components.deepstream_bridge.file_names import StreamKey
from edge_components.deepstream_bridge.settings import BridgeSettings
from edge_components.deepstream_bridge.stream_counter import StreamSettings
from edge_components.runtime.clock import DeviceClock
from edge_components.runtime.spool import Spool
from edge_components.runtime.time_sync import TimeSync

START_NS = 1_795_230_000_000_000_000
FRAMES_PER_SECOND = 10.0
STEP_NS = 100_000_000


def walkers(frame: int, *, tracked: bool, people: int = 3, first_id: int = 1) -> bytes:
    """Return the file of a frame in which people go to and fro over the middle line, one a second apart."""
    lines = []
    for person in range(people):
        along = (frame * 6 + person * 130) % 1000
        x = along if along < 500 else 1000 - along
        top = 60 + 80 * person
        identity = f" {first_id + person}" if tracked else ""
        box = f"{x + 50:f} {top:f} {x + 90:f} {top + 100:f}"
        lines.append(f"person{identity} 0.0 0 0.0 {box} 0.0 0.0 0.0 0.0 0.0 0.0 0.0 0.900000\n")
    return "".join(lines).encode()


class App:
    """Writes frames of one stream; file times are `STEP_NS` apart whatever the wall clock says."""

    def __init__(self, folder: Path, *, tracked: bool, stream: int = 0) -> None:
        self.folder, self.tracked, self.stream = folder, tracked, stream
        self.frame = 0
        self.now_ns = START_NS
        self.first_id = 1

    def path(self, frame: int) -> Path:
        return self.folder / f"00_{self.stream:03d}_{frame:06d}.txt"

    def write(self, frames: int = 1) -> None:
        for _ in range(frames):
            self.put(self.frame, walkers(self.frame, tracked=self.tracked, first_id=self.first_id))
            self.frame += 1
            self.now_ns += STEP_NS

    def half(self, share: float) -> None:
        """Leave the next frame cut within a line; the next `write` writes it whole, as the app will."""
        content = walkers(self.frame, tracked=self.tracked, first_id=self.first_id)
        cut = content[: max(1, int(len(content) * share))]
        self.put(self.frame, cut.removesuffix(b"\n"))

    def put(self, frame: int, content: bytes, at_ns: int | None = None) -> None:
        path = self.path(frame)
        path.write_bytes(content)
        now_ns = self.now_ns if at_ns is None else at_ns
        os.utime(path, ns=(now_ns, now_ns))

    def begin_anew(self, after_seconds: float = 3.0) -> None:
        """Start the app again: frame numbers and ids begin from the start."""
        self.frame = 0
        self.now_ns += int(after_seconds * 1e9)


def a_scene(camera: str = "plaza-1", **changes: Any) -> Scene:
    return parse_scene(
        {
            "site": "seoul-1", "time_zone": "Asia/Seoul", "camera": camera,
            "frame": {"width": 640, "height": 360}, "classes": ["person"],
            "zones": [{"name": "left", "polygon": [[0, 0], [320, 0], [320, 360], [0, 360]]}],
            "lines": [{"name": "gate", "points": [[320, 0], [320, 360]]}],
            **changes,
        }
    )  # fmt: skip


class Device:
    """A spool, a folder of positions and a bridge that can be stopped, crashed and started again."""

    def __init__(self, folder: Path, kitti: Path, streams: dict[StreamKey, StreamSettings]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.kitti = folder, kitti
        self.streams = streams
        self.seconds = 1000.0
        self.maximum_waiting = 100_000
        self.boot_id = "one-boot"
        self.start()

    def start(self) -> None:
        # A day after the first frame, whatever day it is here.
        clock = DeviceClock(
            wall_seconds=lambda: START_NS / 1e9 + 86_400, probe=lambda _: TimeSync(True, "a test")
        )
        self.spool = Spool(self.folder / "spool.db", device="jetson-1", clock=clock, boot_id=self.boot_id)
        settings = BridgeSettings(self.kitti, dict(self.streams), maximum_waiting=self.maximum_waiting)
        self.bridge = Bridge(
            settings,
            self.spool,
            self.folder / "deepstream",
            threading.Event(),
            monotonic_seconds=lambda: self.seconds,
            boot_id=self.boot_id,
        )
        (self.folder / "deepstream").mkdir(exist_ok=True)

    def turn(self, times: int = 1, *, seconds: float = 0.1) -> int:
        counted = 0
        for _ in range(times):
            self.seconds += seconds
            counted += self.bridge.turn() or 0
        return counted

    def crash(self) -> None:
        self.spool.close()
        self.start()

    def restart(self) -> None:
        self.bridge.close()
        self.spool.close()
        self.start()

    def finish(self) -> None:
        self.bridge.drain()

    def records(self) -> list[Record]:
        """Return what the spool holds of the cameras, in the order of time."""
        rows = self.spool.read(maximum_rows=1_000_000)
        told = [row.stored.record for row in rows if row.stored.record.camera is not None]
        return sorted(told, key=lambda one: (one.table, one.event_time_ms, str(sorted(one.values.items()))))

    def count(self, table: str, **values: object) -> int:
        wanted = values.items()
        return sum(
            all(record.values[name] == value for name, value in wanted)
            for record in self.records()
            if record.table == table
        )


@pytest.fixture
def kitti_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "kitti"
    folder.mkdir()
    return folder


@pytest.fixture
def make_app(kitti_folder: Path) -> Callable[..., App]:
    def make(*, tracked: bool = False, stream: int = 0) -> App:
        return App(kitti_folder, tracked=tracked, stream=stream)

    return make


def stream_settings(camera: str = "plaza-1", **changes: Any) -> StreamSettings:
    given = {"width": 640, "height": 360, "frames_per_second": FRAMES_PER_SECOND, **changes}
    return StreamSettings(scene=a_scene(camera), **given)


@pytest.fixture
def make_device(tmp_path: Path, kitti_folder: Path) -> Callable[..., Device]:
    def make(streams: dict[StreamKey, StreamSettings] | None = None, name: str = "device") -> Device:
        return Device(tmp_path / name, kitti_folder, streams or {StreamKey(0, 0): stream_settings()})

    return make


@pytest.fixture
def simulate() -> dict[str, Any]:
    """The classes above, for tests that make many of them."""
    return {"App": App, "Device": Device, "settings": stream_settings, "scene": a_scene}
