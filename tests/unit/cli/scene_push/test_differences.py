"""What a push says that changes, scene against scene."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from cli.scene_push.differences import differences
from contract.scene import parse_scene

Document = dict[str, Any]
SCENE: Document = {
    "site": "seoul-1",
    "time_zone": "Asia/Seoul",
    "camera": "plaza-1",
    "frame": {"width": 640, "height": 360},
    "zones": [
        {
            "name": "정문",
            "polygon": [[0, 0], [320, 0], [320, 360], [0, 360]],
            "area_m2": 24.0,
            "events": {"crowding": {"threshold": 12, "minimum_seconds": 5, "hysteresis": 2}},
        },
        {"name": "hall", "polygon": [[400, 0], [600, 0], [600, 200]]},
    ],
    "lines": [{"name": "gate", "points": [[320, 0], [320, 360]]}],
    "classes": ["person"],
}


def same(_: Document) -> None:
    return


def doubled(scene: Document) -> None:
    scene["frame"] = {"width": 1280, "height": 720}
    for zone in scene["zones"]:
        zone["polygon"] = [[x * 2, y * 2] for x, y in zone["polygon"]]
    scene["lines"][0]["points"] = [[640, 0], [640, 720]]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(same, [], id="nothing"),
        pytest.param(doubled, ["frame: 640x360 → 1280x720"], id="another resolution moves nothing"),
        pytest.param(lambda s: s["zones"].pop(), ["zone 'hall' is gone"], id="a zone gone"),
        pytest.param(
            lambda s: s["zones"].append({"name": "stairs", "polygon": [[0, 0], [99, 0], [99, 99]]}),
            ["zone 'stairs' is new"],
            id="a zone more",
        ),
        pytest.param(
            lambda s: s["zones"][1].update(name="lobby"),
            ["zone 'hall' is gone", "zone 'lobby' is new"],
            id="another name is another zone, as its counts are",
        ),
        pytest.param(
            lambda s: s["zones"][0]["polygon"].__setitem__(0, [3, 4]),
            ["zone '정문' is moved: 1 of 4 points, by up to 5 px"],
            id="a corner moved",
        ),
        pytest.param(
            lambda s: s["zones"][1]["polygon"].append([400, 200]),
            ["zone 'hall' is moved: 3 → 4 points"],
            id="a corner more",
        ),
        pytest.param(
            lambda s: s["lines"][0]["points"].reverse(),
            ["line 'gate' is reversed: what was in is out"],
            id="a line turned round",
        ),
        pytest.param(
            lambda s: s["lines"].append({"name": "door", "points": [[0, 0], [50, 50]]}),
            ["line 'door' is new"],
            id="a line more",
        ),
        pytest.param(lambda s: s["lines"].clear(), ["line 'gate' is gone"], id="no line left"),
        pytest.param(
            lambda s: s["zones"][0].update(area_m2=30), ["zone '정문' area: 24 m² → 30 m²"], id="the area"
        ),
        pytest.param(
            lambda s: s["zones"][0]["events"]["crowding"].update(threshold=15),
            ["zone '정문' crowding: threshold 12 for 5 s, hysteresis 2 → threshold 15 for 5 s, hysteresis 2"],
            id="a threshold",
        ),
        pytest.param(
            lambda s: s["zones"][0].pop("events"),
            ["zone '정문' no longer tells of crowding"],
            id="an event less",
        ),
        pytest.param(
            lambda s: s["zones"][1].update(events={"restricted": {"threshold": 1}}),
            ["zone 'hall' tells of restricted: threshold 1 for 1 s, hysteresis 0.1"],
            id="an event more",
        ),
        pytest.param(
            lambda s: s.update(classes=["person", "car"]), ["classes: person → person, car"], id="classes"
        ),
        pytest.param(
            lambda s: s.update(privacy={"minimum_count": 5}), ["minimum count: 1 → 5"], id="privacy"
        ),
        pytest.param(
            lambda s: s.update(
                ground=[
                    {"image": point, "world_m": point} for point in ([0, 0], [100, 0], [100, 100], [0, 100])
                ]
            ),
            ["ground: none → 4 points"],
            id="ground",
        ),
        pytest.param(lambda s: s.update(site="busan-1"), ["site: seoul-1 → busan-1"], id="the site"),
    ],
)
def test_a_change_is_a_line(change: Callable[[Document], object], expected: list[str]) -> None:
    scene = copy.deepcopy(SCENE)
    change(scene)
    assert differences(parse_scene(SCENE), parse_scene(scene)) == expected


def test_all_of_a_first_scene_is_new() -> None:
    assert differences(None, parse_scene(SCENE)) == [
        "zone '정문' is new",
        "zone 'hall' is new",
        "line 'gate' is new",
    ]
