"""Random changes to a training picture and its truth; needs no PyTorch."""

from __future__ import annotations

import cv2
import numpy as np

from training.arrays import Floats32, Image, as_image
from training.boxes import PAD_VALUE

SMALLEST_HEIGHT_PIXELS = 11.0
LEARNT_VISIBLE_FRACTION = 0.3
IGNORED_VISIBLE_FRACTION = 0.1


Size = tuple[int, int]
"""Width and height in pixels."""


def _place(
    generator: np.random.Generator, picture: Image, window: Size, whole: Size
) -> tuple[float, tuple[float, float]]:
    fit = min(whole[0] / picture.shape[1], whole[1] / picture.shape[0])
    scale = fit * float(np.exp(generator.uniform(np.log(0.55), np.log(1.6))))
    if generator.uniform() < 0.25:
        scale = fit
    room = (window[0] - picture.shape[1] * scale, window[1] - picture.shape[0] * scale)
    if min(room) >= 0 and generator.uniform() < 0.5:
        return scale, (0.0, 0.0)
    return scale, (generator.uniform(0, 1) * room[0], generator.uniform(0, 1) * room[1])


def recolour(generator: np.random.Generator, picture: Image) -> Image:
    """Shift hue, saturation, brightness and contrast.

    Now and then blur, add noise, drop colour or invert channels.
    """
    light = picture.astype(np.float32)
    grey = light.mean(axis=2, keepdims=True)
    light = grey + (light - grey) * generator.uniform(0.5, 1.4)
    middle = float(light.mean())
    light = (light - middle) * generator.uniform(0.65, 1.4) + middle * generator.uniform(0.65, 1.4)
    light *= generator.normal(1.0, 0.06, 3).astype(np.float32)
    if generator.uniform() < 0.06:
        light = np.repeat(light.mean(axis=2, keepdims=True), 3, axis=2)
    if generator.uniform() < 0.08:
        light = light[:, :, generator.permutation(3)]
    if generator.uniform() < 0.15:
        light = np.asarray(cv2.GaussianBlur(light, (0, 0), generator.uniform(0.4, 1.1)), dtype=np.float32)
    if generator.uniform() < 0.25:
        light = light + generator.normal(0, generator.uniform(1, 9), light.shape).astype(np.float32)
    return as_image(light)


def _pad(picture: Image, left: float, top: float, right: float, bottom: float) -> None:
    """Fill what lies outside the placed picture with the grey that letterboxing uses."""
    picture[: max(0, round(top))] = PAD_VALUE
    picture[max(0, round(bottom)) :] = PAD_VALUE
    picture[:, : max(0, round(left))] = PAD_VALUE
    picture[:, max(0, round(right)) :] = PAD_VALUE


def usable_truth(truth: Floats32, width: int, height: int) -> tuple[Floats32, Floats32]:
    """Split moved truth (P, 6) into boxes to learn (A, 4) and to ignore (B, 4), cut at the frame's edge."""
    boxes = truth[:, :4].copy()
    before = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    boxes[:, 0::2] = boxes[:, 0::2].clip(0, width)
    boxes[:, 1::2] = boxes[:, 1::2].clip(0, height)
    size = boxes[:, 2:] - boxes[:, :2]
    seen = truth[:, 4] * np.prod(size, axis=1) / np.maximum(before, 1e-6)
    big = (size[:, 1] >= SMALLEST_HEIGHT_PIXELS) & (size[:, 0] >= 3)
    learnt = big & (seen >= LEARNT_VISIBLE_FRACTION)
    ignored = ~learnt & (seen >= IGNORED_VISIBLE_FRACTION) & (size > 1).all(axis=1)
    return boxes[learnt], boxes[ignored]


def augment(
    generator: np.random.Generator, picture: Image, truth: Floats32, *, window: Size, whole: Size
) -> tuple[Image, Floats32, Floats32]:
    """Return a changed picture (height, width, 3), its boxes to learn (A, 4) and to ignore (B, 4)."""
    width, height = window
    scale, (shift_x, shift_y) = _place(generator, picture, window, whole)
    matrix = np.asarray([[scale, 0, shift_x], [0, scale, shift_y]], np.float64)
    truth = truth.copy()
    truth[:, 0:4:2] = truth[:, 0:4:2] * scale + shift_x
    truth[:, 1:4:2] = truth[:, 1:4:2] * scale + shift_y
    moved = cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_LINEAR)
    moved = recolour(generator, np.asarray(moved, dtype=np.uint8))
    _pad(moved, shift_x, shift_y, shift_x + picture.shape[1] * scale, shift_y + picture.shape[0] * scale)
    if generator.uniform() < 0.5:
        moved = cv2.flip(moved, 1)
        truth[:, [0, 2]] = width - truth[:, [2, 0]]
    learnt, ignored = usable_truth(truth, width, height)
    return np.ascontiguousarray(moved, dtype=np.uint8), learnt, ignored
