"""What a camera counted by is kept for a boot without a network, whatever the power does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from contract.camera_shadow import DesiredDocument
from contract.errors import CrowdLensError
from edge_components.vision.camera_documents import (
    CameraDocuments,
    DocumentFolder,
    is_same,
    read_project_document,
    read_scene_document,
)

SCENE = {
    **{"site": "s", "time_zone": "UTC", "camera": "a", "frame": {"width": 64, "height": 48}},
    **{"classes": ["person"], "lines": [{"name": "l", "points": [[1, 1], [9, 9]]}]},
}
PROJECT = b"project: p\ntask: detection\nmodel: person_demo\n"


def documents(**scene: Any) -> CameraDocuments:
    content = yaml.safe_dump({**SCENE, **scene}).encode()
    return CameraDocuments(read_scene_document(content, "a", "v1"), read_project_document(PROJECT, "p1"))


def test_what_is_kept_comes_back_as_it_was(tmp_path: Path) -> None:
    folder = DocumentFolder(tmp_path, "a")
    assert folder.read() is None
    folder.keep(documents())
    assert folder.read() == documents()
    folder.keep(CameraDocuments(documents().scene))
    assert folder.read() == CameraDocuments(documents().scene)


def test_a_mark_for_other_bytes_names_no_version(tmp_path: Path) -> None:
    """The power went between the scene's file and the mark."""
    folder = DocumentFolder(tmp_path, "a")
    folder.keep(documents())
    (tmp_path / "a" / "scene.yaml").write_bytes(documents(site="other").scene.content)
    found = folder.read()
    assert found is not None
    assert (found.scene.scene.site, found.scene.version) == ("other", None)


@pytest.mark.parametrize(
    ("name", "content", "survives"),
    [
        pytest.param("scene.yaml", b"site: [", False, id="scene"),
        pytest.param("scene.yaml", yaml.safe_dump({**SCENE, "camera": "b"}).encode(), False, id="another's"),
        pytest.param("project.yaml", b"project: [", True, id="project"),
        pytest.param("in_force.json", b"\x00", True, id="mark"),
    ],
)
def test_what_the_disk_spoilt_is_left_out(tmp_path: Path, name: str, content: bytes, survives: bool) -> None:
    folder = DocumentFolder(tmp_path, "a")
    folder.keep(documents())
    (tmp_path / "a" / name).write_bytes(content)
    found = folder.read()
    assert (found is not None) is survives
    if found is not None:
        assert found.project is None


def test_a_disk_that_takes_nothing_costs_no_run(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a file where the folder should be")
    DocumentFolder(tmp_path, "a").keep(documents())


def test_the_scene_of_another_camera_is_refused() -> None:
    with pytest.raises(CrowdLensError, match="camera is 'a': expected 'b'"):
        read_scene_document(yaml.safe_dump(SCENE).encode(), "b", "v1")


def test_the_same_is_the_same_version_of_the_same_bytes() -> None:
    scene = documents().scene
    wanted = DesiredDocument("v1", "k", scene.sha256, len(scene.content))
    assert is_same(scene, wanted)
    assert not is_same(scene, DesiredDocument("v2", "k", scene.sha256, 1))
    assert not is_same(scene, DesiredDocument("v1", "k", "0" * 64, 1))
    assert is_same(None, None)
    assert not is_same(scene, None)
