"""The pinhole camera of the generated scenes: metres on level ground to pixels, exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Place = tuple[float, float]
"""Metres to the right of the camera and away from it."""

WIDTH, HEIGHT = 1280, 720
_FOCAL_PX, _HORIZON_PX, _CAMERA_HEIGHT_M = 800.0, 60.0, 6.0
HALF_WIDTH_PER_METRE = 0.5 * WIDTH / _FOCAL_PX
"""How far the picture reaches to either side, for each metre away."""
_CALIBRATED: tuple[Place, ...] = (
    (-5.0, 9.0),
    (5.0, 9.0),
    (9.0, 18.0),
    (-9.0, 18.0),
    (0.0, 13.0),
    (0.0, 30.0),
)


def feet(places: Floats) -> Floats:
    """Return the pixels (N, 2) of `places` (N, 2) on the ground."""
    scale = _FOCAL_PX / places[:, 1]
    return np.column_stack((WIDTH / 2 + scale * places[:, 0], _HORIZON_PX + scale * _CAMERA_HEIGHT_M))


def boxes(places: Floats, widths_m: Floats, heights_m: Floats) -> Floats:
    """Return the boxes (N, 4) of things `widths_m` wide and `heights_m` high that stand at `places`."""
    scale, foot = _FOCAL_PX / places[:, 1], feet(places)
    half = 0.5 * scale * widths_m
    return np.column_stack((foot[:, 0] - half, foot[:, 1] - scale * heights_m, foot[:, 0] + half, foot[:, 1]))


def polygon(*corners: Place) -> list[list[float]]:
    """Return the pixels of an outline on the ground, kept inside of the picture."""
    return [
        [float(np.clip(round(x, 1), 0, WIDTH)), float(np.clip(round(y, 1), 0, HEIGHT))]
        for x, y in feet(np.array(corners)).tolist()
    ]


def ground_pairs() -> list[dict[str, Any]]:
    """Return the calibration that a scene file would hold."""
    pixels = feet(np.array(_CALIBRATED)).round(2).tolist()
    return [
        {"image": pixel, "world_m": list(place)} for pixel, place in zip(pixels, _CALIBRATED, strict=True)
    ]
