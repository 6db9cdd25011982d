"""Composes one picture of a scene with people in it, and the exact truth of every person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.appearance import Appearance
from training.arrays import Image, as_image, points
from training.camera import GroundCamera
from training.figure import draw_figure
from training.gait import Stance
from training.painter import Painter
from training.scenery import Light, Scenery, Sprite, darken
from training.silhouette import person_patch, shadow_bounds, shadow_flatten

SOLID_ALPHA = 110
EXPOSURE_SECONDS = 0.012


@dataclass(frozen=True)
class Person:
    """One person of the world at one moment."""

    identity: int
    appearance: Appearance
    stance: Stance


Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class PersonTruth:
    """What is true of one person in one picture; boxes are (left, top, width, height) in pixels.

    `full_box` is the whole silhouette, hidden and outside parts included; `visible_box` only what is seen
    (zero size where nothing is); `visible_fraction` is seen pixels over all pixels of the silhouette,
    `inside_fraction` the same counting only the frame's edge as hiding; `foot_point` is the projected
    ground position.
    """

    identity: int
    full_box: Box
    visible_box: Box
    visible_fraction: float
    inside_fraction: float
    foot_point: tuple[float, float]
    ground_m: tuple[float, float]


@dataclass(frozen=True)
class Frame:
    """A picture (h, w, 3) and the truth of all people whose silhouette touches it."""

    picture: Image
    people: tuple[PersonTruth, ...]


def _box_of(mask: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], left: int, top: int) -> Box:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return 0.0, 0.0, 0.0, 0.0
    width, height = columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1
    return float(left + columns[0]), float(top + rows[0]), float(width), float(height)


def _image_motion(camera: GroundCamera, person: Person) -> tuple[float, float]:
    stance = person.stance
    direction = points([np.cos(stance.heading_radians), np.sin(stance.heading_radians)])
    here = points([stance.x_m, stance.y_m])
    there = here + direction * stance.speed_metres_per_second * EXPOSURE_SECONDS
    pixels = camera.project_ground(np.stack([here, there]))
    return float(pixels[1, 0] - pixels[0, 0]), float(pixels[1, 1] - pixels[0, 1])


def _sprite(camera: GroundCamera, person: Person, light: Light) -> Sprite:
    patch, left, top = person_patch(
        camera,
        person.appearance,
        person.stance,
        light=light.side,
        blur_pixels=_image_motion(camera, person),
    )
    patch[:, :, :3] = as_image(patch[:, :, :3] * light.person_gain)
    return Sprite(patch, left, top, person.stance.y_m, person.identity)


def _cast_shadow(camera: GroundCamera, picture: Image, person: Person, light: Light) -> None:
    flatten = shadow_flatten(light.sun_x, light.sun_y)
    rectangle = shadow_bounds(camera, person.stance, flatten)
    painter = Painter(camera, rectangle, oversampling=1.0, flatten=flatten)
    draw_figure(painter, person.appearance, person.stance)
    darken(picture, np.ascontiguousarray(painter.canvas[:, :, 3]), rectangle[0], rectangle[1], light.shadow)


def _lay(picture: Image, owner: np.ndarray[tuple[int, ...], np.dtype[np.int32]], sprite: Sprite) -> None:
    rows, columns = picture.shape[:2]
    x0, y0 = max(0, sprite.left), max(0, sprite.top)
    x1 = min(columns, sprite.left + sprite.patch.shape[1])
    y1 = min(rows, sprite.top + sprite.patch.shape[0])
    if x1 <= x0 or y1 <= y0:
        return
    patch = sprite.patch[y0 - sprite.top : y1 - sprite.top, x0 - sprite.left : x1 - sprite.left]
    region = picture[y0:y1, x0:x1]
    keep = 1.0 - patch[:, :, 3:].astype(np.float32) / 255.0
    region[:] = as_image(region * keep + patch[:, :, :3])
    owner[y0:y1, x0:x1][patch[:, :, 3] >= SOLID_ALPHA] = sprite.person


def compose(scenery: Scenery, people: Sequence[Person]) -> Frame:
    """Return the picture of a scene with people, far things first, and their truth; no camera effects yet."""
    camera = scenery.camera
    picture = scenery.picture.copy()
    for person in people:
        _cast_shadow(camera, picture, person, scenery.light)
    sprites = [_sprite(camera, person, scenery.light) for person in people]
    owner = np.full(picture.shape[:2], -2, np.int32)
    for sprite in sorted([*scenery.sprites, *sprites], key=lambda item: -item.distance_m):
        _lay(picture, owner, sprite)
    truths = [_truth(camera, person, sprite, owner) for person, sprite in zip(people, sprites, strict=True)]
    return Frame(picture, tuple(truth for truth in truths if truth.inside_fraction > 0))


def _truth(
    camera: GroundCamera,
    person: Person,
    sprite: Sprite,
    owner: np.ndarray[tuple[int, ...], np.dtype[np.int32]],
) -> PersonTruth:
    solid = sprite.patch[:, :, 3] >= SOLID_ALPHA
    full = _box_of(solid, sprite.left, sprite.top)
    rows, columns = owner.shape
    y0, x0 = max(0, -sprite.top), max(0, -sprite.left)
    inside = solid[y0 : max(y0, rows - sprite.top), x0 : max(x0, columns - sprite.left)]
    area = max(1, int(solid.sum()))
    top, left = max(0, sprite.top), max(0, sprite.left)
    seen = owner[top : max(top, sprite.top + solid.shape[0]), left : max(left, sprite.left + solid.shape[1])]
    mine = seen == person.identity
    foot = camera.project_ground(points([[person.stance.x_m, person.stance.y_m]]))[0]
    return PersonTruth(
        identity=person.identity,
        full_box=full,
        visible_box=_box_of(mine, left, top),
        visible_fraction=float(mine.sum()) / area,
        inside_fraction=float(inside.sum()) / area,
        foot_point=(float(foot[0]), float(foot[1])),
        ground_m=(person.stance.x_m, person.stance.y_m),
    )
