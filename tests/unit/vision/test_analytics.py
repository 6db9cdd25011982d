from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from contract.scene import SceneError
from edge_components.runtime.counting.analytics import AnalyticsSettingsError, SceneAnalytics
from edge_components.runtime.inference.detections import Detections

HALL = {"name": "hall", "polygon": [[100, 50], [540, 50], [540, 350], [100, 350]], "area_m2": 20.0}
LINE = {"name": "gate", "points": [[320, 0], [320, 360]]}


def test_a_class_the_detector_does_not_know_is_refused(replays: Any) -> None:
    with pytest.raises(SceneError, match=r"classes has 'unicorn'.*expected one of person, car"):
        SceneAnalytics(replays.make_scene(classes=["unicorn"]), labels=["person", "car"])


@pytest.mark.parametrize("window_seconds", [0.0, -1.0, float("nan"), 1e6])
def test_a_window_out_of_range_is_refused(replays: Any, window_seconds: float) -> None:
    with pytest.raises(AnalyticsSettingsError, match="window_seconds is"):
        SceneAnalytics(replays.make_scene(), labels=["person"], window_seconds=window_seconds)


def test_windows_start_at_whole_multiples_and_cover_every_frame(replays: Any) -> None:
    person = replays.Walker([(0, 200, 250), (37, 300, 250)])
    scene = replays.make_scene(zones=[HALL])
    people = replays.World([person], frames_per_second=10)
    offset_ms = 3_300
    frames = [(moment + offset_ms, seen) for moment, seen in people.frames(people.times(37))]
    rows = replays.count_frames(scene, frames).table("zone_counts")
    assert [row["event_time"] % 10_000 for row in rows] == [0] * 5
    assert [row["frames"] for row in rows] == [67, 100, 100, 100, 4]
    assert {row["occupancy_mean"] for row in rows} == {1.0}
    assert {row["density_per_m2"] for row in rows} == {0.05}


def test_a_window_without_frames_makes_no_row(replays: Any) -> None:
    person = replays.Walker([(0, 200, 250), (60, 300, 250)])
    frames = replays.World([person]).frames([k / 10 for k in range(80)] + [41 + k / 10 for k in range(20)])
    rows = replays.count_frames(replays.make_scene(zones=[HALL]), frames).table("zone_counts")
    assert [row["event_time"] - replays.START_MS for row in rows] == [0, 40_000]


def test_a_window_of_frames_without_anybody_is_a_row_of_zeros_for_every_class(replays: Any) -> None:
    scene = replays.make_scene(zones=[HALL], classes=["person", "car"])
    frames = [(replays.START_MS + 100 * index, Detections.empty()) for index in range(50)]
    rows = replays.count_frames(scene, frames).table("zone_counts")
    assert [(row["object_class"], row["frames"], row["occupancy_maximum"]) for row in rows] == [
        ("person", 50, 0),
        ("car", 50, 0),
    ]


def test_classes_are_counted_apart_and_others_not_at_all(replays: Any) -> None:
    scene = replays.make_scene(zones=[HALL], lines=[LINE], classes=["car", "person"])
    walkers = [
        replays.Walker([(0, 120, 200 + 40 * class_id), (5, 520, 200 + 40 * class_id)], class_id=class_id)
        for class_id in range(3)
    ]
    analytics = SceneAnalytics(scene, labels=["person", "dog", "car"])
    records = []
    for moment, seen in replays.World(walkers).frames():
        records += analytics.update(seen, moment)
    records += analytics.close()
    crossings = [record.values["object_class"] for record in records if record.table == "line_crossings"]
    assert sorted(map(str, crossings)) == ["car", "person"]
    assert analytics.totals.tracks == 2


def test_a_records_window_comes_only_when_nothing_can_change_it(replays: Any) -> None:
    analytics = SceneAnalytics(replays.make_scene(zones=[HALL]), labels=["person"])
    person = replays.Walker([(0, 200, 250), (30, 300, 250)])
    made = {}
    for moment, seen in replays.World([person], frames_per_second=10).frames():
        for record in analytics.update(seen, moment):
            made.setdefault((record.table, record.event_time_ms), moment)
    assert made["zone_counts", replays.START_MS] - replays.START_MS == pytest.approx(14_600, abs=200)


