"""A user's mistake gets one clear sentence and a non-zero exit; nothing is written."""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from cli.commands import doctor
from cli.main import main
from contract.errors import CrowdLensError, DiskFullError, WorkFailedError
from edge_components.vision import camera
from edge_components.vision.sources import open_source

ROOT = Path(__file__).parents[3]
CROWDLENS = Path(sys.executable).with_name("crowdlens")
SAMPLE = str(ROOT / "examples" / "demo" / "demo.mp4")
SCENE_HEAD = """
site: seoul-1
time_zone: Asia/Seoul
camera: plaza-1
frame: {width: 640, height: 360}
classes: [person]
"""
GOOD_LINE = "lines: [{name: gate, points: [[320, 0], [320, 360]]}]\n"


def crowdlens(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CROWDLENS, *arguments], cwd=cwd or ROOT, capture_output=True, text=True, check=False, timeout=60
    )


def missing_video(tmp_path: Path) -> list[str]:
    return ["--source", str(tmp_path / "nothing.mp4")]


def corrupt_video(tmp_path: Path) -> list[str]:
    (tmp_path / "clip.mp4").write_bytes(b"\0not a video" * 1000)
    return ["--source", str(tmp_path / "clip.mp4")]


def empty_video(tmp_path: Path) -> list[str]:
    (tmp_path / "clip.mp4").touch()
    return ["--source", str(tmp_path / "clip.mp4")]


def folder_with_a_broken_image(tmp_path: Path) -> list[str]:
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(3):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((360, 640, 3), 90, np.uint8))
    (folder / "1.png").write_bytes(b"\x89PNG broken")
    return ["--source", str(folder)]


def folder_without_images(tmp_path: Path) -> list[str]:
    (tmp_path / "frames").mkdir()
    return ["--source", str(tmp_path / "frames")]


def file_that_is_no_model(tmp_path: Path) -> list[str]:
    (tmp_path / "model.onnx").write_bytes(b"not a model")
    return ["--source", SAMPLE, "--model", str(tmp_path / "model.onnx")]


def model_that_is_not_there(tmp_path: Path) -> list[str]:
    return ["--source", SAMPLE, "--model", "no-such-model"]


def scene(text: str) -> Callable[[Path], list[str]]:
    def write(tmp_path: Path) -> list[str]:
        (tmp_path / "scene.yaml").write_text(text, encoding="utf-8")
        return ["--source", SAMPLE, "--scene", str(tmp_path / "scene.yaml")]

    return write


def missing_scene(tmp_path: Path) -> list[str]:
    return ["--source", SAMPLE, "--scene", str(tmp_path / "scene.yaml")]


