"""The very scripts of the recipes, run by /bin/sh from what was unpacked, as a nucleus does.

What a nucleus does is played here (variables, folders, environment); a real one is not at hand.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from infra.fleet.components import Component, load_components

SCENE = """
site: seoul-1
time_zone: Asia/Seoul
camera: plaza-1
frame: {width: 320, height: 240}
zones: [{name: all, polygon: [[0, 0], [320, 0], [320, 240], [0, 240]]}]
classes: [person]
"""


class Nucleus:
    """Plays a Greengrass nucleus on a device whose folders are below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder, self.settings = root / "var", root / "etc"
        (self.folder / "libraries").mkdir(parents=True)
        self.settings.mkdir()
        (root / "bin").mkdir()
        (root / "bin" / "python3").symlink_to(sys.executable)
        (self.folder / "libraries" / "current").symlink_to(sysconfig.get_path("purelib"))

    def start(self, component: Component, **configuration: str) -> subprocess.Popen[str]:
        (archive,) = component.archives
        unpacked = self.root / "unarchived" / archive.file_name.removesuffix(".zip")
        with zipfile.ZipFile(archive.write(self.root / "artifacts")) as opened:
            opened.extractall(unpacked)
        recipe: Mapping[str, Any] = component.recipe
        defaults = recipe["ComponentConfiguration"]["DefaultConfiguration"]
        values = {**defaults, "folder": str(self.folder), "settings": str(self.settings), **configuration}
        step = recipe["Manifests"][0]["Lifecycle"]["run"]
        environment = {name: self._written(text, values) for name, text in step["Setenv"].items()}
        environment |= {
            "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
            "AWS_IOT_THING_NAME": "jetson-7",
            "AWS_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
        }
        return subprocess.Popen(
            ["/bin/sh", "-c", step["Script"]],
            cwd=self.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _written(self, text: str, values: Mapping[str, Any]) -> str:
        text = text.replace("{artifacts:decompressedPath}", str(self.root / "unarchived"))
        for name, value in values.items():
            text = text.replace("{configuration:/" + name + "}", str(value))
        assert "{" not in text
        return text


@pytest.fixture
def nucleus(tmp_path: Path) -> Nucleus:
    """A device with a camera (a short film), a scene and a site."""
    device = Nucleus(tmp_path / "a device's root")
    film = device.root / "film.avi"
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (320, 240))
    for brightness in range(30):
        writer.write(np.full((240, 320, 3), 60 + brightness, np.uint8))
    writer.release()
    (device.settings / "camera-source").write_text(f"{film}\n", encoding="utf-8")
    (device.settings / "scene.yaml").write_text(SCENE, encoding="utf-8")
    (device.settings / "site").write_text("seoul-1\n", encoding="utf-8")
    return device


@pytest.fixture
def components() -> dict[str, Component]:
    return {one.name.rpartition(".")[2]: one for one in load_components()}


@pytest.mark.xdist_group("processes")
def test_vision_counts_into_the_spool_and_the_publisher_takes_it_from_there(
    nucleus: Nucleus, components: dict[str, Component]
) -> None:
    vision = nucleus.start(components["vision"], windowSeconds="1", provider="cpu")
    _, said = vision.communicate(timeout=100)
    assert vision.returncode == 0, said
    assert '"message": "camera ended"' in said
    assert '"device"' not in said
    assert (nucleus.folder / "spool.db").exists()

    # Nobody listens there: it keeps what it has, and stops when it is told to.
    publisher = nucleus.start(
        components["publisher"], queueUrl="http://127.0.0.1:9/123456789012/crowdlens-dev-ingest"
    )
    assert publisher.stderr is not None
    first = publisher.stderr.readline()
    publisher.send_signal(signal.SIGTERM)
    _, rest = publisher.communicate(timeout=100)
    assert '"message": "publisher started"' in first, first + rest
    assert publisher.returncode == 0, first + rest


@pytest.mark.xdist_group("processes")
def test_a_device_without_a_camera_waits_and_stops_when_told(
    nucleus: Nucleus, components: dict[str, Component]
) -> None:
    (nucleus.settings / "camera-source").unlink()
    vision = nucleus.start(components["vision"])
    assert vision.stderr is not None
    first = vision.stderr.readline()
    vision.send_signal(signal.SIGTERM)
    _, rest = vision.communicate(timeout=100)
    assert '"message": "no camera is set up yet"' in first, first + rest
    assert vision.returncode == 0, first + rest


@pytest.mark.xdist_group("processes")
def test_a_configuration_that_is_wrong_ends_with_a_sentence(
    nucleus: Nucleus, components: dict[str, Component]
) -> None:
    publisher = nucleus.start(components["publisher"])
    _, said = publisher.communicate(timeout=100)
    assert publisher.returncode == 2
    assert said.splitlines()[-1].startswith("publisher: queue_url is ''")
