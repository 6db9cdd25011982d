"""The very scripts of the recipes, run by /bin/sh from what was unpacked, under the local nucleus.

A real nucleus is not at hand; `infra.local.greengrass` plays it, the SDK in the components is the real one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from infra.fleet.components import Component, load_components
from infra.local.greengrass.device import LocalDevice

DEADLINE_SECONDS = 90.0
CREDENTIALS = {
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
}
SCENE = """
site: seoul-1
time_zone: Asia/Seoul
camera: plaza-1
frame: {width: 320, height: 240}
zones: [{name: all, polygon: [[0, 0], [320, 0], [320, 240], [0, 240]]}]
classes: [person]
"""
SQS = "https://sqs.eu-west-1.amazonaws.com/123456789012/crowdlens-dev-ingest"
# What the deployment of a stage sets beside the recipe's own configuration.
DEPLOYED: dict[str, dict[str, str]] = {"publisher": {"queueUrl": SQS}, "vision": {"provider": "cpu"}}
pytestmark = pytest.mark.xdist_group("processes")


@pytest.fixture(scope="module")
def components() -> dict[str, Component]:
    return {one.name.rpartition(".")[2]: one for one in load_components()}


@pytest.fixture
def make_device(tmp_path: Path) -> Iterator[Callable[..., LocalDevice]]:
    """Return a maker of devices with a site, a scene and a camera (a short film)."""
    made: list[LocalDevice] = []

    def make(component: Component, *, is_lite: bool = False) -> LocalDevice:
        root = tmp_path / "a device's root"
        root.mkdir()
        device = LocalDevice(
            root, [component], thing_name="jetson-7", is_lite=is_lite, environment=CREDENTIALS
        )
        film = root / "film.avi"
        writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (320, 240))
        for brightness in range(30):
            writer.write(np.full((240, 320, 3), 60 + brightness, np.uint8))
        writer.release()
        (device.settings / "camera-source").write_text(f"{film}\n", encoding="utf-8")
        (device.settings / "scene.yaml").write_text(SCENE, encoding="utf-8")
        (device.settings / "site").write_text("seoul-1\n", encoding="utf-8")
        made.append(device.__enter__())
        return device

    yield make
    for device in made:
        device.__exit__(None, None, None)


def until(what: Callable[[], Any], explain: Callable[[], str]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not what():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("name", "is_lite"),
    [
        pytest.param(name, is_lite, id=f"{name}-{'lite' if is_lite else 'classic'}")
        for name, is_lite in (
            ("vision", False),
            ("vision", True),
            ("publisher", True),
            ("model_store", True),
            ("local_view", False),
            ("fleet_agent", True),
            ("deepstream_bridge", False),
        )
    ],
)
def test_a_component_runs_by_its_recipe_says_how_it_is_and_stops(
    components: dict[str, Component], make_device: Callable[..., LocalDevice], name: str, is_lite: bool
) -> None:
    device = make_device(components[name], is_lite=is_lite)
    (device.folder / "kitti").mkdir()
    deployed = {"kittiFolder": str(device.folder / "kitti")} if name == "deepstream_bridge" else {}
    assert device.install(name, DEPLOYED.get(name, deployed)).status == "SUCCEEDED"
    status = device.run / "status" / f"{name}.json"
    full = components[name].name
    until(lambda: device.nucleus.states[full] == ["RUNNING"], lambda: device.log(name))
    until(status.exists, lambda: device.log(name))
    assert json.loads(status.read_text("utf-8"))["version"] == components[name].version
    refused = device.deploy(name, {"logLevel": "LOUD"})
    assert refused.reason == "configuration logLevel is 'LOUD': expected one of DEBUG, INFO, WARNING, ERROR"
    assert device.deploy(name, {"logLevel": "DEBUG"}).status == "SUCCEEDED"
    assert device.status_of(name) == "RUNNING"
    assert device.stop(name)[0] == 0, device.log(name)
    assert "Traceback" not in device.log(name)


def test_a_publisher_outside_its_stages_deployment_is_broken_with_a_sentence(
    components: dict[str, Component], make_device: Callable[..., LocalDevice]
) -> None:
    device = make_device(components["publisher"])
    device.install("publisher")
    until(lambda: device.status_of("publisher") == "BROKEN", lambda: device.log("publisher"))
    said = "publisher: configuration queueUrl is missing: expected text"
    assert device.log("publisher").splitlines().count(said) == 3


def test_the_root_helper_makes_what_the_others_may_use(
    components: dict[str, Component], tmp_path: Path
) -> None:
    """Its own script's interpreter and file; the folders of a device are named for the test alone."""
    (archive,) = components["root_helper"].archives
    with zipfile.ZipFile(archive.write(tmp_path / "artifacts")) as opened:
        opened.extractall(tmp_path / "code")
    script = components["root_helper"].recipe["Manifests"][0]["Lifecycle"]["run"]["Script"]
    (tmp_path / "etc").mkdir(mode=0o755)
    tmp_path.chmod(0o755)
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    group = subprocess.run(["id", "-gn"], capture_output=True, text=True, check=True).stdout.strip()
    folders = f'--run "{tmp_path}/run" --settings "{tmp_path}/etc" --facts "{tmp_path}/facts" --once'
    finished = subprocess.run(
        ["/bin/sh", "-c", script.rstrip() + " " + folders],
        env={
            "PATH": f"{Path(sys.executable).resolve().parent}:{os.environ['PATH']}",
            "CROWDLENS_CODE": str(tmp_path / "code"),
            "CROWDLENS_USER": user,
            "CROWDLENS_GROUP": group,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    for made in ("run", "facts", "etc/sources"):
        assert (tmp_path / made).stat().st_mode & 0o777 == 0o750
    assert json.loads((tmp_path / "facts/facts.json").read_text("utf-8")).keys() == {
        "monotonic_seconds",
        "power_mode",
    }
