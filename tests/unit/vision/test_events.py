from __future__ import annotations

from typing import Any

import pytest

from contract.scene import EventRule
from edge_components.vision.events import Trigger

SQUARE = [[200, 100], [440, 100], [440, 350], [200, 350]]
# Pixels to metres one to a hundred, so that speeds are easy to read.
GROUND = [
    {"image": [0, 0], "world_m": [0, 0]},
    {"image": [640, 0], "world_m": [6.4, 0]},
    {"image": [640, 360], "world_m": [6.4, 3.6]},
    {"image": [0, 360], "world_m": [0, 3.6]},
]


def phases_of(rule: EventRule, values: list[float], step_seconds: float = 0.5) -> list[tuple[str, float]]:
    phases, trigger = [], Trigger(rule, update_seconds=10.0)
    for index, value in enumerate(values):
        phase = trigger.observe(value, index * step_seconds)
        if phase is not None:
            phases.append((phase, trigger.changed_seconds))
    return phases


CROWDING = EventRule("crowding", threshold=5, minimum_seconds=1.0, hysteresis=2)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([0, 9, 0, 0, 9, 0], [], id="single frames start nothing"),
        pytest.param([0, 5, 6, 5, 5], [("start", 0.5)], id="dated back to the first frame at the threshold"),
        pytest.param([5, 4, 5, 4, 4], [("start", 0.0)], id="within the hysteresis it goes on"),
        pytest.param([5, 3, 5, 5, 5], [("start", 1.0)], id="at the lower level it starts anew"),
        pytest.param([5, 5, 5, 3, 5, 5], [("start", 0.0)], id="a single frame ends nothing"),
        pytest.param([5, 5, 5, 3, 3, 3], [("start", 0.0), ("end", 1.5)], id="ends, dated back"),
        pytest.param([5] * 24, [("start", 0.0), ("update", 11.0)], id="updates no more than one a window"),
    ],
)
def test_an_event_needs_its_time_to_start_and_to_end(
    values: list[float], expected: list[tuple[str, float]]
) -> None:
    assert phases_of(CROWDING, values) == expected


def test_without_hysteresis_falling_below_the_threshold_is_low() -> None:
    rule = EventRule("crowding", threshold=5, minimum_seconds=0, hysteresis=0)
    assert phases_of(rule, [5, 5, 4, 5]) == [("start", 0.0), ("end", 1.0), ("start", 1.5)]


def events_of(replays: Any, people: Any, rules: dict[str, Any], **parts: Any) -> list[dict[str, Any]]:
    zones = [{"name": "square", "polygon": SQUARE, "events": rules}]
    counted = replays.count_frames(replays.make_scene(zones=zones, **parts), people.frames())
    rows: list[dict[str, Any]] = counted.table("events")
    for row in rows:
        row["seconds"] = (row["event_time"] - replays.START_MS) / 1000
    return rows


def test_crowding_starts_and_ends_with_its_peak(replays: Any) -> None:
    people = [
        replays.Walker([(0, 60, 150 + 40 * k), (2 + 0.5 * k, 300, 150 + 40 * k), (12, 300, 150 + 40 * k)])
        for k in range(4)
    ]
    for person in people:
        person.waypoints.append((14, 620, person.waypoints[0][2]))
    rules = {"crowding": {"threshold": 3, "minimum_seconds": 1, "hysteresis": 1}}
    rows = events_of(replays, replays.World(people), rules)
    assert [row["phase"] for row in rows] == ["start", "update", "end"]
    assert len({row["event"] for row in rows}) == 1
    assert rows[2]["peak_value"] == 4
    assert rows[0]["seconds"] == pytest.approx(1.75, abs=0.3)
    assert rows[2]["duration_seconds"] == pytest.approx(rows[2]["seconds"] - rows[0]["seconds"], abs=0.002)


def test_running_needs_metres_per_second_for_a_second(replays: Any) -> None:
    runner = replays.Walker([(0, 20, 300), (2, 630, 300)])
    stroller = replays.Walker([(0, 30, 200), (6, 630, 200)])
    rows = events_of(
        replays,
        replays.World([runner, stroller], noise=0.01),
        {"running": {"threshold": 2.5, "minimum_seconds": 0.3}},
        ground=GROUND,
    )
    assert [(row["phase"], row["track"]) for row in rows] == [("start", 1), ("end", 1)]
    assert rows[1]["peak_value"] == pytest.approx(3.05, rel=0.1)


@pytest.mark.parametrize(
    ("kind", "way", "expected"),
    [
        pytest.param("loitering", [(0, 250, 200), (9, 400, 300)], ["start", "end"], id="loiters"),
        pytest.param("loitering", [(0, 100, 200), (6, 560, 200)], [], id="passes"),
        pytest.param("stopped", [(0, 250, 200), (9, 400, 300)], [], id="moves on slowly"),
        pytest.param("stopped", [(0, 100, 200), (2, 300, 200), (9, 300, 200)], ["start", "end"], id="stops"),
        pytest.param("stopped", [(0, 100, 200), (9, 100, 200)], [], id="stops outside"),
    ],
)
def test_loitering_and_stopping_are_judged_by_track(
    replays: Any, kind: str, way: list[tuple[float, float, float]], expected: list[str]
) -> None:
    people = replays.World([replays.Walker(way)], noise=0.01)
    rows = events_of(replays, people, {kind: {"threshold": 4, "minimum_seconds": 0.5}})
    assert [row["phase"] for row in rows] == expected
    assert {row["track"] for row in rows} <= {1}


def test_a_restricted_zone_reports_somebody_inside(replays: Any) -> None:
    people = replays.World([replays.Walker([(0, 100, 200), (6, 560, 200)])])
    rows = events_of(replays, people, {"restricted": {"threshold": 1, "minimum_seconds": 0.5}})
    assert [row["phase"] for row in rows] == ["start", "end"]
    assert rows[0]["track"] is None


def test_a_long_silence_of_the_camera_ends_events_before_it(replays: Any) -> None:
    people = replays.World([replays.Walker([(0, 300, 200), (60, 310, 200)])])
    zones = [{"name": "square", "polygon": SQUARE, "events": {"crowding": {"threshold": 1}}}]
    moments = [k / 10 for k in range(50)] + [40 + k / 10 for k in range(50)]
    counted = replays.count_frames(replays.make_scene(zones=zones), people.frames(moments))
    durations = [event["duration_seconds"] for event in counted.totals.events]
    assert durations == [pytest.approx(4.9, abs=0.3), pytest.approx(4.9, abs=0.3)]


def test_an_event_about_a_track_ends_when_the_track_was_last_seen(replays: Any) -> None:
    people = replays.World([replays.Walker([(0, 300, 200), (6, 310, 200)])])
    rows = events_of(
        replays,
        replays.World([*people.walkers, replays.Walker([(0, 90, 90), (12, 99, 90)])]),
        {"loitering": {"threshold": 2}},
    )
    assert [(row["phase"], row["seconds"]) for row in rows] == [("start", 2.0), ("end", 6.0)]


def test_an_event_still_going_on_ends_with_the_run(replays: Any) -> None:
    people = replays.World([replays.Walker([(0, 300, 200), (8, 310, 200)])])
    zones = [{"name": "square", "polygon": SQUARE, "events": {"loitering": {"threshold": 2}}}]
    counted = replays.count_frames(replays.make_scene(zones=zones), people.frames(people.times(7)))
    [event] = counted.totals.events
    assert event["ended_seconds"] == pytest.approx(replays.START_MS / 1000 + 7.0)
    assert event["peak_value"] == pytest.approx(7.0)
