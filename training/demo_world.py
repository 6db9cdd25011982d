"""The world of the demo clip.

Its camera, its scene file, its crowd and the exact counts that are true of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.arrays import Floats, points
from training.camera import GroundCamera
from training.crowd import Plaza
from training.scenery import Light, Scenery, SceneryOptions, build_scenery

WIDTH, HEIGHT = 640, 360
FRAMES_PER_SECOND, SECONDS = 15, 60
SCENERY_SEED, CROWD_SEED = 2_000_001, 2_000_203
CAMERA = GroundCamera(WIDTH, HEIGHT, 640.0, 6.0, math.atan2(6.0, 13.0))
PLAZA = Plaza(left_m=-13.5, right_m=13.5, near_m=9.2, far_m=19.0, keep_moving_x_m=0.4, keep_moving_y_m=20.5)
ARRIVALS_PER_SECOND = 0.72
LIGHT = Light(side=0.8, sun_x=0.55, sun_y=0.25, shadow=0.38, person_gain=1.0)
LINES_M = {
    "gate": ((0.6, 19.8), (0.2, 7.55)),
    "far_kerb": ((-9.0, 20.5), (9.0, 20.5)),
}
ZONES_M = {
    "plaza_west": ((-5.2, 9.0), (-1.0, 9.0), (-1.0, 18.0), (-8.5, 18.0)),
    "plaza_east": ((1.6, 9.0), (5.2, 9.0), (8.5, 18.0), (1.6, 18.0)),
}
GROUND_M = ((-4.0, 9.0), (4.0, 9.0), (7.0, 18.0), (-7.0, 18.0), (0.0, 13.0), (-5.0, 24.0), (5.0, 24.0))


@dataclass(frozen=True)
class Crossing:
    """One true crossing of a line."""

    line: str
    direction: str
    time_seconds: float
    identity: int


def demo_scenery() -> Scenery:
    """Draw the still part of the demo world."""
    options = SceneryOptions(grass=False, props=9, keep_clear_m=(-9.0, 7.0, 9.0, 22.5))
    return build_scenery(np.random.default_rng(SCENERY_SEED), CAMERA, LIGHT, options, limit_m=31.0)


def image_points(ground_m: tuple[tuple[float, float], ...]) -> list[list[int]]:
    """Project ground points to whole pixels inside the frame."""
    pixels = np.rint(CAMERA.project_ground(points(ground_m)))
    pixels = np.clip(pixels, 0, [WIDTH, HEIGHT])
    return [[int(x), int(y)] for x, y in pixels]


def ground_area_m2(polygon: list[list[int]]) -> float:
    """Return the ground area in m² of an image polygon, by the shoelace formula."""
    ground = CAMERA.ground_from_image(points(polygon))
    following = np.roll(ground, -1, axis=0)
    return float(abs(np.sum(ground[:, 0] * following[:, 1] - ground[:, 1] * following[:, 0])) / 2)


def scene_document() -> dict[str, Any]:
    """Return the scene file of the demo as plain data."""
    zones = []
    for name, corners in ZONES_M.items():
        polygon = image_points(corners)
        zones.append({"name": name, "polygon": polygon, "area_m2": round(ground_area_m2(polygon), 1)})
    ground = [
        {"image": [round(float(x), 2), round(float(y), 2)], "world_m": list(world)}
        for world, (x, y) in zip(GROUND_M, CAMERA.project_ground(points(GROUND_M)), strict=True)
    ]
    return {
        "site": "seoul-demo",
        "time_zone": "Asia/Seoul",
        "camera": "plaza-1",
        "frame": {"width": WIDTH, "height": HEIGHT},
        "zones": zones,
        "lines": [{"name": name, "points": image_points(ends)} for name, ends in LINES_M.items()],
        "ground": ground,
        "classes": ["person"],
    }


def side_of(line: Floats, foot: Floats) -> float:
    """Return (to - from) x (p - from): positive before an "in" crossing, negative after it."""
    along, towards = line[1] - line[0], foot - line[0]
    return float(along[0] * towards[1] - along[1] * towards[0])


def segment_crossing(line: Floats, before: Floats, after: Floats) -> tuple[str, float] | None:
    """Return the direction, and the share of the step, at which a foot point crosses a segment, or None."""
    first, second = side_of(line, before), side_of(line, after)
    if (first > 0) == (second > 0):
        return None
    share = first / (first - second)
    place = before + share * (after - before)
    along = line[1] - line[0]
    reach = float((place - line[0]) @ along / (along @ along))
    if not 0.0 <= reach <= 1.0:
        return None
    return ("in" if first > 0 else "out"), share


def inside_polygon(polygon: Floats, foot: Floats) -> bool:
    """Return whether a point lies in a polygon (even-odd rule)."""
    inside = False
    for index in range(len(polygon)):
        (x0, y0), (x1, y1) = polygon[index - 1], polygon[index]
        if (y0 > foot[1]) != (y1 > foot[1]) and foot[0] < x0 + (foot[1] - y0) * (x1 - x0) / (y1 - y0):
            inside = not inside
    return inside
