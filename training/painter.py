"""Draws simple solids of the world on an oversampled, transparent patch of the image."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from training.arrays import Colour, Floats, Image, points, scaled
from training.camera import GroundCamera

FRACTION_BITS = 4
CIRCLE = np.stack(
    [
        np.cos(np.linspace(0, 2 * np.pi, 16, endpoint=False)),
        np.sin(np.linspace(0, 2 * np.pi, 16, endpoint=False)),
    ],
    axis=1,
)
Flatten = Callable[[Floats], Floats]


class Painter:
    """A canvas of the image rectangle (left, top, width, height), `oversampling` times finer than the image.

    Colours are drawn with alpha 255 on transparent black, so that shrinking the canvas gives premultiplied
    colour.
    With `flatten`, points are moved before projection: that is how shadows are laid on the ground.
    """

    def __init__(
        self,
        camera: GroundCamera,
        rectangle: tuple[int, int, int, int],
        *,
        oversampling: float,
        light: float = 0.0,
        flatten: Flatten | None = None,
    ) -> None:
        self.camera = camera
        self.left, self.top, self.width, self.height = rectangle
        self.oversampling = oversampling
        self.light = light
        self.flatten = flatten
        rows = max(1, round(self.height * oversampling))
        columns = max(1, round(self.width * oversampling))
        self.canvas: Image = np.zeros((rows, columns, 4), np.uint8)

    def place(self, world_m: Floats) -> tuple[Floats, Floats]:
        """Return canvas coordinates (N, 2) and canvas pixels per metre (N,) of world points (N, 3)."""
        if self.flatten is not None:
            world_m = self.flatten(world_m)
        pixels, depth = self.camera.project(world_m)
        placed = (pixels - points([self.left, self.top])) * self.oversampling
        return placed, self.camera.focal_pixels / depth * self.oversampling

    def polygon(self, placed: Floats, colour: Colour) -> None:
        """Fill the convex hull of canvas points (N, 2)."""
        fixed = np.rint(np.clip(placed, -4000, 4000) * (1 << FRACTION_BITS)).astype(np.int32)
        hull = cv2.convexHull(fixed.reshape(-1, 1, 2))
        cv2.fillConvexPoly(self.canvas, hull, (*colour, 255.0), cv2.LINE_8, FRACTION_BITS)

    def hull(self, world_m: Floats, colour: Colour) -> None:
        """Fill the hull of world points (N, 3)."""
        placed, _ = self.place(world_m)
        self.polygon(placed, colour)

    def capsule(
        self, start_m: Floats, end_m: Floats, start_radius_m: float, end_radius_m: float, colour: Colour
    ) -> None:
        """Draw a limb between two world points (3,) with its own radius at each end, lit from one side."""
        placed, scale = self.place(np.stack([start_m, end_m]))
        radii = scale * points([start_radius_m, end_radius_m])
        self._rounded(placed, radii, colour)
        if self.light and self.flatten is None:
            sideways = points([self.light * 0.32, -0.12])
            self._rounded(placed + radii[:, None] * sideways, radii * 0.55, scaled(colour, 1.16))

    def _rounded(self, placed: Floats, radii: Floats, colour: Colour) -> None:
        outline = placed[:, None, :] + radii[:, None, None] * CIRCLE[None]
        self.polygon(outline.reshape(-1, 2), colour)

    def ball(self, centre_m: Floats, radius_m: float, colour: Colour, *, tall: float = 1.0) -> None:
        """Draw a ball at a world point (3,), `tall` times higher than wide."""
        placed, scale = self.place(centre_m[None])
        self.polygon(placed + CIRCLE * points([1.0, tall]) * (scale[0] * radius_m), colour)

    def finished(self, *, blur_pixels: tuple[float, float] = (0.0, 0.0)) -> Image:
        """Return the patch in image pixels (height, width, 4), premultiplied, smeared along `blur_pixels`."""
        canvas = self.canvas
        length = math.hypot(*blur_pixels) * self.oversampling
        if length >= 1.5:
            canvas = smear(canvas, (blur_pixels[0] * self.oversampling, blur_pixels[1] * self.oversampling))
        return np.asarray(
            cv2.resize(canvas, (self.width, self.height), interpolation=cv2.INTER_AREA), dtype=np.uint8
        )


def smear(picture: Image, along_pixels: tuple[float, float]) -> Image:
    """Blur a picture along a straight displacement in pixels, as an exposure of a moving thing does."""
    reach = math.ceil(max(abs(along_pixels[0]), abs(along_pixels[1])) / 2) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    half_x, half_y = along_pixels[0] / 2, along_pixels[1] / 2
    start = (round((reach - half_x) * 16), round((reach - half_y) * 16))
    end = (round((reach + half_x) * 16), round((reach + half_y) * 16))
    cv2.line(kernel, start, end, (1.0,), 1, cv2.LINE_AA, 4)
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), dtype=np.uint8)
