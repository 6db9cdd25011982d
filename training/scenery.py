"""Builds the still part of a world: camera, ground, house fronts, sky, things standing about, light."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from training.arrays import Floats, Image, as_image, points
from training.camera import GroundCamera
from training.painter import Painter
from training.props import PROPS, Draw
from training.silhouette import shadow_flatten
from training.textures import confusing_texture, facade_texture, ground_texture, tinted_noise, warp


@dataclass(frozen=True)
class Sprite:
    """A premultiplied picture (h, w, 4) at a left and top pixel, `distance_m` away along the ground."""

    patch: Image
    left: int
    top: int
    distance_m: float
    person: int = -1


@dataclass(frozen=True)
class Light:
    """How a scene is lit: a sun (metres of shadow per metre of height) or an overcast sky."""

    side: float
    sun_x: float
    sun_y: float
    shadow: float
    person_gain: float


@dataclass(frozen=True)
class Scenery:
    """A still scene: its camera, its empty picture, what stands in it and how far people may walk away."""

    camera: GroundCamera
    picture: Image
    sprites: tuple[Sprite, ...]
    light: Light
    farthest_m: float


@dataclass(frozen=True)
class SceneryOptions:
    """What kind of scene to draw; the defaults leave all to chance."""

    confusing: bool = False
    grass: bool = True
    props: int = 8
    keep_clear_m: tuple[float, float, float, float] | None = None
    """A ground rectangle (x0, y0, x1, y1) in metres in which nothing is put."""


def random_camera(generator: np.random.Generator, width: int, height: int) -> GroundCamera:
    """Draw a fixed camera at 1.6 to 10 m above the ground, tilted so that mostly ground is seen."""
    focal = width * generator.uniform(0.62, 1.5)
    camera_height = float(
        generator.uniform(1.6, 10.0) if generator.uniform() < 0.7 else generator.uniform(2.2, 5.0)
    )
    aim_m = camera_height * generator.uniform(1.6, 4.2) + generator.uniform(0.0, 4.0)
    return GroundCamera(width, height, focal, camera_height, math.atan2(camera_height * 0.85, aim_m))


def random_light(generator: np.random.Generator) -> Light:
    """Draw a light: sun with long or short shadows in about half of cases, else overcast."""
    side = float(generator.choice([-1.0, 1.0])) * generator.uniform(0.3, 1.2)
    sunny = generator.uniform() < 0.55
    length = generator.uniform(0.3, 1.8) if sunny else 0.0
    angle = generator.uniform(0, 2 * math.pi)
    return Light(
        side=side,
        sun_x=length * math.cos(angle),
        sun_y=length * math.sin(angle),
        shadow=generator.uniform(0.2, 0.6) if sunny else generator.uniform(0.1, 0.3),
        person_gain=generator.uniform(0.72, 1.12),
    )


def visible_farthest_m(camera: GroundCamera, limit_m: float) -> float:
    """Return how far away the ground is still in the frame, at most `limit_m`."""
    top = camera.ground_from_image(points([[camera.width / 2, 0.0]]))[0, 1]
    return limit_m if math.isnan(top) else min(limit_m, float(top))


def _paint_ground(
    generator: np.random.Generator, camera: GroundCamera, far_m: float, options: SceneryOptions
) -> Image:
    half_m = min(40.0, far_m * camera.width / camera.focal_pixels * 0.6 + 2.0)
    scale = min(44.0, 1500.0 / max(2 * half_m, far_m))
    texture = ground_texture(
        generator, 2 * half_m, far_m, scale, grass=options.grass and generator.uniform() < 0.5
    )
    if generator.uniform() < 0.5:
        texture = np.ascontiguousarray(texture[:, ::-1])
    step = 1.0 / scale
    plane = camera.plane_homography(
        points([-half_m, far_m, 0.0]), points([step, 0.0, 0.0]), points([0.0, -step, 0.0])
    )
    near_row = int((far_m - max(0.4, nearest_m(camera) - 0.5)) * scale)
    texture = texture[: max(8, near_row)]
    size = (camera.width, camera.height)
    fill = tuple(float(v) for v in texture.mean(axis=(0, 1)))
    flags = cv2.INTER_LINEAR
    return np.asarray(
        cv2.warpPerspective(
            texture, plane, size, flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=fill
        ),
        dtype=np.uint8,
    )


def nearest_m(camera: GroundCamera) -> float:
    """Return how near the ground enters the frame, in metres along the ground."""
    bottom = camera.ground_from_image(points([[camera.width / 2, camera.height - 1.0]]))[0, 1]
    return 1.0 if math.isnan(bottom) else max(0.5, float(bottom))


def _paint_fronts(generator: np.random.Generator, camera: GroundCamera, picture: Image, far_m: float) -> None:
    """Put a row of house fronts, a wall or a hedge at the far end, and sky above it."""
    row = int(np.clip(camera.project_ground(points([[0.0, far_m]]))[0, 1], 0, camera.height))
    if row <= 0:
        return
    haze = generator.uniform(150, 245)
    sky = tinted_noise(
        generator, row, camera.width, (haze, haze * 0.95, haze * 0.9), contrast=0.03, coarsest=120
    )
    picture[:row] = sky
    left_m = -far_m * camera.width / camera.focal_pixels * 0.7 - 2
    while left_m < -1.0 * (-far_m * camera.width / camera.focal_pixels * 0.7 - 2):
        wide_m, tall_m = generator.uniform(4, 22), generator.choice([1.2, 3.0, 6.0, 12.0, 16.0])
        front = facade_texture(generator, wide_m, tall_m, min(40.0, 900.0 / max(wide_m, tall_m)))
        corners = points(
            [
                [left_m, far_m, tall_m],
                [left_m + wide_m, far_m, tall_m],
                [left_m + wide_m, far_m, 0],
                [left_m, far_m, 0],
            ]
        )
        pixels, _ = camera.project(corners)
        warped, mask = warp(front, [(float(x), float(y)) for x, y in pixels], camera.width, camera.height)
        picture[mask > 127] = warped[mask > 127]
        left_m += wide_m + (0.0 if generator.uniform() < 0.7 else generator.uniform(0.5, 6.0))


def prop_sprite(
    camera: GroundCamera,
    draw: Draw,
    foot_m: Floats,
    *,
    extent_m: tuple[float, float],
    seed: int,
    light: Light,
) -> tuple[Sprite, Image, tuple[int, int]] | None:
    """Return a thing's sprite and its shadow with left and top, or None where it is out of the frame."""
    half, tall = extent_m
    corners = np.stack(
        [foot_m + points([i * half, j * half, k]) for i in (-1, 1) for j in (-1, 1) for k in (-0.1, tall)]
    )
    if corners[:, 1].min() < 0.6:
        return None
    pixels, _ = camera.project(corners)
    low = np.maximum(np.floor(pixels.min(axis=0)), -60)
    high = np.minimum(np.ceil(pixels.max(axis=0)), [camera.width + 60, camera.height + 60])
    if (high <= np.maximum(low, 0)).any() or (low >= [camera.width, camera.height]).any():
        return None
    rectangle = (int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))
    fine = 3.0 if max(rectangle[2:]) < 150 else 2.0
    painter = Painter(camera, rectangle, oversampling=fine, light=light.side)
    draw(painter, foot_m, np.random.default_rng(seed))
    whole = (-60, -60, camera.width + 120, camera.height + 120)
    shade = Painter(camera, whole, oversampling=1.0, flatten=shadow_flatten(light.sun_x, light.sun_y))
    draw(shade, foot_m, np.random.default_rng(seed))
    sprite = Sprite(painter.finished(), rectangle[0], rectangle[1], float(foot_m[1]))
    return sprite, np.ascontiguousarray(shade.canvas[:, :, 3]), (whole[0], whole[1])


