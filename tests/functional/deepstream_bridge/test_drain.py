"""`--drain` on a folder that somebody copied: what it says, what it keeps, what it doubts."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_components.deepstream_bridge.__main__ import main
from edge_components.runtime.spool import Spool

SCENE = """
site: seoul-1
time_zone: Asia/Seoul
camera: plaza-1
frame: {width: 640, height: 360}
zones: [{name: left, polygon: [[0, 0], [320, 0], [320, 360], [0, 360]]}]
lines: [{name: gate, points: [[320, 0], [320, 360]]}]
classes: [person]
"""
FRAMES = 60
Make = Callable[..., Any]


def flags(folder: Path, kitti: Path, *more: str) -> list[str]:
    scene = folder / "scene.yaml"
    scene.write_text(SCENE)
    return [
        "--drain", "--folder", str(kitti), "--scene", f"0={scene}", "--state", str(folder / "state"),
        "--device", "jetson-1", "--fps", "10", "--log-level", "ERROR", *more,
    ]  # fmt: skip


@pytest.fixture
def copy(tmp_path: Path, kitti_folder: Path, make_app: Make) -> Path:
    """A minute of two people, copied by a plain `cp -r`: every file has the time of the copying."""
    make_app(tracked=True).write(FRAMES)
    folder = tmp_path / "copy"
    shutil.copytree(kitti_folder, folder)
    for file in folder.iterdir():
        os.utime(file, (1_795_230_000, 1_795_230_000))
    return folder


def drained(capsys: pytest.CaptureFixture[str], words: list[str]) -> tuple[int, dict[str, Any], str]:
    status = main([*words, "--json"])
    told = capsys.readouterr()
    return status, json.loads(told.out), told.err


def test_a_plain_copy_counts_as_the_frames_say_and_its_times_are_doubted(
    tmp_path: Path, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said, warned = drained(capsys, flags(tmp_path, copy))
    stream = said["streams"][0]
    assert (status, stream["tracks"], stream["files"]) == (0, 3, FRAMES)
    assert "60 files were written within 0.0 s, and their frames are 5.9 s of a camera" in warned
    assert list(copy.iterdir()) == []


def test_times_of_the_clock_are_told_to_be_wrong_for_such_a_copy(
    tmp_path: Path, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, said, _ = drained(capsys, flags(tmp_path, copy, "--times", "clock"))
    assert said["notes"][-1].endswith("expected --times frames")


def test_files_that_kept_their_times_are_not_doubted(
    tmp_path: Path, kitti_folder: Path, make_app: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    make_app(tracked=True).write(FRAMES)
    assert drained(capsys, flags(tmp_path, kitti_folder))[1]["notes"] == []


def test_keep_leaves_every_file_and_counts_the_same(
    tmp_path: Path, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in copy.iterdir()}
    kept = drained(capsys, flags(tmp_path, copy, "--keep"))[1]
    assert {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in copy.iterdir()} == before
    assert list((tmp_path / "state").glob("kept-*")) == []
    (tmp_path / "again").mkdir()
    assert drained(capsys, flags(tmp_path / "again", copy))[1]["streams"] == kept["streams"]


def test_it_says_the_counts_and_where_the_records_are(
    tmp_path: Path, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(flags(tmp_path, copy)) == 0
    said = capsys.readouterr().out
    with Spool(tmp_path / "state/spool.db", device="jetson-1") as spool:
        waiting = spool.counts().waiting
    assert "stream 0_0, camera plaza-1: 60 files, 180 objects, 3 tracks" in said
    assert "line gate: " in said
    assert "zone left: " in said
    assert f"{waiting} records wait in {tmp_path / 'state/spool.db'} for a publisher" in said


def test_a_stream_of_damaged_lines_alone_fails(
    tmp_path: Path, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in copy.iterdir():
        file.write_text("person 0.0 what\n")
    assert main(flags(tmp_path, copy)) == 1
    said = capsys.readouterr().out
    assert "doubtful: 60 lines damaged" in said
    assert "FAILED: no line of stream 0_0 could be read" in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(["--folder", "none"], "folder none cannot be listed: No such file", id="no-folder"),
        pytest.param(["--scene", "0=b.yaml"], "expected one scene each", id="stream-twice"),
    ],
)
def test_a_wrong_call_is_one_sentence(
    tmp_path: Path, kitti_folder: Path, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*flags(tmp_path, kitti_folder), *words]) == 2
    told = capsys.readouterr().err
    assert (told.count("\n"), sentence in told) == (1, True)
