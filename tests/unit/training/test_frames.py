from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from training.appearance import random_appearance
from training.camera import GroundCamera
from training.frames import Frame, Person, PersonTruth, compose
from training.gait import Stance
from training.scenery import Light, Scenery, Sprite

CAMERA = GroundCamera(320, 240, 300.0, 3.0, 0.25)
OVERCAST = Light(side=0.5, sun_x=0.0, sun_y=0.0, shadow=0.2, person_gain=1.0)
EMPTY = Scenery(CAMERA, np.full((240, 320, 3), 150, np.uint8), (), OVERCAST, 30.0)


def person(identity: int, x_m: float, y_m: float) -> Person:
    looks = dataclasses.replace(random_appearance(np.random.default_rng(identity)), height_m=1.75)
    return Person(identity, looks, Stance(x_m, y_m, math.pi, 0.3, 1.2))


def truth(frame: Frame, identity: int) -> PersonTruth:
    return next(entry for entry in frame.people if entry.identity == identity)


def test_a_lone_person_is_seen_whole_and_the_box_ends_at_the_feet() -> None:
    seen = truth(compose(EMPTY, [person(1, 0.0, 9.0)]), 1)
    left, top, width, height = seen.full_box
    assert seen.visible_fraction == 1.0
    assert seen.visible_box == seen.full_box
    assert left < seen.foot_point[0] < left + width
    assert top + height == pytest.approx(seen.foot_point[1], abs=5.0)
    assert height == pytest.approx(1.75 * CAMERA.pixels_per_metre(np.array([0.0, 9.0])), rel=0.12)


def test_a_nearer_person_hides_a_farther_one() -> None:
    frame = compose(EMPTY, [person(1, 0.0, 9.0), person(2, 0.05, 8.2)])
    assert truth(frame, 1).visible_fraction < 0.5
    assert truth(frame, 2).visible_fraction == 1.0
    assert truth(frame, 1).full_box == truth(compose(EMPTY, [person(1, 0.0, 9.0)]), 1).full_box


def test_the_frames_edge_hides_too_and_is_told_apart() -> None:
    edge_x = 9.0 * 160 / 300
    seen = truth(compose(EMPTY, [person(1, edge_x + 0.28, 9.0)]), 1)
    assert 0.2 < seen.inside_fraction < 0.9
    assert seen.visible_fraction == pytest.approx(seen.inside_fraction)
    assert seen.full_box[0] + seen.full_box[2] > 320


def test_people_outside_the_frame_are_left_out() -> None:
    assert compose(EMPTY, [person(1, 30.0, 9.0)]).people == ()


def test_a_standing_thing_in_front_hides_people() -> None:
    wall = Sprite(np.full((240, 160, 4), 255, np.uint8), 0, 0, 5.0)
    frame = compose(dataclasses.replace(EMPTY, sprites=(wall,)), [person(1, -1.5, 9.0), person(2, 1.5, 9.0)])
    assert truth(frame, 1).visible_fraction == 0.0
    assert truth(frame, 1).visible_box[2:] == (0.0, 0.0)
    assert truth(frame, 2).visible_fraction == 1.0


def test_drawing_leaves_the_scenery_unchanged() -> None:
    compose(EMPTY, [person(1, 0.0, 9.0)])
    assert (EMPTY.picture == 150).all()
