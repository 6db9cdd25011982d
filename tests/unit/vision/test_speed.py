from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge_components.runtime.counting.speed import SpeedEstimator
from edge_components.runtime.counting.tracker import Tracker
from edge_components.runtime.inference.detections import Detections

METRES_PER_PX = 1 / 60
HEIGHT_PX = 70


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


def deviations(replays: Any, frames_per_second: float, noise: float, repeats_seconds: float) -> np.ndarray:
    """Return (speed found - true speed) / uncertainty of many walks seen by a noisy detector.

    `noise` is that of the edges of a box, as a share of its height; it repeats for `repeats_seconds`, the
    time constant of a first-order process, 0 for noise that is new in every frame.
    """
    random, found = np.random.default_rng(11), []
    keep = np.exp(-1 / (frames_per_second * repeats_seconds)) if repeats_seconds else 0.0
    for _ in range(24):
        speeds, error = random.uniform(30, 180, 4), np.zeros((4, 4))
        tracker, estimator = Tracker(replays.WIDTH, replays.HEIGHT), SpeedEstimator()
        for index in range(int(400 / speeds.max() * frames_per_second)):
            moment = index / frames_per_second
            error = keep * error + np.sqrt(1 - keep**2) * random.normal(0, noise * HEIGHT_PX, (4, 4))
            foot_x, foot_y = 100 + speeds * moment, 90.0 + 80 * np.arange(4)
            boxes = np.column_stack((foot_x - 14, foot_y - HEIGHT_PX, foot_x + 14, foot_y)) + error
            seen = Detections(boxes.astype(np.float32), np.full(4, 0.9, np.float32), np.zeros(4, np.int64))
            for frame in tracker.update(seen, 1e6 + moment).frames:
                estimator.add(frame.slots, frame.ids, METRES_PER_PX * frame.feet, frame.time_seconds)
            if moment > 1.2 and index % round(frames_per_second / 2.5) == 0:
                measured, uncertainties = estimator.measure(frame.slots, 1e6 + moment)
                rows = np.clip(np.round((frame.feet[:, 1] - 90) / 80).astype(int), 0, 3)
                found.append((measured - METRES_PER_PX * speeds[rows]) / uncertainties)
    deviations = np.concatenate(found)
    return deviations[np.isfinite(deviations)]


@pytest.mark.parametrize("frames_per_second", [30, 15, 5])
@pytest.mark.parametrize(
    ("repeats_seconds", "within_one", "within_two"),
    [
        pytest.param(0.0, (0.75, 0.97), 0.95, id="new in every frame"),
        pytest.param(0.3, (0.66, 0.90), 0.86, id="repeats for 0.3 s"),
        pytest.param(1.0, (0.56, 0.75), 0.80, id="repeats for a second"),
    ],
)
def test_the_uncertainty_is_that_of_the_speed(
    replays: Any,
    frames_per_second: float,
    repeats_seconds: float,
    within_one: tuple[float, float],
    within_two: float,
) -> None:
    found = abs(deviations(replays, frames_per_second, 0.02, repeats_seconds))
    assert len(found) > 250
    assert within_one[0] < (found < 1).mean() < within_one[1]
    # Of few samples the tails are longer than those of the normal distribution.
    assert (found < 2).mean() > within_two
