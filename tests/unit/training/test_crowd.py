from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from training.crowd import Plaza, crowd
from training.frames import Person

PLAZA = Plaza(left_m=-8.0, right_m=8.0, near_m=6.0, far_m=12.0, keep_moving_x_m=0.0, keep_moving_y_m=13.0)


def walk(seed: int, seconds: float = 20.0) -> list[list[Person]]:
    return list(crowd(seed, PLAZA, seconds=seconds, frames_per_second=15, arrivals_per_second=0.7))


@pytest.fixture(scope="module")
def frames() -> list[list[Person]]:
    return walk(11)


def test_one_list_of_people_per_frame(frames: list[list[Person]]) -> None:
    assert len(frames) == 300
    assert min(len(people) for people in frames) >= 3


def test_the_same_seed_walks_the_same_way() -> None:
    assert walk(4, 3.0) == walk(4, 3.0)


def test_nobody_jumps(frames: list[list[Person]]) -> None:
    for before, after in pairwise(frames):
        places = {person.identity: person.stance for person in before}
        for person in after:
            earlier = places.get(person.identity)
            if earlier is not None:
                step = math.hypot(person.stance.x_m - earlier.x_m, person.stance.y_m - earlier.y_m)
                assert step <= 1.65 * 1.35 / 15 + 1e-6


def test_some_people_stop_and_most_walk(frames: list[list[Person]]) -> None:
    speeds = np.array([person.stance.speed_metres_per_second for people in frames for person in people])
    assert (speeds == 0).any()
    assert np.mean(speeds > 0.6) > 0.6


def test_people_do_not_walk_through_each_other(frames: list[list[Person]]) -> None:
    nearest = []
    for people in frames:
        places = np.array([[person.stance.x_m, person.stance.y_m] for person in people])
        apart = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(len(places)) * 99
        nearest.append(apart.min())
    assert np.percentile(nearest, 5) > 0.2


def test_the_gait_advances_with_the_way_walked(frames: list[list[Person]]) -> None:
    first = {person.identity: person.stance for person in frames[0]}
    moved = [
        (person.stance.phase_radians - first[person.identity].phase_radians)
        for person in frames[14]
        if person.identity in first and person.stance.speed_metres_per_second > 0.8
    ]
    assert moved
    assert all(1.5 < turn < 9.0 for turn in moved)
