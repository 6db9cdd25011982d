"""Who stands on a line or at the edge of a zone is not counted over and over, whatever his box does.

Every test has many objects at once, each with a line or zone of its own: hours of standing in some minutes.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

WIDE, TALL = 2000, 2000
RATE, SECONDS = 5.0, 300.0
CARS = [(200, 60), (120, 50), (90, 60)]


def places(count: int) -> list[tuple[float, float]]:
    """Return feet on a grid of 6 columns."""
    return [(160.0 + 320 * (index % 6), 300.0 + 420 * (index // 6)) for index in range(count)]


def edge_at(x: float, y: float, across: bool, reach: float = 100.0) -> list[list[float]]:
    """Return the ends of a line through (x, y), crossed "in" by who goes right, or down when `across`."""
    return [[x + reach, y], [x - reach, y]] if across else [[x, y - reach], [x, y + reach]]


def side_of(x: float, y: float, across: bool, reach: float = 100.0) -> list[list[float]]:
    """Return the square to the right of (x, y), or below it when `across`."""
    if across:
        return [[x - reach, y], [x + reach, y], [x + reach, y + 200], [x - reach, y + 200]]
    return [[x, y - reach], [x + 170, y - reach], [x + 170, y + reach], [x, y + reach]]


def scene_at(replays: Any, where: list[tuple[float, float]], across: list[bool]) -> Any:
    return replays.make_scene(
        frame={"width": WIDE, "height": TALL},
        lines=[
            {"name": f"line-{k}", "points": edge_at(*place, turned)}
            for k, (place, turned) in enumerate(zip(where, across, strict=True))
        ],
        zones=[
            {"name": f"zone-{k}", "polygon": side_of(*place, turned)}
            for k, (place, turned) in enumerate(zip(where, across, strict=True))
        ],
    )


def standing(where: list[tuple[float, float]], seconds: float = SECONDS) -> np.ndarray:
    return np.tile(np.array(where), (int(seconds * RATE), 1, 1))


@pytest.mark.parametrize("offset", [-0.05, -0.02, 0.0, 0.02, 0.05, 0.1])
def test_a_person_who_stands_at_an_edge_is_counted_once_at_most(replays: Any, offset: float) -> None:
    kinds = list(product([False, True], [0.02, 0.03], [0.0, 1.0, 4.0]))
    across, noise, memory = (np.array(column) for column in zip(*kinds, strict=True))
    where, height = places(len(kinds)), 100.0
    shift = offset * height * np.column_stack((~across, across))
    frames = replays.trembling(
        standing([tuple(place) for place in np.array(where) + shift]),
        np.tile([40.0, height], (len(kinds), 1)),
        # Of the height, along both axes.
        noise * np.where(across, 1.0, 2.5),
        memory,
        rate=RATE,
        seed=11,
    )
    totals = replays.count_frames(scene_at(replays, where, across.tolist()), frames).totals
    assert totals.tracks == len(kinds)
    assert {name: counts for name, counts in totals.lines.items() if any(counts.values())} == {}
    changes = {name: (zone["entries"], zone["exits"]) for name, zone in totals.zones.items()}
    assert {name: pair for name, pair in changes.items() if sum(pair) > 1} == {}


@pytest.mark.parametrize("noise", [0.02, 0.04])
def test_a_car_that_waits_on_a_line_and_drives_on_is_counted_once(replays: Any, noise: float) -> None:
    kinds = list(product([False, True], CARS, [0.0, 1.0, 4.0]))
    across = [turned for turned, _, _ in kinds]
    where = places(len(kinds))
    ways = np.array([(0.0, 1.0) if turned else (1.0, 0.0) for turned in across])
    along = np.concatenate(
        (
            np.linspace(-100, 0, int(4 * RATE)),
            np.zeros(int(SECONDS * RATE)),
            np.linspace(0, 90, int(4 * RATE)),
        )
    )
    feet = np.array(where) + along[:, None, None] * ways
    frames = replays.trembling(
        feet,
        np.array([size for _, size, _ in kinds], float),
        np.full(len(kinds), noise),
        np.array([memory for _, _, memory in kinds]),
        rate=RATE,
        seed=12,
    )
    totals = replays.count_frames(scene_at(replays, where, across), frames).totals
    assert totals.tracks == len(kinds)
    assert {tuple(counts.values()) for counts in totals.lines.values()} == {(1, 0)}
    changes = {name: (zone["entries"], zone["exits"]) for name, zone in totals.zones.items()}
    assert {name: pair for name, pair in changes.items() if pair != (1, 0)} == {}


@pytest.mark.parametrize("hidden_seconds", [1.0, 2.0, 3.0])
def test_a_car_half_hidden_again_and_again_is_not_counted(replays: Any, hidden_seconds: float) -> None:
    sizes = np.array(CARS * 2, float)
    where = places(len(sizes))
    across = [False] * len(sizes)
    frames = replays.trembling(
        standing(where), sizes, np.full(len(sizes), 0.04), np.array([0.0] * 3 + [1.0] * 3), rate=RATE, seed=13
    )
    for moment_ms, seen in frames:
        phase = (moment_ms - replays.START_MS) / 1000 % 20
        if phase >= 20 - hidden_seconds:
            # People pass before its right half.
            seen.boxes[:, 2] = 0.5 * (seen.boxes[:, 0] + seen.boxes[:, 2])
    totals = replays.count_frames(scene_at(replays, where, across), frames).totals
    assert {tuple(counts.values()) for counts in totals.lines.values()} == {(0, 0)}
    changes = {name: (zone["entries"], zone["exits"]) for name, zone in totals.zones.items()}
    assert {name: pair for name, pair in changes.items() if sum(pair) > 1} == {}


@pytest.mark.parametrize("frames_per_second", [30.0, 10.0, 5.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_who_walks_in_and_stops_just_inside_is_counted_soon(
    replays: Any, frames_per_second: float, seed: int
) -> None:
    # 0.07 of his height beyond the edge, within the margin; away from it on the other side is counted too.
    comes = replays.Walker([(0, 100, 330), (3, 327, 330), (8, 327, 330)])
    goes = replays.Walker([(0, 500, 240), (3, 313, 240), (8, 313, 240)])
    zone = {"name": "right", "polygon": [[320, 0], [640, 0], [640, 360], [320, 360]]}
    people = replays.World([comes, goes], frames_per_second=frames_per_second, noise=0.015, seed=seed)
    counted = replays.count_frames(
        replays.make_scene(zones=[zone]), people.frames(people.times(6.0)), window_seconds=6.0
    )
    right = counted.totals.zones["right"]
    assert (right["entries"], right["exits"]) == (1, 1)
