"""What is allowed in a scene but seldom meant."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt

from contract.geometry import Point, polygon_area
from contract.scene import Line, Scene, Zone
from edge_components.runtime.counting.geometry_arrays import edges_to_the_right

EDGE_PX = 5.0
SHORT_LINE_SHARE = 0.04
"""Of the frame's diagonal: at 640x360, 29 px, about as long as a person is wide in the middle of a plaza."""
SMALL_ZONE_SHARE = 0.005
OVERLAP_SHARE = 0.01
"""Of the smaller zone: below it two zones only share a border that was not drawn twice alike."""
_COLUMNS, _ROWS = 320, 240
"""Samples over the frame by which overlaps are measured."""


@dataclass(frozen=True)
class Concern:
    """One warning: `kind` for programs, `sentence` for people, `where` as (section, index)."""

    kind: str
    where: tuple[str, int]
    sentence: str
    values: dict[str, str | float] = field(default_factory=dict)


def concerns(scene: Scene, labels: Collection[str] | None = None) -> list[Concern]:
    """Return the warnings about a valid `scene`; `labels` are the classes that the model knows."""
    return [
        *_line_concerns(scene),
        *_small_zones(scene),
        *_overlaps(scene),
        *_unknown_classes(scene, labels),
    ]


def _line_concerns(scene: Scene) -> Iterator[Concern]:
    shortest = SHORT_LINE_SHARE * math.hypot(scene.frame_width, scene.frame_height)
    for index, line in enumerate(scene.lines):
        if _runs_along_an_edge(line, scene.frame_width, scene.frame_height):
            yield Concern(
                "line_at_edge",
                ("lines", index),
                f"line {line.name!r} runs within {EDGE_PX:g} px of the frame's edge: people vanish there "
                "before they are clearly across, so draw it further inside",
            )
        length = line_length(line)
        if length < shortest:
            yield Concern(
                "short_line",
                ("lines", index),
                f"line {line.name!r} is only {length:.0f} px long: whoever passes beside its "
                "ends is not counted",
                {"length_px": round(length, 1)},
            )


def line_length(line: Line) -> float:
    """Return the length of `line` in pixels."""
    return math.fsum(math.dist(start, end) for start, end in pairwise(line.points))


def _runs_along_an_edge(line: Line, width: int, height: int) -> bool:
    def near(point: Point) -> set[str]:
        x, y = point
        distances = {"left": x, "right": width - x, "top": y, "bottom": height - y}
        return {edge for edge, distance in distances.items() if distance <= EDGE_PX}

    return any(near(start) & near(end) for start, end in pairwise(line.points))


def _small_zones(scene: Scene) -> Iterator[Concern]:
    frame_area = scene.frame_width * scene.frame_height
    for index, zone in enumerate(scene.zones):
        share = polygon_area(zone.polygon) / frame_area
        if share < SMALL_ZONE_SHARE:
            yield Concern(
                "small_zone",
                ("zones", index),
                f"zone {zone.name!r} covers {100 * share:.2g} % of the frame: a foot point that is a few "
                "pixels off is already outside",
                {"share": share},
            )


def _overlaps(scene: Scene) -> Iterator[Concern]:
    insides = [_inside(zone, scene.frame_width, scene.frame_height) for zone in scene.zones]
    sample_area = scene.frame_width * scene.frame_height / (_COLUMNS * _ROWS)
    for (first, zone), (second, other) in combinations(enumerate(scene.zones), 2):
        smaller = min(polygon_area(zone.polygon), polygon_area(other.polygon))
        shared = int(np.count_nonzero(insides[first] & insides[second]))
        area = min(shared * sample_area, smaller)
        if area > OVERLAP_SHARE * smaller:
            yield Concern(
                "zones_overlap",
                ("zones", second),
                f"zones {zone.name!r} and {other.name!r} overlap by about {float(f'{area:.2g}'):,.0f} px² "
                f"({100 * area / smaller:.0f} % of the smaller): whoever stands there counts in both",
                {"other": zone.name, "share": area / smaller},
            )


def _inside(zone: Zone, width: int, height: int) -> npt.NDArray[np.bool_]:
    """Return which samples (_ROWS, _COLUMNS), in the middle of equal parts of the frame, lie in `zone`."""
    inside = np.zeros((_ROWS, _COLUMNS), np.bool_)
    starts = np.array(zone.polygon, np.float64) * [_COLUMNS / width, _ROWS / height]
    left, top = np.floor(starts.min(axis=0)).astype(int)
    right, bottom = np.ceil(starts.max(axis=0)).astype(int)
    x, y = np.meshgrid(np.arange(left, right) + 0.5, np.arange(top, bottom) + 0.5)
    points = np.column_stack((x.ravel(), y.ravel()))
    hits = edges_to_the_right(starts, np.roll(starts, -1, axis=0), points)
    inside[top:bottom, left:right] = (hits.sum(axis=1) % 2 == 1).reshape(x.shape)
    return inside


def _unknown_classes(scene: Scene, labels: Collection[str] | None) -> Iterator[Concern]:
    if labels is None:
        return
    for index, name in enumerate(scene.classes):
        if name not in labels:
            shown = ", ".join(list(labels)[:5]) + (", …" if len(labels) > 5 else "")
            yield Concern(
                "unknown_class",
                ("classes", index),
                f"class {name!r} is none that the model knows ({shown}): a run with this model "
                "refuses the scene",
                {"name": name},
            )
