from __future__ import annotations

from typing import Any

import pytest

from contract.scene import EventRule
from edge_components.runtime.counting.analytics import SceneAnalytics
from edge_components.runtime.counting.trigger import Trigger

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
        pytest.param([4, 5, 4, 4, 4, 4, 4], [], id="one frame at the threshold starts nothing"),
        pytest.param([5, 4, 4, 4, 5, 5, 5], [("start", 2.0)], id="too few at the threshold: it starts anew"),
        pytest.param([5, 5, 4, 4, 5], [("start", 0.0)], id="starts in a frame at the threshold"),
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


def test_eleven_people_and_one_wrong_frame_are_no_crowd() -> None:
    rule = EventRule("crowding", threshold=12, minimum_seconds=5, hysteresis=2)
    values = [12.0 if index == 50 else 11.0 for index in range(400)]
    assert phases_of(rule, values, step_seconds=0.1) == []


def test_an_event_whose_track_ends_while_its_value_is_low_ended_when_it_fell() -> None:
    trigger = Trigger(EventRule("loitering", threshold=5, minimum_seconds=1, hysteresis=1), 10.0)
    for time_seconds, value in ((0, 5), (1, 6), (2, 7), (2.5, 0), (3.0, 0)):
        trigger.observe(value, time_seconds)
    assert trigger.end(3.2) == "end"
    assert trigger.changed_seconds == 2.5


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


@pytest.mark.parametrize(("silent_seconds", "events"), [(6.0, 1), (9.5, 1), (10.5, 2)])
@pytest.mark.parametrize("told", [True, False], ids=["told while silent", "told by the next frame"])
def test_a_silence_of_up_to_ten_seconds_ends_no_event(
    replays: Any, silent_seconds: float, events: int, told: bool
) -> None:
    people = replays.World([replays.Walker([(0, 300, 200), (60, 300, 200)])])
    zones = [{"name": "square", "polygon": SQUARE, "events": {"crowding": {"threshold": 1}}}]
    scene = replays.make_scene(zones=zones)
    analytics = SceneAnalytics(scene, labels=list(scene.classes))
    for at_ms, seen in people.frames([k / 10 for k in range(50)]):
        analytics.update(seen, at_ms)
    if told:
        for tenths in range(int(silent_seconds * 10)):
            analytics.idle(replays.START_MS + 4900 + 100 * tenths)
    after = [4.9 + silent_seconds + k / 10 for k in range(50)]
    for at_ms, seen in people.frames(after):
        analytics.update(seen, at_ms)
    analytics.close()
    assert len(analytics.totals.events) == events


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


LEFTWARDS, RIGHTWARDS = [(0, 600, 250), (6, 40, 250)], [(0, 40, 250), (6, 600, 250)]
LINES = [
    {"name": "across", "points": [[320, 0], [320, 360]]},
    {"name": "up", "points": [[320, 360], [320, 0]]},
]
NINETY = {"allowed": 90, "threshold": 120, "minimum_seconds": 0.5}


