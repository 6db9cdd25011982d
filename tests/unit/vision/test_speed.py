from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_components.vision.speed import SpeedEstimator
from edge_components.vision.tracker import Tracker

METRES_PER_PX = 1 / 60


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


def deviations(replays: Any, frames_per_second: float, noise: float) -> np.ndarray:
    """Return (speed found - true speed) / uncertainty of many walks seen by a noisy detector."""
    random, found = np.random.default_rng(11), []
    for seed in range(24):
        speeds = random.uniform(30, 180, 4)
        walkers = [
            replays.Walker([(0, 100, 90 + 80 * k), (400 / speed, 500, 90 + 80 * k)], height=70)
            for k, speed in enumerate(speeds)
        ]
        world = replays.World(walkers, frames_per_second=frames_per_second, noise=noise, seed=seed)
        tracker, estimator = Tracker(replays.WIDTH, replays.HEIGHT), SpeedEstimator()
        for index, (moment_ms, seen) in enumerate(world.frames(world.times(400 / speeds.max()))):
            seconds = moment_ms / 1000
            for frame in tracker.update(seen, seconds).frames:
                estimator.add(frame.slots, frame.ids, METRES_PER_PX * frame.feet, frame.time_seconds)
            if index % round(frames_per_second / 2.5) == 0:
                measured, uncertainties = estimator.measure(frame.slots, seconds)
                rows = np.round((frame.feet[:, 1] - 90) / 80).astype(int)
                found.append((measured - METRES_PER_PX * speeds[rows]) / uncertainties)
    deviations = np.concatenate(found)
    return deviations[np.isfinite(deviations)]


@pytest.mark.parametrize("frames_per_second", [30, 10, 5])
@pytest.mark.parametrize("noise", [0.01, 0.03])
def test_the_uncertainty_is_that_of_the_speed(replays: Any, frames_per_second: float, noise: float) -> None:
    found = deviations(replays, frames_per_second, noise)
    assert len(found) > 300
    assert 0.60 < (abs(found) < 1).mean() < 0.82
    # Of few samples the tails are longer than those of the normal distribution.
    assert (abs(found) < 2).mean() > 0.85
