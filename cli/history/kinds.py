"""The kinds of scene: what is counted there, how crowded it gets, and who moves before the camera."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cli.history import agents
from cli.history.agents import Agent, Random
from cli.history.view import HEIGHT, WIDTH, ground_pairs, polygon

MakeAgents = Callable[[Random, float, float, float, float], list[Agent]]


@dataclass(frozen=True)
class Kind:
    """A kind of scene.

    `levels` are how many are before the camera at once, on average, from nobody to as many as there ever
    are, about `busiest` of them at the busiest hour of a usual week. `inward` has, for each variant of a
    stretch, the share that goes in. `has_ground` scenes tell speeds, places and tracks.
    """

    name: str
    classes: tuple[str, ...]
    zones: tuple[Mapping[str, Any], ...]
    lines: tuple[Mapping[str, Any], ...]
    levels: tuple[float, ...]
    busiest: float
    inward: tuple[float, ...]
    make_agents: MakeAgents
    has_ground: bool


PLAZA = Kind(
    name="plaza",
    classes=("person",),
    zones=(
        {
            "name": {"ko": "광장", "en": "square"},
            "polygon": polygon((-8.8, 11), (8.8, 11), (20, 28), (-20, 28)),
            "area_m2": 489.6,
            "events": {"crowding": {"threshold": 20, "minimum_seconds": 10, "hysteresis": 4}},
        },
        {
            "name": {"ko": "분수대", "en": "fountain"},
            "polygon": polygon((-6, 13), (0, 13), (0, 20), (-6, 20)),
            "area_m2": 42.0,
            "events": {
                "crowding": {"threshold": 14, "minimum_seconds": 8, "hysteresis": 3},
                "loitering": {"threshold": 150},
            },
        },
        {
            "name": {"ko": "화단", "en": "flower bed"},
            "polygon": polygon((7, 20), (12, 20), (12, 25), (7, 25)),
            "area_m2": 25.0,
            "events": {"restricted": {"threshold": 3.5, "minimum_seconds": 2, "hysteresis": 1}},
        },
    ),
    lines=(
        {"name": {"ko": "동쪽 입구", "en": "east side"}, "points": polygon((6, 28), (6, 11))},
        {"name": {"ko": "북쪽 입구", "en": "north side"}, "points": polygon((-14, 24), (14, 24))},
    ),
    levels=(0.0, 1.0, 3.0, 7.0, 14.0, 26.0),
    busiest=12.0,
    inward=(0.5,),
    make_agents=agents.plaza,
    has_ground=False,
)
GATE = Kind(
    name="gate",
    classes=("person",),
    zones=(
        {
            "name": {"ko": "출구 앞", "en": "in front of the gate"},
            "polygon": polygon((-5, 8.5), (5, 8.5), (5, 13.5), (-5, 13.5)),
            "area_m2": 50.0,
            "events": {"crowding": {"threshold": 7, "minimum_seconds": 8, "hysteresis": 2}},
        },
    ),
    lines=({"name": {"ko": "출입구", "en": "gate"}, "points": polygon((-7, 15), (7, 15))},),
    levels=(0.0, 0.8, 2.5, 5.5, 10.0),
    busiest=3.0,
    inward=(0.72, 0.28),
    make_agents=agents.gate,
    has_ground=False,
)
CROSSING = Kind(
    name="crossing",
    classes=("person", "bicycle", "car", "bus"),
    zones=(
        {
            "name": {"ko": "횡단보도", "en": "crosswalk"},
            "polygon": polygon((-3.4, 11), (3.4, 11), (3.4, 22), (-3.4, 22)),
            "events": {
                "crowding": {"threshold": 8, "minimum_seconds": 6, "hysteresis": 2, "classes": ["person"]}
            },
        },
        {
            "name": {"ko": "차로", "en": "road"},
            "polygon": polygon((-9.5, 13.5), (9.5, 13.5), (12.5, 20), (-12.5, 20)),
            "events": {"stopped": {"threshold": 30, "classes": ["car", "bus"]}},
        },
    ),
    lines=(
        {"name": {"ko": "횡단", "en": "over the road"}, "points": polygon((-4, 16.7), (4, 16.7))},
        {"name": {"ko": "차량 통행", "en": "traffic"}, "points": polygon((6.5, 21), (6.5, 13))},
    ),
    levels=(0.0, 1.0, 3.0, 6.0, 10.0),
    busiest=3.5,
    inward=(0.5,),
    make_agents=agents.crossing,
    has_ground=True,
)
SCHOOL = Kind(
    name="school",
    classes=("person",),
    zones=(
        {
            "name": {"ko": "계단", "en": "stairs"},
            "polygon": polygon((-3, 8.6), (3, 8.6), (3, 20), (-3, 20)),
            "events": {
                "running": {"threshold": 2.5, "minimum_seconds": 1},
                "crowding": {"threshold": 9, "minimum_seconds": 5, "hysteresis": 2},
                "wrong_side": {"threshold": 2, "line": {"ko": "중앙선", "en": "middle"}, "keep": "right"},
            },
        },
        {
            "name": {"ko": "오른쪽 길", "en": "right side"},
            "polygon": polygon((0.3, 9), (3, 9), (3, 19), (0.3, 19)),
            "events": {
                "wrong_direction": {
                    "threshold": 60, "minimum_seconds": 1.5, "allowed": "in",
                    "line": {"ko": "정문", "en": "school gate"},
                }
            },
        },
    ),
    lines=(
        {"name": {"ko": "정문", "en": "school gate"}, "points": polygon((-3.4, 14), (3.4, 14))},
        {"name": {"ko": "중앙선", "en": "middle"}, "points": polygon((0, 21), (0, 8.4))},
    ),
    levels=(0.0, 0.7, 2.5, 5.5, 10.0),
    busiest=2.6,
    inward=(0.85, 0.15),
    make_agents=agents.stairs,
    has_ground=True,
)  # fmt: skip
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (PLAZA, GATE, CROSSING, SCHOOL)}


def scene_document(
    kind: Kind, *, site: str, camera: str, time_zone: str, language: str, origin: tuple[float, float]
) -> dict[str, Any]:
    """Return the scene file of a camera of this kind; `origin` is its longitude and latitude."""
    document = {
        "site": site,
        "time_zone": time_zone,
        "camera": camera,
        "frame": {"width": WIDTH, "height": HEIGHT},
        "zones": [dict(zone) for zone in kind.zones],
        "lines": [dict(line) for line in kind.lines],
        "classes": list(kind.classes),
    }
    if kind.has_ground:
        document["ground"] = ground_pairs()
        document["ground_origin"] = {"longitude": origin[0], "latitude": origin[1], "azimuth_degrees": 0.0}
    return {name: _in_language(value, language) for name, value in document.items()}


def _in_language(value: Any, language: str) -> Any:
    if isinstance(value, dict):
        if set(value) == {"ko", "en"}:
            return value[language]
        return {name: _in_language(inner, language) for name, inner in value.items()}
    if isinstance(value, list):
        return [_in_language(inner, language) for inner in value]
    return value
