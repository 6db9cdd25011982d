"""The scene: what a camera looks at and what is counted there.

`parse_scene` turns the document of a scene file (already read from YAML or JSON) into a checked `Scene`;
every mistake is a `SceneError` whose text names the field, the value and what was expected.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from contract.geometry import Point, crossing_edges, polygon_area
from contract.identity import InvalidNameError, check_identifier, check_label
from contract.scene_camera import CameraPosition, GroundOrigin, parse_ground_origin, parse_position
from contract.scene_events import EVENT_KINDS, ZONE_KINDS, EventRule, RuleSurroundings, parse_event_rules
from contract.scene_privacy import NO_MINIMUM, check_private_events, parse_minimum_count
from contract.scene_values import (
    SceneError,
    check_keys,
    check_unique,
    image_points,
    listing,
    mapping,
    number,
    point_of,
    shown,
)

__all__ = [
    "ANCHORS",
    "ASPECT_TOLERANCE",
    "EVENT_KINDS",
    "MINIMUM_GROUND_POINTS",
    "ZONE_KINDS",
    "CameraPosition",
    "EventRule",
    "GroundOrigin",
    "GroundPoint",
    "Line",
    "Scene",
    "SceneError",
    "Zone",
    "parse_scene",
    "scene_version",
]

ASPECT_TOLERANCE = 0.01
MINIMUM_POLYGON_AREA_PX2 = 16.0
MINIMUM_GROUND_POINTS = 4
ANCHORS = ("foot", "centre")
"""Where on its box an object is: the middle of the lower edge, or of the box."""
_OPTIONAL = ("zones", "lines", "ground", "ground_origin", "position", "anchors", "privacy", "version")


@dataclass(frozen=True)
class Zone:
    """A named polygon, in pixels of the scene's frame; `area_m2` is its area on the ground."""

    name: str
    polygon: tuple[Point, ...]
    area_m2: float | None
    events: tuple[EventRule, ...]


