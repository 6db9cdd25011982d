"""The YAML of a drawn scene reads back as it was drawn, and is written whole or not at all."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.scene_editor.saving import SceneSaveError, save_scene
from cli.scene_editor.scene_text import canonical, scene_text
from contract.errors import DiskFullError
from contract.scene import EVENT_KINDS, SceneError
from edge_components.vision.scene_file import read_scene

SCENE: dict[str, Any] = {
    "camera": "plaza-1",
    "classes": ["person", "bicycle"],
    "site": "seoul-1",
    "time_zone": "Asia/Seoul",
    "frame": {"width": 640, "height": 360},
    "lines": [{"points": [[320, 0], [330, 180], [320, 360]], "name": "횡단보도"}],
    "zones": [
        {
            "name": "entrance",
            "polygon": [[0, 0], [320, 0], [320, 360], [0, 360]],
            "area_m2": 24.5,
            "events": {"running": {"threshold": 2.5}, "crowding": {"hysteresis": 2, "threshold": 12}},
        }
    ],
    "ground": [
        {"image": [80.4, 280], "world_m": [-4, 9]},
        {"image": [560, 280], "world_m": [4, 9]},
        {"image": [558, 109], "world_m": [7, 18.5]},
        {"image": [82, 109], "world_m": [-7, 18]},
    ],
}

WRITTEN = """\
site: seoul-1
time_zone: Asia/Seoul
camera: plaza-1
frame: {width: 640, height: 360}
zones:
  - name: entrance
    polygon: [[0, 0], [320, 0], [320, 360], [0, 360]]
    area_m2: 24.5
    events:
      crowding: {threshold: 12, hysteresis: 2}
      running: {threshold: 2.5}
lines:
  # left to right counts as "in"; reverse the points to turn it round
  - name: 횡단보도
    points: [[320, 0], [330, 180], [320, 360]]
# Points of the frame and where they lie on the ground, in metres from any corner.
ground:
  - {image: [80.4, 280], world_m: [-4, 9]}
  - {image: [560, 280], world_m: [4, 9]}
  - {image: [558, 109], world_m: [7, 18.5]}
  - {image: [82, 109], world_m: [-7, 18]}
classes: [person, bicycle]
"""


def test_the_text_has_a_stable_order_and_says_which_way_is_in() -> None:
    lines = scene_text(canonical(SCENE)).splitlines(keepends=True)
    assert [line[0] for line in lines[:2]] == ["#", "#"]
    assert "".join(lines[2:]) == WRITTEN


names = st.text(min_size=1, max_size=20).filter(lambda text: text == text.strip() and text.isprintable())
numbers = st.one_of(st.integers(1, 99), st.floats(0.01, 99, allow_nan=False))
coordinates = st.lists(
    st.tuples(st.integers(0, 300), st.one_of(st.integers(0, 360), st.floats(0, 360))).map(list),
    min_size=2,
    max_size=40,
)


@given(
    zone_names=st.lists(names, unique=True, max_size=3),
    line=names,
    points=coordinates,
    classes=st.lists(names, min_size=1, max_size=30, unique=True),
    kinds=st.sets(st.sampled_from(EVENT_KINDS)),
    value=numbers,
)
@settings(max_examples=150, deadline=None)
def test_any_document_reads_back_as_it_is(  # noqa: PLR0917 - hypothesis draws them by name
    zone_names: list[str],
    line: str,
    points: list[list[float]],
    classes: list[str],
    kinds: set[str],
    value: float,
) -> None:
    zones = [
        {
            "name": name,
            "polygon": points,
            "area_m2": value,
            "events": {kind: {"threshold": value} for kind in kinds},
        }
        for name in zone_names
    ]
    document = {**SCENE, "classes": classes, "lines": [{"name": line, "points": points}], "zones": zones}
    found = yaml.safe_load(scene_text(canonical(document)))
    if not kinds:
        for zone in zones:
            del zone["events"]
    assert found == {key: content for key, content in document.items() if content}


def test_long_outlines_are_broken_between_points() -> None:
    polygon = [[x, 200 + (x % 7)] for x in range(0, 640, 10)]
    text = scene_text({**SCENE, "zones": [{"name": "long", "polygon": polygon}]})
    assert max(map(len, text.splitlines())) <= 110
    assert yaml.safe_load(text)["zones"][0]["polygon"] == polygon


def test_what_is_saved_is_what_a_run_reads(tmp_path: Path) -> None:
    path = tmp_path / "new" / "scene.yaml"
    saved = save_scene({**SCENE, "version": 3}, path)
    assert read_scene(path) == saved.scene
    assert saved.scene.version.startswith("3-")
    assert saved.backup is None
    assert path.stat().st_mode & 0o777 == 0o644


def test_an_empty_section_changes_nothing(tmp_path: Path) -> None:
    with_empty = save_scene({**SCENE, "zones": []}, tmp_path / "a.yaml").scene
    without = save_scene({key: value for key, value in SCENE.items() if key != "zones"}, tmp_path / "b.yaml")
    assert with_empty == without.scene


def test_the_file_before_is_kept_once(tmp_path: Path) -> None:
    path, backup = tmp_path / "scene.yaml", tmp_path / "scene.yaml.bak"
    path.write_text("# by hand\n", encoding="utf-8")
    first = save_scene(SCENE, path)
    assert (first.backup, backup.read_text(encoding="utf-8")) == (backup, "# by hand\n")
    second = save_scene({**SCENE, "classes": ["person"]}, path, own_text=first.text)
    assert (second.backup, backup.read_text(encoding="utf-8")) == (None, "# by hand\n")
    path.write_text("# by another program\n", encoding="utf-8")
    save_scene(SCENE, path, own_text=second.text)
    assert backup.read_text(encoding="utf-8") == "# by another program\n"


def test_a_scene_that_is_wrong_touches_nothing(tmp_path: Path) -> None:
    path = tmp_path / "scene.yaml"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(SceneError, match="zones and lines are both empty"):
        save_scene({**SCENE, "zones": [], "lines": []}, path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["scene.yaml"]
    assert path.read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize(
    ("number", "error"),
    [
        pytest.param(errno.ENOSPC, DiskFullError, id="disk full"),
        pytest.param(errno.EIO, SceneSaveError, id="disk broken"),
    ],
)
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception]
) -> None:
    path = tmp_path / "scene.yaml"
    save_scene(SCENE, path)
    before = path.read_bytes()

    def fail(handle: int) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr("contract.files.os.fsync", fail)
    with pytest.raises(error):
        save_scene({**SCENE, "classes": ["car"]}, path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["scene.yaml"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text("old", encoding="utf-8")
    link = tmp_path / "scene.yaml"
    link.symlink_to("real.yaml")
    save_scene(SCENE, link)
    assert link.is_symlink()
    assert read_scene(tmp_path / "real.yaml").camera == "plaza-1"
