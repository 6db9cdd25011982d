from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from training.appearance import Appearance, random_appearance
from training.gait import Stance, phase_rate, skeleton_of, stride_length_m


@pytest.fixture
def adult() -> Appearance:
    looks = random_appearance(np.random.default_rng(3))
    return dataclasses.replace(looks, height_m=1.75, arm_pose="swing")


@pytest.mark.parametrize("phase", [0.0, 0.7, 1.6, 2.4, 3.1, 4.0, 5.5])
@pytest.mark.parametrize(
    "speed", [pytest.param(0.0, id="standing"), 0.8, 1.4, pytest.param(3.2, id="running")]
)
def test_the_lower_foot_rests_on_the_ground(adult: Appearance, phase: float, speed: float) -> None:
    skeleton = skeleton_of(adult, Stance(2.0, 9.0, 0.4, phase, speed))
    lowest = min(leg[2:, 2].min() for leg in skeleton.legs)
    assert lowest == pytest.approx(0.012 * adult.height_m)


def test_the_legs_swing_against_each_other_and_along_the_heading(adult: Appearance) -> None:
    skeleton = skeleton_of(adult, Stance(0.0, 9.0, 0.0, 0.0, 1.4))
    left_ankle, right_ankle = skeleton.legs[0][2], skeleton.legs[1][2]
    assert left_ankle[0] - right_ankle[0] > 0.5
    assert skeleton.legs[0][2][1] > skeleton.legs[1][2][1]


def test_a_limb_keeps_its_length(adult: Appearance) -> None:
    lengths = set()
    for phase in np.linspace(0, 2 * math.pi, 9):
        leg = skeleton_of(adult, Stance(0.0, 9.0, 1.0, float(phase), 1.4)).legs[0]
        lengths.add(round(float(np.linalg.norm(leg[1] - leg[0])), 6))
    assert lengths == {round((0.525 - 0.285) * 1.75, 6)}


def test_steps_grow_with_speed_but_less_than_it() -> None:
    slow, fast = stride_length_m(0.7, 1.75), stride_length_m(1.4, 1.75)
    assert slow < fast < 2 * slow
    assert phase_rate(1.4, 1.75) == pytest.approx(2 * math.pi * 1.4 / fast)
