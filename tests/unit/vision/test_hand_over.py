"""A scene, a threshold or a detector is changed in the middle of a run: everybody is counted once."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from contract.records import Record, check_record
from contract.scene import Scene, SceneError
from edge_components.runtime.counting.analytics import SceneAnalytics
from edge_components.runtime.counting.tracked import TrackerSettings

HALL = {
    "name": "hall",
    "polygon": [[150, 0], [490, 0], [490, 360], [150, 360]],
    "events": {"loitering": {"threshold": 2, "minimum_seconds": 1}},
}
LINE = {"name": "gate", "points": [[320, 0], [320, 360]]}
SIDE = {"name": "side", "points": [[200, 0], [200, 360]]}
DOOR = {"name": "door", "polygon": [[300, 0], [340, 0], [340, 360], [300, 360]]}


def run(frames: Any, scene: Scene, changes: dict[int, tuple[Scene, dict[str, Any]]]) -> list[Record]:
    """Count `frames`, handing over before each frame named in `changes`."""
    analytics = SceneAnalytics(scene, labels=["person", "car"])
    records: list[Record] = []
    for index, (moment_ms, seen) in enumerate(frames):
        if index in changes:
            after, settings = changes[index]
            analytics, last = analytics.hand_over(after, **{"labels": ["person", "car"], **settings})
            records += last
        records += analytics.update(seen, moment_ms)
    records += analytics.close()
    for record in records:
        check_record(record)
    return records


def counted(records: list[Record], *, lines: tuple[str, ...] = ("gate",)) -> Counter[Any]:
    """Return crossings by line, way and track, and the sums of entries and exits by zone."""
    found: Counter[Any] = Counter()
    for record in records:
        values = record.values
        if record.table == "line_crossings" and values["line"] in lines:
            found[values["line"], values["direction"], values["track"]] += 1
        if record.table == "zone_counts" and values["zone"] == "hall":
            found["entries"] += int(str(values["entries"]))
            found["exits"] += int(str(values["exits"]))
    return found


@pytest.fixture(scope="module")
def street(replays: Any) -> list[Any]:
    return list(replays.World(replays.passers_by(6, seed=4), frames_per_second=10).frames())


@pytest.mark.parametrize(
    "after",
    [
        pytest.param({"zones": [HALL], "lines": [LINE]}, id="the same scene again"),
        pytest.param({"zones": [DOOR, HALL], "lines": [SIDE, LINE]}, id="a zone and a line more, before"),
        pytest.param({"zones": [HALL], "lines": [LINE], "site": "moved"}, id="another site"),
    ],
)
def test_what_both_scenes_have_is_counted_as_if_nothing_had_happened(
    street: list[Any], replays: Any, after: dict[str, Any]
) -> None:
    before = replays.make_scene(zones=[HALL], lines=[LINE])
    whole = counted(run(street, before, {}))
    assert whole["entries"] == 6
    for moment in range(7, len(street), 19):
        changed = run(street, before, {moment: (replays.make_scene(**after), {})})
        assert counted(changed) == whole, f"changed before frame {moment}"


def test_changes_before_every_frame_count_nobody_twice(street: list[Any], replays: Any) -> None:
    first = replays.make_scene(zones=[HALL], lines=[LINE])
    second = replays.make_scene(zones=[HALL, DOOR], lines=[LINE, SIDE])
    changes = {index: ((first, second)[index % 2], {}) for index in range(1, len(street))}
    assert counted(run(street, first, changes)) == counted(run(street, first, {}))


def test_every_record_names_the_scene_it_was_made_under(street: list[Any], replays: Any) -> None:
    first = replays.make_scene(zones=[HALL], lines=[LINE])
    second = replays.make_scene(zones=[HALL], lines=[SIDE])
    records = run(street, first, {60: (second, {})})
    changed_ms = street[60][0]
    assert {record.scene_version for record in records} == {first.version, second.version}
    for record in records:
        if record.table == "line_crossings":
            expected = first.version if record.values["line"] == "gate" else second.version
            assert record.scene_version == expected
        if record.table == "zone_counts" and record.event_time_ms >= changed_ms:
            assert record.scene_version == second.version


def test_an_event_goes_on_under_the_rule_that_both_have(replays: Any) -> None:
    people = replays.World([replays.Walker([(0, 300, 250), (12, 330, 250)])], frames_per_second=10)
    frames = people.frames(people.times(12))
    first = replays.make_scene(zones=[HALL], lines=[LINE])
    second = replays.make_scene(zones=[HALL, DOOR])
    events = [one for one in run(frames, first, {60: (second, {})}) if one.table == "events"]
    assert [one.values["phase"] for one in events if one.values["phase"] != "update"] == ["start", "end"]
    assert len({one.values["event"] for one in events}) == 1
    assert (events[0].scene_version, events[-1].scene_version) == (first.version, second.version)


def test_an_event_ends_with_the_rule_it_was_about(replays: Any) -> None:
    people = replays.World([replays.Walker([(0, 300, 250), (12, 330, 250)])], frames_per_second=10)
    frames = people.frames(people.times(12))
    first, second = replays.make_scene(zones=[HALL]), replays.make_scene(zones=[DOOR])
    events = [one for one in run(frames, first, {60: (second, {})}) if one.table == "events"]
    assert events[-1].values["phase"] == "end"
    assert events[-1].scene_version == first.version


def test_with_other_classes_everybody_gets_a_new_id(replays: Any) -> None:
    people = replays.World([replays.Walker([(0, 300, 250), (6, 310, 250)])], frames_per_second=10)
    frames = people.frames(people.times(6))
    first = replays.make_scene(zones=[HALL])
    second = replays.make_scene(zones=[HALL], classes=["car", "person"])
    records = run(frames, first, {30: (second, {})})
    tracks = {(one.scene_version, one.values["track"]) for one in records if one.table == "tracks"}
    assert tracks == {(first.version, 1), (second.version, 2)}
    assert counted(records)["entries"] == 0


def test_a_detector_with_its_labels_in_another_order_goes_on_with_the_tracks(replays: Any) -> None:
    people = replays.World([replays.Walker([(0, 300, 250), (6, 310, 250)])], frames_per_second=10)
    frames = people.frames(people.times(6))
    scene = replays.make_scene(zones=[HALL])
    for _, seen in frames[30:]:
        seen.class_ids[:] = np.where(seen.class_ids == 0, 1, seen.class_ids)
    records = run(frames, scene, {30: (scene, {"labels": ["dog", "person"]})})
    assert {one.values["track"] for one in records if one.table == "tracks"} == {1}


def test_a_new_threshold_holds_from_the_next_frame_on(replays: Any) -> None:
    scene = replays.make_scene(zones=[HALL])
    people = replays.World([replays.Walker([(0, 300, 250), (3, 310, 250)])], frames_per_second=10)
    frames = people.frames(people.times(3))
    strict = TrackerSettings(high_confidence=0.99, new_track_confidence=0.99)
    assert counted(run(frames, scene, {0: (scene, {"tracker_settings": strict})}))["entries"] == 0
    records = run(frames, scene, {0: (scene, {"tracker_settings": strict})})
    assert not [one for one in records if one.table == "tracks"]


def test_a_scene_that_cannot_be_used_changes_nothing(street: list[Any], replays: Any) -> None:
    scene = replays.make_scene(zones=[HALL], lines=[LINE])
    whole, analytics, records = counted(run(street, scene, {})), None, []
    analytics = SceneAnalytics(scene, labels=["person"])
    for index, (moment_ms, seen) in enumerate(street):
        if index == 40:
            with pytest.raises(SceneError, match="classes has 'car'"):
                analytics.hand_over(replays.make_scene(classes=["car"]), labels=["person"])
        records += analytics.update(seen, moment_ms)
    assert counted(records + analytics.close()) == whole


def test_what_is_seen_now_is_told_without_waiting(replays: Any) -> None:
    people = replays.World([replays.Walker([(0, 200, 250), (6, 450, 250)])], frames_per_second=10)
    scene = replays.make_scene(zones=[HALL], lines=[LINE])
    analytics = SceneAnalytics(scene, labels=["person"])
    for moment_ms, seen in people.frames(people.times(6)):
        analytics.update(seen, moment_ms)
    assert analytics.occupancy == {"hall": {"person": 1}}
    assert sorted(analytics.line_totals["gate"].values()) == [0, 1]


WINDOW = 10.0
NOBODY_ELSE = {"zones": [HALL], "site": "moved"}


def covered(records: list[Record], table: str) -> list[tuple[int, int, str]]:
    """Return from when to when, in ms of the first window, each row of the hall or track 1 says it is."""
    found = []
    for record in records:
        if record.table == table and record.values.get("zone", "hall") == "hall":
            length_ms = round(float(str(record.values["window_seconds"])) * 1000)
            found.append((record.event_time_ms, record.event_time_ms + length_ms, str(record.scene_version)))
    start_ms = min(begin for begin, _, _ in found) // 10_000 * 10_000
    return [(begin - start_ms, end - start_ms, version) for begin, end, version in found]


@pytest.mark.parametrize("table", ["zone_counts", "tracks"])
@pytest.mark.parametrize(
    ("changes", "cuts"),
    [
        pytest.param([], [], id="no change"),
        pytest.param([20], [2000], id="one"),
        pytest.param([20, 21, 57], [2000, 2100, 5700], id="three"),
        pytest.param([20, 20], [2000], id="two at once"),
        pytest.param([100], [], id="at a window's end"),
        pytest.param([0], [], id="before the first frame"),
    ],
)
def test_the_parts_of_a_window_cover_it_once(
    replays: Any, table: str, changes: list[int], cuts: list[int]
) -> None:
    people = replays.World([replays.Walker([(0, 300, 250), (20, 310, 250)])], frames_per_second=10)
    frames = [(1_700_000_000_000 + 100 * index, seen)
              for index, (_, seen) in enumerate(people.frames(people.times(19)))]  # fmt: skip
    scenes = [replays.make_scene(zones=[HALL]), replays.make_scene(**NOBODY_ELSE)]
    analytics, records = SceneAnalytics(scenes[0], labels=["person"]), []
    for index, (moment_ms, seen) in enumerate(frames):
        for which in range(changes.count(index)):
            analytics, last = analytics.hand_over(scenes[(which + 1) % 2], labels=["person"])
            records += last
        records += analytics.update(seen, moment_ms)
    records += analytics.close()
    edges = [0, *cuts, 10_000, 20_000]
    parts = [(begin, end) for begin, end, _ in covered(records, table)]
    assert parts == list(pairwise(edges))


def test_a_mean_over_the_parts_is_the_mean_over_the_window(replays: Any) -> None:
    """Somebody stands in the hall for 2 of 10 s, and a scene is pushed: 0.2 of a person, not 0.5."""
    person = replays.World([replays.Walker([(0, 300, 250), (2, 300, 250)])], frames_per_second=10)
    seen = [one for _, one in person.frames(person.times(1.95))]
    empty = type(seen[0])(seen[0].boxes[:0], seen[0].confidences[:0], seen[0].class_ids[:0])
    everything = [*seen, *[empty] * (100 - len(seen))]
    frames = [(1_700_000_000_000 + 100 * index, one) for index, one in enumerate(everything)]
    first, second = replays.make_scene(zones=[HALL]), replays.make_scene(**NOBODY_ELSE)
    for moment in (20, 22, 35, 99):
        rows = [
            one.values
            for one in run(frames, first, {moment: (second, {})})
            if one.table == "zone_counts" and one.values["object_class"] == "person"
        ]
        assert len(rows) == 2
        seconds = [float(str(row["window_seconds"])) for row in rows]
        means = [float(str(row["occupancy_mean"])) for row in rows]
        assert sum(seconds) == pytest.approx(WINDOW)
        assert sum(m * s for m, s in zip(means, seconds, strict=True)) / WINDOW == pytest.approx(
            0.2, abs=0.011
        )


def test_frames_at_uneven_times_leave_no_part_without_time(replays: Any) -> None:
    """Camera times tremble: a frame may come before the moment up to which the one before was to stand."""
    people = replays.World([replays.Walker([(0, 300, 250), (20, 310, 250)])], frames_per_second=10)
    shakes = np.random.default_rng(5).integers(-60, 60, 200)
    frames = [(1_700_000_000_000 + 100 * index + int(shakes[index]), seen)
              for index, (_, seen) in enumerate(people.frames(people.times(19)))]  # fmt: skip
    scenes = [replays.make_scene(zones=[HALL]), replays.make_scene(**NOBODY_ELSE)]
    changes: dict[int, tuple[Scene, dict[str, Any]]] = {
        index: (scenes[index % 2], {}) for index in range(1, len(frames), 3)
    }
    changes |= {index: (scenes[index % 2], {}) for index in range(95, 106)}
    parts = sorted((begin, end) for begin, end, _ in covered(run(frames, scenes[0], changes), "zone_counts"))
    assert all(begin < end for begin, end in parts)
    for (_, end), (begin, _) in pairwise(sorted(set(parts))):
        assert end <= begin


def test_who_is_hidden_while_a_scene_changes_has_not_vanished(replays: Any) -> None:
    people = replays.World([replays.Walker([(0, 300, 250), (8, 330, 250)])], frames_per_second=10)
    frames = list(people.frames(people.times(7.9)))
    empty = type(frames[0][1])(*(part[:0] for part in vars(frames[0][1]).values()))
    hidden = [(moment_ms, empty if 30 <= index < 44 else seen)
              for index, (moment_ms, seen) in enumerate(frames)]  # fmt: skip
    first, second = replays.make_scene(zones=[HALL]), replays.make_scene(zones=[HALL, DOOR])
    stays = {}
    cases: list[dict[int, tuple[Scene, dict[str, Any]]]] = [{}, {43: (second, {})}]
    for changes in cases:
        rows = [one.values for one in run(hidden, first, changes) if one.table == "zone_counts"]
        people_in_hall = [row for row in rows if row["zone"] == "hall" and row["object_class"] == "person"]
        stays[len(changes)] = [
            sum(int(str(row[name])) for row in people_in_hall)
            for name in ("appeared", "vanished", "entries", "exits")
        ]
    assert stays[1] == stays[0]
    assert stays[0][:2] == [1, 0]
