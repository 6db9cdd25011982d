"""Draws what was counted on a frame. The picture stays on this machine."""

from __future__ import annotations

import errno
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from contract.errors import CrowdLensError, DiskFullError
from contract.files import write_whole
from contract.geometry import Point
from contract.scene import Line, Scene, Zone

Image = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""
ZONE_COLOURS: tuple[Colour, ...] = (
    (200, 160, 0),
    (0, 170, 120),
    (190, 80, 190),
    (60, 140, 240),
    (170, 120, 60),
)
LINE_COLOUR: Colour = (0, 200, 255)
TRACK_COLOURS: tuple[Colour, ...] = (
    *((66, 133, 244), (52, 168, 83), (219, 68, 55), (244, 160, 0), (171, 71, 188)),
    *((0, 172, 193), (255, 112, 67), (158, 157, 36), (92, 107, 192), (240, 98, 146)),
)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_ZONE_OPACITY = 0.18
_JPEG_QUALITY = 90
PLATE_GAP = 2
"""Pixels between two plates of counts, at the least."""
LEGIBLE_WIDTH = 960
"""Pixels; OpenCV's letters are blurred on pictures that are narrower and shown larger."""


class AnnotationError(CrowdLensError):
    """Raised when an annotated frame cannot be saved."""


@dataclass(frozen=True)
class DrawnTrack:
    """A box to draw: left, top, right, bottom in pixels, with the track's id."""

    track: int
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class LineTotals:
    """How many crossed a line so far."""

    count_in: int
    count_out: int


def annotate(
    image: Image, scene: Scene, tracks: Sequence[DrawnTrack], line_totals: Mapping[str, LineTotals]
) -> Image:
    """Return a copy of `image` (h, w, 3 BGR) with the scene's zones, lines and counts, and the tracks."""
    height, width = image.shape[:2]
    scene = scene.scaled_to(width, height)
    drawn: Image = image.copy()
    draw(drawn, scene.zones, scene.lines, tracks, line_totals=line_totals)
    return drawn


def draw(
    image: Image,
    zones: Sequence[Zone],
    lines: Sequence[Line],
    tracks: Sequence[DrawnTrack],
    *,
    line_totals: Mapping[str, LineTotals],
    zone_counts: Mapping[str, int] | None = None,
) -> None:
    """Draw on `image` itself; everything is in its pixels. `zone_counts` is how many are inside by name."""
    _draw_zones(image, zones)
    scale = max(0.4, image.shape[1] / 1200)
    for line in lines:
        points = _pixels(line.points)
        cv2.polylines(image, [points], False, LINE_COLOUR, max(1, round(2 * scale)), cv2.LINE_AA)
    for track in tracks:
        _draw_track(image, track, scale)
    # Last: a count that a track's number covers reads as another count.
    _write_apart(image, _count_plates(zones, lines, line_totals, zone_counts), scale)


def _count_plates(
    zones: Sequence[Zone],
    lines: Sequence[Line],
    line_totals: Mapping[str, LineTotals],
    zone_counts: Mapping[str, int] | None,
) -> list[tuple[str, Point, Colour]]:
    """Return text, wanted corner and colour of each zone's and line's plate, lines first."""
    plates = []
    for index, line in enumerate(lines):
        totals = line_totals.get(line.name, LineTotals(0, 0))
        text = f"{drawable(line.name, f'line {index + 1}')}: in {totals.count_in}, out {totals.count_out}"
        plates.append((text, line.points[0], LINE_COLOUR))
    for index, zone in enumerate(zones):
        text = drawable(zone.name, f"zone {index + 1}")
        if zone_counts is not None:
            text += f": {zone_counts.get(zone.name, 0)}"
        plates.append((text, _top_left(zone.polygon), _zone_colour(index)))
    return plates


def _write_apart(image: Image, plates: Sequence[tuple[str, Point, Colour]], scale: float) -> None:
    """Write plates as near to their corners as they can stand without touching each other."""
    taken: list[Box] = []
    for text, corner, colour in plates:
        box = _free_box(image, _plate_box(image, text, corner, scale), taken)
        taken.append(box)
        _fill_plate(image, text, box, scale, colour)


def _free_box(image: Image, wanted: Box, taken: Sequence[Box]) -> Box:
    """Return the place nearest above or below `wanted` that touches none of `taken`, else `wanted`."""
    left, top, right, bottom = wanted
    height = bottom - top
    tops = [other[3] + PLATE_GAP for other in taken] + [other[1] - PLATE_GAP - height for other in taken]
    for other_top in sorted([top, *tops], key=lambda one: abs(one - top)):
        box = (left, other_top, right, other_top + height)
        fits = other_top >= 0 and box[3] < image.shape[0]
        if fits and not any(_touch(box, other) for other in taken):
            return box
    return wanted


def _touch(one: Box, other: Box) -> bool:
    return (
        one[0] < other[2] + PLATE_GAP
        and other[0] < one[2] + PLATE_GAP
        and one[1] < other[3] + PLATE_GAP
        and other[1] < one[3] + PLATE_GAP
    )


