"""The values that scene files are made of: each is checked, and refused in one sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from contract.errors import CrowdLensError
from contract.geometry import Point


class SceneError(CrowdLensError):
    """Raised when a scene cannot be used; the text names the field, the value and what was expected."""


def mapping(field: str, value: object) -> Mapping[str, Any]:
    """Return `value` as a mapping with text keys."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise SceneError(f"{field} is {shown(value)}: expected a mapping of names to values")
    return value


def listing(field: str, value: object) -> Sequence[Any]:
    """Return `value` as a list."""
    if not isinstance(value, list):
        raise SceneError(f"{field} is {shown(value)}: expected a list")
    return value


def shown(value: object) -> str:
    """Return `value` as a sentence shows it, shortened to 80 characters."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def check_keys(
    field: str, value: Mapping[str, Any], required: Sequence[str], optional: Sequence[str] = ()
) -> None:
    """Refuse a mapping that lacks a required key or has one that nobody reads."""
    missing = [key for key in required if key not in value]
    if missing:
        raise SceneError(f"{field} has no {missing[0]}: expected {', '.join(required)}")
    unknown = [key for key in value if key not in (*required, *optional)]
    if unknown:
        raise SceneError(f"{field} has {unknown[0]!r}: expected only {', '.join((*required, *optional))}")


def check_unique(field: str, names: Sequence[str]) -> None:
    """Refuse a name that is given twice."""
    for name in names:
        if names.count(name) > 1:
            raise SceneError(f"{field} has the name {name!r} twice: expected each name once")


def number(
    field: str,
    value: object,
    *,
    above: float | None = None,
    between: tuple[float, float] | None = None,
) -> float:
    """Return a finite number, more than `above` and within `between`, both ends included."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise SceneError(f"{field} is {shown(value)}: expected a number")
    if above is not None and value <= above:
        raise SceneError(f"{field} is {value}: expected more than {above:g}")
    if between is not None and not between[0] <= value <= between[1]:
        raise SceneError(f"{field} is {value}: expected {between[0]:g} to {between[1]:g}")
    return float(value)


def point_of(field: str, value: object) -> Point:
    """Return a point given as [x, y]."""
    pair = listing(field, value)
    if len(pair) != 2:
        raise SceneError(f"{field} is {shown(value)}: expected two numbers, [x, y]")
    return number(f"{field}[0]", pair[0]), number(f"{field}[1]", pair[1])


def image_points(field: str, value: object, width: int, height: int) -> tuple[Point, ...]:
    """Return points that lie inside the frame and of which none repeats the one before it."""
    points = tuple(point_of(f"{field}[{index}]", point) for index, point in enumerate(listing(field, value)))
    for index, (x, y) in enumerate(points):
        if not (0 <= x <= width and 0 <= y <= height):
            raise SceneError(
                f"{field}[{index}] is [{x:g}, {y:g}]: expected a point inside the {width}x{height} frame"
            )
    for index in range(1, len(points)):
        if points[index] == points[index - 1]:
            raise SceneError(f"{field}[{index}] repeats the point before it: expected points that differ")
    return points
