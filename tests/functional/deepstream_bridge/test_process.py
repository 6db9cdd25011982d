"""The bridge as a process: killed without warning, under both nuclei, and told nonsense."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contract.records import Record
from edge_components.runtime.spool import Spool
from infra.bundles import ROOT
from infra.local.greengrass import IpcEndpoint, Nucleus

COMPONENT = "com.crowdlens.deepstream_bridge"
DEADLINE_SECONDS = 60.0
SCENE = """
site: seoul-1
time_zone: Asia/Seoul
camera: plaza-1
frame: {width: 640, height: 360}
zones: [{name: left, polygon: [[0, 0], [320, 0], [320, 360], [0, 360]]}]
lines: [{name: gate, points: [[320, 0], [320, 360]]}]
classes: [person]
"""
pytestmark = [pytest.mark.device, pytest.mark.xdist_group("component-process")]
Make = Callable[..., Any]


def until(what: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not come to pass within a minute")


def words(folder: Path, kitti: Path, *more: str) -> list[str]:
    (folder / "scene.yaml").write_text(SCENE)
    return [
        sys.executable, "-m", "edge_components.deepstream_bridge", "--folder", str(kitti),
        "--scene", f"0={folder / 'scene.yaml'}", "--state", str(folder / "state"), "--device", "jetson-1",
        "--fps", "10", *more,
    ]  # fmt: skip


def start(command: list[str], **environment: str) -> subprocess.Popen[str]:
    everything = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.Popen(command, env=everything, stderr=subprocess.PIPE, text=True)


def records(state: Path) -> list[Record]:
    with Spool(state / "spool.db", device="jetson-1") as spool:
        rows = [row.stored.record for row in spool.read(maximum_rows=100_000)]
    told = [record for record in rows if record.camera is not None]
    return sorted(told, key=lambda one: (one.table, one.event_time_ms, str(sorted(one.values.items()))))


def drain(folder: Path, kitti: Path) -> None:
    done = subprocess.run(
        words(folder, kitti, "--drain", "--times", "clock"), env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_killed_again_and_again_it_counts_as_one_that_was_not(
    tmp_path: Path, kitti_folder: Path, make_app: Make
) -> None:
    app, moment = make_app(tracked=True), random.Random(7)
    for _ in range(3):
        app.write(80)
        process = start(words(tmp_path, kitti_folder))
        waiting = len(list(kitti_folder.iterdir())) - moment.randint(0, 60)
        until(lambda left=waiting: len(list(kitti_folder.iterdir())) < left)
        time.sleep(moment.random() * 0.3)
        process.kill()
        process.communicate(timeout=DEADLINE_SECONDS)
    drain(tmp_path, kitti_folder)
    killed = records(tmp_path / "state")
    again = make_app(tracked=True)
    again.write(240)
    whole = tmp_path / "whole"
    whole.mkdir()
    drain(whole, kitti_folder)
    assert killed == records(whole / "state")
    assert {"line_crossings", "zone_counts", "tracks"} <= {record.table for record in killed}
    assert list(kitti_folder.iterdir()) == []


@pytest.mark.parametrize("is_lite", [pytest.param(False, id="classic"), pytest.param(True, id="lite")])
def test_as_a_component_it_counts_refuses_and_ends(
    tmp_path: Path, kitti_folder: Path, make_app: Make, is_lite: bool
) -> None:
    (tmp_path / "scene.yaml").write_text(SCENE)
    configuration: dict[str, Any] = {
        **{
            key: str(tmp_path / name)
            for key, name in (("folder", "state"), ("run", "run"), ("settings", "etc"))
        },
        "kittiFolder": str(kitti_folder),
        "streams": {"0": {"scene": str(tmp_path / "scene.yaml")}},
        "framesPerSecond": "10",
    }
    nucleus = Nucleus("jetson-1", is_lite=is_lite)
    nucleus.install(COMPONENT, configuration)
    endpoint = IpcEndpoint(nucleus, tmp_path / "ipc")
    app = make_app()
    with endpoint:
        process = start(
            [sys.executable, "-m", "edge_components.deepstream_bridge"], **endpoint.environment(COMPONENT)
        )
        try:
            assert nucleus.wait_for(lambda: nucleus.states[COMPONENT] == ["RUNNING"])
            app.write(150)
            status = tmp_path / "run/status/deepstream_bridge.json"
            until(lambda: status.exists() and _files(status) >= 149)
            refused = nucleus.deploy(COMPONENT, {"framesPerSecond": "0"}, seconds=DEADLINE_SECONDS)
            assert refused == "configuration framesPerSecond is '0': expected a number from 0.1 to 1000"
        finally:
            process.terminate()
            said = process.communicate(timeout=DEADLINE_SECONDS)[1]
    assert (process.returncode, "Traceback" in said) == (0, False), said
    assert [record for record in records(tmp_path / "state") if record.table == "line_crossings"]


def _files(status: Path) -> int:
    cameras = json.loads(status.read_text("utf-8"))["details"].get("cameras", {})
    return int(cameras.get("plaza-1", {}).get("files", 0))


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        pytest.param(["--fps", "fast"], "framesPerSecond is 'fast': expected a number", id="rate"),
        pytest.param(["--scene", "gate=x.yaml"], "streams/gate is no stream", id="stream"),
        pytest.param(["--scene", "1=none.yaml"], "scene file none.yaml cannot be read", id="scene"),
        pytest.param(["--width", "640", "--height", "640"], "scene.yaml: ", id="aspect"),
        pytest.param(["--label", "ped=walker"], "labels/ped is 'walker': expected a class", id="label"),
        pytest.param(["--scene", "1={scene}"], "both have camera 'plaza-1'", id="camera-twice"),
        pytest.param(["--scene", "0=b.yaml"], "--scene 0=b.yaml: stream 0 has", id="stream-twice"),
    ],
)
def test_a_mistake_is_one_sentence(
    tmp_path: Path, kitti_folder: Path, more: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from edge_components.deepstream_bridge.__main__ import main

    given = [word.format(scene=tmp_path / "scene.yaml") for word in more]
    status = main(words(tmp_path, kitti_folder, "--drain", *given)[3:])
    told = capsys.readouterr().err
    assert (status, told.count("\n")) == (2, 1)
    assert sentence in told
