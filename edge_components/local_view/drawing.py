"""A shared frame as a viewer sees it: fitted into one of three sizes, annotated, as JPEG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import cv2
import numpy as np

from contract.geometry import Point
from edge_components.runtime.annotate import DrawnTrack, Image, draw, write_plate
from edge_components.runtime.frame_share import SharedFrame
from edge_components.runtime.scaling import scaled
from edge_components.runtime.view_overlay import ViewOverlay, parse_overlay

SIZES: Final[dict[str, tuple[int, int]]] = {"480p": (858, 480), "720p": (1280, 720), "1080p": (1920, 1080)}
"""Width and height; a stream keeps its size whatever the camera does, since players take no other."""
DEFAULT_SIZE: Final = "480p"
_PLATE: Final = (40, 40, 40)
_WARNING: Final = (40, 40, 200)
_DIMMED: Final = 0.35


def picture(frame: SharedFrame, camera: str, size: str) -> Image:
    """Return `frame` within a picture (h, w, 3 BGR) of `size`, with its overlay, camera and time."""
    canvas, scale, offset = _fitted(frame.image, SIZES[size], frame.source_width)
    overlay = _placed(parse_overlay(frame.overlay), scale, offset)
    draw(
        canvas,
        overlay.zones,
        overlay.lines,
        overlay.tracks,
        line_totals=overlay.line_totals,
        zone_counts=overlay.zone_counts,
    )
    _write_corner(canvas, [f"{camera}  {_moment(frame.event_time_ms, overlay.time_zone)}", *overlay.captions])
    return canvas


def no_picture(last: SharedFrame | None, camera: str, size: str, silent_seconds: float) -> Image:
    """Return what is shown when no frames come: the last one, dimmed, and for how long nothing has come.

    A picture that merely stands still looks like a place where nobody moves.
    """
    width, height = SIZES[size]
    if last is None:
        canvas: Image = np.full((height, width, 3), 24, np.uint8)
    else:
        fitted, _, _ = _fitted(last.image, SIZES[size], last.source_width)
        canvas = np.asarray(cv2.convertScaleAbs(fitted, alpha=_DIMMED), np.uint8)
    text = f"NO PICTURE for {silent_seconds:.0f} s"
    scale = width / 700
    (text_width, text_height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 2)
    write_plate(canvas, text, ((width - text_width) / 2, (height + text_height) / 2), scale, _WARNING)
    _write_corner(canvas, [camera])
    return canvas


def jpeg(image: Image, quality: int) -> bytes:
    """Return `image` as JPEG."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data.tobytes()


def _fitted(image: Image, size: tuple[int, int], source_width: int) -> tuple[Image, float, Point]:
    """Return `image` scaled into a canvas, the scale from the camera's pixels, and where it begins."""
    width, height = size
    factor = min(width / image.shape[1], height / image.shape[0])
    shown_width = min(width, max(1, round(image.shape[1] * factor)))
    shown_height = min(height, max(1, round(image.shape[0] * factor)))
    left, top = (width - shown_width) // 2, (height - shown_height) // 2
    canvas: Image = np.zeros((height, width, 3), np.uint8)
    canvas[top : top + shown_height, left : left + shown_width] = scaled(image, (shown_width, shown_height))
    return canvas, shown_width / source_width, (float(left), float(top))


def _placed(overlay: ViewOverlay, scale: float, offset: Point) -> ViewOverlay:
    left, top = offset

    def place(points: Sequence[Point]) -> tuple[Point, ...]:
        return tuple((x * scale + left, y * scale + top) for x, y in points)

    def box(track: DrawnTrack) -> DrawnTrack:
        (x1, y1), (x2, y2) = place((track.box[:2], track.box[2:]))
        return DrawnTrack(track.track, (x1, y1, x2, y2))

    return replace(
        overlay,
        zones=tuple(replace(zone, polygon=place(zone.polygon)) for zone in overlay.zones),
        lines=tuple(replace(line, points=place(line.points)) for line in overlay.lines),
        tracks=tuple(map(box, overlay.tracks)),
    )


def _write_corner(canvas: Image, lines: Sequence[str]) -> None:
    height, width = canvas.shape[:2]
    scale = max(0.45, width / 1800)
    for row, text in enumerate(reversed(lines)):
        shown = text.encode("ascii", "replace").decode()
        write_plate(canvas, shown, (0, height - 1 - row * round(36 * scale)), scale, _PLATE)


def _moment(event_time_ms: int, zone: str) -> str:
    moment = datetime.fromtimestamp(event_time_ms / 1000, tz=_time_zone(zone))
    return f"{moment:%Y-%m-%d %H:%M:%S %Z}"


@lru_cache(maxsize=16)
def _time_zone(name: str) -> ZoneInfo | timezone:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # A device without the time zone database still tells the time.
        return timezone.utc
