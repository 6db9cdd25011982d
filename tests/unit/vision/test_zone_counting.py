"""The zone rules on generated replays whose truth is exactly known."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_components.runtime.counting.tallies import FrameTallies, Stay
from edge_components.runtime.counting.zones import ZoneCounter
from edge_components.runtime.inference.detections import Detections

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


def stays_of(replays: Any, xs: list[float]) -> tuple[int, int]:
    """Return entries and exits of the square when a foot point, at 10 frames a second, is just there."""
    tallies = FrameTallies(1, 1)
    zones = replays.make_scene(zones=[zone("square", SQUARE)]).zones
    counter = ZoneCounter(zones, replays.WIDTH, replays.HEIGHT, tallies)
    for index, step in enumerate(replays.steps([(x, 250.0) for x in xs])):
        tallies.open(index, index / 10, 100 * index, "synced", suspect=False)
        counter.update(step)
    stays = [tally.stays[0, 0] for tally in tallies.close_until(1e9) if tally.stays is not None]
    return sum(int(row[Stay.ENTRIES]) for row in stays), sum(int(row[Stay.EXITS]) for row in stays)


@pytest.mark.parametrize(
    ("xs", "expected"),
    [
        pytest.param([150, 180, 180, 225, 180, 180, 150], (0, 0), id="one sighting inside"),
        pytest.param([150, 180, 180, 225, 225, 180, 150, 140], (1, 1), id="two sightings inside"),
        pytest.param([150, 180] + [206] * 13, (1, 0), id="stands just inside for more than a second"),
        pytest.param([150, 180] + [206] * 9 + [180] * 9, (0, 0), id="just inside for less than a second"),
        pytest.param([150, 180] + [203] * 40, (0, 0), id="on the edge keeps the side he came from"),
        pytest.param([230] * 5 + [197] * 40, (0, 0), id="on the edge from inside"),
        pytest.param([150] + ([206] * 13 + [194] * 13) * 5, (1, 0), id="sways over the edge"),
        pytest.param([150] + ([212] * 3 + [188] * 3) * 9, (1, 0), id="sways widely"),
        pytest.param([150] + ([230] * 3 + [170] * 3) * 3, (3, 3), id="walks in and out"),
    ],
)
def test_when_a_foot_point_has_changed_sides(
    replays: Any, xs: list[float], expected: tuple[int, int]
) -> None:
    assert stays_of(replays, xs) == expected


@pytest.mark.parametrize("frames_per_second", [10, 5])
@pytest.mark.parametrize("jump_px", [24, 32, 36, 50])
def test_a_one_frame_jump_opens_no_zone(replays: Any, frames_per_second: float, jump_px: float) -> None:
    frame = 1 / frames_per_second
    there = (4 + frame, 180 + jump_px, 250)
    way = [(0, 80, 250), (2, 180, 250), (4, 180, 250), there, (4 + 2 * frame, 180, 250)]
    person = replays.Walker([*way, (6, 180, 250), (8, 80, 250)])
    counted = replays.count_frames(
        replays.make_scene(zones=[zone("square", SQUARE)]),
        replays.World([person], frames_per_second=frames_per_second).frames(),
    )
    square = counted.totals.zones["square"]
    assert (square["entries"], square["exits"], square["max"]) == (0, 0, 0)


@pytest.mark.parametrize("frames_per_second", [30, 15, 10, 5])
@pytest.mark.parametrize("way_out", [True, False])
def test_exits_and_entries_near_the_frames_edge_are_no_vanishing_and_appearing(
    replays: Any, frames_per_second: float, way_out: bool
) -> None:
    # The zone ends 40 px before the frame's edge, at five frames a second less than one step.
    zones = [zone("door", [[100, 0], [600, 0], [600, 360], [100, 360]])]
    people = replays.World(
        [
            replays.Walker(
                [(7.03 * k, 300, 270), (7.03 * k + 2 + 0.1 * k, 700, 270)]
                if way_out
                else [(7.03 * k, 700, 270), (7.03 * k + 2 + 0.1 * k, 300, 270), (7.03 * k + 5, -80, 270)]
            )
            for k in range(10)
        ],
        frames_per_second=frames_per_second,
        noise=0.01,
    )
    rows = replays.count_frames(
        replays.make_scene(zones=zones), [*people.frames(), *silence(replays, people)]
    ).table("zone_counts")
    sums = {key: sum(row[key] for row in rows) for key in KEYS}
    inside = 10 if way_out else 0
    assert sums == {"entries": 10 - inside, "exits": 10, "appeared": inside, "vanished": 0}


def test_a_zone_that_reaches_the_frames_edge_goes_on_beyond_it(replays: Any) -> None:
    # Its lower corners are a pixel short of the edge, as drawn by hand; the feet are below the frame.
    front = zone("front", [[200, 280], [639, 280], [639, 359], [200, 359]])
    person = replays.Walker([(0, 100, 368), (4, 420, 368), (8, 100, 368)])
    totals = replays.count_frames(
        replays.make_scene(zones=[front]), replays.World([person], clip_to_frame=False).frames()
    ).totals
    assert (totals.zones["front"]["entries"], totals.zones["front"]["exits"]) == (1, 1)


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
    counted = replays.count_frames(
        replays.make_scene(zones=[zone("square", SQUARE)]), [*people.frames(), *silence(replays, people)]
    )
    assert_stays_add_up(counted)
    assert counted.totals.warnings["late_changes"] == 0


@pytest.mark.parametrize("frames_per_second", [5.0, 2.0, 1.0])
@pytest.mark.parametrize("seed", range(4))
def test_stays_add_up_at_low_frame_rates(replays: Any, frames_per_second: float, seed: int) -> None:
    # At one frame a second and with a third missed, much is found out after its window has been written.
    people = replays.World(
        [
            replays.Walker(
                [(3.0 * k + j, 60 + 137 * k * (j + seed + 2) % 520, 200 + 20 * j) for k in range(6)]
            )
            for j in range(6)
        ],
        frames_per_second=frames_per_second,
        noise=0.02,
        missed=0.35,
        seed=seed,
    )
    scene = replays.make_scene(zones=[zone("square", SQUARE)])
    assert_stays_add_up(
        replays.count_frames(scene, [*people.frames(), *silence(replays, people)], window_seconds=1.0)
    )


def test_who_is_still_inside_at_the_end_makes_up_the_sum(replays: Any) -> None:
    people = replays.World(
        [replays.Walker([(0, 80, 200 + 40 * k), (3, 210 + 60 * k, 250)]) for k in range(4)]
    )
    for walker in people.walkers[:3]:
        walker.waypoints = [*walker.waypoints, (12, *walker.waypoints[-1][1:])]
    counted = replays.count_frames(
        replays.make_scene(zones=[zone("square", SQUARE)]), people.frames(people.times(12))
    )
    rows = counted.table("zone_counts")
    sums = {key: sum(row[key] for row in rows) for key in KEYS}
    assert sums == {"entries": 4, "exits": 0, "appeared": 0, "vanished": 1}
    assert rows[-1]["occupancy_last"] == 3


KEYS = ("entries", "exits", "appeared", "vanished")


def silence(replays: Any, people: Any, seconds: int = 8) -> list[tuple[int, Detections]]:
    """Return frames without anybody, so long that all tracks end."""
    last = replays.START_MS + round(1000 * (people.seconds + 1.0))
    rate = people.frames_per_second
    return [(last + round(1000 * k / rate), Detections.empty()) for k in range(1, round(seconds * rate) + 1)]


def assert_stays_add_up(counted: Any) -> None:
    rows = counted.table("zone_counts")
    sums = {key: sum(row[key] for row in rows) for key in KEYS}
    assert sums["entries"] + sums["appeared"] == sums["exits"] + sums["vanished"]
    assert all(row["occupancy_maximum"] >= row["occupancy_mean"] >= 0 for row in rows)
