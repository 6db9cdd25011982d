from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from contract.scene import SceneError
from edge_components.runtime.counting.located import ground_of
from edge_components.vision.ground_grid import draw_ground_grid, ground_grid

PAIRS = [
    {"image": [120, 340], "world_m": [0, 0]},
    {"image": [520, 340], "world_m": [6, 0]},
    {"image": [420, 140], "world_m": [6, 12]},
    {"image": [220, 140], "world_m": [0, 12]},
]
POSITION = {"longitude": 127.0, "latitude": 37.5, "height_m": 20, "azimuth_degrees": 30, "tilt_degrees": 25}
POSITION |= {"horizontal_field_of_view_degrees": 70}


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param({"ground": PAIRS}, id="pairs"),
        pytest.param({"position": POSITION}, id="position"),
        pytest.param({"position": {**POSITION, "tilt_degrees": 90}}, id="straight down"),
    ],
)
def test_every_point_of_a_grid_line_lies_on_its_metre(replays: Any, parts: dict[str, Any]) -> None:
    scene = replays.make_scene(**parts)
    grid, ground = ground_grid(scene), ground_of(scene)
    assert ground is not None
    assert {line.axis for line in grid.lines} == {"x", "y"}
    for line in grid.lines:
        found = ground.project(line.points)[:, "xy".index(line.axis)]
        assert found == pytest.approx(np.full(len(found), line.value_m), abs=1e-6)
        assert (line.value_m / grid.step_m) == pytest.approx(round(line.value_m / grid.step_m))
        assert ((line.points >= 0) & (line.points <= [640, 360])).all()


def test_the_grid_is_drawn_where_its_lines_are_and_the_frame_is_left_alone(replays: Any) -> None:
    scene = replays.make_scene(ground=PAIRS)
    image = np.zeros((720, 1280, 3), np.uint8)
    drawn = draw_ground_grid(image, scene)
    assert not image.any()
    for line in ground_grid(scene).lines:
        x, y = (2 * line.points[len(line.points) // 3]).round().astype(int).clip(1, [1278, 718])
        assert drawn[y - 1 : y + 2, x - 1 : x + 2].any()


def test_the_residual_is_given_when_there_are_spare_pairs(replays: Any) -> None:
    more = [*PAIRS, {"image": [320, 340], "world_m": [3.2, 0]}]
    assert ground_grid(replays.make_scene(ground=PAIRS)).residual_m is None
    assert ground_grid(replays.make_scene(ground=more)).residual_m == pytest.approx(0.09, abs=0.08)


def test_a_scene_without_a_ground_has_no_grid(replays: Any) -> None:
    with pytest.raises(SceneError, match="no ground and no position"):
        draw_ground_grid(np.zeros((360, 640, 3), np.uint8), replays.make_scene())
