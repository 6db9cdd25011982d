"""Directions, warnings, the sentence beside each shape, and what an editor can begin with."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from cli.scene_editor.concerns import concerns
from cli.scene_editor.directions import WORDS, in_direction
from cli.scene_editor.draft import existing_document, new_document
from cli.scene_editor.explanation import explain, explanation_lines
from cli.scene_editor.review import review
from cli.scene_editor.saving import save_scene
from contract.geometry import side_of
from contract.scene import SceneError, parse_scene

HEAD: dict[str, Any] = {
    "site": "s",
    "time_zone": "UTC",
    "camera": "c",
    "frame": {"width": 640, "height": 360},
    "classes": ["person"],
}
GROUND = [
    {"image": [100, 300], "world_m": [0, 0]},
    {"image": [540, 300], "world_m": [8, 0]},
    {"image": [420, 120], "world_m": [8, 10]},
    {"image": [220, 120], "world_m": [0, 10]},
]


def square(left: float, top: float, width: float, height: float) -> list[list[float]]:
    return [[left, top], [left + width, top], [left + width, top + height], [left, top + height]]


def zone(name: str, polygon: list[list[float]], **more: Any) -> dict[str, Any]:
    return {"name": name, "polygon": polygon, **more}


def line(name: str, *points: list[float]) -> dict[str, Any]:
    return {"name": name, "points": list(points)}


BIG = zone("big", square(100, 50, 300, 200))
GATE = line("gate", [320, 20], [320, 340])


@pytest.mark.parametrize(
    ("points", "direction"),
    [
        pytest.param([(0, 0), (0, 9)], "left_to_right", id="downwards, the rule of the architecture"),
        pytest.param([(0, 9), (0, 0)], "right_to_left", id="upwards"),
        pytest.param([(0, 0), (9, 0)], "bottom_to_top", id="to the right"),
        pytest.param([(9, 0), (0, 0)], "top_to_bottom", id="to the left"),
        pytest.param([(9, 0), (0, 9)], "upper_left_to_lower_right", id="down to the left"),
        pytest.param([(0, 0), (9, 9)], "lower_left_to_upper_right", id="down to the right"),
        pytest.param([(0, 9), (9, 0)], "lower_right_to_upper_left", id="up to the right"),
        pytest.param([(9, 9), (0, 0)], "upper_right_to_lower_left", id="up to the left"),
        pytest.param([(0, 0), (3, 5), (0, 9)], "left_to_right", id="bent"),
        pytest.param([(0, 0), (0, 9), (1, 9), (1, 0)], "varies", id="there and back"),
    ],
)
def test_the_words_follow_the_side_that_counts(points: list[tuple[float, float]], direction: str) -> None:
    assert in_direction(points) == direction
    assert direction in WORDS


def test_the_direction_agrees_with_the_contract_all_round() -> None:
    steps = {name: (math.cos(i * math.pi / 4), math.sin(i * math.pi / 4)) for i, name in enumerate(WORDS)}
    for degrees in range(0, 360, 5):
        end = (math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))
        x, y = steps[in_direction([(0, 0), end])]
        assert side_of((0, 0), end, (-x, -y)) > 0 > side_of((0, 0), end, (x, y))


@pytest.mark.parametrize(
    ("parts", "kinds"),
    [
        pytest.param({"zones": [BIG], "lines": [GATE]}, [], id="nothing to say"),
        pytest.param({"lines": [line("top", [0, 4], [640, 4])]}, ["line_at_edge"], id="along the top"),
        pytest.param(
            {"lines": [line("left", [60, 9], [4, 60], [5, 300])]},
            ["line_at_edge"],
            id="a segment on the left",
        ),
        pytest.param({"lines": [line("across", [320, 0], [320, 360])]}, [], id="ends on the edge are meant"),
        pytest.param({"lines": [line("short", [300, 100], [310, 110])]}, ["short_line"], id="short"),
        pytest.param({"zones": [zone("dot", square(100, 100, 30, 30))]}, ["small_zone"], id="small zone"),
        pytest.param(
            {"zones": [BIG, zone("half", square(250, 50, 300, 200))]}, ["zones_overlap"], id="half in half"
        ),
        pytest.param(
            {"zones": [BIG, zone("neighbour", square(400, 50, 100, 200))]}, [], id="a shared border"
        ),
        pytest.param({"zones": [BIG], "classes": ["person", "tram"]}, ["unknown_class"], id="unknown class"),
    ],
)
def test_warnings_are_given_where_they_are_due(parts: dict[str, Any], kinds: list[str]) -> None:
    scene = parse_scene({**HEAD, **parts})
    assert [concern.kind for concern in concerns(scene, ("person", "car"))] == kinds


def test_a_warning_names_the_zones_that_overlap() -> None:
    scene = parse_scene({**HEAD, "zones": [BIG, zone("정문", square(250, 50, 300, 200))]})
    assert concerns(scene)[0].sentence == (
        "zones 'big' and '정문' overlap by about 30,000 px² (50 % of the smaller): whoever stands there "
        "counts in both"
    )


def test_overlap_of_concave_zones_is_measured() -> None:
    hook = zone("hook", [[0, 0], [200, 0], [200, 40], [40, 40], [40, 200], [0, 200]])
    scene = parse_scene({**HEAD, "zones": [hook, zone("box", square(20, 20, 100, 100))]})
    share = concerns(scene)[0].values["share"]
    assert share == pytest.approx((20 * 100 + 20 * 80) / (100 * 100), rel=0.03)


def test_strips_that_share_a_border_do_not_overlap() -> None:
    strips = [zone(f"lane {lane}", square(30, 100 + 9 * lane, 500, 9)) for lane in range(4)]
    assert concerns(parse_scene({**HEAD, "zones": strips})) == []


BOW_TIE = zone("tie", [[0, 0], [100, 100], [100, 0], [0, 100]])


@pytest.mark.parametrize(
    ("parts", "problems"),
    [
        pytest.param(
            {"zones": [BIG, BOW_TIE], "lines": [line("dot", [1, 1])]},
            [
                (
                    ["zones", 1],
                    "zone 'tie' polygon crosses itself (edge 0 and edge 2): expected a simple outline",
                ),
                (["lines", 0], "line 'dot' points has 1 points: expected at least 2"),
            ],
            id="two shapes at once",
        ),
        pytest.param(
            {"zones": [BIG, zone("", square(0, 0, 90, 90))]},
            [
                (
                    ["zones", 1],
                    "zones[1].name is '': expected 1 to 64 printable characters without spaces at either end",
                )
            ],
            id="no name, with its place in the list",
        ),
        pytest.param(
            {"lines": [GATE, line("gate", [9, 9], [99, 99])]},
            [(["lines", 1], "lines has the name 'gate' twice: expected each name once")],
            id="a name twice",
        ),
        pytest.param(
            {"zones": [{**BIG, "events": {"running": {"threshold": 2}}}]},
            [
                (
                    ["zones", 0],
                    "zone 'big' events.running needs metres: expected ground with four or more pairs, or "
                    "position",
                )
            ],
            id="running without ground",
        ),
        pytest.param(
            {"lines": [GATE], "ground": [*GROUND[:3], {"image": [220, 120], "world_m": ["", 10]}]},
            [(["ground", 3], "ground[3].world_m[0] is '': expected a number")],
            id="a ground point without metres",
        ),
        pytest.param(
            {"lines": [GATE], "ground": GROUND[:3]},
            [(["ground"], "ground has 3 pairs: expected at least 4")],
            id="three ground points",
        ),
        pytest.param(
            {"lines": [GATE], "ground": [*GROUND[:3], {"image": [320, 300], "world_m": [4, 0]}]},
            [
                (
                    ["ground"],
                    "ground has pairs that do not fix the ground, for example three of four on one line or a "
                    "point given twice: expected four points of which no three lie on one line",
                )
            ],
            id="ground on a line",
        ),
        pytest.param(
            {"zones": [], "lines": []},
            [([], "zones and lines are both empty: expected at least one zone or line to count at")],
            id="nothing drawn",
        ),
        pytest.param(
            {"lines": [GATE], "classes": [], "camera": "plaza 1"},
            [
                (
                    ["camera"],
                    "camera is 'plaza 1': expected 1 to 64 of A-Z a-z 0-9 _ - starting with a letter or "
                    "digit",
                ),
                (["classes"], "classes is empty: expected at least one class to count, for example person"),
            ],
            id="fields of the scene",
        ),
        pytest.param({"lines": "none"}, [([], "lines is 'none': expected a list")], id="no list"),
        pytest.param(
            {"lines": [3]}, [([], "lines[0] is 3: expected a mapping of names to values")], id="no line"
        ),
    ],
)
def test_every_shape_gets_its_own_sentence(
    parts: dict[str, Any], problems: list[tuple[list[str | int], str]]
) -> None:
    found = review({**HEAD, **parts})
    assert not found["valid"]
    assert [(problem["where"], problem["sentence"]) for problem in found["problems"]] == problems


WRONG_SIDE = {"threshold": 3, "line": "way", "keep": "left", "classes": ["person"]}


@pytest.mark.parametrize(
    ("line_name", "problems"),
    [
        pytest.param("way", [["lines", 1]], id="the line that a rule names is there"),
        pytest.param("path", [["zones", 0], ["lines", 1]], id="it was renamed"),
    ],
)
def test_a_rule_sees_the_other_parts_of_the_scene(line_name: str, problems: list[list[Any]]) -> None:
    lines = [line(line_name, [10, 10], [200, 200]), line("dot", [1, 1])]
    zones = [{**BIG, "events": {"wrong_side": WRONG_SIDE}}]
    assert [
        found["where"] for found in review({**HEAD, "zones": zones, "lines": lines})["problems"]
    ] == problems


def test_rules_about_ways_are_explained() -> None:
    direction = {"threshold": 90, "allowed": "in", "line": "way"}
    zones = [{**BIG, "events": {"wrong_side": WRONG_SIDE, "wrong_direction": direction}}]
    scene = parse_scene({**HEAD, "zones": zones, "lines": [line("way", [10, 10], [200, 200])]})
    assert [rule["sentence"] for rule in explain(scene)["zones"][0]["events"]] == [
        "an object 3 s or longer on the wrong side of line 'way' (keep left) (person only), for 1 s; over "
        "when at or below 2.7 s",
        "an object that goes 90 degrees or more off the way that counts as \"in\" over line 'way', for 1 s; "
        "over when at or below 81 degrees",
    ]


def test_valid_shapes_keep_their_facts_beside_a_wrong_one() -> None:
    found = review({**HEAD, "zones": [BOW_TIE, BIG], "lines": [line("top", [0, 2], [640, 2])]})
    facts = found["facts"]
    assert [(entry["index"], entry["name"]) for entry in facts["zones"]] == [(1, "big")]
    assert [warning["where"] for warning in facts["warnings"]] == [["lines", 0]]


def test_a_scene_in_words() -> None:
    events = {"crowding": {"threshold": 12, "minimum_seconds": 5, "hysteresis": 2}}
    scene = parse_scene(
        {**HEAD, "zones": [{**BIG, "area_m2": 40, "events": events}], "lines": [GATE], "ground": GROUND}
    )
    text = "\n".join(explanation_lines(explain(scene)))
    assert "zone big: 4 points, 60,000 px² (26 % of the frame), 40 m² as given, " in text
    assert "crowding: 12 or more objects inside, for 5 s; over when at or below 10 objects" in text
    assert 'line gate: 2 points, 320 px long; left to right counts as "in"' in text
    assert "ground: 4 pairs; four pairs fit exactly whatever they are" in text


def test_a_located_camera_is_explained_and_its_parts_are_kept(tmp_path: Path) -> None:
    position = {
        "longitude": 127.0,
        "latitude": 37.5,
        "height_m": 30,
        "azimuth_degrees": 10,
        "tilt_degrees": 60,
        "horizontal_field_of_view_degrees": 70,
    }
    zone_with_speed = {**BIG, "events": {"running": {"threshold": 2}}}
    document = {**HEAD, "zones": [zone_with_speed], "position": position, "anchors": {"person": "centre"}}
    found = review(document)
    assert found["valid"]
    assert found["facts"]["ground"]["sentence"].startswith("from the camera's position, 30 m above")
    assert found["facts"]["centred_classes"] == ["person"]
    broken = review({**document, "zones": [zone_with_speed, BOW_TIE]})
    assert [problem["where"] for problem in broken["problems"]] == [["zones", 1]]
    saved = save_scene({**document, "ground": [], "lines": []}, tmp_path / "scene.yaml")
    assert saved.scene == parse_scene(document)


HAND_WRITTEN = """
site: s
time_zone: UTC
camera: c
frame: {width: 640, height: 360}
zones: [{name: tie, polygon: [[0, 0], [100, 100], [100, 0], [0, 100]]}]
classes: [person]
"""


def test_a_file_whose_shape_is_wrong_opens_to_be_mended(tmp_path: Path) -> None:
    path = tmp_path / "scene.yaml"
    path.write_text(HAND_WRITTEN, encoding="utf-8")
    document = existing_document(path, 1280, 720, site="other", camera=None)
    assert document["zones"][0]["name"] == "tie"
    assert (document["site"], document["camera"]) == ("other", "c")
    assert review(document)["problems"][0]["where"] == ["zones", 0]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        pytest.param(
            ("polygon:", "polgon:"), "zones\\[0\\] has no polygon", id="a part that cannot be shown"
        ),
        pytest.param(("[0, 100]", "[0, up]"), "is 'up': expected a number", id="a point that is none"),
        pytest.param(("height: 360", "height: 640"), "expected the same aspect", id="another aspect"),
        pytest.param(("site: s", "site: [s"), "not valid YAML", id="no YAML"),
    ],
)
def test_a_file_that_cannot_be_shown_is_refused(
    tmp_path: Path, change: tuple[str, str], sentence: str
) -> None:
    path = tmp_path / "scene.yaml"
    path.write_text(HAND_WRITTEN.replace(*change), encoding="utf-8")
    with pytest.raises(SceneError, match=sentence) as refusal:
        existing_document(path, 640, 360, site=None, camera=None)
    assert str(path) in str(refusal.value)


def test_a_new_document_lacks_nothing_but_shapes() -> None:
    document = new_document(640, 360, site=None, camera="hall-1")
    assert [problem["where"] for problem in review(document)["problems"]] == [[]]
    assert parse_scene({**document, "lines": [GATE]}).camera == "hall-1"
