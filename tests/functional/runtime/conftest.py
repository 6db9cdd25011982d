"""Records and spools for the tests of the runtime."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contract.records import Record
from edge_components.runtime.clock import DeviceClock
from edge_components.runtime.spool import Spool
from edge_components.runtime.time_sync import TimeSync

REPOSITORY = Path(__file__).parents[3]
NOON_MS = 1_795_176_000_000  # 2026-11-20T12:00:00Z

MakeSpool = Callable[..., Spool]
MakeRecord = Callable[..., Record]


def _crossing(index: int, camera: str, event_time_ms: int, quality: str) -> Record:
    values = {
        "line": "gate",
        "direction": "in",
        "object_class": "person",
        "track": index,
        "image_x": 10.0,
        "image_y": 20.5,
        "speed_mps": None,
        "suspect": False,
    }
    return Record("line_crossings", camera, "v1", "Asia/Seoul", event_time_ms, quality, values)


def _status(index: int, camera: str, event_time_ms: int, quality: str) -> Record:
    values = {"state": "ok", "previous_state": None, "frames_per_second": 10.0, "detail": f"{index}"}
    return Record("camera_status", camera, "v1", "Asia/Seoul", event_time_ms, quality, values)


def _classification(index: int, camera: str, event_time_ms: int, quality: str) -> Record:
    values = {"rank": index, "label": "마스크", "label_text": "Mask", "probability": 0.5}
    return Record("classifications", camera, "v1", "Asia/Seoul", event_time_ms, quality, values)


_MAKERS = {"line_crossings": _crossing, "camera_status": _status, "classifications": _classification}


@pytest.fixture
def make_record() -> MakeRecord:
    """Return a maker of valid records: ``make_record(index, table=…, camera=…, event_time_ms=…)``."""

    def make(
        index: int = 1,
        table: str = "line_crossings",
        *,
        camera: str = "plaza-1",
        event_time_ms: int | None = None,
        quality: str = "synced",
    ) -> Record:
        at_ms = NOON_MS + index * 1000 if event_time_ms is None else event_time_ms
        return _MAKERS[table](index, camera, at_ms, quality)

    return make


@pytest.fixture
def synced_clock() -> DeviceClock:
    return DeviceClock(
        monotonic_seconds=lambda: 100.0,
        wall_seconds=lambda: NOON_MS / 1000,
        probe=lambda _: TimeSync(True, "test"),
    )


@pytest.fixture
def make_spool(tmp_path: Path, synced_clock: DeviceClock) -> Iterator[MakeSpool]:
    """Return an opener of the spool of this test; what it opened is closed afterwards."""
    opened: list[Spool] = []

    def make(**options: object) -> Spool:
        settings = {"device": "jetson-7", "clock": synced_clock, "boot_id": "boot-1", **options}
        spool = Spool(settings.pop("path", tmp_path / "spool.sqlite"), **settings)  # type: ignore[arg-type]
        opened.append(spool)
        return spool

    yield make
    for spool in opened:
        spool.close()


@pytest.fixture
def damage_records() -> Callable[..., None]:
    """Return what writes rubbish over some whole pages of records in the middle of a spool file."""

    def damage(path: Path, pages: int = 3) -> None:
        content = path.read_bytes()
        # A leaf of a table begins with 13; only the records hold a line's name.
        leaves = [
            start
            for start in range(4096, len(content), 4096)
            if content[start] == 13 and content[start : start + 4096].count(b'"gate"') > 10
        ]
        assert len(leaves) > pages
        middle = len(leaves) // 2
        with path.open("r+b") as file:
            for start in leaves[middle : middle + pages]:
                file.seek(start)
                file.write(b"\xa5" * 4096)

    return damage


@pytest.fixture
def start_script() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a starter of a script beside the tests; what still runs afterwards is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(script: Path, *arguments: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(script), *map(str, arguments)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
