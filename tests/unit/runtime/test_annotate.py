from __future__ import annotations

import errno
from pathlib import Path
from unittest import mock

import cv2
import numpy as np
import pytest

from contract.errors import DiskFullError
from contract.scene import Scene, SceneError, parse_scene
from edge_components.runtime.annotate import (
    AnnotationError,
    DrawnTrack,
    LineTotals,
    annotate,
    annotate_legibly,
    legend,
    save_jpeg,
)


@pytest.fixture
def scene() -> Scene:
    return parse_scene(
        {
            "site": "test",
            "time_zone": "UTC",
            "camera": "gate-1",
            "frame": {"width": 320, "height": 180},
            "zones": [{"name": "광장", "polygon": [[0, 90], [160, 90], [160, 180], [0, 180]]}],
            "lines": [
                {"name": "gate", "points": [[200, 0], [200, 180]]},
                {"name": "출구", "points": [[300, 0], [300, 180]]},
            ],
            "classes": ["person"],
        }
    )


def test_what_is_drawn_lies_where_it_should_and_the_frame_stays_as_it_is(scene: Scene) -> None:
    image = np.full((360, 640, 3), 90, np.uint8)
    drawn = annotate(image, scene, [DrawnTrack(3, (450, 100, 500, 300))], {"gate": LineTotals(2, 1)})
    changed = (drawn != image).any(axis=2)
    assert (image == 90).all()
    assert changed[300, 100], "the zone, scaled to the frame"
    assert changed[200, 400], "the line"
    assert changed[200, 450], "the track's box"
    assert not changed[200, 475], "the inside of the box"
    assert not changed[20, 200], "where nothing is"


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        pytest.param(320, 180, (540, 960, 3), id="three times larger"),
        pytest.param(640, 360, (720, 1280, 3), id="twice as large"),
        pytest.param(960, 540, (540, 960, 3), id="just wide enough"),
        pytest.param(1920, 1080, (1080, 1920, 3), id="a large frame stays"),
    ],
)
def test_a_small_frame_is_drawn_larger_for_its_letters(
    scene: Scene, width: int, height: int, expected: tuple[int, int, int]
) -> None:
    assert annotate_legibly(np.zeros((height, width, 3), np.uint8), scene, [], {}).shape == expected


def test_boxes_grow_with_the_frame(scene: Scene) -> None:
    image = np.full((180, 320, 3), 90, np.uint8)
    drawn = annotate_legibly(image, scene, [DrawnTrack(3, (225, 50, 250, 150))], {})
    changed = (drawn != 90).any(axis=2)
    assert changed[300, 675], "the left side of the box, three times as far"
    assert not changed[300, 712], "the inside of the box"


def test_names_that_cannot_be_drawn_are_in_the_legend(scene: Scene) -> None:
    assert legend(scene) == [("zone 1", "광장"), ("line 2", "출구")]


def test_a_frame_of_another_aspect_is_refused(scene: Scene) -> None:
    with pytest.raises(SceneError, match="320x180 but the camera gives 100x100"):
        annotate(np.zeros((100, 100, 3), np.uint8), scene, [], {})


@pytest.mark.parametrize(
    "box",
    [
        pytest.param((-50, -50, 20, 20), id="over the top left corner"),
        pytest.param((630, 350, 900, 900), id="over the bottom right corner"),
        pytest.param((700, 400, 800, 500), id="outside"),
    ],
)
def test_boxes_at_the_edge_do_not_fail(scene: Scene, box: tuple[float, float, float, float]) -> None:
    assert annotate(np.zeros((360, 640, 3), np.uint8), scene, [DrawnTrack(1, box)], {}).shape == (360, 640, 3)


def test_a_picture_is_saved_whole(tmp_path: Path) -> None:
    save_jpeg(np.full((36, 64, 3), 200, np.uint8), tmp_path / "key.jpg")
    assert cv2.imread(str(tmp_path / "key.jpg")).shape == (36, 64, 3)
    assert [path.name for path in tmp_path.iterdir()] == ["key.jpg"]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        pytest.param(errno.ENOSPC, DiskFullError, id="disk full"),
        pytest.param(errno.EACCES, AnnotationError, id="not allowed"),
    ],
)
def test_a_picture_that_cannot_be_saved_leaves_nothing(
    number: int, expected: type[Exception], tmp_path: Path
) -> None:
    path = tmp_path / "key.jpg"
    with (
        mock.patch.object(Path, "replace", autospec=True, side_effect=OSError(number, "refused")),
        pytest.raises(expected, match=str(path)),
    ):
        save_jpeg(np.zeros((8, 8, 3), np.uint8), path)
    assert list(tmp_path.iterdir()) == []
