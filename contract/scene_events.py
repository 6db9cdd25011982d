"""The event rules of a zone: which kinds there are and what each needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract.scene_values import SceneError, check_keys, mapping, number

EVENT_KINDS = ("crowding", "running", "loitering", "restricted", "stopped")
"""crowding: objects inside; running: m/s; loitering, stopped: seconds; restricted: objects inside."""
ZONE_KINDS = ("crowding", "restricted")
"""Judged by the objects inside a zone; the other kinds are judged track by track."""
_KINDS_THAT_NEED_GROUND = ("running",)


@dataclass(frozen=True)
class EventRule:
    """When an event of `kind` starts: above `threshold` for `minimum_seconds`; it ends `hysteresis` below."""

    kind: str
    threshold: float
    minimum_seconds: float
    hysteresis: float


def parse_event_rules(field: str, value: object, has_ground: bool) -> tuple[EventRule, ...]:
    """Return the rules of a zone; raises `SceneError` for the first mistake."""
    rules = []
    for kind, settings in mapping(field, value).items():
        if kind not in EVENT_KINDS:
            raise SceneError(f"{field} has {kind!r}: expected one of {', '.join(EVENT_KINDS)}")
        if kind in _KINDS_THAT_NEED_GROUND and not has_ground:
            raise SceneError(
                f"{field}.{kind} needs metres: expected ground with four or more pairs, or position"
            )
        rules.append(_event_rule(f"{field}.{kind}", kind, mapping(f"{field}.{kind}", settings)))
    return tuple(rules)


def _event_rule(field: str, kind: str, settings: Mapping[str, Any]) -> EventRule:
    check_keys(field, settings, ("threshold",), ("minimum_seconds", "hysteresis"))
    threshold = number(f"{field}.threshold", settings["threshold"], above=0)
    minimum_seconds = number(f"{field}.minimum_seconds", settings.get("minimum_seconds", 1.0))
    hysteresis = number(f"{field}.hysteresis", settings.get("hysteresis", 0.1 * threshold))
    if minimum_seconds < 0:
        raise SceneError(f"{field}.minimum_seconds is {minimum_seconds:g}: expected 0 or more")
    if not 0 <= hysteresis < threshold:
        raise SceneError(f"{field}.hysteresis is {hysteresis:g}: expected 0 or more and below the threshold")
    return EventRule(kind, threshold, minimum_seconds, hysteresis)
