"""What a camera does to light: exposure, colour cast, contrast, haze, blur, noise, JPEG."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from training.arrays import Image, as_image


@dataclass(frozen=True)
class Look:
    """The fixed photometric character of one camera at one time of day."""

    gains: tuple[float, float, float]
    gamma: float
    contrast: float
    haze: float
    vignette: float
    softness_pixels: float
    noise: float
    saturation: float
    jpeg_quality: int


def good_look(generator: np.random.Generator) -> Look:
    """Draw the look of a fairly good camera in fairly good light, after video compression."""
    exposure = generator.uniform(0.8, 1.15)
    cast = generator.normal(1.0, 0.02, 3)
    return Look(
        gains=(float(exposure * cast[0]), float(exposure * cast[1]), float(exposure * cast[2])),
        gamma=generator.uniform(0.9, 1.15),
        contrast=generator.uniform(0.85, 1.15),
        haze=generator.uniform(0.0, 0.08),
        vignette=generator.uniform(0.0, 0.2),
        softness_pixels=generator.uniform(0.3, 0.9),
        noise=generator.uniform(0.0, 3.0),
        saturation=generator.uniform(0.75, 1.1),
        jpeg_quality=int(generator.integers(55, 97)),
    )


def random_look(generator: np.random.Generator) -> Look:
    """Draw a look from bright day to dim evening, good to bad camera."""
    dim = generator.uniform() < 0.2
    exposure = generator.uniform(0.35, 0.7) if dim else generator.uniform(0.75, 1.3)
    cast = generator.normal(1.0, 0.05, 3)
    return Look(
        gains=(float(exposure * cast[0]), float(exposure * cast[1]), float(exposure * cast[2])),
        gamma=generator.uniform(0.75, 1.35),
        contrast=generator.uniform(0.7, 1.3),
        haze=max(0.0, generator.normal(0.0, 0.12)),
        vignette=max(0.0, generator.normal(0.1, 0.15)),
        softness_pixels=abs(generator.normal(0.3, 0.5)),
        noise=abs(generator.normal(0, 9.0 if dim else 4.5)),
        saturation=0.0 if generator.uniform() < 0.06 else generator.uniform(0.45, 1.25),
        jpeg_quality=int(generator.integers(38, 96)),
    )


def expose(picture: Image, look: Look, generator: np.random.Generator) -> Image:
    """Return the picture as the camera of `look` records it; noise is drawn from `generator`."""
    light = picture.astype(np.float32) * (1 / 255.0)
    grey = light.mean(axis=2, keepdims=True)
    light = grey + (light - grey) * look.saturation
    light = np.power(np.clip(light, 0, 1), look.gamma) * np.asarray(look.gains, np.float32)
    light = (light - 0.45) * look.contrast + 0.45
    light = light * (1 - look.haze) + 0.75 * look.haze
    rows, columns = picture.shape[:2]
    down, across = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j].astype(np.float32)
    light *= (1 - look.vignette * (down**2 + across**2) / 2)[:, :, None]
    if look.softness_pixels > 0.15:
        light = np.asarray(cv2.GaussianBlur(light, (0, 0), look.softness_pixels), dtype=np.float32)
    if look.noise > 0:
        noise = generator.normal(0, 1, (rows, columns, 1)).astype(np.float32)
        noise = noise + 0.5 * generator.normal(0, 1, picture.shape).astype(np.float32)
        light += noise * (look.noise / 255.0) * np.sqrt(np.clip(light, 0.02, 1)) * 1.3
    return through_jpeg(as_image(light * 255), look.jpeg_quality)


def through_jpeg(picture: Image, quality: int) -> Image:
    """Encode and decode the picture as JPEG, leaving the marks of that quality (1..100)."""
    _, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), dtype=np.uint8)
