from __future__ import annotations

from pathlib import Path

import pytest

from contract.scene import SceneError
from edge_components.vision.scene_file import read_scene

SCENE = """
site: seoul-1
time_zone: Asia/Seoul
camera: plaza-1
frame: {width: 640, height: 360}
lines: [{name: 출입구, points: [[320, 0], [320, 360]]}]
classes: [person]
"""


def test_a_scene_is_read_with_names_in_any_script(tmp_path: Path) -> None:
    path = tmp_path / "scene.yaml"
    path.write_text(SCENE, encoding="utf-8")
    assert read_scene(path).lines[0].name == "출입구"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(None, "no such file", id="missing"),
        pytest.param(b"site: x\nframe: {width: 1\n", "line 3, column 1: not valid YAML", id="broken YAML"),
        pytest.param(b"site: \xb1\xa4", "byte 6 is not UTF-8", id="another encoding"),
        pytest.param(b"", "expected a mapping", id="empty"),
        pytest.param(b"[" * 3000, "not valid YAML", id="nested too deep"),
        pytest.param(b"a: 2026-13-45\n", "not valid YAML", id="an impossible date"),
        pytest.param(b"#" * 300_000, "larger than 256 KiB", id="far too long"),
        pytest.param(
            SCENE.replace("[[320, 0], [320, 360]]", "[[320, 0], [900, 360]]").encode(),
            "points[1] is [900, 360]: expected a point inside the 640x360 frame",
            id="a line outside the frame",
        ),
        pytest.param(b"!!python/object/apply:os.system [true]", "not valid YAML", id="a YAML that runs code"),
    ],
)
def test_a_mistake_is_one_sentence_that_names_the_file(
    content: bytes | None, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "scene.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SceneError) as caught:
        read_scene(path)
    assert sentence in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_is_no_scene(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="cannot be read"):
        read_scene(tmp_path)
