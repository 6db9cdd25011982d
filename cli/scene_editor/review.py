"""Looks at a scene while it is drawn: every mistake with its shape, and facts on what is right.

`parse_scene` stops at the first mistake. Here every part is parsed by it once more, with all other parts
replaced by good ones at the same place, so that each shape gets the very sentence that a run would give.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cli.scene_editor.explanation import explain
from contract.scene import MINIMUM_GROUND_POINTS, Scene, SceneError, parse_scene
from edge_components.runtime.counting.ground import GroundPlane
from edge_components.runtime.counting.located import geography_of, ground_of

_SQUARE = [[0, 0], [8, 0], [8, 8], [0, 8]]
_GOOD_HEAD = {"site": "s", "time_zone": "UTC", "camera": "c", "classes": ["person"]}
_GOOD_PAIR = {"image": [0, 0], "world_m": [0, 0]}
_GOOD_ZONE = {"name": "\N{WHITE SQUARE}", "polygon": _SQUARE}
Document = Mapping[str, Any]


def review(document: Document) -> dict[str, Any]:
    """Return whether all is `valid`, `problems` as [{where, sentence}] and `facts` on the valid parts.

    `where` is [section, index], [field] or [] for the scene as a whole; the indices in the facts are those of
    the document.
    """
    try:
        scene = parse_scene(document)
        geography_of(scene, ground_of(scene))
    except SceneError as error:
        whole = {"where": [], "sentence": str(error)}
        if not _is_reviewable(document):
            return {"valid": False, "problems": [whole], "facts": None}
        problems = list(_problems(document)) or [whole]
        return {"valid": False, "problems": problems, "facts": _partial_facts(document, problems)}
    indices = {"zones": list(range(len(scene.zones))), "lines": list(range(len(scene.lines)))}
    return {"valid": True, "problems": [], "facts": _facts(scene, indices)}


def _is_reviewable(document: object) -> bool:
    """Return whether the parts of `document` can be told apart."""
    if not isinstance(document, dict):
        return False
    sections = [document.get(section, []) for section in ("zones", "lines", "ground")]
    return all(isinstance(entries, list) for entries in sections) and all(
        isinstance(entry, dict) and "name" in entry for entries in sections[:2] for entry in entries
    )


def _problems(document: Document) -> Iterator[dict[str, Any]]:
    for field in ("site", "time_zone", "camera", "classes", "version"):
        if field in document:
            yield from _tried([field], _good(**{field: document[field]}))
    frame, has_ground = document.get("frame"), bool(document.get("ground")) or "position" in document
    for section in ("zones", "lines"):
        for index in range(len(document.get(section, []))):
            parts = {**_surroundings(document), **_alone(document, section, index)}
            if has_ground:
                parts["ground"] = [_GOOD_PAIR] * MINIMUM_GROUND_POINTS
            yield from _tried([section, index], _good(frame=frame, **parts))
    yield from _ground_problems(document)
    if not document.get("zones") and not document.get("lines"):
        yield from _tried([], {**_good(), "zones": [], "lines": []})


def _ground_problems(document: Document) -> Iterator[dict[str, Any]]:
    pairs, frame = document.get("ground", []), document.get("frame")
    wrong: list[dict[str, Any]] = []
    for index, pair in enumerate(pairs):
        row = [_GOOD_PAIR] * max(len(pairs), MINIMUM_GROUND_POINTS)
        row[index] = pair
        wrong += _tried(["ground", index], _good(frame=frame, ground=row))
    yield from wrong
    if pairs and not wrong:
        yield from _tried(
            ["ground"], _good(frame=frame, ground=pairs), then=lambda scene: GroundPlane(scene.ground)
        )


def _tried(
    where: list[str | int], document: Document, then: Callable[[Scene], object] | None = None
) -> list[dict[str, Any]]:
    """Return the problem that a run would have with `document`, in a list that is empty without one."""
    try:
        scene = parse_scene(document)
        if then is not None:
            then(scene)
    except SceneError as error:
        return [{"where": where, "sentence": str(error)}]
    return []


def _good(**parts: Any) -> dict[str, Any]:
    """Return a scene that is valid but for `parts`."""
    filled = {**_GOOD_HEAD, "frame": {"width": 640, "height": 360}, **parts}
    return filled if "zones" in filled or "lines" in filled else {**filled, "zones": [_GOOD_ZONE]}


def _surroundings(document: Document) -> dict[str, Any]:
    """Return what a rule of a zone may name, as far as it is right: classes, and lines with good points."""
    found: dict[str, Any] = {}
    if not _tried([], _good(classes=document.get("classes"))):
        found["classes"] = document["classes"]
    lines: list[dict[str, Any]] = []
    for entry in document.get("lines", []):
        candidate = {"name": entry["name"], "points": _SQUARE[:2]}
        if not _tried([], _good(lines=[*lines, candidate])):
            lines.append(candidate)
    return {**found, "lines": lines} if lines else found


def _alone(document: Document, section: str, index: int) -> dict[str, Any]:
    """Return `section` with its entry `index` as it is and good entries in place of those before it.

    An entry before it that has the same name keeps that name, so that the name's second use is the mistake.
    """
    entries = document[section]
    points = "polygon" if section == "zones" else "points"
    good = [
        {
            "name": entry["name"]
            if entry["name"] == entries[index]["name"]
            else f"\N{WHITE SQUARE}{position}",
            points: _SQUARE[: 4 if section == "zones" else 2],
        }
        for position, entry in enumerate(entries[:index])
    ]
    return {section: [*good, entries[index]]}


def _partial_facts(document: Document, problems: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the facts on the shapes that are valid, None when there is none."""
    wrong = {tuple(problem["where"]) for problem in problems}
    indices = {
        section: [index for index in range(len(document.get(section, []))) if (section, index) not in wrong]
        for section in ("zones", "lines")
    }
    sections = {
        section: [document[section][index] for index in kept] for section, kept in indices.items() if kept
    }
    ground_is_right = not any(where[:1] == ("ground",) for where in wrong)
    ground = document.get("ground", []) if ground_is_right else []
    if not sections:
        return None
    kept = {
        key: document[key] for key in ("position", "ground_origin") if key in document and ground_is_right
    }
    try:
        scene = parse_scene(_good(frame=document.get("frame"), ground=ground, **kept, **sections))
        return _facts(scene, indices)
    except SceneError:
        return None


def _facts(scene: Scene, indices: Mapping[str, list[int]]) -> dict[str, Any]:
    facts = explain(scene)
    for section, kept in indices.items():
        for entry, index in zip(facts[section], kept, strict=True):
            entry["index"] = index
    for warning in facts["warnings"]:
        section, position = warning["where"]
        warning["where"] = (
            [section, indices[section][position]] if section in indices else [section, position]
        )
    return facts
