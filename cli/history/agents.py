"""People and vehicles on known ways: where each is at any moment, and how often it truly crosses a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cli.history.view import HALF_WIDTH_PER_METRE, Floats, Place

Random = np.random.Generator


@dataclass(frozen=True)
class Agent:
    """Somebody or something on a way: at `times` (N,), in seconds, at `places` (N, 2), in metres."""

    class_name: str
    width_m: float
    height_m: float
    times: Floats
    places: Floats

    def at(self, seconds: Floats) -> Floats:
        """Return the places (M, 2) at moments within the way."""
        return np.column_stack([np.interp(seconds, self.times, self.places[:, side]) for side in (0, 1)])


def walk(
    points: Sequence[Place], *, start_seconds: float, speed_mps: float, pauses: Sequence[float] = ()
) -> tuple[Floats, Floats]:
    """Return times and places of a way through `points`; `pauses` are seconds spent at each inner point."""
    places = np.array(points, np.float64)
    legs = np.hypot(*(places[1:] - places[:-1]).T) / speed_mps
    times, where, now = [start_seconds], [places[0]], start_seconds
    for index, seconds in enumerate(legs.tolist()):
        now += max(seconds, 0.05)
        times.append(now)
        where.append(places[index + 1])
        pause = pauses[index] if index < len(pauses) else 0.0
        if pause > 0:
            now += pause
            times.append(now)
            where.append(places[index + 1])
    return np.array(times), np.array(where)


def person(random: Random, times: Floats, places: Floats, *, child: bool = False) -> Agent:
    """Return a person on this way."""
    height = float(np.clip(random.normal(1.35 if child else 1.68, 0.09), 1.05, 1.95))
    return Agent("person", 0.4 * height, height, times, places)


def pace(random: Random, usual_mps: float) -> float:
    """Return the speed of somebody on foot."""
    return float(np.clip(random.normal(usual_mps, 0.18 * usual_mps), 0.6, 1.9))


def arrivals(random: Random, present: float, stay_seconds: float, begin: float, end: float) -> list[float]:
    """Return when people come between `begin` and `end` so that `present` are there at once, on average."""
    count = int(random.poisson(present * (end - begin + stay_seconds) / stay_seconds))
    return sorted(random.uniform(begin - stay_seconds, end, count).tolist())


def beside(away_m: float, side: int) -> Place:
    """Return a place just outside of the picture, to its right (1) or left (-1)."""
    return side * (HALF_WIDTH_PER_METRE * away_m + 0.8), away_m


def plaza(random: Random, present: float, begin: float, end: float, _inward: float) -> list[Agent]:
    """People cross a square from edge to edge; some stop at the fountain, and a few stay long."""
    agents = []
    for start in arrivals(random, present, 62.0, begin, end):
        first, last = _edge(random), _edge(random)
        fountain = (float(random.uniform(-4.5, -1.0)), float(random.uniform(14.0, 19.0)))
        stops = random.random() < 0.6
        stays_long = random.random() < 0.004
        pause = 220.0 if stays_long else min(float(random.exponential(40.0)), 110.0)
        points = [first, fountain, last] if stops else [first, _somewhere(random), last]
        way = walk(points, start_seconds=start, speed_mps=pace(random, 1.3), pauses=[pause if stops else 0.0])
        agents.append(person(random, *way))
    return agents


def gate(random: Random, present: float, begin: float, end: float, inward: float) -> list[Agent]:
    """People go through a gate, the share `inward` of them away from the camera."""
    agents = []
    for start in arrivals(random, present, 17.0, begin, end):
        x = float(random.uniform(-3.5, 3.5))
        points = [
            (x, 7.9),
            (x + float(random.normal(0, 0.5)), 14.0),
            (x + float(random.normal(0, 1.2)), 30.0),
        ]
        if random.random() >= inward:
            points.reverse()
        way = walk(points, start_seconds=start, speed_mps=pace(random, 1.35))
        agents.append(person(random, *way))
    return agents


def crossing(random: Random, present: float, begin: float, end: float, _inward: float) -> list[Agent]:
    """People on a crosswalk, bicycles beside it, and vehicles on two lanes across."""
    agents = []
    for start in arrivals(random, 0.7 * present, 14.0, begin, end):
        x = float(random.uniform(-2.6, 2.6))
        points = [(x, 9.0), (x + float(random.normal(0, 0.4)), 26.0)]
        cycles = random.random() < 0.12
        speed = float(random.normal(3.6, 0.4)) if cycles else pace(random, 1.3)
        way = walk(points[:: int(random.choice([1, -1]))], start_seconds=start, speed_mps=max(speed, 0.6))
        agents.append(Agent("bicycle", 0.75, 1.6, *way) if cycles else person(random, *way))
    for start in arrivals(random, 0.3 * present, 6.0, begin, end):
        agents.append(_vehicle(random, start))
    return agents


def stairs(random: Random, present: float, begin: float, end: float, inward: float) -> list[Agent]:
    """Children on the stairs of a school; most keep right, some run, some come down where one goes up."""
    agents = []
    for start in arrivals(random, present, 12.0, begin, end):
        goes_up, keeps_right = random.random() < inward, random.random() < 0.985
        right = 1.0 if goes_up == keeps_right else -1.0
        x = right * float(random.uniform(0.7, 2.6))
        points = [
            (x, 7.9),
            (x + float(random.normal(0, 0.15)), 14.0),
            (x + float(random.normal(0, 0.2)), 21.5),
        ]
        speed = float(random.uniform(2.9, 3.8)) if random.random() < 0.008 else pace(random, 1.1)
        way = walk(points if goes_up else points[::-1], start_seconds=start, speed_mps=speed)
        agents.append(person(random, *way, child=True))
    return agents


def _edge(random: Random) -> Place:
    if random.random() < 0.3:
        return float(random.uniform(-12, 12)), 31.0
    return beside(float(random.uniform(10.0, 26.0)), int(random.choice([-1, 1])))


def _somewhere(random: Random) -> Place:
    away = float(random.uniform(11.0, 26.0))
    return float(random.uniform(-0.7, 0.7)) * HALF_WIDTH_PER_METRE * away, away


def _vehicle(random: Random, start: float) -> Agent:
    is_bus = random.random() < 0.12
    width, height = (9.0, 3.0) if is_bus else (4.3, 1.5)
    side, lane = (1, 15.0) if random.random() < 0.5 else (-1, 18.5)
    points = [beside(lane, side), (side * 4.6, lane), beside(lane, -side)]
    pause = 45.0 if random.random() < 0.02 else 0.0
    times, places = walk(
        points, start_seconds=start, speed_mps=float(np.clip(random.normal(7, 1.2), 4, 11)), pauses=[pause]
    )
    return Agent("bus" if is_bus else "car", width, height, times, places)
