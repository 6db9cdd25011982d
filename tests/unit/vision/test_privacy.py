"""With `privacy` no number from 1 to k - 1 about a zone leaves, whatever happens before the camera."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from contract.scene import SceneError
from contract.tables import TABLES

ZONES: list[dict[str, Any]] = [
    {"name": "hall", "polygon": [[100, 50], [540, 50], [540, 350], [100, 350]], "area_m2": 20.0},
    {"name": "corner", "polygon": [[400, 150], [540, 150], [540, 350], [400, 350]]},
]
PEOPLE = (
    *("occupancy_mean", "occupancy_maximum", "occupancy_last"),
    *("entries", "exits", "appeared", "vanished", "dwell_count"),
)
NUMBERS = {column.name for column in TABLES["zone_counts"].own_columns} - {
    *("zone", "object_class", "window_seconds", "frames", "suspect", "density_per_m2", "dwell_seconds_sum")
}


def crowd(replays: Any, people: int, seed: int) -> Any:
    random = np.random.default_rng(seed)
    walkers = []
    for _ in range(people):
        start, seconds = random.uniform(0, 25), random.uniform(4, 20)
        ends = random.uniform([40, 130], [600, 350], (2, 2))
        walkers.append(
            replays.Walker(
                [(start, *ends[0]), (start + seconds, *ends[1])], class_id=int(random.integers(2)), height=60
            )
        )
    return replays.World(walkers, frames_per_second=8, noise=0.01, seed=seed)


def test_every_number_of_people_is_looked_at() -> None:
    assert set(PEOPLE) == NUMBERS


@pytest.mark.parametrize("minimum_count", [2, 5])
@pytest.mark.parametrize("people", [1, 4, 12, 30])
def test_nothing_between_one_and_k_leaves(replays: Any, people: int, minimum_count: int) -> None:
    parts: dict[str, Any] = {"zones": ZONES, "classes": ["person", "car"]}
    frames = crowd(replays, people, seed=people).frames()
    open_count = replays.count_frames(replays.make_scene(**parts), frames)
    told = replays.count_frames(replays.make_scene(**parts, privacy={"minimum_count": minimum_count}), frames)
    pairs = list(zip(open_count.table("zone_counts"), told.table("zone_counts"), strict=True))
    assert len(pairs) >= 8
    for before, after in pairs:
        for name in PEOPLE:
            assert after[name] == (before[name] if before[name] >= minimum_count else 0)
        assert after["dwell_seconds_sum"] == (before["dwell_seconds_sum"] if after["dwell_count"] else 0)
        if after["density_per_m2"] is not None:
            assert after["density_per_m2"] == after["occupancy_mean"] / 20.0
        assert after["frames"] == before["frames"]
    assert told.table("tracks") == []
    tracks = open_count.totals.tracks
    assert told.totals.tracks == (tracks if tracks >= minimum_count else 0)
    for name, zone in told.totals.zones.items():
        for key in ("max", "mean", "entries", "exits"):
            assert zone[key] == 0 or zone[key] >= minimum_count, name


def test_crossings_do_not_tell_who(replays: Any) -> None:
    line = {"name": "gate", "points": [[320, 0], [320, 360]]}
    scene = replays.make_scene(lines=[line], privacy={"minimum_count": 3})
    people = replays.World([replays.Walker([(0, 100, 250), (4, 540, 250)])])
    [crossing] = replays.count_frames(scene, people.frames()).table("line_crossings")
    assert (crossing["track"], crossing["speed_mps"]) == (0, None)


def test_an_event_tells_no_small_number_at_its_end(replays: Any) -> None:
    rules = {"crowding": {"threshold": 3, "minimum_seconds": 0.5, "hysteresis": 1}}
    people = [
        replays.Walker([(0, 200 + 60 * k, 300), (3 + k, 200 + 60 * k, 300), (4 + k, 200 + 60 * k, 20)])
        for k in range(4)
    ]
    scene = replays.make_scene(zones=[{**ZONES[0], "events": rules}], privacy={"minimum_count": 3})
    rows = replays.count_frames(scene, replays.World(people).frames()).table("events")
    assert [row["phase"] for row in rows] == ["start", "end"]
    assert [row["value"] for row in rows] == [4, 0]
    assert [row["peak_value"] for row in rows] == [4, 4]


@pytest.mark.parametrize(
    ("threshold", "hysteresis", "accepted"),
    [
        pytest.param(5, 1, True, id="ends below five"),
        pytest.param(5, 0, True, id="no hysteresis"),
        pytest.param(8, 4, True, id="far above"),
        pytest.param(5, 1.5, False, id="would end at three"),
        pytest.param(5, 4.5, False, id="would end when all are gone"),
    ],
)
def test_an_event_that_would_end_below_k_less_one_is_refused(
    replays: Any, threshold: float, hysteresis: float, accepted: bool
) -> None:
    rules = {"restricted": {"threshold": threshold, "minimum_seconds": 0, "hysteresis": hysteresis}}
    parts: dict[str, Any] = {"zones": [{**ZONES[0], "events": rules}], "privacy": {"minimum_count": 5}}
    if accepted:
        replays.make_scene(**parts)
        return
    with pytest.raises(SceneError, match=r"hysteresis is .*: expected at most 1 with"):
        replays.make_scene(**parts)
