"""Writes a scene as YAML that a person can read and edit."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from cli.scene_editor.directions import in_words
from contract.scene import EVENT_KINDS

_WIDTH = 110
_SECTIONS = ("site", "time_zone", "camera", "version", "frame", "zones", "lines", "ground", "classes")
_RULE_KEYS = ("threshold", "minimum_seconds", "hysteresis")
_HEAD = """\
# CrowdLens scene: what one camera looks at and what is counted there (docs/scene.md explains every field).
# Coordinates are pixels of the frame below, x to the right, y downwards."""


def canonical(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return `document` as its text will say it: without empty parts, events in the contract's order.

    The version of a scene is a digest of its document, so this is what has the version of the file.
    """
    full = {key: value for key, value in document.items() if value not in ([], None)}
    if "zones" in full:
        full["zones"] = [_canonical_zone(zone) for zone in full["zones"]]
    return full


def _canonical_zone(zone: Mapping[str, Any]) -> dict[str, Any]:
    full = {key: value for key, value in zone.items() if value not in ({}, None)}
    if "events" in full:
        full["events"] = {kind: full["events"][kind] for kind in EVENT_KINDS if kind in full["events"]}
    return full


def scene_text(document: Mapping[str, Any]) -> str:
    """Return YAML text of a valid, `canonical` scene `document`.

    The order is stable, points stand on one line, and what "in" means at a line is said in words. Parts that
    no editor draws (`position`, `anchors`, …) are carried over.
    """
    return "\n".join(_text_lines(document)) + "\n"


def _text_lines(document: Mapping[str, Any]) -> Iterator[str]:
    yield _HEAD
    for key in ("site", "time_zone", "camera", "version"):
        if document.get(key) is not None:
            yield f"{key}: {_scalar(document[key])}"
    frame = document["frame"]
    yield f"frame: {{width: {frame['width']}, height: {frame['height']}}}"
    if document.get("zones"):
        yield "zones:"
        for zone in document["zones"]:
            yield from _zone_lines(zone)
    if document.get("lines"):
        yield "lines:"
        for line in document["lines"]:
            yield from _line_lines(line)
    if document.get("ground"):
        yield "# Points of the frame and where they lie on the ground, in metres from any corner."
        yield "ground:"
        for pair in document["ground"]:
            yield f"  - {{image: {_point(pair['image'])}, world_m: {_point(pair['world_m'])}}}"
    for key in (key for key in document if key not in _SECTIONS):
        yield f"{key}: {_flow(document[key])}"
    yield from _wrapped("classes: ", [_scalar(name) for name in document["classes"]])


def _zone_lines(zone: Mapping[str, Any]) -> Iterator[str]:
    yield f"  - name: {_scalar(zone['name'])}"
    yield from _wrapped("    polygon: ", [_point(point) for point in zone["polygon"]])
    if zone.get("area_m2") is not None:
        yield f"    area_m2: {_scalar(zone['area_m2'])}"
    events = zone.get("events") or {}
    if events:
        yield "    events:"
    for kind, rule in events.items():
        ordered = {key: rule[key] for key in (*_RULE_KEYS, *rule) if key in rule}
        yield f"      {kind}: {_flow(ordered)}"


def _line_lines(line: Mapping[str, Any]) -> Iterator[str]:
    yield f"  # {in_words([(x, y) for x, y in line['points']])}; reverse the points to turn it round"
    yield f"  - name: {_scalar(line['name'])}"
    yield from _wrapped("    points: ", [_point(point) for point in line["points"]])


def _point(point: Sequence[Any]) -> str:
    return f"[{_scalar(point[0])}, {_scalar(point[1])}]"


def _wrapped(head: str, items: Sequence[str]) -> Iterator[str]:
    """Yield ``head[item, item, …]``, broken between items so that no line is longer than it must be."""
    # A space inside an item must not be a place to break: it is put back afterwards.
    text = ", ".join(item.replace(" ", "\0") for item in items)
    wrapper = textwrap.TextWrapper(
        _WIDTH, initial_indent=f"{head}[", subsequent_indent=" " * (len(head) + 1), break_long_words=False
    )
    wrapper.break_on_hyphens = False
    yield from (line.replace("\0", " ") for line in wrapper.wrap(text + "]"))


def _scalar(value: object) -> str:
    """Return `value` as YAML writes it inside a flow list, quoted where it must be."""
    return _flow([value])[1:-1]


def _flow(value: object) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10**9, sort_keys=False)
    return str(text).strip()
