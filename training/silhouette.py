"""Cuts one person, or a person's shadow, out of the world as a patch of the image."""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np

from training.appearance import Appearance
from training.arrays import Floats, Image, as_image, points
from training.camera import GroundCamera
from training.figure import draw_figure
from training.gait import Stance
from training.painter import Flatten, Painter

TARGET_HEIGHT_PIXELS = 190.0


@lru_cache(maxsize=64)
def _folds(seed: int) -> Image:
    generator = np.random.default_rng(seed)
    coarse = generator.normal(1.0, 0.10, (14, 7)).astype(np.float32)
    fine = generator.normal(1.0, 0.08, (40, 20)).astype(np.float32)
    size = (64, 128)
    field = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC) * cv2.resize(fine, size)
    return as_image(field * 128)


def _bounds(camera: GroundCamera, appearance: Appearance, stance: Stance) -> tuple[int, int, int, int]:
    reach = 0.45 * appearance.height_m
    corners = points(
        [
            [stance.x_m + side * reach, stance.y_m + depth * reach, up]
            for side in (-1, 1)
            for depth in (-1, 1)
            for up in (-0.05, 1.12 * appearance.height_m)
        ]
    )
    pixels, _ = camera.project(corners)
    low, high = np.floor(pixels.min(axis=0)) - 2, np.ceil(pixels.max(axis=0)) + 2
    return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])


def person_patch(
    camera: GroundCamera,
    appearance: Appearance,
    stance: Stance,
    *,
    light: float = 0.6,
    blur_pixels: tuple[float, float] = (0.0, 0.0),
) -> tuple[Image, int, int]:
    """Return a premultiplied patch (h, w, 4) of a person and its left and top pixel in the image."""
    rectangle = _bounds(camera, appearance, stance)
    tall = appearance.height_m * camera.pixels_per_metre(points([stance.x_m, stance.y_m]))
    oversampling = min(5.0, max(1.0, TARGET_HEIGHT_PIXELS / max(tall, 1.0)))
    painter = Painter(camera, rectangle, oversampling=oversampling, light=light)
    draw_figure(painter, appearance, stance)
    folds = cv2.resize(_folds(appearance.fold_seed), (painter.canvas.shape[1], painter.canvas.shape[0]))
    painter.canvas[:, :, :3] = cv2.multiply(
        painter.canvas[:, :, :3], cv2.merge([folds, folds, folds]), scale=1 / 128.0
    )
    return painter.finished(blur_pixels=blur_pixels), rectangle[0], rectangle[1]


def shadow_flatten(sun_x: float, sun_y: float) -> Flatten:
    """Return the move of world points to the ground along a sun ray.

    `sun_*` are metres of shadow per metre up.
    """

    def flatten(world_m: Floats) -> Floats:
        up = np.maximum(world_m[:, 2], 0.0)
        return np.column_stack([world_m[:, 0] + up * sun_x, world_m[:, 1] + up * sun_y, np.zeros(len(up))])

    return flatten


def shadow_bounds(camera: GroundCamera, stance: Stance, flatten: Flatten) -> tuple[int, int, int, int]:
    """Return the image rectangle that holds a person's shadow."""
    column = points([[stance.x_m, stance.y_m, 0.0], [stance.x_m, stance.y_m, 2.0]])
    feet = flatten(column)
    spread = points([[-0.8, -0.8, 0], [0.8, -0.8, 0], [0.8, 0.8, 0], [-0.8, 0.8, 0]])
    pixels, _ = camera.project(np.vstack([foot + spread for foot in feet]))
    low = np.maximum(np.floor(pixels.min(axis=0)) - 2, -200)
    high = np.minimum(np.ceil(pixels.max(axis=0)) + 2, [camera.width + 200, camera.height + 200])
    extent = np.maximum(high - low, 1)
    return int(low[0]), int(low[1]), math.ceil(extent[0]), math.ceil(extent[1])
