"""Every mistake in a scene file is told in one sentence that names the field and the value."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from contract.scene import SceneError, parse_scene

GOOD: dict[str, Any] = {
    "site": "seoul-1",
    "time_zone": "Asia/Seoul",
    "camera": "plaza-1",
    "frame": {"width": 640, "height": 360},
    "zones": [
        {
            "name": "entrance",
            "polygon": [[0, 0], [320, 0], [320, 360], [0, 360]],
            "area_m2": 24.0,
            "events": {"crowding": {"threshold": 12, "minimum_seconds": 5, "hysteresis": 2}},
        }
    ],
    "lines": [{"name": "gate", "points": [[320, 0], [320, 360]]}],
    "classes": ["person"],
}
POSITION = {
    "longitude": 127.0,
    "latitude": 37.5,
    "height_m": 8,
    "azimuth_degrees": -90,
    "tilt_degrees": 30,
    "horizontal_field_of_view_degrees": 70,
}
PAIRS = [{"image": [x, y], "world_m": [x / 50, -y / 50]} for x, y in ((0, 0), (600, 0), (600, 300), (0, 300))]
SQUARE = [[0, 0], [100, 0], [100, 100], [0, 100]]


def scene_with(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(GOOD), **changes}


def test_the_scene_of_the_architecture_is_read() -> None:
    scene = parse_scene(GOOD)
    assert (scene.site, scene.camera, scene.frame_width, scene.frame_height) == (
        "seoul-1",
        "plaza-1",
        640,
        360,
    )
    assert scene.zones[0].events[0].threshold == 12
    assert scene.lines[0].points == ((320.0, 0.0), (320.0, 360.0))


def test_korean_names_of_zones_and_lines_are_read() -> None:
    scene = parse_scene(scene_with(zones=[{"name": "정문 앞", "polygon": SQUARE}]))
    assert scene.zones[0].name == "정문 앞"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param(
            {"zones": [{"name": "z", "polygon": [[0, 0], [5, 5]]}]},
            "zone 'z' polygon has 2 different points: expected at least 3",
            id="two-point polygon",
        ),
        pytest.param(
            {"zones": [{"name": "z", "polygon": [[0, 0], [5, 5], [0, 0], [5, 5]]}]},
            "zone 'z' polygon",
            id="polygon of repeated points",
        ),
        pytest.param(
            {"zones": [{"name": "z", "polygon": [[0, 0], [100, 100], [100, 0], [0, 100]]}]},
            "crosses itself (edge 0 and edge 2)",
            id="self-crossing polygon",
        ),
        pytest.param(
            {"zones": [{"name": "z", "polygon": [[0, 0], [100, 0], [50, 0], [50, 80]]}]},
            "crosses itself",
            id="polygon that folds back",
        ),
        pytest.param(
            {"zones": [{"name": "z", "polygon": [[0, 0], [100, 0], [200, 0]]}]},
            "zone 'z' polygon",
            id="polygon without area",
        ),
        pytest.param(
            {"lines": [{"name": "gate", "points": [[10, 10], [700, 10]]}]},
            "line 'gate' points[1] is [700, 10]: expected a point inside the 640x360 frame",
            id="line outside the frame",
        ),
        pytest.param(
            {"lines": [{"name": "gate", "points": [[10, 10]]}]},
            "has 1 points: expected at least 2",
            id="line of one point",
        ),
        pytest.param(
            {"lines": [{"name": "gate", "points": [[10, 10], [10, 10]]}]},
            "repeats the point before it",
            id="line without length",
        ),
        pytest.param(
            {"lines": [{"name": "g", "points": [[0, 0], [100, 0], [100, 50], [50, -0.0]]}]},
            "line 'g' crosses itself",
            id="line that meets itself",
        ),
        pytest.param(
            {"zones": [{"name": "a", "polygon": SQUARE}, {"name": "a", "polygon": SQUARE}]},
            "zones has the name 'a' twice",
            id="zone named twice",
        ),
        pytest.param(
            {"zones": [{"name": "z", "polygon": SQUARE, "area": 3}]},
            "zones[0] has 'area': expected only name, polygon, area_m2, events",
            id="unknown key",
        ),
        pytest.param(
            {"zones": [{"name": "z", "polygon": SQUARE, "area_m2": 0}]},
            "area_m2 is 0: expected more than 0",
            id="area of nothing",
        ),
        pytest.param(
            {"zones": [{"name": "z", "polygon": [[0, 0], [1, float("nan")], [5, 5]]}]},
            "expected a number",
            id="not a number",
        ),
        pytest.param(
            {"zones": [{"name": "z", "polygon": SQUARE, "events": {"panic": {"threshold": 1}}}]},
            "has 'panic': expected one of crowding",
            id="unknown event",
        ),
        pytest.param(
            {"zones": [{"name": "z", "polygon": SQUARE, "events": {"running": {"threshold": 2.5}}}]},
            "needs metres",
            id="running without ground",
        ),
        pytest.param(
            {
                "zones": [
                    {
                        "name": "z",
                        "polygon": SQUARE,
                        "events": {"crowding": {"threshold": 2, "hysteresis": 2}},
                    }
                ]
            },
            "hysteresis is 2: expected 0 or more and below the threshold",
            id="hysteresis as large as the threshold",
        ),
        pytest.param(
            {"zones": [], "lines": []}, "expected at least one zone or line", id="nothing to count at"
        ),
        pytest.param({"site": "seoul 1"}, "site is 'seoul 1': expected 1 to 64", id="site with a space"),
        pytest.param(
            {"time_zone": "Asia/Soul"},
            "time_zone is 'Asia/Soul': expected a name like Asia/Seoul",
            id="unknown time zone",
        ),
        pytest.param({"frame": {"width": 640}}, "frame has no height", id="frame without a height"),
        pytest.param(
            {"frame": {"width": "640", "height": 360}},
            "frame.width is '640': expected whole pixels",
            id="width as text",
        ),
        pytest.param({"classes": []}, "classes is empty", id="no classes"),
        pytest.param({"classes": "person"}, "classes is 'person': expected a list", id="classes as text"),
        pytest.param(
            {"ground": [{"image": [1, 1], "world_m": [0, 0]}] * 3},
            "ground has 3 pairs: expected at least 4",
            id="three ground pairs",
        ),
        pytest.param(
            {"anchors": {"car": "centre"}},
            "anchors has 'car': expected only classes of the scene, person",
            id="anchor of a class that is not counted",
        ),
        pytest.param(
            {"anchors": {"person": "middle"}},
            "anchors.person is 'middle': expected foot or centre",
            id="unknown anchor",
        ),
        pytest.param({"anchors": "centre"}, "anchors is 'centre': expected a mapping", id="anchors as text"),
        pytest.param(
            {"position": {**POSITION, "tilt_degrees": -5}},
            "position.tilt_degrees is -5: expected 0 to 90",
            id="camera that looks up",
        ),
        pytest.param(
            {"position": {"longitude": 127}}, "position has no latitude", id="position without a latitude"
        ),
        pytest.param(
            {"position": {**POSITION, "height_m": 0}}, "position.height_m is 0", id="camera on the ground"
        ),
        pytest.param(
            {"position": POSITION, "ground": PAIRS}, "has ground and position", id="ground said twice"
        ),
        pytest.param(
            {"ground_origin": {"longitude": 127, "latitude": 37}},
            "expected ground with it",
            id="origin of no ground",
        ),
        pytest.param(
            {"ground": PAIRS, "ground_origin": {"longitude": 181, "latitude": 37}},
            "ground_origin.longitude is 181: expected -180 to 180",
            id="longitude off the Earth",
        ),
        pytest.param(
            {"privacy": {"minimum_count": 1}},
            "privacy.minimum_count is 1: expected a whole number from 2 to 1000",
            id="privacy of one",
        ),
        pytest.param({"privacy": {"k": 5}}, "privacy has no minimum_count", id="privacy without a number"),
        pytest.param(
            {"privacy": {"minimum_count": 13}},
            "zone 'entrance' events.crowding.threshold is 12: expected at least privacy.minimum_count, 13",
            id="event about fewer people than privacy allows",
        ),
        pytest.param(
            {
                "privacy": {"minimum_count": 5},
                "zones": [{"name": "z", "polygon": SQUARE, "events": {"loitering": {"threshold": 60}}}],
            },
            "zone 'z' events.loitering is about single people",
            id="event about one person with privacy",
        ),
        *(
            pytest.param({"zones": [{"name": "z", "polygon": SQUARE, "events": {kind: rule}}]}, text, id=name)
            for kind, rule, text, name in (
                ("wrong_direction", {"threshold": 90}, "has no allowed", "no direction"),
                ("wrong_direction", {"threshold": 180, "allowed": 0}, "less than 180 degrees", "half a turn"),
                (
                    "wrong_direction",
                    {"threshold": 90, "allowed": "in"},
                    "expected line with it",
                    "in over what",
                ),
                (
                    "wrong_direction",
                    {"threshold": 90, "allowed": "up"},
                    "events.wrong_direction.allowed is 'up': expected in, out or a number",
                    "direction in words",
                ),
                (
                    "wrong_direction",
                    {"threshold": 90, "allowed": 90, "line": "gate"},
                    "expected in or out where there is a line",
                    "degrees and a line",
                ),
                ("wrong_side", {"threshold": 2}, "has no line", "wrong side of nothing"),
                (
                    "wrong_side",
                    {"threshold": 2, "line": "kerb"},
                    "line is 'kerb': expected a line of the scene, gate",
                    "unknown line",
                ),
                (
                    "wrong_side",
                    {"threshold": 2, "line": "gate", "keep": "up"},
                    "keep is 'up': expected right or left",
                    "side in between",
                ),
                (
                    "crowding",
                    {"threshold": 2, "classes": ["car"]},
                    "classes has 'car': expected classes of the scene, person",
                    "class the scene does not count",
                ),
                ("crowding", {"threshold": 2, "classes": []}, "classes is empty", "no class at all"),
                ("crowding", {"threshold": 2, "line": "gate"}, "has 'line'", "a line for a crowd"),
            )
        ),
        pytest.param({"zoness": []}, "the scene has 'zoness'", id="misspelt section"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SceneError) as caught:
        parse_scene(scene_with(**changes))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_located_camera_has_a_ground_and_an_azimuth_from_0_to_360() -> None:
    scene = parse_scene(
        scene_with(
            position=POSITION,
            zones=[{"name": "z", "polygon": SQUARE, "events": {"running": {"threshold": 3}}}],
        )
    )
    assert scene.has_ground
    assert scene.position is not None
    assert scene.position.azimuth_degrees == 270


@pytest.mark.parametrize("document", [None, [], "scene", 3, {1: 2}])
def test_what_is_no_mapping_is_refused(document: object) -> None:
    with pytest.raises(SceneError, match="the scene is"):
        parse_scene(document)


def test_a_closed_polygon_may_repeat_its_first_point() -> None:
    scene = parse_scene(scene_with(zones=[{"name": "z", "polygon": [*SQUARE, SQUARE[0]]}]))
    assert len(scene.zones[0].polygon) == 4


def test_an_edit_changes_the_version_even_when_its_number_stays() -> None:
    before = parse_scene(scene_with(version=3))
    after = parse_scene(scene_with(version=3, classes=["person", "car"]))
    assert before.version.startswith("3-")
    assert before.version != after.version


def test_coordinates_scale_with_the_same_aspect_and_keep_the_version() -> None:
    scene = parse_scene(GOOD)
    doubled = scene.scaled_to(1280, 720)
    assert doubled.lines[0].points == ((640.0, 0.0), (640.0, 720.0))
    assert doubled.version == scene.version


def test_another_aspect_is_refused() -> None:
    with pytest.raises(SceneError, match="frame is 640x360 but the camera gives 640x480"):
        parse_scene(GOOD).scaled_to(640, 480)