@pytest.mark.parametrize(
    ("rule", "way", "expected"),
    [
        pytest.param(NINETY, LEFTWARDS, ["start", "end"], id="against the way"),
        pytest.param(NINETY, RIGHTWARDS, [], id="along the way"),
        pytest.param({**NINETY, "allowed": -90}, LEFTWARDS, [], id="degrees below zero"),
        pytest.param({**NINETY, "allowed": 0}, [(0, 300, 340), (5, 300, 60)], [], id="zero is up"),
        pytest.param({**NINETY, "allowed": 0}, [(0, 300, 60), (5, 300, 340)], ["start", "end"], id="down"),
        pytest.param(NINETY, [(0, 300, 250), (9, 300, 250)], [], id="stands"),
        pytest.param(NINETY, [(0, 300, 120), (5, 300, 340)], [], id="at a right angle"),
        pytest.param(
            NINETY, [(0, 250, 250), (3, 400, 250), (3.3, 385, 250), (6, 520, 250)], [], id="a step back"
        ),
        pytest.param(
            {**NINETY, "allowed": "in", "line": "across"}, LEFTWARDS, ["start", "end"], id="out over a line"
        ),
        pytest.param({**NINETY, "allowed": "out", "line": "across"}, LEFTWARDS, [], id="out is allowed"),
        pytest.param({**NINETY, "allowed": "in", "line": "across"}, RIGHTWARDS, [], id="in over a line"),
    ],
)
def test_going_the_wrong_way(replays: Any, rule: dict[str, Any], way: Any, expected: list[str]) -> None:
    people = replays.World([replays.Walker(way)], noise=0.015, frames_per_second=15)
    rows = events_of(replays, people, {"wrong_direction": rule}, lines=LINES)
    assert [row["phase"] for row in rows] == expected
    assert {row["line"] for row in rows} <= {rule.get("line")}
    if rows:
        assert rows[-1]["peak_value"] == pytest.approx(180, abs=15)


def test_the_wrong_way_is_seen_soon_after_the_turn(replays: Any) -> None:
    # Walks at one height of the box a second and turns round at 3 s; 0.6 heights later it shows.
    people = replays.World([replays.Walker([(0, 220, 250), (3, 420, 250), (6, 220, 250)])], noise=0.01)
    rows = events_of(replays, people, {"wrong_direction": NINETY})
    assert rows[0]["seconds"] == pytest.approx(3.9, abs=0.35)


UP, DOWN = (355, 90), (90, 355)


@pytest.mark.parametrize(
    ("x", "ends", "keep", "expected"),
    [
        pytest.param(380, UP, "right", [], id="up on the right"),
        pytest.param(260, UP, "right", ["start", "end"], id="up on the left"),
        pytest.param(260, DOWN, "right", [], id="down on his own right"),
        pytest.param(380, DOWN, "right", ["start", "end"], id="down on his own left"),
        pytest.param(260, UP, "left", [], id="up on the left where left is kept"),
        pytest.param(380, UP, "left", ["start", "end"], id="up on the right where left is kept"),
        pytest.param(100, UP, "right", [], id="outside the zone"),
    ],
)
def test_going_on_the_wrong_side(
    replays: Any, x: float, ends: tuple[int, int], keep: str, expected: list[str]
) -> None:
    people = replays.World([replays.Walker([(0, x, ends[0]), (6, x, ends[1])])], noise=0.01)
    # Which way the line is drawn does not matter.
    for line in ("up", "across"):
        rule = {"line": line, "keep": keep, "threshold": 2, "minimum_seconds": 0.5}
        rows = events_of(replays, people, {"wrong_side": rule}, lines=LINES)
        assert [row["phase"] for row in rows] == expected


def test_crossing_the_middle_of_the_way_is_not_going_on_the_wrong_side(replays: Any) -> None:
    people = replays.World([replays.Walker(way) for way in (LEFTWARDS, RIGHTWARDS)], noise=0.01)
    rule = {"line": "up", "threshold": 1, "minimum_seconds": 0.5}
    assert events_of(replays, people, {"wrong_side": rule}, lines=LINES) == []


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        pytest.param("restricted", {"threshold": 1}, id="objects inside"),
        pytest.param("stopped", {"threshold": 3}, id="a track"),
    ],
)
@pytest.mark.parametrize(("classes", "expected"), [(["car"], 1), (["person"], 0), (["person", "car"], 1)])
def test_a_rule_looks_only_at_its_classes(
    replays: Any, kind: str, options: dict[str, Any], classes: list[str], expected: int
) -> None:
    car = replays.Walker([(0, 60, 250), (2, 320, 250), (9, 320, 250)], class_id=1)
    rules = {kind: {**options, "classes": classes, "minimum_seconds": 0.5}}
    rows = events_of(replays, replays.World([car]), rules, classes=["person", "car"])
    assert len({row["event"] for row in rows}) == expected