def darken(picture: Image, alpha: Image, left: int, top: int, strength: float) -> None:
    """Darken the picture in place where `alpha` (h, w) of a shadow at (left, top) falls on it."""
    rows, columns = picture.shape[:2]
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(columns, left + alpha.shape[1]), min(rows, top + alpha.shape[0])
    if x1 <= x0 or y1 <= y0:
        return
    soft = cv2.GaussianBlur(alpha[y0 - top : y1 - top, x0 - left : x1 - left], (0, 0), 1.2)
    gain = 1.0 - soft.astype(np.float32)[:, :, None] * (strength / 255.0)
    region = picture[y0:y1, x0:x1]
    region[:] = as_image(region * gain)


def _put_props(
    generator: np.random.Generator,
    camera: GroundCamera,
    picture: Image,
    *,
    light: Light,
    far_m: float,
    options: SceneryOptions,
) -> list[Sprite]:
    kinds = list(PROPS)
    weights = np.array([PROPS[kind][1] for kind in kinds])
    sprites: list[Sprite] = []
    for _ in range(options.props):
        kind = kinds[int(generator.choice(len(kinds), p=weights / weights.sum()))]
        draw, _, half, tall = PROPS[kind]
        near_m = max(nearest_m(camera) + 0.5, 4.0 if kind in {"tree", "car"} else 1.5)
        y = generator.uniform(near_m, max(near_m + 1.0, far_m - 0.5))
        x = generator.uniform(-0.55, 0.55) * y * camera.width / camera.focal_pixels
        seed = int(generator.integers(1 << 31))
        clear = options.keep_clear_m
        if clear and clear[0] - half < x < clear[2] + half and clear[1] < y < clear[3]:
            continue
        made = prop_sprite(camera, draw, points([x, y, 0.0]), extent_m=(half, tall), seed=seed, light=light)
        if made is not None:
            sprites.append(made[0])
            darken(picture, made[1], made[2][0], made[2][1], light.shadow)
    return sprites


def build_scenery(
    generator: np.random.Generator,
    camera: GroundCamera,
    light: Light,
    options: SceneryOptions,
    *,
    limit_m: float | None = None,
) -> Scenery:
    """Draw a still scene for a camera; everything follows from the generator's state."""
    limit = limit_m if limit_m is not None else generator.uniform(12.0, 42.0)
    far_m = max(nearest_m(camera) + 3.0, visible_farthest_m(camera, limit))
    if options.confusing:
        picture = confusing_texture(generator, camera.height, camera.width)
    else:
        picture = _paint_ground(generator, camera, far_m + 0.05, options)
        _paint_fronts(generator, camera, picture, far_m)
    sprites = _put_props(generator, camera, picture, light=light, far_m=far_m, options=options)
    return Scenery(camera, picture, tuple(sprites), light, far_m)