def test_track_rows_hold_what_the_track_did_in_the_window(replays: Any) -> None:
    person = replays.Walker([(0, 200, 250), (15, 350, 250)], height=80)
    scene = replays.make_scene(zones=[HALL])
    people = replays.World([person], frames_per_second=10)
    rows = replays.count_frames(scene, people.frames(people.times(15))).table("tracks")
    assert [(row["track"], row["frames"]) for row in rows] == [(1, 100), (1, 51)]
    assert rows[0]["image_x"] == pytest.approx(249.5, abs=1)
    assert (rows[0]["image_y"], rows[0]["box_height"], rows[0]["box_width"]) == pytest.approx(
        (250, 80, 32), abs=1
    )
    assert rows[0]["ground_x_m"] is None
    assert rows[0]["speed_mps"] is None


def test_a_scene_without_zones_has_track_rows_too(replays: Any) -> None:
    people = replays.World([replays.Walker([(0, 120, 250), (4, 520, 250)])])
    counted = replays.count_frames(replays.make_scene(), people.frames())
    assert len(counted.table("tracks")) == 1
    assert counted.table("zone_counts") == []


def test_speed_and_place_are_in_metres_where_the_ground_is_known(replays: Any) -> None:
    ground = [
        {"image": [x, y], "world_m": [x / 100, y / 100]} for x, y in ((0, 0), (640, 0), (640, 360), (0, 360))
    ]
    scene = replays.make_scene(lines=[LINE], zones=[HALL], ground=ground)
    person = replays.Walker([(0, 100, 250), (4, 540, 250)])
    counted = replays.count_frames(scene, replays.World([person], noise=0.005).frames())
    [crossing] = counted.table("line_crossings")
    assert crossing["speed_mps"] == pytest.approx(1.1, abs=0.1)
    [row] = counted.table("tracks")
    assert row["speed_mps"] == pytest.approx(1.1, abs=0.08)
    assert 0 < row["speed_uncertainty_mps"] < 0.2
    assert row["ground_x_m"] == pytest.approx(3.2, abs=0.1)


def test_suspect_frames_mark_their_window_and_the_worst_clock_names_it(replays: Any) -> None:
    analytics = SceneAnalytics(replays.make_scene(zones=[HALL]), labels=["person"])
    records = []
    for index in range(200):
        records += analytics.update(
            Detections.empty(),
            replays.START_MS + 100 * index,
            suspect=index == 42,
            clock_quality="unsynced" if index == 43 else "synced",
        )
    records += analytics.close()
    assert [(record.values["suspect"], record.clock_quality) for record in records] == [
        (True, "unsynced"),
        (False, "synced"),
    ]


@pytest.mark.parametrize(
    ("suspect_from", "suspect_until", "expected"),
    [
        pytest.param(0, 26, True, id="suspect when it happened"),
        pytest.param(26, 1000, False, id="suspect when it became final"),
    ],
)
def test_a_crossing_is_suspect_when_the_picture_was_as_it_happened(
    replays: Any, suspect_from: int, suspect_until: int, expected: bool
) -> None:
    # Over the line at 2.0 s, then a pause just beyond it; clear of it at 5 s.
    person = replays.Walker([(0, 120, 300), (2.05, 325, 300), (5, 325, 300), (7, 520, 300)])
    analytics = SceneAnalytics(replays.make_scene(), labels=["person"])
    records = []
    for index, (moment, seen) in enumerate(replays.World([person], frames_per_second=10).frames()):
        records += analytics.update(seen, moment, suspect=suspect_from <= index < suspect_until)
    [crossing] = [record for record in records if record.table == "line_crossings"]
    assert crossing.values["suspect"] is expected


@pytest.mark.parametrize(
    ("times", "warnings"),
    [
        pytest.param([0, 0, 0, 40, 80, 120], {"times_not_forward": 2, "times_set_back": 0}, id="equal"),
        pytest.param([0, 40, 80, 20, 120], {"times_not_forward": 1, "times_set_back": 0}, id="backward"),
        pytest.param([90_000, 90_040, 40, 80], {"times_not_forward": 1, "times_set_back": 1}, id="set back"),
    ],
)
def test_times_that_do_not_go_forward_are_counted(
    replays: Any, times: list[int], warnings: dict[str, int]
) -> None:
    frames = [(replays.START_MS + time, Detections.empty()) for time in times]
    counted = replays.count_frames(replays.make_scene(zones=[HALL]), frames)
    assert warnings.items() <= counted.totals.warnings.items()
    assert sum(row["frames"] for row in counted.table("zone_counts")) == len(times)


def test_a_clock_set_back_splits_no_crossing(replays: Any) -> None:
    person = replays.Walker([(0, 100, 250), (4, 540, 250)])
    frames = [
        (moment - (3_600_000 if index >= 40 else 0), seen)
        for index, (moment, seen) in enumerate(replays.World([person]).frames())
    ]
    counted = replays.count_frames(replays.make_scene(lines=[LINE]), frames)
    assert counted.totals.lines["gate"] == {"in": 1, "out": 0}
    assert counted.totals.tracks == 1


