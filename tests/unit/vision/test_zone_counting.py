"""The zone rules on generated replays whose truth is exactly known."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

Way = list[tuple[float, float, float]]

SQUARE = [[200, 150], [440, 150], [440, 350], [200, 350]]


def zone(name: str, polygon: list[list[int]], **parts: Any) -> dict[str, Any]:
    return {"name": name, "polygon": polygon, **parts}


@pytest.mark.parametrize("frames_per_second", [30, 10, 5])
@pytest.mark.parametrize(
    ("way", "faults", "expected"),
    [
        pytest.param([(0, 80, 250), (6, 580, 250)], {}, (1, 1, 2.88), id="walks through"),
        pytest.param(
            [(0, 80, 250), (6, 580, 250)], {"missed": 0.3}, (1, 1, 2.88), id="walks through, missed"
        ),
        pytest.param([(0, 80, 250), (3, 300, 250), (9, 300, 250)], {}, (1, 0, None), id="comes in and stays"),
        pytest.param([(0, 300, 250), (4, 600, 250)], {}, (0, 1, 1.867), id="leaves"),
        pytest.param(
            [(0, 80, 250), (2, 200, 250), (12, 200, 250), (14, 80, 250)],
            {"noise": 0.01, "seed": 3},
            None,
            id="stands on the edge",
        ),
    ],
)
def test_entries_exits_and_dwell(
    replays: Any,
    frames_per_second: float,
    way: Way,
    faults: dict[str, float],
    expected: tuple[int, int, float | None] | None,
) -> None:
    people = replays.World([replays.Walker(way)], frames_per_second=frames_per_second, **faults)
    zones = replays.count_frames(
        replays.make_scene(zones=[zone("square", SQUARE)]), people.frames()
    ).totals.zones["square"]
    if expected is None:
        # Whether somebody on the edge is inside cannot be decided; he must not be counted over and over.
        assert zones["entries"] == zones["exits"] <= 1
        return
    entries, exits, dwell = expected
    assert (zones["entries"], zones["exits"]) == (entries, exits)
    near = None if dwell is None else pytest.approx(dwell, abs=0.12)
    assert zones["dwell_seconds_mean"] == near


@pytest.mark.parametrize("frames_per_second", [25, 5])
@pytest.mark.parametrize("missed", [0.0, 0.3])
def test_occupancy_is_exact_though_detections_are_missed_and_people_hidden(
    replays: Any, frames_per_second: float, missed: float
) -> None:
    inside = replays.Walker([(0, 300, 250), (20, 320, 250)], hidden=[(8, 10)])
    passing = replays.Walker([(0, 80, 200), (20, 580, 200)])
    people = replays.World([inside, passing], frames_per_second=frames_per_second, missed=missed, seed=5)
    counted = replays.count_frames(
        replays.make_scene(zones=[zone("square", SQUARE)]), people.frames(people.times(20))
    )
    square = counted.totals.zones["square"]
    assert square["max"] == 2
    assert square["mean"] == pytest.approx(1 + 9.6 / 20, abs=0.06)
    assert counted.totals.tracks == 2


def test_overlapping_zones_each_count_for_themselves(replays: Any) -> None:
    zones = [zone("wide", SQUARE), zone("inner", [[260, 180], [380, 180], [380, 320], [260, 320]])]
    person = replays.Walker([(0, 80, 250), (3, 320, 250), (8, 320, 250)])
    totals = replays.count_frames(
        replays.make_scene(zones=zones), replays.World([person]).frames()
    ).totals.zones
    assert [(totals[name]["entries"], totals[name]["max"]) for name in ("wide", "inner")] == [(1, 1), (1, 1)]


def test_a_one_frame_jump_opens_no_zone(replays: Any) -> None:
    person = replays.Walker([(0, 160, 250), (2, 160, 250), (2.04, 215, 250), (2.08, 160, 250), (4, 160, 250)])
    counted = replays.count_frames(
        replays.make_scene(zones=[zone("square", SQUARE)]), replays.World([person]).frames()
    )
    square = counted.totals.zones["square"]
    assert (square["entries"], square["exits"], square["max"]) == (0, 0, 0)


def test_appearing_and_vanishing_inside_are_no_entries_and_exits(replays: Any) -> None:
    people = [replays.Walker([(2, 300, 250), (5, 330, 250)]), replays.Walker([(0, 100, 330), (20, 110, 330)])]
    counted = replays.count_frames(
        replays.make_scene(zones=[zone("square", SQUARE)]), replays.World(people).frames()
    )
    rows = counted.table("zone_counts")
    assert {key: sum(row[key] for row in rows) for key in ("entries", "exits", "appeared", "vanished")} == {
        "entries": 0,
        "exits": 0,
        "appeared": 1,
        "vanished": 1,
    }
    # Where he went is not known, so how long he stayed is not either.
    assert counted.totals.zones["square"]["dwell_seconds_mean"] is None


def test_leaving_over_the_edge_of_the_frame_ends_a_stay(replays: Any) -> None:
    person = replays.Walker([(0, 300, 300), (6, 700, 300)])
    scene = replays.make_scene(zones=[zone("right", [[400, 0], [640, 0], [640, 360], [400, 360]])])
    counted = replays.count_frames(
        scene, replays.World([person, replays.Walker([(0, 100, 330), (20, 110, 330)])]).frames()
    )
    right = counted.totals.zones["right"]
    assert (right["entries"], right["exits"]) == (1, 0)
    assert right["dwell_seconds_mean"] == pytest.approx(240 / (400 / 6), abs=0.4)


def test_a_foot_point_exactly_on_the_edge_is_inside(replays: Any) -> None:
    person = replays.Walker([(0, 200, 250), (4, 200, 250)])
    totals = replays.count_frames(
        replays.make_scene(zones=[zone("square", SQUARE)]), replays.World([person]).frames()
    ).totals
    assert totals.zones["square"]["max"] == 1


def test_feet_below_the_frame_count_at_its_edge(replays: Any) -> None:
    person = replays.Walker([(0, 300, 380), (4, 300, 380)])
    scene = replays.make_scene(zones=[zone("front", [[0, 300], [640, 300], [640, 360], [0, 360]])])
    totals = replays.count_frames(scene, replays.World([person], clip_to_frame=False).frames()).totals
    assert totals.zones["front"]["max"] == 1


def test_somebody_confirmed_late_counts_from_his_first_frame(replays: Any) -> None:
    person = replays.Walker([(0, 300, 250), (9.9, 300, 250)])
    people = replays.World([person], frames_per_second=5)
    counted = replays.count_frames(
        replays.make_scene(zones=[zone("square", SQUARE)]), people.frames(people.times(9.9))
    )
    assert counted.totals.zones["square"]["mean"] == 1.0


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(60, 580), st.integers(120, 350)), min_size=2, max_size=5), st.integers()
)
def test_stays_add_up_whatever_happens(replays: Any, places: list[tuple[int, int]], seed: int) -> None:
    """Who came in or appeared has gone out, vanished or is still inside."""
    way = [(1.5 * k, float(x), float(y)) for k, (x, y) in enumerate(places)]
    people = replays.World([replays.Walker(way)], noise=0.03, missed=0.2, false_per_frame=0.2, seed=abs(seed))
    counted = replays.count_frames(replays.make_scene(zones=[zone("square", SQUARE)]), people.frames())
    rows = counted.table("zone_counts")
    begun = sum(row["entries"] + row["appeared"] for row in rows)
    ended = sum(row["exits"] + row["vanished"] for row in rows)
    assert 0 <= begun - ended <= counted.totals.tracks
    assert all(row["occupancy_maximum"] >= row["occupancy_mean"] >= 0 for row in rows)
    assert counted.totals.warnings["late_changes"] == 0
