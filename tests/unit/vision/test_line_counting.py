"""The line rules on generated replays whose truth is exactly known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contract.scene import Line
from edge_components.runtime.counting.lines import LineCounter

Way = list[tuple[float, float, float]]

ACROSS: Way = [(0, 100, 300), (5, 540, 300)]
BACK: Way = [(0, 540, 250), (5, 100, 250)]
WAITS: Way = [(0, 100, 300), (2, 319, 300), (12, 319, 300), (14, 540, 300)]
WAITS_AND_RETURNS: Way = [(0, 100, 300), (2, 318, 300), (12, 318, 300), (14, 100, 300)]
U_TURN: Way = [(0, 100, 300), (2, 300, 300), (4, 100, 300)]
OVER_AND_BACK: Way = [(0, 100, 300), (3, 420, 300), (6, 100, 300)]
ALONG: Way = [(0, 310, 100), (6, 310, 350)]


@pytest.mark.parametrize("frames_per_second", [30, 15, 10, 5])
@pytest.mark.parametrize(
    ("ways", "faults", "expected"),
    [
        pytest.param([ACROSS], {}, [1, 0], id="walks across"),
        pytest.param([BACK], {}, [0, 1], id="walks back across"),
        pytest.param([WAITS], {"noise": 0.02}, [1, 0], id="waits on the line and goes on"),
        pytest.param([WAITS_AND_RETURNS], {"noise": 0.02}, [0, 0], id="waits on the line and returns"),
        pytest.param([U_TURN], {"noise": 0.02}, [0, 0], id="turns before the line"),
        pytest.param([OVER_AND_BACK], {"noise": 0.02}, [1, 1], id="goes over and comes back"),
        pytest.param([ALONG], {"noise": 0.03}, [0, 0], id="walks along the line"),
        pytest.param([ACROSS, BACK], {"noise": 0.02}, [1, 1], id="two cross in opposite directions"),
        pytest.param([ACROSS], {"noise": 0.02, "missed": 0.3}, [1, 0], id="missed detections of 30 percent"),
    ],
)
def test_a_crossing_counts_once_and_only_when_it_happened(
    replays: Any,
    frames_per_second: float,
    ways: list[Way],
    faults: dict[str, float],
    expected: list[int],
) -> None:
    people = replays.World(
        [replays.Walker(way) for way in ways], frames_per_second=frames_per_second, **faults
    )
    counted = replays.count_frames(replays.make_scene(), people.frames())
    assert list(counted.totals.lines["gate"].values()) == expected


@pytest.mark.parametrize("frames_per_second", [30, 5])
def test_a_crossing_has_the_time_and_place_at_which_the_foot_met_the_line(
    replays: Any, frames_per_second: float
) -> None:
    scene, person = replays.make_scene(), replays.Walker([(0, 103, 280), (5, 541, 320)])
    counted = replays.count_frames(
        scene, replays.World([person], frames_per_second=frames_per_second).frames()
    )
    [(direction, seconds)] = person.crossings(scene.lines[0])
    assert counted.crossings() == [("gate", direction, pytest.approx(seconds, abs=0.03))]
    [row] = counted.table("line_crossings")
    assert (row["image_x"], row["image_y"]) == (pytest.approx(320), pytest.approx(299.8, abs=1.5))


@pytest.mark.parametrize("frames_per_second", [30, 15, 10, 5])
@pytest.mark.parametrize("clip_to_frame", [True, False])
@pytest.mark.parametrize(
    ("way_and_line", "expected"),
    [
        pytest.param(([(0, 300, 300), (4, 760, 300)], [[634, 0], [634, 360]]), [1, 0], id="out on the right"),
        pytest.param(([(0, 300, 300), (4, -120, 300)], [[6, 0], [6, 360]]), [0, 1], id="out on the left"),
        pytest.param(
            ([(0, 760, 300), (4, 300, 300)], [[634, 0], [634, 360]]), [0, 1], id="in from the right"
        ),
        pytest.param(([(0, -120, 300), (4, 300, 300)], [[6, 0], [6, 360]]), [1, 0], id="in from the left"),
        pytest.param(
            ([(0, 300, 200), (4, 300, 500)], [[640, 355], [0, 355]]), [1, 0], id="out at the bottom"
        ),
        pytest.param(
            ([(0, 300, 300), (2, 600, 300), (4, 300, 300)], [[634, 0], [634, 360]]), [0, 0], id="turns"
        ),
    ],
)
def test_a_line_near_the_edge_of_the_frame_counts(
    replays: Any,
    frames_per_second: float,
    clip_to_frame: bool,
    way_and_line: tuple[Way, list[list[int]]],
    expected: list[int],
) -> None:
    way, points = way_and_line
    people = replays.World(
        [replays.Walker(way)], frames_per_second=frames_per_second, clip_to_frame=clip_to_frame
    )
    counted = replays.count_frames(
        replays.make_scene(lines=[{"name": "edge", "points": points}]), people.frames()
    )
    assert list(counted.totals.lines["edge"].values()) == expected


def test_a_flicker_that_is_never_confirmed_counts_nothing(replays: Any) -> None:
    flickers = [replays.Walker([(start, 300, 300), (start + 0.05, 340, 300)]) for start in range(8)]
    counted = replays.count_frames(replays.make_scene(), replays.World(flickers).frames())
    assert (counted.totals.lines, counted.totals.tracks) == ({"gate": {"in": 0, "out": 0}}, 0)


@pytest.mark.parametrize("frames_per_second", [15, 5])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_false_detections_of_ten_percent_cost_no_count(
    replays: Any, frames_per_second: float, seed: int
) -> None:
    # About three people are in view at a time.
    people = replays.World(
        replays.passers_by(12, seed=seed),
        frames_per_second=frames_per_second,
        noise=0.015,
        false_per_frame=0.3,
        seed=seed,
    )
    scene = replays.make_scene()
    truth = sorted(
        (seconds, direction)
        for walker in people.walkers
        for direction, seconds in walker.crossings(scene.lines[0])
    )
    found = replays.count_frames(scene, people.frames()).crossings()
    assert [direction for _, direction, _ in found] == [direction for _, direction in truth]
    assert [seconds for _, _, seconds in found] == [pytest.approx(one, abs=0.6) for one, _ in truth]


def crossings_of(
    replays: Any,
    points: list[tuple[float, float]],
    feet: list[tuple[float, float]],
    height: float = 100.0,
) -> list[str]:
    """Return the directions that are counted when a foot point, at 10 frames a second, is just there."""
    counter = LineCounter([Line("gate", tuple(points))], 640, 360)
    steps = replays.steps(feet, height)
    return [crossing.direction for step in steps for crossing in [*counter.update(step)]] + [
        crossing.direction for crossing in counter.finish()
    ]


@pytest.mark.parametrize(
    ("xs", "expected"),
    [
        pytest.param([200, 290, 345, 290, 288, 200], [], id="one sighting beyond"),
        pytest.param([200, 290, 345, 346, 290, 288, 200], ["in", "out"], id="two sightings beyond"),
        pytest.param([200, 310, 331, 331, 331, 310, 200], [], id="within the band"),
        pytest.param([310, 333, 333, 333, 310, 310], [], id="not far enough from where he was first seen"),
    ],
)
def test_a_jump_over_the_line_counts_only_in_two_sightings(
    replays: Any, xs: list[float], expected: list[str]
) -> None:
    assert crossings_of(replays, [(320, 0), (320, 360)], [(x, 300.0) for x in xs]) == expected


@pytest.mark.parametrize("frames_per_second", [10, 5])
@pytest.mark.parametrize("jump_px", [24, 32, 36, 50])
def test_a_one_frame_jump_counts_nothing(replays: Any, frames_per_second: float, jump_px: float) -> None:
    # As when a detector boxes him with somebody else; the wider jumps end his track just over the line.
    frame = 1 / frames_per_second
    there = (5 + frame, 300 + jump_px, 300)
    way = [(0, 100, 300), (3, 300, 300), (5, 300, 300), there, (5 + 2 * frame, 300, 300)]
    person = replays.Walker([*way, (7, 300, 300), (9, 100, 300)])
    counted = replays.count_frames(
        replays.make_scene(), replays.World([person], frames_per_second=frames_per_second).frames()
    )
    assert counted.totals.lines["gate"] == {"in": 0, "out": 0}


V_SHAPE = [(200.0, 100.0), (320.0, 200.0), (440.0, 100.0)]


@pytest.mark.parametrize("step", [1.0, 3.0, 7.0, 40.0])
@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        pytest.param((160, 200), (480, 200), [], id="touches the tip from below"),
        pytest.param((480, 200), (160, 200), [], id="touches it the other way"),
        pytest.param((320, 40), (320, 360), ["out"], id="through the tip downwards"),
        pytest.param((320, 360), (320, 40), ["in"], id="through the tip upwards"),
        pytest.param((240, 320), (400, 80), ["in"], id="through the tip aslant"),
        pytest.param((200, 40), (480, 390), ["out"], id="along an arm's continuation"),
    ],
)
def test_a_way_through_a_corner_counts_once_and_one_that_touches_it_never(
    replays: Any, step: float, start: tuple[float, float], end: tuple[float, float], expected: list[str]
) -> None:
    length = np.hypot(end[0] - start[0], end[1] - start[1])
    shares = np.append(np.arange(0, length, step) / length, [1.0, 1.0])
    feet = [tuple(np.add(start, share * np.subtract(end, start))) for share in shares]
    assert crossings_of(replays, V_SHAPE, feet) == expected


@pytest.mark.parametrize("frames_per_second", [30, 10, 5])
@pytest.mark.parametrize(
    "hidden", [pytest.param((1.5, 3.5), id="over the line"), pytest.param((2.8, 4.8), id="after it")]
)
def test_somebody_hidden_for_two_seconds_is_counted_once_under_one_id(
    replays: Any, frames_per_second: float, hidden: tuple[float, float]
) -> None:
    person = replays.Walker([(0, 150, 300), (6, 490, 300)], hidden=[hidden])
    counted = replays.count_frames(
        replays.make_scene(),
        replays.World([person], frames_per_second=frames_per_second, noise=0.02).frames(),
    )
    assert counted.totals.lines["gate"] == {"in": 1, "out": 0}
    assert counted.totals.tracks == 1


def test_a_group_of_ten_is_ten(replays: Any) -> None:
    group = [
        replays.Walker(
            [
                (0.1 * k, 60 + 13 * (k % 5), 180 + 35 * (k // 5) + 8 * (k % 5)),
                (6 + 0.1 * k, 560, 180 + 14 * k),
            ]
        )
        for k in range(10)
    ]
    counted = replays.count_frames(replays.make_scene(), replays.World(group, noise=0.015).frames())
    assert counted.totals.lines["gate"] == {"in": 10, "out": 0}
    assert counted.totals.tracks == 10


def test_the_frame_rate_may_change_in_mid_run(replays: Any) -> None:
    people = replays.World(
        [replays.Walker([(0, 100, 300), (6, 560, 300)]), replays.Walker([(0, 560, 240), (6, 100, 240)])],
        noise=0.02,
    )
    times = [k / 30 for k in range(90)] + [3 + k / 5 for k in range(20)]
    counted = replays.count_frames(replays.make_scene(), people.frames(times))
    assert counted.totals.lines["gate"] == {"in": 1, "out": 1}
    assert counted.totals.tracks == 2


def test_a_crossing_before_the_confirmation_counts_with_its_true_time(replays: Any) -> None:
    person = replays.Walker([(1, 316, 300), (3, 520, 300)])
    counted = replays.count_frames(
        replays.make_scene(), replays.World([person], frames_per_second=10).frames()
    )
    assert counted.crossings() == [("gate", "in", pytest.approx(1 + 4 / 102, abs=0.05))]


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        pytest.param([(0, 100, 300), (4, 540, 300)], [1, 0], id="through the lower arm"),
        pytest.param([(0, 300, 90), (4, 300, 350)], [1, 0], id="through the upper arm from above"),
        pytest.param([(0, 450, 90), (4, 450, 350)], [0, 0], id="beside the upper arm"),
        pytest.param([(0, 100, 190), (4, 540, 190)], [0, 0], id="above the lower arm's upper end"),
    ],
)
def test_only_crossings_within_the_extent_of_a_bent_line_count(
    replays: Any, way: Way, expected: list[int]
) -> None:
    bent = {"name": "bent", "points": [[400, 200], [250, 200], [250, 360]]}
    scene = replays.make_scene(lines=[bent])
    counted = replays.count_frames(scene, replays.World([replays.Walker(way)]).frames())
    truth = [direction for direction, _ in replays.Walker(way).crossings(scene.lines[0])]
    assert [truth.count("in"), truth.count("out")] == expected
    assert list(counted.totals.lines["bent"].values()) == expected


def test_a_way_that_bends_at_a_corner_counts_by_its_ends(replays: Any) -> None:
    # One foot point lies exactly on the tip of the V; which side the way ends on says what to count.
    random = np.random.default_rng(1)
    tip, kinds = np.array([320.0, 200.0]), []
    for _ in range(200):
        before, after = random.integers(-45, 46, (2, 2))
        feet = [tip + 2 * before, tip + before, tip, tip + after, tip + 2 * after, tip + 2 * after]
        height = [y - (200 - abs(x - 320) * 100 / 120) for x, y in (feet[0], feet[-1])]
        if min(map(abs, height)) < 20 or min(feet[0][1], feet[-1][1]) < 125:
            continue
        expected = [] if height[0] * height[1] > 0 else ["in" if height[0] > 0 else "out"]
        kinds.append(tuple(expected))
        assert crossings_of(replays, V_SHAPE, [tuple(foot) for foot in feet], height=20.0) == expected
    assert len(set(kinds)) == 3


def test_ids_are_never_used_twice_and_never_given_to_the_unconfirmed(replays: Any) -> None:
    people = [replays.Walker([(8 * k, 100, 300), (8 * k + 3, 540, 300)]) for k in range(5)]
    flickers = [replays.Walker([(8 * k + 4, 320, 200), (8 * k + 4.05, 320, 200)]) for k in range(5)]
    counted = replays.count_frames(replays.make_scene(), replays.World(people + flickers).frames())
    assert [row["track"] for row in counted.table("line_crossings")] == [1, 2, 3, 4, 5]
    assert counted.totals.tracks == 5


@pytest.mark.parametrize("height", [30.0, 250.0])
def test_far_and_near_people_count_alike(replays: Any, height: float) -> None:
    person = replays.Walker([(0, 200, 320), (4, 440, 320)], height=height)
    counted = replays.count_frames(replays.make_scene(), replays.World([person], noise=0.02).frames())
    assert counted.totals.lines["gate"] == {"in": 1, "out": 0}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(40, 600), st.integers(120, 340)), min_size=2, max_size=5),
    st.sampled_from([30.0, 15.0, 10.0]),
)
@example([(350, 120), (300, 120), (350, 120)], 10.0)  # turns on his heel
def test_net_count_is_the_change_of_side_for_any_clean_walk(
    replays: Any,
    places: list[tuple[int, int]],
    frames_per_second: float,
) -> None:
    """Whatever somebody does, ins minus outs is where he ended up, unless he stops upon the line."""
    way: Way = []
    moment = 0.0
    for x, y in places:
        if way:
            moment += max(0.5, ((x - way[-1][1]) ** 2 + (y - way[-1][2]) ** 2) ** 0.5 / 100)
        way.append((moment, float(x), float(y)))
    last = way[-1]
    way.append((moment + 1.0, last[1], last[2]))
    if min(abs(way[0][1] - 320), abs(last[1] - 320)) < 30:
        return
    counted = replays.count_frames(
        replays.make_scene(),
        replays.World([replays.Walker(way)], frames_per_second=frames_per_second).frames(),
    )
    lines = counted.totals.lines["gate"]
    assert lines["in"] - lines["out"] == (last[1] > 320) - (way[0][1] > 320)