@dataclass(frozen=True)
class Line:
    """A named line of two or more points, in pixels of the scene's frame."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class GroundPoint:
    """A point of the frame, in pixels, and where it lies on the ground, in metres."""

    image: Point
    world_m: Point


@dataclass(frozen=True)
class Scene:
    """A checked scene; `version` goes into every record made under it."""

    site: str
    time_zone: str
    camera: str
    frame_width: int
    frame_height: int
    zones: tuple[Zone, ...]
    lines: tuple[Line, ...]
    ground: tuple[GroundPoint, ...]
    classes: tuple[str, ...]
    version: str
    centred_classes: tuple[str, ...] = ()
    """Classes that are where the centre of their box is, not their foot point."""
    position: CameraPosition | None = None
    ground_origin: GroundOrigin | None = None
    minimum_count: int = NO_MINIMUM
    """Numbers of people in a zone below it are told as 0."""

    @property
    def has_ground(self) -> bool:
        """Whether places in the picture are known in metres."""
        return bool(self.ground) or self.position is not None

    def scaled_to(self, width: int, height: int) -> Scene:
        """Return the scene in pixels of a `width` x `height` frame, with the same version.

        Raises `SceneError` when the aspect differs by more than 1 %.
        """
        if (width, height) == (self.frame_width, self.frame_height):
            return self
        expected, actual = self.frame_width / self.frame_height, width / height
        if abs(actual / expected - 1) > ASPECT_TOLERANCE:
            raise SceneError(
                f"frame is {self.frame_width}x{self.frame_height} but the camera gives {width}x{height}: "
                "expected the same aspect within 1 %"
            )
        return _scaled(self, width, height)


def _scaled(scene: Scene, width: int, height: int) -> Scene:
    horizontal, vertical = width / scene.frame_width, height / scene.frame_height

    def scale(point: Point) -> Point:
        return point[0] * horizontal, point[1] * vertical

    return replace(
        scene,
        frame_width=width,
        frame_height=height,
        zones=tuple(replace(zone, polygon=tuple(map(scale, zone.polygon))) for zone in scene.zones),
        lines=tuple(replace(line, points=tuple(map(scale, line.points))) for line in scene.lines),
        ground=tuple(replace(point, image=scale(point.image)) for point in scene.ground),
    )


def parse_scene(document: object) -> Scene:
    """Return the scene in `document`; raises `SceneError` for the first mistake found."""
    try:
        return _parse(mapping("the scene", document))
    except InvalidNameError as error:
        raise SceneError(str(error)) from error


def _parse(document: Mapping[str, Any]) -> Scene:
    required = ("site", "time_zone", "camera", "frame", "classes")
    check_keys("the scene", document, required, _OPTIONAL)
    width, height = _frame(document["frame"])
    ground = _ground(document.get("ground"), width, height)
    position = parse_position(document["position"]) if "position" in document else None
    origin = parse_ground_origin(document["ground_origin"]) if "ground_origin" in document else None
    _check_ground(ground, position, origin)
    classes = _classes(document["classes"])
    lines = _lines(document.get("lines", []), width, height)
    surroundings = RuleSurroundings(
        [line.name for line in lines], classes, has_ground=bool(ground) or position is not None
    )
    zones = _zones(document.get("zones", []), width, height, surroundings)
    if not zones and not lines:
        raise SceneError("zones and lines are both empty: expected at least one zone or line to count at")
    minimum_count = parse_minimum_count(document["privacy"]) if "privacy" in document else NO_MINIMUM
    check_private_events({zone.name: zone.events for zone in zones}, minimum_count)
    return Scene(
        site=check_identifier("site", document["site"]),
        time_zone=_time_zone(document["time_zone"]),
        camera=check_identifier("camera", document["camera"]),
        frame_width=width,
        frame_height=height,
        zones=zones,
        lines=lines,
        ground=ground,
        classes=classes,
        version=scene_version(document),
        centred_classes=_centred_classes(document.get("anchors", {}), classes),
        position=position,
        ground_origin=origin,
        minimum_count=minimum_count,
    )


def scene_version(document: Mapping[str, Any]) -> str:
    """Return the version of a scene document: its `version`, when it has one, and a digest of its content.

    The digest makes an edit that forgot to raise `version` a version of its own.
    """
    canonical = json.dumps(document, sort_keys=True, ensure_ascii=False, default=str)
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:12]
    given = document.get("version")
    if given is None:
        return digest
    if isinstance(given, bool) or not isinstance(given, (int, str)):
        raise SceneError(f"version is {given!r}: expected a number or text")
    return f"{check_identifier('version', str(given))[:40]}-{digest}"


def _frame(value: object) -> tuple[int, int]:
    frame = mapping("frame", value)
    check_keys("frame", frame, ("width", "height"))
    for side in ("width", "height"):
        if type(frame[side]) is not int or not 16 <= frame[side] <= 16384:
            raise SceneError(f"frame.{side} is {shown(frame[side])}: expected whole pixels from 16 to 16384")
    return frame["width"], frame["height"]


def _time_zone(value: object) -> str:
    try:
        return ZoneInfo(str(value)).key
    except (KeyError, ValueError, OSError) as error:
        raise SceneError(f"time_zone is {value!r}: expected a name like Asia/Seoul or UTC") from error


def _classes(value: object) -> tuple[str, ...]:
    classes = listing("classes", value)
    if not classes:
        raise SceneError("classes is empty: expected at least one class to count, for example person")
    names = [check_label(f"classes[{index}]", name) for index, name in enumerate(classes)]
    check_unique("classes", names)
    return tuple(names)


def _centred_classes(value: object, classes: tuple[str, ...]) -> tuple[str, ...]:
    anchors = mapping("anchors", value)
    for name, anchor in anchors.items():
        if name not in classes:
            raise SceneError(
                f"anchors has {name!r}: expected only classes of the scene, {', '.join(classes)}"
            )
        if anchor not in ANCHORS:
            raise SceneError(f"anchors.{name} is {shown(anchor)}: expected {' or '.join(ANCHORS)}")
    return tuple(name for name in classes if anchors.get(name) == "centre")


def _zones(value: object, width: int, height: int, surroundings: RuleSurroundings) -> tuple[Zone, ...]:
    zones = tuple(
        _zone(f"zones[{index}]", zone, width, height, surroundings)
        for index, zone in enumerate(listing("zones", value))
    )
    check_unique("zones", [zone.name for zone in zones])
    return zones


def _lines(value: object, width: int, height: int) -> tuple[Line, ...]:
    lines = tuple(
        _line(f"lines[{index}]", line, width, height) for index, line in enumerate(listing("lines", value))
    )
    check_unique("lines", [line.name for line in lines])
    return lines


def _zone(field: str, value: object, width: int, height: int, surroundings: RuleSurroundings) -> Zone:
    zone = mapping(field, value)
    check_keys(field, zone, ("name", "polygon"), ("area_m2", "events"))
    name = check_label(f"{field}.name", zone["name"])
    polygon = _polygon(f"zone {name!r} polygon", zone["polygon"], width, height)
    area = zone.get("area_m2")
    return Zone(
        name=name,
        polygon=polygon,
        area_m2=None if area is None else number(f"zone {name!r} area_m2", area, above=0),
        events=parse_event_rules(f"zone {name!r} events", zone.get("events", {}), surroundings),
    )


def _polygon(field: str, value: object, width: int, height: int) -> tuple[Point, ...]:
    points = image_points(field, value, width, height)
    if len(points) > 1 and points[0] == points[-1]:
        points = points[:-1]
    if len(points) < 3:
        raise SceneError(f"{field} has {len(points)} different points: expected at least 3")
    crossing = crossing_edges(points, closed=True)
    if crossing:
        raise SceneError(
            f"{field} crosses itself (edge {crossing[0]} and edge {crossing[1]}): expected a simple outline"
        )
    if polygon_area(points) < MINIMUM_POLYGON_AREA_PX2:
        raise SceneError(f"{field} covers {polygon_area(points):.1f} px²: expected at least 16")
    return points


def _line(field: str, value: object, width: int, height: int) -> Line:
    line = mapping(field, value)
    check_keys(field, line, ("name", "points"))
    name = check_label(f"{field}.name", line["name"])
    points = image_points(f"line {name!r} points", line["points"], width, height)
    if len(points) < 2:
        raise SceneError(f"line {name!r} points has {len(points)} points: expected at least 2")
    if crossing_edges(points, closed=False):
        raise SceneError(f"line {name!r} crosses itself: expected a line that does not")
    return Line(name, points)


def _ground(value: object, width: int, height: int) -> tuple[GroundPoint, ...]:
    if value is None:
        return ()
    pairs = listing("ground", value)
    if 0 < len(pairs) < MINIMUM_GROUND_POINTS:
        raise SceneError(f"ground has {len(pairs)} pairs: expected at least {MINIMUM_GROUND_POINTS}")
    return tuple(_ground_point(f"ground[{index}]", pair, width, height) for index, pair in enumerate(pairs))


def _check_ground(
    ground: tuple[GroundPoint, ...], position: CameraPosition | None, origin: GroundOrigin | None
) -> None:
    if ground and position is not None:
        raise SceneError("the scene has ground and position: expected one of them, both say where things are")
    if origin is not None and not ground:
        raise SceneError("ground_origin says where the points of ground lie: expected ground with it")


def _ground_point(field: str, value: object, width: int, height: int) -> GroundPoint:
    pair = mapping(field, value)
    check_keys(field, pair, ("image", "world_m"))
    image = image_points(f"{field}.image", [pair["image"]], width, height)[0]
    return GroundPoint(image, point_of(f"{field}.world_m", pair["world_m"]))
