"""Array types of the training code and the few conversions between them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Colour = tuple[float, float, float]
"""Blue, green, red in 0..255, the channel order of OpenCV."""


def as_image(values: NDArray[Any]) -> Image:
    """Round and clip `values` to 0..255 and return them as unsigned bytes."""
    whole: Image = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return whole


def points(values: ArrayLike) -> Floats:
    """Return `values` as a float64 array."""
    return np.asarray(values, dtype=np.float64)


def scaled(colour: Colour, gain: float) -> Colour:
    """Multiply a colour by a gain and keep it inside 0..255."""
    blue, green, red = (min(255.0, max(0.0, channel * gain)) for channel in colour)
    return blue, green, red
