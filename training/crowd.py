"""Moves a crowd over a plaza: people on routes who keep apart, stop now and then, walk in pairs.

A person is drawn to the next waypoint of the route and pushed by near people (a simplified form of the
social force model of Helbing and Molnár, 1995). Everything follows from the seed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from training.appearance import Appearance, random_appearance
from training.arrays import Floats, points
from training.frames import Person
from training.gait import Stance, phase_rate

STEP_SECONDS = 1 / 30
COMFORT_M = 1.0
STOPPED_METRES_PER_SECOND = 0.12


@dataclass(frozen=True)
class Waypoint:
    """A place to reach and how long to stand there."""

    x_m: float
    y_m: float
    wait_seconds: float = 0.0


@dataclass
class Walker:
    """One person under way."""

    identity: int
    appearance: Appearance
    route: list[Waypoint]
    pace_metres_per_second: float
    position: Floats
    velocity: Floats
    heading: float
    phase: float
    waited_seconds: float = 0.0
    step: int = field(default=0)

    @property
    def done(self) -> bool:
        """Return whether the route is walked to its end."""
        return self.step >= len(self.route)

    def stance(self) -> Stance:
        """Return the stance to draw."""
        speed = float(np.linalg.norm(self.velocity))
        shown = 0.0 if speed < STOPPED_METRES_PER_SECOND else speed
        return Stance(float(self.position[0]), float(self.position[1]), self.heading, self.phase, shown)


def _wanted_velocity(walker: Walker) -> Floats:
    target = walker.route[walker.step]
    to_target = points([target.x_m, target.y_m]) - walker.position
    distance = float(np.linalg.norm(to_target))
    if target.wait_seconds and distance < 0.35:
        walker.waited_seconds += STEP_SECONDS
        if walker.waited_seconds < target.wait_seconds:
            return np.zeros(2)
        walker.waited_seconds = 0.0
        walker.step += 1
        return np.zeros(2)
    if not target.wait_seconds and distance < 0.7:
        walker.step += 1
    slow = min(1.0, distance / 0.8) if target.wait_seconds else 1.0
    return to_target / max(distance, 1e-6) * walker.pace_metres_per_second * max(0.25, slow)


def _push(walker: Walker, others: list[Walker]) -> Floats:
    force = np.zeros(2)
    for other in others:
        if other is walker:
            continue
        apart = walker.position - other.position
        distance = float(np.linalg.norm(apart))
        if distance < COMFORT_M:
            unit = apart / max(distance, 1e-3)
            sideways = points([-unit[1], unit[0]]) * (0.6 if walker.identity < other.identity else -0.6)
            force += (unit + sideways) * (COMFORT_M - distance) * 5.0
    return force


def advance(walkers: list[Walker]) -> None:
    """Move everybody by one step of STEP_SECONDS."""
    pushes = [_push(walker, walkers) for walker in walkers]
    for walker, push in zip(walkers, pushes, strict=True):
        if walker.done:
            continue
        wanted = _wanted_velocity(walker)
        standing = not wanted.any()
        force = (wanted - walker.velocity) / 0.45 + (np.zeros(2) if standing else push)
        walker.velocity = walker.velocity + force * STEP_SECONDS
        speed = float(np.linalg.norm(walker.velocity))
        limit = 1.35 * walker.pace_metres_per_second
        if speed > limit:
            walker.velocity *= limit / speed
        walker.position = walker.position + walker.velocity * STEP_SECONDS
        speed = min(speed, limit)
        if speed > STOPPED_METRES_PER_SECOND:
            turn = math.atan2(walker.velocity[1], walker.velocity[0]) - walker.heading
            turn = (turn + math.pi) % (2 * math.pi) - math.pi
            walker.heading += turn * min(1.0, 6.0 * STEP_SECONDS)
            walker.phase += phase_rate(speed, walker.appearance.height_m) * STEP_SECONDS


@dataclass(frozen=True)
class Plaza:
    """Where people walk: x from left to right edge, y from near to far, metres.

    Nobody stops near the lines at `keep_moving_x_m` and `keep_moving_y_m`.
    """

    left_m: float
    right_m: float
    near_m: float
    far_m: float
    keep_moving_x_m: float
    keep_moving_y_m: float


def _across(generator: np.random.Generator, plaza: Plaza) -> list[Waypoint]:
    """Return a route from one side to the other, perhaps with a stop well away from the lines."""
    y = generator.uniform(plaza.near_m, plaza.far_m)
    ends = [plaza.left_m, plaza.right_m]
    if generator.uniform() < 0.5:
        ends.reverse()
    drift = generator.normal(0, 0.7, 2)
    middle: list[Waypoint] = []
    if generator.uniform() < 0.35:
        side = float(generator.choice([-1.0, 1.0]))
        x = plaza.keep_moving_x_m + side * generator.uniform(1.8, 4.0)
        middle = [Waypoint(float(x), float(y + drift[0]), generator.uniform(2.5, 9.0))]
    start = Waypoint(ends[0], float(y))
    return [start, *middle, Waypoint(ends[1], float(np.clip(y + drift[1], plaza.near_m, plaza.far_m)))]


def _along(generator: np.random.Generator, plaza: Plaza) -> list[Waypoint]:
    """Return a route along the far street and over the far line to one side, or back.

    It stays on that side.
    """
    side = float(generator.choice([-1.0, 1.0]))
    x = plaza.keep_moving_x_m + side * generator.uniform(2.0, 5.0)
    street_y = plaza.keep_moving_y_m + generator.uniform(3.0, 5.5)
    turn = Waypoint(float(x), plaza.keep_moving_y_m - generator.uniform(2.5, 7.0))
    out = Waypoint(plaza.left_m if side < 0 else plaza.right_m, turn.y_m)
    from_side = float(generator.choice([-1.0, 1.0]))
    street = [Waypoint(from_side * (abs(plaza.right_m) + 2.0), street_y), Waypoint(float(x), street_y)]
    route = [*street, turn, out]
    return route if generator.uniform() < 0.5 else route[::-1]


def _new_walker(
    generator: np.random.Generator, identity: int, route: list[Waypoint], pace: float, offset: Floats
) -> Walker:
    shifted = [Waypoint(point.x_m + offset[0], point.y_m + offset[1], point.wait_seconds) for point in route]
    start, onward = points([shifted[0].x_m, shifted[0].y_m]), points([shifted[1].x_m, shifted[1].y_m])
    direction = (onward - start) / float(np.linalg.norm(onward - start))
    return Walker(
        identity=identity,
        appearance=random_appearance(generator),
        route=shifted[1:],
        pace_metres_per_second=pace,
        position=start,
        velocity=direction * pace,
        heading=math.atan2(direction[1], direction[0]),
        phase=generator.uniform(0, 2 * math.pi),
    )


def crowd(
    seed: int, plaza: Plaza, *, seconds: float, frames_per_second: int, arrivals_per_second: float
) -> Iterator[list[Person]]:
    """Yield the people of every frame; the plaza is already busy at the first one.

    A frame takes a whole number of steps: `frames_per_second` must divide 30.
    """
    generator = np.random.default_rng(seed)
    walkers: list[Walker] = []
    steps_per_frame = round(1 / (frames_per_second * STEP_SECONDS))
    warm_up, next_identity = round(30.0 / STEP_SECONDS), 1
    for step in range(warm_up + round(seconds * frames_per_second) * steps_per_frame):
        if step >= warm_up and (step - warm_up) % steps_per_frame == 0:
            yield [Person(walker.identity, walker.appearance, walker.stance()) for walker in walkers]
        if generator.uniform() < arrivals_per_second * STEP_SECONDS:
            route = _across(generator, plaza) if generator.uniform() < 0.72 else _along(generator, plaza)
            pace, together = generator.uniform(0.95, 1.65), 2 if generator.uniform() < 0.22 else 1
            for member in range(together):
                walkers.append(
                    _new_walker(generator, next_identity, route, pace, points([0.1, 0.75 * member]))
                )
                next_identity += 1
        advance(walkers)
        walkers = [walker for walker in walkers if not walker.done]