def test_bad_boxes_and_crowds_beyond_the_limit_are_counted_not_tracked(replays: Any) -> None:
    boxes = np.array([[np.nan, 0, 5, 5], [50, 50, 10, 90], [-90, -90, -50, -50], [200, 100, 240, 200]])
    seen = Detections(boxes.astype(np.float32), np.full(4, 0.9, np.float32), np.zeros(4, np.int64))
    frames = [(replays.START_MS + 40 * index, seen) for index in range(10)]
    totals = replays.count_frames(replays.make_scene(), frames).totals
    assert totals.tracks == 1
    assert totals.warnings["boxes_not_finite"] == totals.warnings["boxes_reversed"] == 10
    assert totals.warnings["boxes_outside"] == 10


def test_current_tracks_are_there_for_annotation(replays: Any) -> None:
    analytics = SceneAnalytics(replays.make_scene(), labels=["person"])
    assert analytics.tracks == []
    for moment, seen in replays.World([replays.Walker([(0, 200, 250), (1, 240, 250)])]).frames([0, 0.1, 0.2]):
        analytics.update(seen, moment)
    [track] = analytics.tracks
    assert (track.track, track.label) == (1, "person")
    assert track.box == pytest.approx((188, 150, 228, 250), abs=5)


@pytest.mark.parametrize(
    ("anchors", "high", "low"),
    [
        pytest.param({}, 0, 2, id="foot points pass below"),
        pytest.param({"person": "foot"}, 0, 2, id="said in so many words"),
        pytest.param({"car": "centre"}, 1, 1, id="the centre of the car passes above"),
    ],
)
def test_the_centre_decides_for_the_classes_that_ask_for_it(
    replays: Any, anchors: dict[str, str], high: int, low: int
) -> None:
    # Boxes are 100 px high with their feet at y = 300: the centres pass at 250.
    scene = replays.make_scene(
        classes=["person", "car"],
        lines=[
            {"name": "high", "points": [[320, 200], [320, 270]]},
            {"name": "low", "points": [[320, 280], [320, 350]]},
        ],
        zones=[{"name": "upper", "polygon": [[200, 150], [440, 150], [440, 270], [200, 270]]}],
        anchors=anchors,
    )
    walkers = [
        replays.Walker([(start, 60, 300), (start + 5, 580, 300)], class_id=class_id)
        for class_id, start in ((0, 0), (1, 1))
    ]
    counted = replays.count_frames(scene, replays.World(walkers, noise=0.005).frames())
    lines = [line for line, _, _ in counted.crossings()]
    assert (lines.count("high"), lines.count("low")) == (high, low)
    assert counted.totals.zones["upper"]["entries"] == high


def test_a_located_camera_says_where_on_the_earth_its_tracks_are(replays: Any) -> None:
    # 10 m up, looking north and down by 45 degrees; 640 px wide with a focal length of 320 px.
    position = {"longitude": 127.0, "latitude": 37.5, "height_m": 10, "azimuth_degrees": 0}
    position |= {"tilt_degrees": 45, "horizontal_field_of_view_degrees": 90}
    scene = replays.make_scene(zones=[{**HALL, "area_m2": 20}], position=position)
    person = replays.Walker([(0, 320, 180), (5, 320, 180)], height=40)
    [row] = replays.count_frames(scene, replays.World([person]).frames()).table("tracks")
    assert (row["ground_x_m"], row["ground_y_m"]) == pytest.approx((0, 10), abs=0.05)
    assert row["longitude"] == pytest.approx(127.0, abs=1e-6)
    assert row["latitude"] == pytest.approx(37.5 + 10 / 110_990, abs=1e-6)
    assert (row["device_height_m"], row["device_azimuth_degrees"]) == (10, 0)


def test_the_area_of_a_zone_follows_from_the_ground(replays: Any) -> None:
    ground = [
        {"image": [x, y], "world_m": [x / 100, y / 100]} for x, y in ((0, 0), (640, 0), (640, 360), (0, 360))
    ]
    zone = {"name": "hall", "polygon": HALL["polygon"]}
    person = replays.Walker([(0, 200, 250), (5, 300, 250)])
    counted = replays.count_frames(
        replays.make_scene(zones=[zone], ground=ground), replays.World([person]).frames([0, 1, 2, 3, 4])
    )
    assert [row["density_per_m2"] for row in counted.table("zone_counts")] == [pytest.approx(1 / 13.2)]
