"""`crowdlens scene` as a user calls it: explain, refuse in one sentence, draw until Ctrl-C."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge_components.vision.scene_file import read_scene

ROOT = Path(__file__).parents[3]
CROWDLENS = Path(sys.executable).with_name("crowdlens")
PLAZA = ROOT / "examples" / "plaza.yaml"
SCENE = """
site: seoul-1
time_zone: Asia/Seoul
camera: plaza-1
frame: {width: 640, height: 360}
zones: [{name: 정문, polygon: [[20, 20], [300, 20], [300, 300], [20, 300]]}]
lines: [{name: gate, points: [[320, 20], [320, 340]]}]
classes: [person, tram]
"""


def crowdlens(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CROWDLENS, "scene", *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = tmp_path / "given.yaml"
    path.write_text(SCENE, encoding="utf-8")
    return path


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(2):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((360, 640, 3), 90, np.uint8))
    return folder


def test_check_explains_a_scene_in_words() -> None:
    found = crowdlens("check", PLAZA)
    assert (found.returncode, found.stderr) == (0, "")
    assert "plaza.yaml is a valid scene" in found.stdout
    assert 'line road: 2 points, 174 px long; left to right counts as "in"' in found.stdout
    assert "warning: zones 'paving' and 'left-walkway' overlap" in found.stdout


def test_check_gives_the_same_as_json_and_knows_the_classes_of_a_model(scene: Path) -> None:
    found = crowdlens("check", scene, "--json", "--model", "person_demo")
    facts = json.loads(found.stdout)
    assert (found.returncode, facts["valid"]) == (0, True)
    assert facts["version"] == read_scene(scene).version
    assert facts["zones"][0]["area_px2"] == 280 * 280
    assert facts["lines"][0]["in_direction"] == "left_to_right"
    assert [warning["kind"] for warning in facts["warnings"]] == ["unknown_class"]


@pytest.mark.parametrize("name", ["out.png", "new/out.jpg"])
def test_check_draws_the_scene_on_a_frame(scene: Path, frames: Path, tmp_path: Path, name: str) -> None:
    found = crowdlens("check", scene, "--source", frames, "--picture", tmp_path / name)
    assert found.returncode == 0
    assert "zone 1 is 정문" in found.stderr
    image = cv2.imread(str(tmp_path / name))
    assert image is not None
    assert image.shape == (360, 640, 3)
    assert (image[300, 320] != 90).any(), "the line is drawn"
    assert (image[180, 340] != 90).any(), "its arrow points to the right"
    assert (np.abs(image[180, 310].astype(int) - 90) < 12).all(), "and not to the left"


def two_points(scene: Path, frames: Path) -> list[str]:
    scene.write_text(SCENE.replace(", [300, 300], [20, 300]", ""), encoding="utf-8")
    return [str(scene)]


def degenerate_ground(scene: Path, frames: Path) -> list[str]:
    pairs = ", ".join(f"{{image: [{x}, 100], world_m: [{x}, 0]}}" for x in (10, 20, 30, 40))
    scene.write_text(f"{SCENE}ground: [{pairs}]\n", encoding="utf-8")
    return [str(scene)]


def other_aspect(scene: Path, frames: Path) -> list[str]:
    scene.write_text(SCENE.replace("height: 360", "height: 480"), encoding="utf-8")
    return [str(scene), "--source", str(frames)]


def no_file(scene: Path, frames: Path) -> list[str]:
    return [str(scene.with_name("nothing.yaml"))]


def picture_without_source(scene: Path, frames: Path) -> list[str]:
    return [str(scene), "--picture", str(scene.with_name("a.png"))]


def picture_of_another_kind(scene: Path, frames: Path) -> list[str]:
    return [str(scene), "--source", str(frames), "--picture", str(scene.with_name("a.gif"))]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(two_points, "has 2 different points: expected at least 3", id="two points"),
        pytest.param(degenerate_ground, "points on one line", id="ground on a line"),
        pytest.param(other_aspect, "expected the same aspect within 1 %", id="another aspect"),
        pytest.param(no_file, "no such file", id="no file"),
        pytest.param(picture_without_source, "expected --source", id="picture without source"),
        pytest.param(picture_of_another_kind, "expected a name that ends in .jpg or .png", id="no picture"),
    ],
)
def test_check_refuses_in_one_sentence(
    scene: Path, frames: Path, arguments: Callable[[Path, Path], list[str]], sentence: str
) -> None:
    before = sorted(scene.parent.iterdir())
    found = crowdlens("check", *arguments(scene, frames))
    assert found.returncode == 2
    assert sentence in found.stderr
    assert len(found.stderr.splitlines()) == 1
    assert sorted(scene.parent.iterdir()) == before


def test_a_wrong_scene_is_json_too(scene: Path, frames: Path) -> None:
    found = crowdlens("check", *two_points(scene, frames), "--json")
    assert found.returncode == 2
    assert json.loads(found.stdout)["valid"] is False


def ask(url: str, document: dict[str, Any] | None = None) -> dict[str, Any]:
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(  # noqa: S310 - http, on this machine
        url, data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
        answer: dict[str, Any] = json.load(response)
    return answer


@pytest.mark.parametrize(
    ("saves", "status"), [pytest.param(True, 0, id="saved"), pytest.param(False, 130, id="not saved")]
)
def test_draw_serves_until_ctrl_c(frames: Path, tmp_path: Path, saves: bool, status: int) -> None:
    out = tmp_path / "scene.yaml"
    process = subprocess.Popen(
        [CROWDLENS, "scene", "draw", "--source", frames, "--out", out, "--site", "seoul-1"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        address = re.search(r"http://127\.0\.0\.1:\d+/\S+/", process.stderr.readline())
        assert address is not None
        document = ask(address[0] + "scene")["document"]
        if saves:
            drawn = {**document, "lines": [{"name": "gate", "points": [[320, 0], [320, 360]]}]}
            assert ask(address[0] + "save", drawn)["saved"]
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=20)[1]
    finally:
        process.kill()
        process.wait()
    assert process.returncode == status
    assert "Traceback" not in said
    assert out.exists() is saves
    if saves:
        assert read_scene(out).site == "seoul-1"


def test_draw_replaces_no_file_by_accident(scene: Path, frames: Path) -> None:
    found = crowdlens("draw", "--source", frames, "--out", scene)
    assert found.returncode == 2
    assert f"expected --scene {scene} to go on with it" in found.stderr
    assert scene.read_text(encoding="utf-8") == SCENE


WORLD_M = (("80, 280", "-4, 9"), ("560, 280", "4, 9"), ("558, 109", "7, 18"), ("82, 109", "-7, 18"))
SPARE_PAIR = ("320, 280", "0.1, 9")
POSITION = """position: {longitude: 127.0, latitude: 37.5, height_m: 12, azimuth_degrees: 30,
  tilt_degrees: 50, horizontal_field_of_view_degrees: 70}
