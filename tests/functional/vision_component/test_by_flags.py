"""Vision without Greengrass: flags or a file, and the pictures and the status that the others look for."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contract.errors import CrowdLensError
from edge_components.runtime.device_folders import DeviceFolders
from edge_components.runtime.frame_share import FrameShare
from edge_components.runtime.spool import Spool
from edge_components.vision.arguments import build_parser
from edge_components.vision.by_flags import read_configuration

pytestmark = [pytest.mark.device, pytest.mark.xdist_group("vision_component")]
ROOT = Path(__file__).parents[3]
DEMO = ROOT / "examples" / "demo"


def _until(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 60
    while not (value := condition()):
        assert time.monotonic() < deadline, "waited for a minute in vain"
        time.sleep(0.05)
    return value


def _told(run: Path) -> dict[str, Any]:
    path = run / "status" / "vision.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def _one_camera(folder: Path) -> list[str]:
    source = folder / "source"
    source.touch(mode=0o600)
    source.write_text(str(DEMO / "demo.mp4"), encoding="utf-8")
    return [
        "--source-file",
        str(source),
        "--scene",
        str(DEMO / "scene.yaml"),
        "--spool",
        str(folder / "s" / "spool.db"),
    ]


def _several_cameras(folder: Path) -> list[str]:
    path = folder / "cameras.yaml"
    entry = f"{{source: {DEMO / 'demo.mp4'}, sceneFile: {DEMO / 'scene.yaml'}}}"
    path.write_text(f"model: person_demo\ncameras:\n  plaza-1: {entry}\n", encoding="utf-8")
    return ["--configuration", str(path), "--folder", str(folder / "s")]


@pytest.mark.parametrize(
    "flags",
    [pytest.param(_one_camera, id="one camera"), pytest.param(_several_cameras, id="a file of cameras")],
)
def test_flags_alone_share_pictures_and_tell_a_status(
    flags: Callable[[Path], list[str]], tmp_path: Path
) -> None:
    (tmp_path / "s").mkdir()
    run = tmp_path / "run"
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "edge_components.vision",
            "--device",
            "jetson-7",
            "--run",
            str(run),
            *flags(tmp_path),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""},
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            cameras = _until(lambda: _told(run).get("details", {}).get("cameras"))
            (name,) = cameras
            folders = DeviceFolders(tmp_path / "s", run, tmp_path / "settings")
            _until(lambda: name in FrameShare.cameras(folders.view))
            _until(lambda: _told(run)["details"]["cameras"][name]["state"] in ("running", "ended"))
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
    with Spool(folders.spool, device="jetson-7") as spool:
        assert spool.waiting()[0] > 0


@pytest.mark.parametrize(
    ("content", "more", "sentence"),
    [
        pytest.param("- a", [], "expected the component's keys", id="a list"),
        pytest.param("cameras: [", [], "not valid YAML", id="no YAML"),
        pytest.param(None, [], "cannot be read: No such file", id="no file"),
        pytest.param("{}", ["--run", "/here"], "--folder is missing", id="nowhere to last"),
        pytest.param("{}", ["--threads", "2"], "--threads does not go with --configuration", id="both"),
    ],
)
def test_a_file_that_is_none_is_told(
    tmp_path: Path, content: str | None, more: list[str], sentence: str
) -> None:
    path = tmp_path / "c.yaml"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    flags = ["--device", "d", "--configuration", str(path), *more]
    with pytest.raises(CrowdLensError) as caught:
        read_configuration(build_parser().parse_args(flags))
    assert sentence in str(caught.value)


def test_flags_name_the_folders_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("logLevel: DEBUG\nrun: /elsewhere\nfolder: /lasts\n", encoding="utf-8")
    flags = ["--device", "d", "--configuration", str(path), "--run", "/here"]
    read = read_configuration(build_parser().parse_args(flags))
    assert read == {"logLevel": "DEBUG", "run": "/here", "folder": "/lasts"}
