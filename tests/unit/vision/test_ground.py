from __future__ import annotations

import numpy as np
import pytest

from contract.scene import GroundPoint, SceneError
from edge_components.vision.ground import GroundPlane, SpeedEstimator

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


def speeds_of(frames_per_second: float, noise_m: float, outlier_at: int | None = None) -> tuple[float, float]:
    random = np.random.default_rng(2)
    estimator, slots, ids = SpeedEstimator(), np.array([0, 70]), np.array([1, 2])
    for index in range(int(1.2 * frames_per_second)):
        moment = index / frames_per_second
        places = np.array([[1.4 * moment, 0.0], [5.0, 5.0]]) + noise_m * random.normal(size=(2, 2))
        if index == outlier_at:
            places[0] += 2.0
        estimator.add(slots, ids, places, moment)
    speeds, uncertainties = estimator.measure(slots, moment)
    assert speeds[1] < 3 * uncertainties[1] + 1e-9
    return float(speeds[0]), float(uncertainties[0])


@pytest.mark.parametrize("frames_per_second", [30, 10, 5])
def test_speed_is_found_within_its_uncertainty(frames_per_second: float) -> None:
    speed, uncertainty = speeds_of(frames_per_second, noise_m=0.04)
    assert speed == pytest.approx(1.4, abs=3 * uncertainty)
    assert 0 < uncertainty < 0.3


def test_a_single_bad_box_does_not_move_the_speed() -> None:
    assert speeds_of(10, noise_m=0.01, outlier_at=6)[0] == pytest.approx(1.4, abs=0.15)


def test_a_track_seen_too_little_has_no_speed() -> None:
    estimator, slots, ids = SpeedEstimator(), np.array([0]), np.array([1])
    estimator.add(slots, ids, np.zeros((1, 2)), 0.0)
    estimator.add(slots, ids, np.zeros((1, 2)), 0.2)
    assert np.isnan(estimator.measure(slots, 0.2)[0]).all()


def test_a_slot_given_to_another_track_starts_anew() -> None:
    estimator, slots = SpeedEstimator(), np.array([0])
    for index in range(10):
        estimator.add(slots, np.array([1]), np.array([[index * 0.2, 0.0]]), index * 0.12)
    estimator.add(slots, np.array([2]), np.zeros((1, 2)), 1.3)
    assert np.isnan(estimator.measure(slots, 1.3)[0]).all()