"""


def ground(*pairs: tuple[str, str]) -> str:
    return f"ground: [{', '.join(f'{{image: [{image}], world_m: [{world}]}}' for image, world in pairs)}]\n"


@pytest.mark.parametrize(
    ("added", "said"),
    [
        pytest.param(
            ground(*WORLD_M, SPARE_PAIR), r"residual  0\.0[1-9] m over 5 ground points", id="five pairs"
        ),
        pytest.param(ground(*WORLD_M), "residual  unknown: four ground points always fit", id="four pairs"),
        pytest.param(
            POSITION, "residual  unknown: the ground follows from the camera's position", id="drone"
        ),
    ],
)
def test_grid_draws_the_metres_and_tells_the_residual(
    scene: Path, frames: Path, tmp_path: Path, added: str, said: str
) -> None:
    scene.write_text(SCENE + added, encoding="utf-8")
    found = crowdlens("grid", "--source", frames, "--scene", scene, "--out", tmp_path / "grid.png")
    assert found.returncode == 0, found.stderr
    assert re.search(said, found.stderr)
    assert re.search(r"a line every [\d.]+ m$", found.stderr, re.MULTILINE)
    image = cv2.imread(str(tmp_path / "grid.png"))
    assert image is not None
    assert image.shape == (360, 640, 3)
    assert 0.005 < (image != 90).any(axis=2).mean() < 0.5, "lines, and the frame between them"


@pytest.mark.parametrize(
    ("added", "out", "sentence"),
    [
        pytest.param("", "a.png", "the scene has no ground and no position: expected one", id="no ground"),
        pytest.param(
            ground(*((f"{x}, 100", f"{x}, 0") for x in (10, 20, 30, 40))),
            "a.png",
            "on one line",
            id="degenerate",
        ),
        pytest.param(ground(*WORLD_M), "a.gif", "expected a name that ends in .jpg or .png", id="no picture"),
    ],
)
def test_grid_refuses_in_one_sentence(scene: Path, frames: Path, added: str, out: str, sentence: str) -> None:
    scene.write_text(SCENE + added, encoding="utf-8")
    found = crowdlens("grid", "--source", frames, "--scene", scene, "--out", scene.with_name(out))
    assert found.returncode == 2
    assert sentence in found.stderr
    assert len(found.stderr.splitlines()) == 1
    assert not scene.with_name(out).exists()


def test_grid_says_that_another_shape_of_frame_does_not_fit(scene: Path, frames: Path) -> None:
    scene.write_text(SCENE.replace("height: 360", "height: 480") + ground(*WORLD_M), encoding="utf-8")
    found = crowdlens("grid", "--source", frames, "--scene", scene, "--out", scene.with_name("a.png"))
    assert found.returncode == 2
    assert f"scene file {scene}: frame is 640x480" in found.stderr
