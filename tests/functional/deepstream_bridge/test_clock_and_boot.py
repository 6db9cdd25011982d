"""A new run of the app is counted whatever the clock says; what is no file stops nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_components.deepstream_bridge import checkpoint
from edge_components.deepstream_bridge.stream_counter import StreamCounter

Make = Callable[..., Any]
SECOND_NS = 1_000_000_000


def frames_counted(device: Any) -> int:
    return sum(r.values["frames"] for r in device.records() if r.table == "zone_counts")


@pytest.mark.parametrize("away", ["alive", "crashed", "restarted", "rebooted"])
@pytest.mark.parametrize(
    "clock",
    [
        pytest.param(lambda now_ns: 60 * SECOND_NS, id="1970"),
        pytest.param(lambda now_ns: now_ns - 1800 * SECOND_NS, id="30 min back"),
        pytest.param(lambda now_ns: now_ns, id="right"),
    ],
)
def test_a_new_run_is_counted_whatever_the_clock_says(
    make_app: Make, make_device: Make, clock: Callable[[int], int], away: str
) -> None:
    app, device = make_app(), make_device()
    for _ in range(5):
        app.write(10)
        device.turn(2, seconds=0.5)
    device.turn(6, seconds=0.5)
    app.begin_anew()
    app.now_ns = clock(app.now_ns)
    if away == "rebooted":
        device.boot_id = "another-boot"
    if away in ("crashed", "rebooted"):
        device.crash()
    elif away == "restarted":
        device.restart()
    for _ in range(6):
        app.write(10)
        device.turn(2, seconds=0.5)
    device.finish()
    assert frames_counted(device) == 110
    assert device.bridge.figures()["late_files"] == 0
    assert list(app.folder.iterdir()) == []


@pytest.mark.parametrize("minutes_back", [0, 30, 1_000_000])
def test_what_the_run_before_left_is_counted_before_the_new_one(
    make_app: Make, make_device: Make, minutes_back: int
) -> None:
    app, device = make_app(), make_device()
    app.write(100)
    device.turn(40, seconds=0.2)
    app.write(20)
    device.boot_id = "another-boot"
    device.crash()
    app.begin_anew()
    app.now_ns -= minutes_back * 60 * SECOND_NS
    app.write(60)
    device.turn(30, seconds=0.2)
    device.finish()
    assert frames_counted(device) == 180


def test_late_files_are_told_in_one_gap(make_app: Make, make_device: Make) -> None:
    app, device = make_app(tracked=True), make_device()
    for _ in range(10):
        app.write(10)
        device.turn(10, seconds=0.3)
        app.put(app.frame - 9, b"", app.now_ns - 50_000_000)
    app.write(5)
    device.turn(10)
    device.finish()
    assert frames_counted(device) == 105
    assert device.bridge.figures()["late_files"] > 1
    assert device.count("gaps", reason="files_dropped") == 1


def test_late_files_are_told_once_a_minute_while_it_runs(make_app: Make, make_device: Make) -> None:
    app, device = make_app(tracked=True), make_device()
    for _ in range(20):
        app.write(10)
        device.turn(4, seconds=1.0)
        app.put(app.frame - 9, b"", app.now_ns - 50_000_000)
    assert device.count("gaps", reason="files_dropped") == 1


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda path: path.mkdir(), id="a folder"),
        pytest.param(os.mkfifo, id="a named pipe"),
        pytest.param(lambda path: path.symlink_to(path), id="a link to itself"),
        pytest.param(lambda path: path.symlink_to("/etc/hostname"), id="a link elsewhere"),
    ],
)
@pytest.mark.parametrize("place", [pytest.param(0, id="ahead"), pytest.param(-5, id="behind")])
def test_what_is_no_file_is_left_alone_and_told(
    make_app: Make, make_device: Make, make: Callable[[Path], None], place: int
) -> None:
    app, device = make_app(), make_device()
    app.write(30)
    device.turn(40)
    strange = app.path(app.frame + place)
    make(strange)
    app.frame += 1
    app.write(30)
    device.turn(10)
    app.write(30)
    device.turn(10)
    device.finish()
    assert frames_counted(device) == 90
    assert device.bridge.problem is None
    assert device.bridge.figures()["unreadable_files"] == 1
    assert list(app.folder.iterdir()) == [strange]


def fails(*_: object) -> bool:
    raise AttributeError("'Scene' object has no attribute 'new_things'")


@pytest.mark.parametrize("use", ["__setstate__", "close"])
def test_a_state_that_cannot_be_used_is_another_releases(
    make_app: Make, make_device: Make, monkeypatch: pytest.MonkeyPatch, use: str
) -> None:
    app, device = make_app(), make_device()
    app.write(60)
    device.turn(5)
    device.bridge.close()
    device.spool.close()
    with monkeypatch.context() as patched:
        patched.setattr(StreamCounter, use, fails, raising=False)
        device.start()
        device.turn()
    app.write(60)
    device.finish()
    assert device.bridge.problem is None
    assert frames_counted(device) == 120


def test_the_code_of_a_state_is_all_it_may_hold() -> None:
    names = {f"{path.parent.name}/{path.name}" for path in checkpoint._CODE}
    expected = {"contract/scene.py", "inference/detections.py", "counting/analytics.py"}
    assert expected <= names