def annotate_legibly(
    image: Image, scene: Scene, tracks: Sequence[DrawnTrack], line_totals: Mapping[str, LineTotals]
) -> Image:
    """Return what `annotate` does, first scaled up by a whole number when narrower than `LEGIBLE_WIDTH`."""
    factor = max(1, math.ceil(LEGIBLE_WIDTH / image.shape[1]))
    if factor == 1:
        return annotate(image, scene, tracks, line_totals)
    larger = np.asarray(
        cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC), np.uint8
    )
    return annotate(larger, scene, [_scaled(track, factor) for track in tracks], line_totals)


def _scaled(track: DrawnTrack, factor: int) -> DrawnTrack:
    left, top, right, bottom = track.box
    return DrawnTrack(track.track, (left * factor, top * factor, right * factor, bottom * factor))


def legend(scene: Scene) -> list[tuple[str, str]]:
    """Return (text on the picture, name) of the zones and lines whose names cannot be drawn.

    OpenCV's fonts are ASCII only, so names in other scripts stand as ``zone 1`` or ``line 1``.
    """
    pairs = [(drawable(zone.name, f"zone {index + 1}"), zone.name) for index, zone in enumerate(scene.zones)]
    pairs += [(drawable(line.name, f"line {index + 1}"), line.name) for index, line in enumerate(scene.lines)]
    return [(text, name) for text, name in pairs if text != name]


def drawable(name: str, substitute: str) -> str:
    """Return `name` when OpenCV can draw it, else `substitute`."""
    return name if name.isascii() else substitute


def save_jpeg(image: Image, path: str | Path) -> None:
    """Write `image` to `path`, complete or not at all; raises `AnnotationError` or `DiskFullError`."""
    path = Path(path)
    ok, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not ok:
        raise AnnotationError(f"picture {path}: an image of shape {image.shape} cannot be written as JPEG")
    try:
        write_whole(path, data.tobytes())
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFullError(f"picture {path}: no room left on the disk") from error
        raise AnnotationError(f"picture {path} cannot be written: {error.strerror or error}") from error


def _draw_zones(image: Image, zones: Sequence[Zone]) -> None:
    for index, zone in enumerate(zones):
        corners = _pixels(zone.polygon)
        x, y, width, height = cv2.boundingRect(corners)
        left, top = max(0, x), max(0, y)
        # A zone tints its own part of the picture: on a large frame the rest is most of the work.
        part = image[top : max(top, y + height), left : max(left, x + width)]
        if part.size:
            filled = part.copy()
            cv2.fillPoly(filled, [corners - np.array((left, top), np.int32)], _zone_colour(index))
            part[:] = cv2.addWeighted(filled, _ZONE_OPACITY, part, 1 - _ZONE_OPACITY, 0)
    for index, zone in enumerate(zones):
        cv2.polylines(image, [_pixels(zone.polygon)], True, _zone_colour(index), 1, cv2.LINE_AA)


def _draw_track(image: Image, track: DrawnTrack, scale: float) -> None:
    colour = TRACK_COLOURS[track.track % len(TRACK_COLOURS)]
    left, top, right, bottom = (round(side) for side in track.box)
    cv2.rectangle(image, (left, top), (right, bottom), colour, max(1, round(2 * scale)))
    write_plate(image, str(track.track), (left, top), scale, colour)


def write_plate(image: Image, text: str, corner: Point, scale: float, colour: Colour) -> None:
    """Write `text` on a plate whose lower left corner is `corner`, moved so that all of it is visible."""
    _fill_plate(image, text, _plate_box(image, text, corner, scale), scale, colour)


def _plate_box(image: Image, text: str, corner: Point, scale: float) -> Box:
    (width, height), base = cv2.getTextSize(text, _FONT, scale, _stroke(scale))
    x = int(min(max(corner[0], 0), max(0, image.shape[1] - width - 4)))
    y = int(min(max(corner[1], height + base + 2), image.shape[0] - 1))
    return x, y - height - base - 2, x + width + 4, y


def _fill_plate(image: Image, text: str, box: Box, scale: float, colour: Colour) -> None:
    left, top, right, bottom = box
    _, base = cv2.getTextSize(text, _FONT, scale, _stroke(scale))
    cv2.rectangle(image, (left, top), (right, bottom), colour, cv2.FILLED)
    bright = 0.114 * colour[0] + 0.587 * colour[1] + 0.299 * colour[2] > 140
    ink = (0, 0, 0) if bright else (255, 255, 255)
    cv2.putText(image, text, (left + 2, bottom - base), _FONT, scale, ink, _stroke(scale), cv2.LINE_AA)


def _stroke(scale: float) -> int:
    return max(1, round(1.5 * scale))


def _zone_colour(index: int) -> Colour:
    return ZONE_COLOURS[index % len(ZONE_COLOURS)]


def _pixels(points: Sequence[Point]) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    return np.round(np.asarray(points)).astype(np.int32)


def _top_left(points: Sequence[Point]) -> Point:
    return min(points, key=lambda point: (point[1], point[0]))
