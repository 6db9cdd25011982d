"""Draws the pictures of docs/counting.md beside itself: ``python docs/pictures/counting_pictures.py``.

Bands and shares are the settings of the code, and the numbers in the pictures are what the analytics count in
the ways drawn there, so neither can drift from the rules. tests/consistency holds the files to this script.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from contract.records import Record
from contract.scene import parse_scene
from edge_components.runtime.counting.analytics import SceneAnalytics
from edge_components.runtime.counting.lines import LineSettings
from edge_components.runtime.counting.tracked import TrackerSettings
from edge_components.runtime.counting.zones import ZoneSettings
from edge_components.runtime.inference.detections import Detections

Point = tuple[float, float]
WIDE, TALL = 640, 360
BOX = 100.0
"""Height of every box in the pictures, in pixels."""
RATE, SPEED = 10, 80.0
"""Frames and pixels a second."""
START_MS = 1_760_000_000_000
LINE, ZONE, OTHER, WAY, FAINT = "#c2410c", "#2b6cb0", "#7e3f98", "#111111", "#777777"


@dataclass(frozen=True)
class Way:
    """Where a foot point goes; who `stays` stands at its end while the others go on."""

    points: Sequence[Point]
    label: str = ""
    stays: bool = False

    def feet(self) -> list[Point]:
        """Return the foot points, frame by frame."""
        found = [self.points[0]]
        for start, end in pairwise(self.points):
            steps = max(1, round(float(np.hypot(end[0] - start[0], end[1] - start[1])) / SPEED * RATE))
            found += [tuple(np.add(start, np.subtract(end, start) * k / steps)) for k in range(1, steps + 1)]
        return found


def count(ways: Sequence[Way], **parts: Any) -> list[Record]:
    """Return what the analytics make of people who go along `ways` all at once, in a scene of `parts`."""
    scene = parse_scene(
        {
            "site": "docs",
            "time_zone": "UTC",
            "camera": "docs",
            "frame": {"width": WIDE, "height": TALL},
            "classes": ["person"],
            **parts,
        }
    )
    analytics = SceneAnalytics(scene, labels=["person"], window_seconds=3600.0)
    feet = [way.feet() for way in ways]
    records: list[Record] = []
    silence = round((TrackerSettings().memory_seconds + 2) * RATE)
    for frame in range(max(map(len, feet)) + silence):
        here = [
            path[min(frame, len(path) - 1)]
            for way, path in zip(ways, feet, strict=True)
            if way.stays or frame < len(path)
        ]
        boxes = [(x - 0.2 * BOX, y - BOX, x + 0.2 * BOX, y) for x, y in here]
        seen = Detections(
            np.array(boxes, np.float32).reshape(-1, 4),
            np.full(len(boxes), 0.9, np.float32),
            np.zeros(len(boxes), np.int64),
        )
        records += analytics.update(seen, START_MS + 100 * frame)
    return records + analytics.close()


def crossings(way: Way, line: Sequence[Point]) -> str:
    """Return in words what is counted at `line` when somebody goes along `way`."""
    lines = [{"name": "line", "points": [list(point) for point in line]}]
    rows = [one.values["direction"] for one in count([way], lines=lines) if one.table == "line_crossings"]
    return ", ".join(f"1 {direction}" for direction in rows) or "nothing"


def zone_row(ways: Sequence[Way], polygon: Sequence[Point]) -> dict[str, Any]:
    """Return the sums over the windows of a zone."""
    zones = [{"name": "zone", "polygon": [list(point) for point in polygon]}]
    sums: dict[str, Any] = {}
    for one in count(ways, zones=zones):
        if one.table == "zone_counts":
            for name in ("entries", "exits", "appeared", "vanished"):
                sums[name] = sums.get(name, 0) + int(one.values[name] or 0)
            sums["most"] = max(sums.get("most", 0), int(one.values["occupancy_maximum"] or 0))
    return sums


def text(x: float, y: float, said: str, colour: str = WAY, anchor: str = "start") -> str:
    """Return a line of text."""
    style = f"font-family='sans-serif' font-size='14' fill='{colour}' text-anchor='{anchor}'"
    return f"<text x='{x:.0f}' y='{y:.0f}' {style}>{escape(said)}</text>"


def path(points: Sequence[Point], colour: str, *, wide: float = 2, dash: str = "", tip: bool = False) -> str:
    """Return a line through `points`, with an arrow at its end where `tip` says so."""
    places = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
    style = f"stroke='{colour}' stroke-width='{wide:g}' stroke-dasharray='{dash}' fill='none'"
    marker = f" marker-end='url(#tip{colour[1:]})'" if tip else ""
    return f"<polyline points='{places}' {style}{marker}/>"


def area(points: Sequence[Point], colour: str, *, outlined: bool = True) -> str:
    """Return a filled polygon."""
    places = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
    style = f"fill='{colour}' fill-opacity='0.15' stroke='{colour if outlined else 'none'}' stroke-width='2'"
    return f"<polygon points='{places}' {style}/>"


def dot(x: float, y: float, colour: str = WAY) -> str:
    """Return a point."""
    return f"<circle cx='{x:.0f}' cy='{y:.0f}' r='5' fill='{colour}'/>"


def box(x: float, y: float, wide: float = 0.4 * BOX, tall: float = BOX, colour: str = FAINT) -> str:
    """Return a box that stands on (x, y)."""
    size = f"width='{wide:.0f}' height='{tall:.0f}' fill='none' stroke='{colour}' stroke-width='1.5'"
    return f"<rect x='{x - wide / 2:.0f}' y='{y - tall:.0f}' {size}/>"


def walked(way: Way, said: str = "", colour: str = WAY) -> str:
    """Return a way with its arrow and what is to be said at its beginning."""
    x, y = way.points[0]
    return path(way.points, colour, tip=True) + dot(x, y, colour) + text(x, y - 12, said, colour)


def picture(title: str, parts: Iterable[str]) -> str:
    """Return the whole SVG."""
    tips = "".join(
        f"<marker id='tip{colour[1:]}' viewBox='0 0 10 10' refX='8' refY='5' "
        f"markerWidth='7' markerHeight='7' orient='auto'><path d='M0 0L10 5L0 10z' fill='{colour}'/></marker>"
        for colour in (WAY, LINE, FAINT)
    )
    size = f"viewBox='0 0 {WIDE} {TALL}' width='{WIDE}' height='{TALL}' role='img'"
    head = f"<svg xmlns='http://www.w3.org/2000/svg' {size}><title>{escape(title)}</title><defs>{tips}</defs>"
    ground = f"<rect width='{WIDE}' height='{TALL}' fill='#ffffff'/>"
    return "\n".join([head, ground, *parts, "</svg>"]) + "\n"


def line_band() -> str:
    """Three people at a line: across, over it and back within the band, and waiting on it."""
    settings = LineSettings()
    x, band, travel = 330.0, settings.band * BOX, settings.minimum_travel * BOX
    line = ((x, 20.0), (x, 340.0))
    shaky = [(x + (8 if k % 2 else -8), 236.0 + 4 * k) for k in range(8)]
    ways = {
        "across": Way(((180, 70), (470, 70))),
        "over it and back": Way(((200, 155), (x + 0.8 * band, 160), (200, 165))),
        "waits on it": Way([(180.0, 236.0), *shaky, (180.0, 268.0)]),
    }
    parts = [
        area(((x - band, 20), (x + band, 20), (x + band, 340), (x - band, 340)), LINE, outlined=False),
        path(line, LINE, wide=3),
        box(60, 200),
        path(((92, 100), (92, 200)), FAINT),
        text(98, 155, "h", FAINT),
        path(((x, 318), (x + band, 318)), FAINT, wide=4),
        text(x + band + 6, 322, f"band: {settings.band:g} h on both sides", FAINT),
        path(((x, 340), (x + travel, 340)), FAINT, wide=4),
        text(x + travel + 6, 345, f"least travel: {settings.minimum_travel:g} h", FAINT),
    ]
    for name, way in ways.items():
        parts.append(walked(way, name))
        parts.append(text(490, way.points[0][1] + 5, f"counted: {crossings(way, line)}", LINE))
    return picture("Band and least travel at a line", parts)


def line_sides() -> str:
    """A line of three pieces with the arrows that point "in", and two people who cross it."""
    line: tuple[Point, ...] = ((150, 40), (250, 180), (430, 180), (540, 60))
    ways = (Way(((100, 240), (340, 40))), Way(((360, 80), (360, 300))))
    parts = [path(line, LINE, wide=3)]
    for place, point in enumerate(line):
        parts += [dot(*point, LINE), text(point[0], point[1] + 24, str(place + 1), LINE, "middle")]
    for (ax, ay), (bx, by) in pairwise(line):
        along = np.array([bx - ax, by - ay]) / np.hypot(bx - ax, by - ay)
        # "in" leads to where (to − from) × (p − from) < 0.
        middle, inwards = np.array([ax + bx, ay + by]) / 2, np.array([along[1], -along[0]])
        middle = middle - 0.3 * along * np.hypot(bx - ax, by - ay)
        tip = middle + 42 * inwards
        parts.append(path((tuple(middle), tuple(tip)), LINE, tip=True))
        name_x, name_y = tip + 14 * inwards
        parts.append(text(name_x, name_y + 4, "in", LINE, "middle"))
    for name, way in zip("AB", ways, strict=True):
        end = way.points[-1]
        parts += [walked(way, name), text(end[0] + 10, end[1] + 5, f"counted: {crossings(way, line)}")]
    parts.append(text(320, 340, "drawn from 1 to 4: “in” is the same side of every piece", FAINT, "middle"))
    return picture("Which side of a line is in", parts)


def zone_changes() -> str:
    """Four people at a zone: one comes in and stays, one goes out, one appears, one vanishes."""
    zone: tuple[Point, ...] = ((170, 50), (470, 50), (470, 310), (170, 310))
    margin = ZoneSettings().margin * BOX
    ways = (
        Way(((60, 110), (260, 110)), "comes in, stays", stays=True),
        Way(((580, 170), (400, 170), (580, 205)), "comes in, goes out"),
        Way(((230, 235), (60, 235)), "appears, goes out"),
        Way(((580, 285), (360, 285)), "comes in, vanishes"),
    )
    parts = [area(zone, ZONE)]
    inner = [(x + (margin if x < 300 else -margin), y + (margin if y < 200 else -margin)) for x, y in zone]
    outer = [(x - (margin if x < 300 else -margin), y - (margin if y < 200 else -margin)) for x, y in zone]
    parts += [path([*some, some[0]], ZONE, wide=1, dash="4 4") for some in (inner, outer)]
    parts.append(
        text(320, 30, f"clearly over the edge: {ZoneSettings().margin:g} h (dashed)", ZONE, "middle")
    )
    for way in ways:
        (x, y), row = way.points[0], zone_row([way], zone)
        named = {"entries": "entry", "exits": "exit", "appeared": "appeared", "vanished": "vanished"}
        told = ", ".join(f"{row[key]} {name}" for key, name in named.items() if row[key])
        parts.append(path(way.points, WAY, tip=True) + dot(x, y))
        right = x > 480
        parts.append(text(624 if right else 16, y - 12, way.label, anchor="end" if right else "start"))
        parts.append(text(320, y - 12, told, ZONE, "middle"))
    row = zone_row(ways, zone)
    left = row["entries"] + row["appeared"] - row["exits"] - row["vanished"]
    sums = f"entries {row['entries']} + appeared {row['appeared']} = exits {row['exits']}"
    parts.append(
        text(320, 345, f"{sums} + vanished {row['vanished']} + still inside {left}", anchor="middle")
    )
    return picture("Entries, exits, appeared and vanished", parts)


def foot_and_centre() -> str:
    """The same boxes by their foot point and by their centre."""
    zone: tuple[Point, ...] = ((40, 200), (600, 200), (600, 320), (40, 320))
    parts = [area(zone, ZONE), text(580, 310, "zone", ZONE, "end")]
    for x, y, anchor in ((150.0, 230.0, "foot"), (430.0, 230.0, "centre")):
        zones = [{"name": "zone", "polygon": [list(point) for point in zone]}]
        anchors = {"anchors": {"person": "centre"}} if anchor == "centre" else {}
        rows = [
            one
            for one in count([Way(((x, y),), stays=True)], zones=zones, **anchors)
            if one.table == "zone_counts"
        ]
        inside = sum(int(row.values["occupancy_maximum"] or 0) for row in rows)
        place = y if anchor == "foot" else y - BOX / 2
        parts += [box(x, y, colour=WAY), dot(x, place, LINE)]
        parts.append(text(x + 32, place + 5, "foot point" if anchor == "foot" else "centre", LINE))
        parts.append(
            text(
                x,
                90,
                "without anchors" if anchor == "foot" else "anchors: {person: centre}",
                anchor="middle",
            )
        )
        parts.append(text(x, 125, f"counted inside: {inside}", ZONE, "middle"))
    parts.append(text(320, 345, "the same box, the same zone", FAINT, "middle"))
    return picture("Foot point and centre", parts)


def overlap() -> str:
    """Two zones that overlap: who stands in both counts in both."""
    zones: dict[str, tuple[Point, ...]] = {
        "A": ((60, 90), (390, 90), (390, 310), (60, 310)),
        "B": ((250, 130), (590, 130), (590, 330), (250, 330)),
    }
    ways = [
        Way(((x, y),), stays=True)
        for x, y in ((130.0, 250.0), (320.0, 270.0), (440.0, 240.0), (520.0, 300.0))
    ]
    parts = [area(zones["A"], ZONE), area(zones["B"], OTHER)]
    for way in ways:
        x, y = way.points[0]
        parts += [box(x, y), dot(x, y)]
    found = {name: zone_row(ways, zone)["most"] for name, zone in zones.items()}
    parts += [
        text(70, 80, f"zone A: {found['A']} inside", ZONE),
        text(580, 120, f"zone B: {found['B']} inside", OTHER, "end"),
        text(320, 30, f"{len(ways)} people in the picture: each zone counts for itself", anchor="middle"),
    ]
    return picture("Zones that overlap", parts)


PICTURES = {
    "line_band.svg": line_band,
    "line_sides.svg": line_sides,
    "zone_changes.svg": zone_changes,
    "foot_and_centre.svg": foot_and_centre,
    "zone_overlap.svg": overlap,
}


def main(folder: Path) -> int:
    """Write all pictures into `folder`."""
    for name, draw in PICTURES.items():
        (folder / name).write_text(draw(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).parent))
