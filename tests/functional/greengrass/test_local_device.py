"""A nucleus's handling of components, seen with one made of a few lines."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.fleet.archives import Archive
from infra.fleet.components import Component
from infra.local.greengrass.device import LocalDevice

NAME = "com.crowdlens.example"
CODE = """
import os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("runs", os.environ["MODEL"], os.environ["AWS_IOT_THING_NAME"], flush=True)
signal.pause()
"""
RUN = 'exec python3 "$CODE/main.py"'
INSTALL = 'echo "installs $MODEL"; test "$MODEL" != bad'


def component(folder: Path, run: str = RUN) -> Component:
    (folder / "main.py").write_text(CODE, encoding="utf-8")
    variables = {"CODE": "{artifacts:decompressedPath}/example", "MODEL": "{configuration:/model}"}
    lifecycle = {
        "install": {"Script": INSTALL, "Setenv": variables},
        "run": {"Script": run, "Setenv": variables},
    }
    recipe: dict[str, Any] = {
        "ComponentConfiguration": {"DefaultConfiguration": {"model": "one", "threads": 1}},
        "Manifests": [{"Lifecycle": lifecycle}],
    }
    return Component(NAME, "1.0.0", recipe, (Archive("example.zip", {"main.py": folder / "main.py"}),))


@pytest.fixture
def device(tmp_path: Path) -> Iterator[LocalDevice]:
    with LocalDevice(tmp_path / "device", [component(tmp_path)], thing_name="jetson-7") as device:
        yield device


def wait_for(device: LocalDevice, text: str) -> None:
    deadline = time.monotonic() + 60
    while text not in device.log("example") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert text in device.log("example")


def test_a_component_is_installed_run_and_stopped(device: LocalDevice) -> None:
    assert device.install("example").status == "SUCCEEDED"
    wait_for(device, "installs one\nruns one jetson-7\n")
    assert device.stop("example")[0] == 0


def test_a_change_that_the_lifecycle_names_installs_it_again_and_no_other_does(device: LocalDevice) -> None:
    device.install("example")
    wait_for(device, "runs one")
    assert device.deploy("example", {"threads": 2}).status == "SUCCEEDED"
    assert device.deploy("example", {"model": "two"}).status == "SUCCEEDED"
    wait_for(device, "runs two")
    assert device.log("example").count("installs") == 2


def test_a_change_that_cannot_be_installed_is_rolled_back(device: LocalDevice) -> None:
    device.install("example")
    wait_for(device, "runs one")
    deployment = device.deploy("example", {"model": "bad"})
    assert (deployment.status, deployment.reason) == ("FAILED", "install of example ended with 1")
    deadline = time.monotonic() + 60
    while device.log("example").count("runs one") < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert device.nucleus.configurations[NAME]["model"] == "one"
    assert device.status_of("example") == "RUNNING"


def test_what_dies_is_started_again_and_is_broken_the_third_time(tmp_path: Path) -> None:
    with LocalDevice(tmp_path / "d", [component(tmp_path, "echo dies; exit 3")], thing_name="j") as device:
        device.install("example")
        deadline = time.monotonic() + 60
        while device.status_of("example") != "BROKEN" and time.monotonic() < deadline:
            time.sleep(0.02)
        assert device.status_of("example") == "BROKEN"
        assert device.log("example").count("dies") == 3