def unreachable_camera(tmp_path: Path) -> list[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return ["--source", f"rtsp://user:secret@127.0.0.1:{port}/stream"]


CASES = [
    pytest.param(missing_video, "no such file or folder", id="missing video"),
    pytest.param(corrupt_video, "clip.mp4", id="corrupt video"),
    pytest.param(empty_video, "clip.mp4", id="empty video"),
    pytest.param(folder_with_a_broken_image, "1.png", id="image folder with a broken file"),
    pytest.param(folder_without_images, "frames", id="image folder without images"),
    pytest.param(file_that_is_no_model, "model.onnx", id="file that is no model"),
    pytest.param(model_that_is_not_there, "model is 'no-such-model': expected", id="unknown model"),
    pytest.param(missing_scene, "scene.yaml", id="missing scene"),
    pytest.param(scene("site: [unclosed"), "scene.yaml", id="scene that is no YAML"),
    pytest.param(
        scene(SCENE_HEAD + "zones: [{name: z, polygon: [[0, 0], [5, 5]]}]"),
        "polygon has 2 different points: expected at least 3",
        id="two-point polygon",
    ),
    pytest.param(
        scene(SCENE_HEAD + "zones: [{name: z, polygon: [[0, 0], [90, 90], [90, 0], [0, 90]]}]"),
        "crosses itself",
        id="self-crossing polygon",
    ),
    pytest.param(
        scene(SCENE_HEAD + "lines: [{name: gate, points: [[0, 0], [9000, 0]]}]"),
        "expected a point inside the 640x360 frame",
        id="line outside the frame",
    ),
    pytest.param(
        scene(SCENE_HEAD.replace("[person]", "[unicorn]") + GOOD_LINE),
        "classes has 'unicorn'",
        id="unknown class",
    ),
    pytest.param(
        scene(SCENE_HEAD.replace("height: 360", "height: 640") + GOOD_LINE.replace("360", "640")),
        "expected the same aspect within 1 %",
        id="scene of another aspect",
    ),
]


@pytest.mark.parametrize("command", ["run", "demo"])
@pytest.mark.parametrize(("arrange", "sentence"), CASES)
def test_wrong_input_is_refused_before_anything_is_written(
    arrange: Callable[[Path], list[str]], sentence: str, command: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    finished = crowdlens(
        command, *arrange(tmp_path), "--out", out, *(["--headless"] if command == "demo" else [])
    )
    assert finished.returncode == 2, finished.stderr
    last = finished.stderr.strip().splitlines()[-1]
    assert last.startswith(f"crowdlens {command}: ")
    assert sentence in last
    assert "Traceback" not in finished.stderr
    assert [path for path in out.rglob("*") if path.is_file() and not path.name.startswith(".")] == []


def test_a_camera_that_cannot_be_reached_never_shows_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    impatient = partial(open_source, first_connection_seconds=0.5)
    monkeypatch.setattr(camera, "open_source", impatient)
    assert main(["run", *unreachable_camera(tmp_path), "--out", str(tmp_path / "out")]) == 2
    out, err = capfd.readouterr()
    assert "rtsp://***@127.0.0.1" in err
    assert "secret" not in out + err


def test_a_busy_port_is_told_before_the_run(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        finished = crowdlens("demo", "--out", tmp_path / "out", "--port", str(port))
    assert finished.returncode == 2
    assert f"port {port} for the page is busy" in finished.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(
            [
                "replay",
                "--detections",
                "no.txt",
                "--fps",
                "0",
                "--size",
                "640x480",
                "--scene",
                "s",
                "--out",
                "o",
            ],
            "'0': expected a number above 0",
            id="fps of zero",
        ),
        pytest.param(
            [
                "replay",
                "--detections",
                "no.txt",
                "--fps",
                "25",
                "--size",
                "640",
                "--scene",
                "s",
                "--out",
                "o",
            ],
            "'640': expected WIDTHxHEIGHT",
            id="size without a height",
        ),
        pytest.param(
            ["run", "--source", "x", "--window-seconds", "nan"],
            "'nan': expected a number above 0",
            id="window that is no number",
        ),
        pytest.param(["run", "--source", "x", "--device", "a b"], "name is 'a b'", id="device with a space"),
        pytest.param(
            ["run", "--source", "x", "--start-time", "1960-01-01"],
            "expected a time from 1970 to 2100",
            id="time before computers",
        ),
        pytest.param(
            ["run", "--source", "x", "--start-time", "yesterday"], "expected a time like", id="no time"
        ),
        pytest.param(
            ["athena", "SELECT 1", "--lake", "no-lake"], "lake is 'no-lake': expected a folder", id="no lake"
        ),
        pytest.param(
            ["preview", "--lake", "no-lake"], "lake is 'no-lake': expected a folder", id="preview of no lake"
        ),
        pytest.param(
            ["models", "add", "no-model", "--name", "mine"], "crowdlens models: ", id="no model to add"
        ),
        pytest.param(["models", "check", "no-model"], "model is 'no-model': expected", id="no model"),
        pytest.param(["dance"], "invalid choice: 'dance'", id="unknown command"),
    ],
)
def test_wrong_calls_are_told_what_was_expected(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    finished = crowdlens(*arguments, cwd=tmp_path)
    assert finished.returncode == 2
    assert sentence in finished.stderr
    assert "Traceback" not in finished.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_told_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small], check=False).returncode:
        pytest.skip("no tmpfs can be mounted here")
    try:
        finished = crowdlens("run", "--source", SAMPLE, "--seconds", "2", "--out", small / "out")
        assert finished.returncode == 1
        last = finished.stderr.strip().splitlines()[-1]
        assert "disk" in last
        assert "Traceback" not in finished.stderr
        assert not (small / "out" / "summary.json").exists()
    finally:
        subprocess.run(["umount", small], check=True)


@pytest.mark.parametrize("command", ["demo", "run", "replay", "athena", "preview", "models", "doctor"])
def test_help_shows_an_example(command: str) -> None:
    finished = crowdlens(command, "--help")
    assert finished.returncode == 0
    assert f"crowdlens {command}" in finished.stdout.split("example")[-1]


def test_help_never_shows_the_database_password() -> None:
    finished = subprocess.run(
        [CROWDLENS, "demo", "--help"],
        env={**os.environ, "CROWDLENS_MYSQL_URL": "mysql://bob:s3cret@db/x"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "s3cret" not in finished.stdout


@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param(CrowdLensError("wrong"), 2, id="wrong input"),
        pytest.param(WorkFailedError("failed"), 1, id="work that failed"),
        pytest.param(DiskFullError("full"), 1, id="full disk"),
        pytest.param(FileNotFoundError(2, "No such file", "x"), 2, id="missing file"),
        pytest.param(OSError(28, "No space left on device", "x"), 1, id="no space left"),
        pytest.param(KeyboardInterrupt(), 130, id="Ctrl-C"),
    ],
)
def test_the_exit_status_tells_wrong_input_from_failed_work(
    error: BaseException, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(arguments: argparse.Namespace) -> int:
        raise error

    monkeypatch.setattr(doctor, "execute", fail)
    assert main(["doctor"]) == status
