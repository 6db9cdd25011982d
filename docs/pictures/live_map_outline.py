"""Draws the live map's own outline anew: Natural Earth's coasts and borders, made small.

The input is the npm package `world-atlas` 2.0.2 (ISC; its data are Natural Earth's, in the public domain):
unpack it, then `python docs/pictures/live_map_outline.py package/ lambdas/live_api/static/outline.json`.

The output is `{"world": LAYER, "korea": LAYER}`, a layer being `{"scale": s, "land": [[…], …], "borders":
[[…], …]}`: each path is x0, y0, dx1, dy1, … in whole steps of 1/s degree, east and north positive.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Path2D = npt.NDArray[np.float64]
KOREA = (121.0, 31.5, 135.0, 44.0)
"""West, south, east and north of the part that is drawn finely, in degrees."""


def read_arcs(topology: dict[str, Any]) -> list[Path2D]:
    """Return the arcs of a TopoJSON document as arrays (n, 2) of longitude and latitude."""
    transform = topology["transform"]
    scale, shift = np.array(transform["scale"]), np.array(transform["translate"])
    return [np.cumsum(np.array(arc, float), axis=0) * scale + shift for arc in topology["arcs"]]


def arc_uses(geometries: list[dict[str, Any]]) -> Counter[int]:
    """Return how many countries each arc bounds: one is a coast, two a border."""
    uses: Counter[int] = Counter()
    for geometry in geometries:
        polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        uses.update(arc if arc >= 0 else ~arc for polygon in polygons for ring in polygon for arc in ring)
    return uses


def rings_of(topology: dict[str, Any], arcs: list[Path2D]) -> list[Path2D]:
    """Return every ring of the land object as one closed array."""
    (land,) = topology["objects"]["land"]["geometries"]
    rings = []
    for ring in (ring for polygon in land["arcs"] for ring in polygon):
        pieces = [arcs[arc] if arc >= 0 else arcs[~arc][::-1] for arc in ring]
        rings.append(unwrapped(np.concatenate([pieces[0], *(piece[1:] for piece in pieces[1:])])))
    return rings


def unwrapped(ring: Path2D) -> Path2D:
    """Return the ring without a jump at the date line: it runs on beyond 180 degrees.

    A ring round the whole earth (Antarctica) does not come back to where it began; it is closed by the pole.
    """
    whole = np.column_stack([np.unwrap(ring[:, 0], period=360), ring[:, 1]])
    if abs(whole[-1, 0] - whole[0, 0]) < 180:
        return whole
    pole = -90.0
    return np.vstack([whole, [whole[-1, 0], pole], [whole[0, 0], pole], whole[:1]])


def simplified(path: Path2D, tolerance_degrees: float) -> Path2D:
    """Return the path without points that lie closer than the tolerance to what is left (Douglas-Peucker)."""
    keep = np.zeros(len(path), bool)
    keep[[0, -1]] = True
    waiting = [(0, len(path) - 1)]
    if np.array_equal(path[0], path[-1]):
        far = int(np.argmax(np.hypot(*(path - path[0]).T)))
        keep[far] = True
        waiting = [(0, far), (far, len(path) - 1)]
    while waiting:
        first, last = waiting.pop()
        if last - first < 2:
            continue
        base = path[last] - path[first]
        offset = path[first + 1 : last] - path[first]
        length = float(np.hypot(*base)) or 1.0
        away = np.abs(base[0] * offset[:, 1] - base[1] * offset[:, 0]) / length
        farthest = int(np.argmax(away))
        if away[farthest] > tolerance_degrees:
            middle = first + 1 + farthest
            keep[middle] = True
            waiting += [(first, middle), (middle, last)]
    return path[keep]


def inside(path: Path2D, box: tuple[float, float, float, float]) -> bool:
    """Say whether any point of the path lies in the box."""
    west, south, east, north = box
    x, y = path[:, 0], path[:, 1]
    return bool(np.any((x >= west) & (x <= east) & (y >= south) & (y <= north)))


def clipped(ring: Path2D, box: tuple[float, float, float, float]) -> Path2D:
    """Return the part of a closed ring that lies in the box (Sutherland-Hodgman)."""
    west, south, east, north = box
    for axis, limit, sign in ((0, west, 1), (0, east, -1), (1, south, 1), (1, north, -1)):
        points: list[Path2D] = []
        for start, end in itertools.pairwise(ring):
            from_in, to_in = sign * (start[axis] - limit) >= 0, sign * (end[axis] - limit) >= 0
            if from_in != to_in:
                points.append(start + (end - start) * (limit - start[axis]) / (end[axis] - start[axis]))
            if to_in:
                points.append(end)
        if len(points) < 3:
            return np.empty((0, 2))
        ring = np.array([*points, points[0]])
    return ring


def encoded(path: Path2D, scale: int) -> list[int]:
    """Return the path as whole steps, the first absolute, the others from the one before."""
    steps = np.rint(path * scale).astype(int)
    moves = np.diff(steps, axis=0)
    moved = moves[np.any(moves != 0, axis=1)]
    return [*steps[0].tolist(), *moved.ravel().tolist()]


def layer(
    topology: dict[str, Any], box: Any, *, scale: int, tolerance: float, least: float
) -> dict[str, Any]:
    """Return land and borders of one layer; islands smaller than `least` degrees are left out."""
    arcs = read_arcs(topology)
    uses = arc_uses(topology["objects"]["countries"]["geometries"])
    rings = rings_of(topology, arcs) if box is None else [clipped(r, box) for r in rings_of(topology, arcs)]
    land = [
        simplified(ring, tolerance) for ring in rings if len(ring) and np.ptp(ring, axis=0).max() >= least
    ]
    borders = [simplified(arcs[arc], tolerance) for arc, count in uses.items() if count > 1]
    return {
        "scale": scale,
        "land": [encoded(ring, scale) for ring in land if len(ring) > 3],
        "borders": [encoded(path, scale) for path in borders if box is None or inside(path, box)],
    }


def main(package: Path, output: Path) -> None:
    """Write the outline."""
    world = json.loads((package / "countries-110m.json").read_text("utf-8"))
    fine = json.loads((package / "countries-10m.json").read_text("utf-8"))
    document = {
        "world": layer(world, None, scale=20, tolerance=0.05, least=0.5),
        "korea": layer(fine, KOREA, scale=400, tolerance=0.004, least=0.03),
    }
    output.write_text(json.dumps(document, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
