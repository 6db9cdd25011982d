"""What a running app does to its folder, and what comes of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_components.deepstream_bridge.file_names import StreamKey

Make = Callable[..., Any]
FIRST, SECOND = StreamKey(0, 0), StreamKey(0, 1)


def test_people_over_a_line_are_counted_and_files_go(
    make_app: Make, make_device: Make, kitti_folder: Path
) -> None:
    app, device = make_app(), make_device()
    for _ in range(30):
        app.write(10)
        device.turn()
    assert device.count("line_crossings", direction="in") > 0
    device.turn(60)
    assert list(kitti_folder.iterdir()) == []
    device.finish()
    crossings = device.count("line_crossings")
    # Three people go to and fro over the middle once in 8.3 s each; the first frames fall between crossings.
    assert crossings == pytest.approx(3 * 30 / 8.3, abs=3)


def test_the_folder_holds_only_the_last_seconds(
    make_app: Make, make_device: Make, kitti_folder: Path
) -> None:
    app, device = make_app(), make_device()
    largest = 0
    for _ in range(300):
        app.write()
        device.turn(seconds=0.1)
        largest = max(largest, len(list(kitti_folder.iterdir())))
    assert largest <= 30


def test_a_file_is_not_read_before_the_next_one_is_there(make_app: Make, make_device: Make) -> None:
    app, device = make_app(), make_device()
    app.write()
    assert device.turn() == 0
    app.write()
    assert device.turn() == 1


def test_a_last_file_is_read_once_it_is_quiet_and_whole(make_app: Make, make_device: Make) -> None:
    app, device = make_app(), make_device()
    app.write()
    assert device.turn(5, seconds=0.3) == 0
    assert device.turn(5, seconds=0.5) == 1


def test_a_cut_last_file_waits_longer_and_gives_its_whole_lines(make_app: Make, make_device: Make) -> None:
    app, device = make_app(), make_device()
    app.half(0.9)
    assert device.turn(10, seconds=0.5) == 0
    assert device.turn(20, seconds=0.5) == 1
    stream = device.bridge.figures()["cameras"]["plaza-1"]
    assert stream["doubts"]["damaged_lines"] == 1


def test_streams_are_counted_apart(make_app: Make, make_device: Make, simulate: dict[str, Any]) -> None:
    settings = simulate["settings"]
    device = make_device({FIRST: settings(), SECOND: settings("gate-2")})
    one, two = make_app(tracked=True), make_app(stream=1)
    for _ in range(20):
        one.write(10)
        two.write(10)
        device.turn()
    device.finish()
    cameras = {record.camera for record in device.records() if record.table == "line_crossings"}
    assert cameras == {"plaza-1", "gate-2"}
    counts = [
        sum(r.camera == camera and r.table == "line_crossings" for r in device.records())
        for camera in sorted(cameras)
    ]
    assert abs(counts[0] - counts[1]) <= 1


def test_a_stream_without_a_scene_is_left_alone_and_told(
    make_app: Make, make_device: Make, kitti_folder: Path
) -> None:
    device, other = make_device(), make_app(stream=7)
    other.write(5)
    device.turn(5)
    assert len(list(kitti_folder.iterdir())) == 5
    assert device.bridge.figures()["not_counted"] == ["0_7"]


def test_tracked_objects_keep_their_ids(make_app: Make, make_device: Make) -> None:
    app, device = make_app(tracked=True), make_device()
    app.first_id = 501
    app.write(150)
    device.turn(3)
    device.finish()
    assert {r.values["track"] for r in device.records() if r.table == "tracks"} == {501, 502, 503}


def test_an_app_that_began_anew_goes_on_with_other_people(make_app: Make, make_device: Make) -> None:
    app, device = make_app(tracked=True), make_device()
    app.write(100)
    device.turn(5)
    app.begin_anew()
    for _ in range(15):
        app.write(10)
        device.turn(10, seconds=0.2)
    device.finish()
    tracks = {r.values["track"] for r in device.records() if r.table == "tracks"}
    assert len(tracks) == 6
    stream_frames = sum(r.values["frames"] for r in device.records() if r.table == "zone_counts")
    assert stream_frames == 250


def test_an_app_that_began_anew_while_the_bridge_was_away(make_app: Make, make_device: Make) -> None:
    app, device = make_app(tracked=True), make_device()
    app.write(100)
    device.turn(40, seconds=0.2)
    app.write(20)
    device.bridge.close()
    device.spool.close()
    app.begin_anew()
    app.write(60)
    device.start()
    device.turn(30, seconds=0.2)
    device.finish()
    frames = sum(r.values["frames"] for r in device.records() if r.table == "zone_counts")
    assert frames == 180


def test_a_trackers_frames_of_the_past_are_not_counted_again(make_app: Make, make_device: Make) -> None:
    app, device = make_app(tracked=True), make_device()
    for _ in range(10):
        app.write(10)
        device.turn(10, seconds=0.3)
        late = app.path(app.frame - 9)
        with late.open("ab") as file:
            file.write(b"person 9 0.0 0 0.0 10.0 10.0 50.0 110.0 0.0 0.0 0.0 0.0 0.0 0.0 0.0 0.5\n")
        os.utime(late, ns=(app.now_ns - 50_000_000,) * 2)
    app.write(5)
    device.turn(10)
    device.finish()
    frames = sum(r.values["frames"] for r in device.records() if r.table == "zone_counts")
    assert frames == 105
    assert device.bridge.figures()["late_files"] > 0


def test_unread_files_are_bounded_and_what_was_dropped_is_told(make_app: Make, make_device: Make) -> None:
    app, device = make_app(), make_device()
    device.maximum_waiting = 100
    device.restart()
    app.write(400)
    device.finish()
    gaps = [r.values["reason"] for r in device.records() if r.table == "gaps"]
    assert gaps == ["files_dropped"]
    assert sum(r.values["frames"] for r in device.records() if r.table == "zone_counts") == 100


def test_a_camera_that_was_away_is_a_gap(make_app: Make, make_device: Make) -> None:
    app, device = make_app(), make_device()
    app.write(30)
    app.now_ns += 60_000_000_000
    app.write(30)
    device.finish()
    (gap,) = [r.values for r in device.records() if r.table == "gaps"]
    assert gap["reason"] == "camera_lost"
    assert int(gap["gap_end"]) - int(gap["gap_start"]) == pytest.approx(60_100, abs=200)


def test_silence_brings_the_last_windows_out(make_app: Make, make_device: Make) -> None:
    app, device = make_app(), make_device()
    app.write(50)
    device.turn(20, seconds=0.3)
    assert device.count("zone_counts") == 0
    device.turn(10, seconds=2.0)
    assert device.count("zone_counts") > 0


def test_another_scene_goes_on_after_the_last_frame(
    make_app: Make, make_device: Make, simulate: dict[str, Any]
) -> None:
    app, device = make_app(), make_device()
    app.write(60)
    device.turn(5)
    device.bridge.close()
    device.spool.close()
    lines = [{"name": "other", "points": [[400, 0], [400, 360]]}]
    device.streams = {FIRST: replace(simulate["settings"](), scene=simulate["scene"](lines=lines))}
    device.start()
    app.write(60)
    device.finish()
    frames = [r for r in device.records() if r.table == "zone_counts"]
    assert sum(r.values["frames"] for r in frames) == 120
    assert len({r.scene_version for r in frames}) == 2


def test_what_another_release_kept_comes_out_as_records(
    make_app: Make, make_device: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, device = make_app(), make_device()
    app.write(60)
    device.turn(5)
    device.bridge.close()
    device.spool.close()
    monkeypatch.setattr("edge_components.deepstream_bridge.checkpoint.code_digest", lambda: "newer")
    device.start()
    app.write(60)
    device.finish()
    frames = [r for r in device.records() if r.table == "zone_counts"]
    assert sum(r.values["frames"] for r in frames) == 120


@pytest.mark.parametrize("damage", [pytest.param(b"", id="empty"), pytest.param(b"x" * 500, id="bytes")])
def test_a_damaged_checkpoint_costs_a_fresh_start_and_no_more(
    make_app: Make, make_device: Make, damage: bytes
) -> None:
    app, device = make_app(), make_device()
    app.write(30)
    device.turn(3)
    device.spool.close()
    (device.folder / "deepstream" / "0_0.checkpoint").write_bytes(damage)
    device.start()
    app.write(30)
    device.finish()
    assert sum(r.values["frames"] for r in device.records() if r.table == "zone_counts") >= 30


def test_labels_are_classes_by_setting_or_but_for_capitals(
    make_app: Make, make_device: Make, simulate: dict[str, Any]
) -> None:
    settings = replace(simulate["settings"](), labels={"ped": "person"})
    app, device = make_app(), make_device({FIRST: settings})
    for frame in range(60):
        line = "{} 0.0 0 0.0 {:f} 60.0 {:f} 160.0" + " 0.0" * 7 + " 0.9\n"
        boxes = [
            line.format(label, x, x + 40.0) for label, x in (("ped", 50.0), ("PERSON", 200.0), ("dog", 450.0))
        ]
        app.put(frame, "".join(boxes).encode())
        app.now_ns += 100_000_000
    device.finish()
    assert len({r.values["track"] for r in device.records() if r.table == "tracks"}) == 2


def test_a_folder_that_is_not_there_yet_is_waited_for(
    make_app: Make, make_device: Make, kitti_folder: Path
) -> None:
    app, device = make_app(), make_device()
    kitti_folder.rmdir()
    assert device.bridge.turn() is None
    assert "cannot be listed" in device.bridge.problem
    kitti_folder.mkdir()
    app.write(5)
    assert device.turn() == 4
    assert device.bridge.problem is None
