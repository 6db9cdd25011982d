"""Says in words and figures what a scene counts."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from cli.scene_editor.concerns import Concern, concerns, line_length
from cli.scene_editor.directions import in_direction, in_words
from contract.geometry import polygon_area
from contract.scene import EventRule, Line, Scene, Zone
from edge_components.runtime.counting.ground import Ground
from edge_components.runtime.counting.located import geography_of, ground_of
from edge_components.vision.ground_grid import ground_grid

EVENT_MEANINGS = {
    "crowding": ("{threshold} or more objects inside", "objects"),
    "running": ("an object at {threshold} m/s or faster", "m/s"),
    "loitering": ("an object that stays {threshold} s or longer", "s"),
    "restricted": ("{threshold} or more objects inside, where none should be", "objects"),
    "stopped": ("an object that stands still for {threshold} s or longer", "s"),
    "wrong_direction": ("an object that goes {threshold} degrees or more off {way}", "degrees"),
    "wrong_side": ("an object {threshold} s or longer on the wrong side of {way}", "s"),
}


def explain(scene: Scene, labels: Collection[str] | None = None) -> dict[str, Any]:
    """Return facts about a valid `scene` as a JSON document; raises `SceneError` for an impossible ground."""
    ground = ground_of(scene)
    geography_of(scene, ground)
    frame_area = scene.frame_width * scene.frame_height
    return {
        "site": scene.site,
        "camera": scene.camera,
        "time_zone": scene.time_zone,
        "version": scene.version,
        "frame": {"width": scene.frame_width, "height": scene.frame_height},
        "classes": list(scene.classes),
        "zones": [_zone_facts(zone, frame_area, ground) for zone in scene.zones],
        "lines": [_line_facts(line) for line in scene.lines],
        "minimum_count": scene.minimum_count,
        "centred_classes": list(scene.centred_classes),
        "ground": None if ground is None else _ground_facts(scene),
        "warnings": [_warning(concern) for concern in concerns(scene, labels)],
    }


def explanation_lines(facts: dict[str, Any]) -> list[str]:
    """Return `facts` of a scene as lines of text for a person."""
    frame = facts["frame"]
    lines = [
        f"site {facts['site']}, camera {facts['camera']}, time zone {facts['time_zone']}",
        f"frame {frame['width']}x{frame['height']}, version {facts['version']}",
        f"counts {', '.join(facts['classes'])}",
    ]
    if facts["centred_classes"]:
        lines.append(f"at the centre of the box, not the foot point: {', '.join(facts['centred_classes'])}")
    if facts["minimum_count"] > 1:
        lines.append(f"tells nothing about fewer than {facts['minimum_count']} people in a zone")
    for zone in facts["zones"]:
        lines += ["", f"zone {zone['name']}: {zone['sentence']}"]
        lines += [f"  {rule['kind']}: {rule['sentence']}" for rule in zone["events"]]
    for line in facts["lines"]:
        lines += ["", f"line {line['name']}: {line['sentence']}"]
    if facts["ground"]:
        lines += ["", f"ground: {facts['ground']['sentence']}"]
    if facts["warnings"]:
        lines += ["", *(f"warning: {warning['sentence']}" for warning in facts["warnings"])]
    return lines


def _zone_facts(zone: Zone, frame_area: int, ground: Ground | None) -> dict[str, Any]:
    area = polygon_area(zone.polygon)
    share = area / frame_area
    size = f"{area:,.0f} px² ({100 * share:.3g} % of the frame)"
    measured_m2 = None if ground is None else ground.area_m2(zone.polygon)
    return {
        "name": zone.name,
        "points": len(zone.polygon),
        "area_px2": round(area, 1),
        "share_of_frame": round(share, 5),
        "area_m2": zone.area_m2,
        "area_m2_by_ground": None if measured_m2 is None else round(measured_m2, 2),
        "events": [_rule_facts(rule) for rule in zone.events],
        "sentence": f"{len(zone.polygon)} points, {size}{_on_ground(zone.area_m2, measured_m2)}",
    }


def _on_ground(given_m2: float | None, measured_m2: float | None) -> str:
    parts = []
    if given_m2 is not None:
        parts.append(f"{given_m2:g} m² as given")
    if measured_m2 is not None:
        parts.append(f"{measured_m2:.1f} m² by the ground")
    return "".join(f", {part}" for part in parts)


def _rule_facts(rule: EventRule) -> dict[str, Any]:
    meaning, unit = EVENT_MEANINGS.get(rule.kind, (f"{rule.kind} of {{threshold}} or more", ""))
    what = meaning.format(threshold=f"{rule.threshold:g}", way=_way(rule))
    of_classes = f" ({', '.join(rule.classes)} only)" if rule.classes else ""
    end = rule.threshold - rule.hysteresis
    return {
        "kind": rule.kind,
        "threshold": rule.threshold,
        "minimum_seconds": rule.minimum_seconds,
        "hysteresis": rule.hysteresis,
        "sentence": f"{what}{of_classes}, for {rule.minimum_seconds:g} s; {_ends(rule, end, unit)}",
    }


def _way(rule: EventRule) -> str:
    if rule.kind == "wrong_side":
        return f"line {rule.line!r} (keep {rule.keep})"
    if rule.line is not None:
        return f'the way that counts as "{rule.allowed}" over line {rule.line!r}'
    return f"{rule.allowed:g} degrees" if isinstance(rule.allowed, float) else ""


def _ends(rule: EventRule, end: float, unit: str) -> str:
    side = "below" if rule.hysteresis == 0 else "at or below"
    return f"over when {side} {end:g} {unit}".strip()


def _line_facts(line: Line) -> dict[str, Any]:
    length = line_length(line)
    return {
        "name": line.name,
        "points": len(line.points),
        "length_px": round(length, 1),
        "in_direction": in_direction(line.points),
        "sentence": f"{len(line.points)} points, {length:,.0f} px long; {in_words(line.points)}",
    }


def _ground_facts(scene: Scene) -> dict[str, Any]:
    grid = ground_grid(scene)
    return {
        "pairs": len(scene.ground),
        "residual_m": None if grid.residual_m is None else round(grid.residual_m, 4),
        "step_m": grid.step_m,
        "grid": [np.round(line.points, 1).tolist() for line in grid.lines],
        "sentence": _ground_sentence(scene, grid.residual_m),
    }


def _ground_sentence(scene: Scene, residual_m: float | None) -> str:
    if scene.position is not None:
        position = scene.position
        return (
            f"from the camera's position, {position.height_m:g} m above level ground, "
            f"tilted down by {position.tilt_degrees:g} degrees"
        )
    if residual_m is None:
        quality = "four pairs fit exactly whatever they are; a fifth would show how good they are"
    else:
        quality = f"they fit to {residual_m:.2f} m (root mean square)"
    return f"{len(scene.ground)} pairs; {quality}"


def _warning(concern: Concern) -> dict[str, Any]:
    return {
        "kind": concern.kind,
        "where": list(concern.where),
        "sentence": concern.sentence,
        "values": concern.values,
    }
