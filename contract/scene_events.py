"""The event rules of a zone: which kinds there are and what each needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contract.scene_values import SceneError, check_keys, check_unique, listing, mapping, number, shown

EVENT_KINDS = (
    *("crowding", "running", "loitering", "restricted", "stopped"),
    *("wrong_direction", "wrong_side"),
)
"""crowding, restricted: objects inside; running: m/s; loitering, stopped, wrong_side: seconds;
wrong_direction: degrees between the way an object goes and the way it should."""
ZONE_KINDS = ("crowding", "restricted")
"""Judged by the objects inside a zone; the other kinds are judged track by track."""
KEEP_SIDES = ("right", "left")
_KINDS_THAT_NEED_GROUND = ("running",)
_COMMON_OPTIONS = ("minimum_seconds", "hysteresis", "classes")


@dataclass(frozen=True)
class EventRule:
    """When an event of `kind` starts: above `threshold` for `minimum_seconds`; it ends `hysteresis` below.

    `classes` are those it looks at, all of the scene when empty. `allowed` of wrong_direction is the way to
    go: degrees clockwise from the top of the picture, or "in" or "out" over `line`. Of wrong_side, `line` is
    the middle of the way and `keep` the side of it on which to go, as one sees it when going.
    """

    kind: str
    threshold: float
    minimum_seconds: float
    hysteresis: float
    classes: tuple[str, ...] = ()
    allowed: float | str | None = None
    line: str | None = None
    keep: str | None = None


@dataclass(frozen=True)
class RuleSurroundings:
    """What the rest of the scene offers to a rule: names of lines and classes, and whether it has metres."""

    lines: Sequence[str]
    classes: Sequence[str]
    has_ground: bool


def parse_event_rules(field: str, value: object, scene: RuleSurroundings) -> tuple[EventRule, ...]:
    """Return the rules of a zone; raises `SceneError` for the first mistake."""
    rules = []
    for kind, settings in mapping(field, value).items():
        if kind not in EVENT_KINDS:
            raise SceneError(f"{field} has {kind!r}: expected one of {', '.join(EVENT_KINDS)}")
        if kind in _KINDS_THAT_NEED_GROUND and not scene.has_ground:
            raise SceneError(
                f"{field}.{kind} needs metres: expected ground with four or more pairs, or position"
            )
        rules.append(_event_rule(f"{field}.{kind}", kind, mapping(f"{field}.{kind}", settings), scene))
    return tuple(rules)


def _event_rule(field: str, kind: str, settings: Mapping[str, Any], scene: RuleSurroundings) -> EventRule:
    required, options = _keys(kind)
    check_keys(field, settings, ("threshold", *required), (*_COMMON_OPTIONS, *options))
    threshold = number(f"{field}.threshold", settings["threshold"], above=0)
    minimum_seconds = number(f"{field}.minimum_seconds", settings.get("minimum_seconds", 1.0))
    hysteresis = number(f"{field}.hysteresis", settings.get("hysteresis", 0.1 * threshold))
    if minimum_seconds < 0:
        raise SceneError(f"{field}.minimum_seconds is {minimum_seconds:g}: expected 0 or more")
    if not 0 <= hysteresis < threshold:
        raise SceneError(f"{field}.hysteresis is {hysteresis:g}: expected 0 or more and below the threshold")
    if kind == "wrong_direction" and threshold >= 180:
        raise SceneError(f"{field}.threshold is {threshold:g}: expected less than 180 degrees")
    return EventRule(
        kind=kind,
        threshold=threshold,
        minimum_seconds=minimum_seconds,
        hysteresis=hysteresis,
        classes=_classes(f"{field}.classes", settings.get("classes"), scene.classes),
        allowed=_allowed(field, settings) if kind == "wrong_direction" else None,
        line=_line(f"{field}.line", settings.get("line"), scene.lines),
        keep=_keep(f"{field}.keep", settings.get("keep", "right")) if kind == "wrong_side" else None,
    )


def _keys(kind: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the keys that a kind has beside the common ones: required and optional."""
    if kind == "wrong_direction":
        return ("allowed",), ("line",)
    return (("line",), ("keep",)) if kind == "wrong_side" else ((), ())


def _classes(field: str, value: object, known: Sequence[str]) -> tuple[str, ...]:
    if value is None:
        return ()
    names = listing(field, value)
    for name in names:
        if name not in known:
            raise SceneError(f"{field} has {shown(name)}: expected classes of the scene, {', '.join(known)}")
    if not names:
        raise SceneError(f"{field} is empty: expected at least one class, or no {field.rsplit('.', 1)[1]}")
    check_unique(field, names)
    return tuple(names)


def _allowed(field: str, settings: Mapping[str, Any]) -> float | str:
    allowed, has_line = settings["allowed"], settings.get("line") is not None
    if allowed in ("in", "out"):
        if not has_line:
            raise SceneError(f"{field}.allowed is {allowed!r}: expected line with it, the name of a line")
        return str(allowed)
    if isinstance(allowed, str):
        raise SceneError(f"{field}.allowed is {shown(allowed)}: expected in, out or a number of degrees")
    if has_line:
        raise SceneError(f"{field}.allowed is {shown(allowed)}: expected in or out where there is a line")
    return number(f"{field}.allowed", allowed, between=(-360.0, 360.0)) % 360.0


def _line(field: str, value: object, known: Sequence[str]) -> str | None:
    if value is None:
        return None
    if value not in known:
        raise SceneError(
            f"{field} is {shown(value)}: expected a line of the scene, {', '.join(known) or 'none'}"
        )
    return str(value)


def _keep(field: str, value: object) -> str:
    if value not in KEEP_SIDES:
        raise SceneError(f"{field} is {shown(value)}: expected {' or '.join(KEEP_SIDES)}")
    return str(value)
