"""Draws single pictures of crowds for training: a random scene, random people in random places."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from training.appearance import random_appearance
from training.arrays import points
from training.camera import GroundCamera
from training.frames import Frame, Person, compose
from training.gait import Stance
from training.photometry import expose, good_look, random_look
from training.scenery import (
    Scenery,
    SceneryOptions,
    build_scenery,
    nearest_m,
    random_camera,
    random_light,
)

SMALLEST_PERSON_PIXELS = 20.0
LARGEST_PERSON_PIXELS = 250.0


def random_scenery(generator: np.random.Generator, width: int, height: int) -> Scenery:
    """Draw a random still scene of a frame size in pixels."""
    camera = random_camera(generator, width, height)
    options = SceneryOptions(
        confusing=generator.uniform() < 0.15,
        grass=generator.uniform() < 0.7,
        props=int(generator.integers(0, 16)),
    )
    return build_scenery(generator, camera, random_light(generator), options)


def _random_place(generator: np.random.Generator, scenery: Scenery) -> tuple[float, float] | None:
    camera = scenery.camera
    near, far = max(1.5, nearest_m(camera) * 0.9), scenery.farthest_m - 0.3
    far = min(far, 1.7 * camera.focal_pixels / SMALLEST_PERSON_PIXELS)
    near = max(near, 1.7 * camera.focal_pixels / LARGEST_PERSON_PIXELS)
    if far <= near:
        return None
    share = generator.uniform()
    y = near * (far / near) ** share if generator.uniform() < 0.6 else near + (far - near) * share
    x = generator.uniform(-0.53, 0.53) * y * camera.width / camera.focal_pixels
    return float(x), float(y)


def _random_stance(generator: np.random.Generator, x: float, y: float, heading: float) -> Stance:
    kind = generator.uniform()
    speed = (
        0.0 if kind < 0.22 else generator.uniform(2.0, 3.6) if kind > 0.94 else generator.uniform(0.6, 1.8)
    )
    return Stance(x, y, heading, generator.uniform(0, 2 * math.pi), speed)


def random_people(generator: np.random.Generator, scenery: Scenery, count: int) -> list[Person]:
    """Place people alone and in groups of two to four; nobody stands within 0.4 m of another."""
    people: list[Person] = []
    while len(people) < count:
        place = _random_place(generator, scenery)
        if place is None:
            return people
        group = 1 if generator.uniform() < 0.62 else int(generator.integers(2, 5))
        heading = generator.uniform(0, 2 * math.pi)
        for member in range(group):
            offset = generator.normal(0, 0.12, 2) + points([0.62 * member, 0.0])
            x = place[0] + offset[0] * -math.sin(heading) - offset[1] * math.cos(heading)
            y = place[1] + offset[0] * math.cos(heading) - offset[1] * math.sin(heading)
            near = any(math.hypot(x - p.stance.x_m, y - p.stance.y_m) < 0.4 for p in people)
            if near or y < 1.2 or y > scenery.farthest_m:
                continue
            facing = heading + generator.normal(0, 0.25)
            people.append(
                Person(len(people), random_appearance(generator), _random_stance(generator, x, y, facing))
            )
        if generator.uniform() < 0.02:
            break
    return people[:count]


def plaza_scenery(generator: np.random.Generator, width: int, height: int) -> Scenery:
    """Draw a still scene as a fixed camera over a public place sees it, the kind the demo clip shows."""
    height_m, aim_m = generator.uniform(3.8, 8.5), generator.uniform(9.5, 17.0)
    focal = width * generator.uniform(0.8, 1.25)
    camera = GroundCamera(width, height, focal, height_m, math.atan2(height_m, aim_m))
    options = SceneryOptions(grass=generator.uniform() < 0.25, props=int(generator.integers(4, 14)))
    return build_scenery(
        generator, camera, random_light(generator), options, limit_m=generator.uniform(24.0, 38.0)
    )


def plaza_stills(seed: int, width: int, height: int, pictures_per_scene: int = 8) -> Iterator[Frame]:
    """Yield pictures of busy places by a fairly good camera."""
    generator = np.random.default_rng(seed)
    scenery = plaza_scenery(generator, width, height)
    for _ in range(pictures_per_scene):
        people = random_people(generator, scenery, int(generator.integers(4, 26)))
        frame = compose(scenery, people)
        yield Frame(expose(frame.picture, good_look(generator), generator), frame.people)


def stills(seed: int, width: int, height: int, pictures_per_scene: int = 4) -> Iterator[Frame]:
    """Yield `pictures_per_scene` pictures of the scene of a seed, with other people in each."""
    generator = np.random.default_rng(seed)
    scenery = random_scenery(generator, width, height)
    for _ in range(pictures_per_scene):
        count = 0 if generator.uniform() < 0.06 else int(min(30, generator.geometric(0.085)))
        frame = compose(scenery, random_people(generator, scenery, count))
        yield Frame(expose(frame.picture, random_look(generator), generator), frame.people)
