"""What one scene counts otherwise than another, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import dist

from contract.errors import CrowdLensError
from contract.geometry import Point
from contract.scene import EventRule, Line, Scene, Zone


def differences(before: Scene | None, after: Scene) -> list[str]:
    """Return a line for each difference from `before` to `after`; without a `before` all is new."""
    if before is None:
        return [
            *(f"zone {zone.name!r} is new" for zone in after.zones),
            *(_new_line(line) for line in after.lines),
        ]
    return [*_settings(before, after), *_shapes(before, after)]


def _new_line(line: Line) -> str:
    return f"line {line.name!r} is new"


def _settings(before: Scene, after: Scene) -> Iterator[str]:
    values: dict[str, Callable[[Scene], object]] = {
        "site": lambda scene: scene.site,
        "camera": lambda scene: scene.camera,
        "time zone": lambda scene: scene.time_zone,
        "frame": lambda scene: f"{scene.frame_width}x{scene.frame_height}",
        "classes": lambda scene: ", ".join(scene.classes),
        "counted at the centre of the box": lambda scene: ", ".join(scene.centred_classes) or "none",
        "minimum count": lambda scene: scene.minimum_count,
    }
    for name, value in values.items():
        if value(before) != value(after):
            yield f"{name}: {value(before)} → {value(after)}"
    if (before.ground, before.position, before.ground_origin) != (
        after.ground,
        after.position,
        after.ground_origin,
    ):
        yield f"ground: {_ground(before)} → {_ground(after)}"


def _ground(scene: Scene) -> str:
    if scene.position is not None:
        return f"by the camera's position, {scene.position.height_m:g} m high"
    return f"{len(scene.ground)} points" if scene.ground else "none"


def _shapes(before: Scene, after: Scene) -> Iterator[str]:
    old = _scaled(before, after)
    zones = {zone.name: zone for zone in old.zones}, {zone.name: zone for zone in after.zones}
    lines = {line.name: line for line in old.lines}, {line.name: line for line in after.lines}
    for kind, (were, are) in (("zone", zones), ("line", lines)):
        yield from (f"{kind} {name!r} is gone" for name in were if name not in are)
        yield from (f"{kind} {name!r} is new" for name in are if name not in were)
    for name in filter(zones[1].__contains__, zones[0]):
        yield from _zone(zones[0][name], zones[1][name])
    for name in filter(lines[1].__contains__, lines[0]):
        yield from _moved(f"line {name!r}", lines[0][name].points, lines[1][name].points, directed=True)


def _scaled(before: Scene, after: Scene) -> Scene:
    """Return `before` in pixels of `after`, so that another resolution alone moves nothing."""
    try:
        return before.scaled_to(after.frame_width, after.frame_height)
    except CrowdLensError:
        return before


def _zone(before: Zone, after: Zone) -> Iterator[str]:
    name = f"zone {after.name!r}"
    yield from _moved(name, before.polygon, after.polygon, directed=False)
    if before.area_m2 != after.area_m2:
        yield f"{name} area: {_metres(before.area_m2)} → {_metres(after.area_m2)}"
    rules = {rule.kind: rule for rule in before.events}, {rule.kind: rule for rule in after.events}
    yield from (f"{name} no longer tells of {kind}" for kind in rules[0] if kind not in rules[1])
    yield from (
        f"{name} tells of {kind}: {_rule(rule)}" for kind, rule in rules[1].items() if kind not in rules[0]
    )
    for kind in filter(rules[1].__contains__, rules[0]):
        if rules[0][kind] != rules[1][kind]:
            yield f"{name} {kind}: {_rule(rules[0][kind])} → {_rule(rules[1][kind])}"


def _metres(area: float | None) -> str:
    return "unknown" if area is None else f"{area:g} m²"


def _rule(rule: EventRule) -> str:
    """Return a rule with all that it has, so that two rules that differ read differently."""
    way = rule.allowed if rule.allowed is None else f"allowed {rule.allowed}"
    parts = (
        f"threshold {rule.threshold:g} for {rule.minimum_seconds:g} s, hysteresis {rule.hysteresis:g}",
        *(part for part in (way, rule.line, rule.keep) if part),
        *rule.classes,
    )
    return ", ".join(str(part) for part in parts)


def _moved(name: str, before: Sequence[Point], after: Sequence[Point], *, directed: bool) -> Iterator[str]:
    if before == after:
        return
    if directed and list(before) == list(reversed(after)):
        yield f"{name} is reversed: what was in is out"
        return
    if len(before) != len(after):
        yield f"{name} is moved: {len(before)} → {len(after)} points"
        return
    moves = [move for move in map(dist, before, after) if move > 0.5]
    if moves:
        yield f"{name} is moved: {len(moves)} of {len(after)} points, by up to {max(moves):.0f} px"
