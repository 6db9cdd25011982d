"""What stands over a shared frame: zones, lines and tracks with what was counted, as JSON and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from contract.geometry import Point
from contract.scene import Line, Scene, Zone
from edge_components.runtime.annotate import DrawnTrack, LineTotals

Counts = Mapping[str, Mapping[str, int]]


class LabelledTrack(Protocol):
    """A track to show; `CurrentTrack` of the analytics is one."""

    @property
    def track(self) -> int:
        """Its id."""
        ...

    @property
    def label(self) -> str:
        """Its class."""
        ...

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom in pixels."""
        ...


@dataclass(frozen=True)
class ViewOverlay:
    """What is drawn, in pixels of a `width` x `height` frame; `captions` stand in the picture's corner."""

    width: int
    height: int
    zones: tuple[Zone, ...]
    lines: tuple[Line, ...]
    tracks: tuple[DrawnTrack, ...]
    line_totals: Mapping[str, LineTotals]
    zone_counts: Mapping[str, int]
    captions: tuple[str, ...]
    time_zone: str


def scene_overlay(
    scene: Scene,
    tracks: Sequence[LabelledTrack],
    *,
    lines: Counts | None = None,
    zones: Counts | None = None,
    captions: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the overlay that `FrameWriter.offer` takes, for a `scene` in pixels of the frame.

    `lines` maps names to ``{"in": n, "out": n}``, `zones` names to objects inside per class.
    """
    return {
        "scene_version": scene.version,
        "time_zone": scene.time_zone,
        "zones": [
            {
                "name": zone.name,
                "polygon": zone.polygon,
                "inside": sum((zones or {}).get(zone.name, {}).values()),
            }
            for zone in scene.zones
        ],
        "lines": [
            {"name": line.name, "points": line.points, **_crossed((lines or {}).get(line.name, {}))}
            for line in scene.lines
        ],
        "tracks": [[track.track, *(round(side, 1) for side in track.box)] for track in tracks],
        "captions": list(captions),
    }


def parse_overlay(document: Mapping[str, Any]) -> ViewOverlay:
    """Return the overlay of a shared frame; what it does not name is not drawn."""
    zones, lines = document.get("zones", []), document.get("lines", [])
    return ViewOverlay(
        width=int(document["width"]),
        height=int(document["height"]),
        zones=tuple(Zone(zone["name"], _points(zone["polygon"]), None, ()) for zone in zones),
        lines=tuple(Line(line["name"], _points(line["points"])) for line in lines),
        tracks=tuple(DrawnTrack(track, tuple(box)) for track, *box in document.get("tracks", [])),
        line_totals={line["name"]: LineTotals(line["in"], line["out"]) for line in lines},
        zone_counts={zone["name"]: zone["inside"] for zone in zones},
        captions=tuple(document.get("captions", [])),
        time_zone=str(document.get("time_zone", "UTC")),
    )


def _crossed(totals: Mapping[str, int]) -> dict[str, int]:
    return {"in": totals.get("in", 0), "out": totals.get("out", 0)}


def _points(pairs: Sequence[Sequence[float]]) -> tuple[Point, ...]:
    return tuple((float(x), float(y)) for x, y in pairs)
