from __future__ import annotations

import numpy as np
import pytest

from edge_components.vision.speed import SpeedEstimator


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
