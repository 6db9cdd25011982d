"""A scene drawn on a frame, with the direction of every line, as a picture file."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from contract.errors import CrowdLensError
from contract.files import write_whole
from contract.geometry import Point
from contract.scene import Line, Scene
from edge_components.runtime.annotate import LINE_COLOUR, annotate, drawable, save_jpeg
from edge_components.vision.sources.frames import Image

_ARROW_SHARE = 0.05
_SHADE = (0, 0, 0)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


class PictureError(CrowdLensError):
    """Raised when a picture of a scene cannot be written."""


def scene_picture(image: Image, scene: Scene) -> Image:
    """Return a copy of `image` (h, w, 3 BGR) with the zones and lines; arrows show which way is "in"."""
    height, width = image.shape[:2]
    drawn = annotate(image, replace(scene, lines=()), (), {})
    for index, line in enumerate(scene.scaled_to(width, height).lines):
        _draw_line(drawn, line, drawable(line.name, f"line {index + 1}"))
    return drawn


def save_picture(image: Image, path: Path) -> None:
    """Write `image` as JPEG or PNG by the ending of `path`, complete or not at all; raises `PictureError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() in (".jpg", ".jpeg"):
        save_jpeg(image, path)
        return
    if path.suffix.lower() != ".png":
        raise PictureError(f"picture {path}: expected a name that ends in .jpg or .png")
    try:
        write_whole(path, cv2.imencode(".png", image)[1].tobytes())
    except OSError as error:
        raise PictureError(f"picture {path} cannot be written: {error.strerror or error}") from error


def _draw_line(image: Image, line: Line, label: str) -> None:
    height, width = image.shape[:2]
    points = np.round(np.asarray(line.points)).astype(np.int32)
    length = _ARROW_SHARE * math.hypot(width, height)
    for colour, thickness in ((_SHADE, 4), (LINE_COLOUR, 2)):
        cv2.polylines(image, [points], False, colour, thickness, cv2.LINE_AA)
    for start, end in pairwise(line.points):
        middle, tip = _arrow(start, end, length)
        for colour, thickness in ((_SHADE, 4), (LINE_COLOUR, 2)):
            cv2.arrowedLine(image, middle, tip, colour, thickness, cv2.LINE_AA, tipLength=0.35)
    scale = max(0.4, width / 1200)
    (text_width, text_height), _ = cv2.getTextSize(label, _FONT, scale, 1)
    x = min(max(round(line.points[0][0]) + 6, 0), max(0, width - text_width - 2))
    y = min(max(round(line.points[0][1]) + text_height + 6, text_height), height - 4)
    for colour, thickness in ((_SHADE, 4), (LINE_COLOUR, 1)):
        cv2.putText(image, label, (x, y), _FONT, scale, colour, thickness, cv2.LINE_AA)


def _arrow(start: Point, end: Point, length: float) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return where an arrow across the middle of a segment begins and ends, in whole pixels."""
    along = np.subtract(end, start)
    # The side where (to - from) x (p - from) is negative, which is where "in" leads.
    normal = np.array([along[1], -along[0]]) / max(float(np.hypot(*along)), 1e-9)
    middle = np.add(start, end) / 2
    tip = middle + length * normal
    return (round(middle[0]), round(middle[1])), (round(tip[0]), round(tip[1]))
