"""Cameras and networks that give frames wrong times: the count stays exact."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from edge_components.runtime.counting.timeline import Timeline

HALL = {"name": "hall", "polygon": [[160, 40], [480, 40], [480, 350], [160, 350]]}
GATE = {"name": "gate", "points": [[320, 0], [320, 360]]}


@pytest.fixture(scope="module")
def crowd(replays: Any) -> Any:
    """Twenty people who walk through gate and hall, every two seconds one, from either side."""

    def of(frames_per_second: float) -> Any:
        ways = [(-30, 670) if k % 2 == 0 else (670, -30) for k in range(20)]
        walkers = [
            replays.Walker(
                [(2 + k * 2, start, 250 + 10 * (k % 5)), (8 + k * 2, end, 250 + 10 * (k % 5))], height=60
            )
            for k, (start, end) in enumerate(ways)
        ]
        return replays.World(walkers, frames_per_second=frames_per_second, noise=0.01)

    return of


def check(replays: Any, frames: list[tuple[int, Any]]) -> Any:
    scene = replays.make_scene(lines=[GATE], zones=[HALL])
    counted = replays.count_frames(scene, frames)
    hall = counted.totals.zones["hall"]
    assert counted.totals.lines["gate"] == {"in": 10, "out": 10}
    assert (hall["entries"], hall["exits"], hall["max"]) == (20, 20, 2)
    return counted


@pytest.mark.parametrize(
    "stamped",
    [
        pytest.param(lambda start, at, _: start + (at - start) // 1000 * 1000, id="whole seconds"),
        pytest.param(lambda start, at, _: start + (at - start) // 500 * 500, id="half seconds"),
        pytest.param(lambda _, at, index: at + (66 if index % 2 == 0 else -66), id="swapped in pairs"),
        pytest.param(lambda start, at, _: at - 1500 * (at - start > 20_000), id="set back by 1.5 s"),
        pytest.param(
            lambda start, at, _: at - 300 * ((at - start) // 5000), id="set back by 0.3 s every 5 s"
        ),
        pytest.param(
            lambda start, at, _: at - 1900 * ((at - start) // 10_000), id="set back by 1.9 s every 10 s"
        ),
    ],
)
def test_bad_clocks_change_no_count(
    replays: Any, crowd: Any, stamped: Callable[[int, int, int], int]
) -> None:
    frames = crowd(15).frames()
    check(replays, [(stamped(replays.START_MS, at, i), seen) for i, (at, seen) in enumerate(frames)])


@pytest.mark.parametrize(("length", "spacing_ms"), [(4, 2), (8, 10), (12, 5)])
def test_frames_that_arrive_in_bunches_change_no_count(
    replays: Any, crowd: Any, length: int, spacing_ms: int
) -> None:
    frames = [
        (
            replays.START_MS + 40 * (index // length * length + length - 1) + spacing_ms * (index % length),
            seen,
        )
        for index, (_, seen) in enumerate(crowd(25).frames())
    ]
    check(replays, frames)


@pytest.mark.parametrize("rates", [(30, 5), (5, 30), (2, 60), (60, 8)])
def test_a_camera_that_changes_its_rate_is_taken_at_its_word(rates: tuple[int, int]) -> None:
    times = [1000 * k // rates[0] for k in range(10 * rates[0])]
    times += [10_000 + 1000 * k // rates[1] for k in range(10 * rates[1])]
    timeline = Timeline()
    assert [round(1000 * timeline.advance(at)) for at in times] == times
    assert timeline.spread == 0


def test_an_event_that_ends_after_the_clock_was_set_back_keeps_its_start(replays: Any) -> None:
    rules = {"restricted": {"threshold": 1, "minimum_seconds": 0.5}}
    walker = replays.Walker([(0, 20, 300), (2, 300, 300), (20, 330, 300), (24, 630, 300)])
    frames = [
        (at - 7_200_000 * (at - replays.START_MS > 10_000), seen)
        for at, seen in replays.World([walker]).frames()
    ]
    counted = replays.count_frames(replays.make_scene(zones=[{**HALL, "events": rules}]), frames)
    rows = counted.table("events")
    assert {row["phase"] for row in rows} == {"start", "update", "end"}
    assert len({row["started_at"] for row in rows}) == 1
    times = [row["event_time"] for row in rows]
    assert any(after < before for before, after in pairwise(times)), "later rows carry the new clock"
