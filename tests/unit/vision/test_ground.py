from __future__ import annotations

import numpy as np
import pytest

from contract.scene import GroundPoint, SceneError
from edge_components.runtime.counting.ground import GroundPlane

# A camera 5 m up, tilted 30 degrees down, focal length 500 px, 640x360.
TILT = np.radians(30)
ROTATION = np.array([[1, 0, 0], [0, -np.sin(TILT), -np.cos(TILT)], [0, np.cos(TILT), -np.sin(TILT)]])


def image_of(x_m: float, y_m: float) -> tuple[float, float]:
    right, down, forward = ROTATION @ np.array([x_m, y_m, -5.0])
    return 320 + 500 * right / forward, 180 + 500 * down / forward


def points(*world: tuple[float, float], noise: float = 0.0) -> list[GroundPoint]:
    random = np.random.default_rng(4)
    return [
        GroundPoint(
            image_of(*place), (place[0] + noise * random.normal(), place[1] + noise * random.normal())
        )
        for place in world
    ]


CORNERS = ((-3.0, 6.0), (3.0, 6.0), (4.0, 14.0), (-4.0, 14.0))


def test_four_corners_give_every_other_place() -> None:
    ground = GroundPlane(points(*CORNERS))
    places = [(0.0, 8.0), (-1.5, 7.0), (2.5, 12.0), (6.0, 20.0)]
    found = ground.project(np.array([image_of(*place) for place in places]))
    assert found == pytest.approx(np.array(places), abs=1e-6)
    assert ground.residual_m == pytest.approx(0, abs=1e-9)


def test_the_residual_of_more_pairs_is_reported() -> None:
    grid = [(x, y) for x in (-3.0, 0.0, 3.0) for y in (6.0, 9.0, 12.0)]
    assert 0.02 < GroundPlane(points(*grid, noise=0.1)).residual_m < 0.2


def test_nothing_lies_above_the_horizon() -> None:
    ground = GroundPlane(points(*CORNERS))
    assert np.isnan(ground.project(np.array([[320.0, -400.0]]))).all()


@pytest.mark.parametrize(
    ("pairs", "sentence"),
    [
        pytest.param(points((0, 6), (0, 8), (0, 10), (0, 12)), "points on one line", id="on one line"),
        pytest.param(
            points((0, 6), (0, 8), (0, 10), (3, 12)), "do not fix the ground", id="three on one line"
        ),
        pytest.param(points((0, 6), (0, 6), (3, 10), (3, 6)), "do not fix the ground", id="given twice"),
        pytest.param(points((0, 6), (1, 6), (3, 10)), "at least 4", id="three pairs"),
        pytest.param(
            points(*[(x, y) for x in (-3.0, 3.0) for y in (6.0, 9.0, 12.0)], noise=5.0),
            "contradict one another|both sides of the horizon",
            id="contradicting",
        ),
    ],
)
def test_a_degenerate_ground_is_refused(pairs: list[GroundPoint], sentence: str) -> None:
    with pytest.raises(SceneError, match=sentence):
        GroundPlane(pairs)
