"""Where a tracked box will be: constant-velocity Kalman filters for all tracks at once.

A track is one row of a float64 matrix. Its box is kept as centre x, centre y, width, height; each of the four
is filtered on its own, x and y with one shared variance, width and height with another, which holds because
the noise of both is taken in proportion to the box's height. A row is kept as it was when the object was
last seen, and predicted over the whole gap when needed: the noise model is continuous in time, so one long
step equals many short ones and frames may come at any interval.

Filter: Bar-Shalom, Li, Kirubarajan, "Estimation with Applications to Tracking and Navigation" (2001),
section 6.2.2, continuous white-noise acceleration.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.float64]

ROW_LENGTH = 14
PLACE = slice(0, 4)
"""Centre x, centre y, width, height in pixels."""
VELOCITY = slice(4, 8)
"""The same per second."""
_PLACE_VARIANCE, _PLACE_COVARIANCE, _SPEED_VARIANCE = 8, 9, 10
_SIZE_VARIANCE, _SIZE_COVARIANCE, _GROWTH_VARIANCE = 11, 12, 13
_OF_PLACE_AND_SIZE = slice(8, 14)
HEIGHT = 3


@dataclass(frozen=True)
class MotionSettings:
    """How boxes move and how noisy they are; lengths are shares of the box's height."""

    place_noise: float = 0.035
    size_noise: float = 0.07
    initial_speed: float = 0.8
    initial_growth: float = 0.15
    acceleration_noise: float = 0.4
    growth_noise: float = 0.12
    velocity_memory_seconds: float = 2.5


def boxes_to_places(boxes: npt.NDArray[np.floating]) -> Rows:
    """Return boxes (N, 4) as left, top, right, bottom turned into centre x, centre y, width, height."""
    places = np.empty((len(boxes), 4))
    places[:, 2:] = boxes[:, 2:] - boxes[:, :2]
    places[:, :2] = boxes[:, :2] + 0.5 * places[:, 2:]
    return places


def places_to_boxes(places: Rows) -> Rows:
    """Return places (N, 4) as centre x, centre y, width, height turned into left, top, right, bottom."""
    boxes = np.empty((len(places), 4))
    half = 0.5 * places[:, 2:4]
    boxes[:, :2] = places[:, :2] - half
    boxes[:, 2:] = places[:, :2] + half
    return boxes


def new_rows(places: Rows, settings: MotionSettings) -> Rows:
    """Return rows (N, ROW_LENGTH) for objects seen for the first time at `places` (N, 4)."""
    rows = np.zeros((len(places), ROW_LENGTH))
    rows[:, PLACE] = places
    height = places[:, HEIGHT]
    rows[:, _PLACE_VARIANCE] = (settings.place_noise * height) ** 2
    rows[:, _SPEED_VARIANCE] = (settings.initial_speed * height) ** 2
    rows[:, _SIZE_VARIANCE] = (settings.size_noise * height) ** 2
    rows[:, _GROWTH_VARIANCE] = (settings.initial_growth * height) ** 2
    return rows


def predict(rows: Rows, gap_seconds: Rows, settings: MotionSettings) -> Rows:
    """Return `rows` (N, ROW_LENGTH) as expected `gap_seconds` (N,) after they were last seen.

    Velocity counts less the longer the gap, because nobody walks straight on for ever.
    """
    predicted: Rows = rows.copy()
    memory = settings.velocity_memory_seconds
    reach = memory * -np.expm1(-gap_seconds / memory)
    predicted[:, PLACE] += rows[:, VELOCITY] * reach[:, None]
    np.maximum(predicted[:, 2:4], 2.0, out=predicted[:, 2:4])
    noise = _by_height(rows[:, HEIGHT], settings.acceleration_noise, settings.growth_noise)
    gap = gap_seconds[:, None]
    variance, covariance, rate = _uncertainties(predicted)
    variance += gap * (2 * covariance + gap * (rate + noise * gap / 3))
    covariance += gap * (rate + noise * gap / 2)
    rate += gap * noise
    return predicted


def _uncertainties(rows: Rows) -> tuple[Rows, Rows, Rows]:
    """Return views (N, 2), of place and size, of the variances, covariances and variances of the rates."""
    both = rows[:, _OF_PLACE_AND_SIZE].reshape(-1, 2, 3)
    return both[:, :, 0], both[:, :, 1], both[:, :, 2]


def _by_height(heights: Rows, place_share: float, size_share: float) -> Rows:
    """Return the squares (N, 2) of shares of the heights (N,)."""
    return np.array([place_share**2, size_share**2]) * (heights**2)[:, None]


def moving_rows(places: Rows, steps: Rows, gap_seconds: Rows, settings: MotionSettings) -> Rows:
    """Return rows for objects seen twice: at `places` (N, 4) now, `steps` (N, 2) pixels away a gap ago."""
    rows = new_rows(places, settings)
    rows[:, 4:6] = steps / gap_seconds[:, None]
    variance = rows[:, _PLACE_VARIANCE]
    rows[:, _PLACE_COVARIANCE] = variance / gap_seconds
    rows[:, _SPEED_VARIANCE] = 2 * variance / gap_seconds**2
    return rows


def update(predicted: Rows, measured: Rows, settings: MotionSettings) -> Rows:
    """Return predicted rows (N, ROW_LENGTH) corrected by the boxes seen, as places (N, 4)."""
    rows: Rows = predicted.copy()
    variance, covariance, rate = _uncertainties(rows)
    total = variance + _by_height(measured[:, HEIGHT], settings.place_noise, settings.size_noise)
    gain, rate_gain = variance / total, covariance / total
    # Each gain is for both axes: (N, place or size, axis).
    surprise = (measured - rows[:, PLACE]).reshape(-1, 2, 2)
    rows[:, PLACE] += (gain[:, :, None] * surprise).reshape(-1, 4)
    rows[:, VELOCITY] += (rate_gain[:, :, None] * surprise).reshape(-1, 4)
    rate -= rate_gain * covariance
    covariance *= 1 - gain
    variance *= 1 - gain
    return rows


def keep_size(rows: Rows, before: Rows, which: npt.NDArray[np.bool_]) -> None:
    """Give `rows` (N, ROW_LENGTH) the width and height of `before` (N, ROW_LENGTH) `which` (N,) do not show.

    They stay as they were, as sure as they were, and grow no further: growth that nobody sees would run away.
    """
    rows[which, 2:4] = before[which, 2:4]
    rows[which, 6:8] = 0.0
    rows[which, _SIZE_VARIANCE:] = before[which, _SIZE_VARIANCE:]


def believe_size(rows: Rows, places: Rows, which: npt.NDArray[np.bool_], settings: MotionSettings) -> None:
    """Give `rows` (N, ROW_LENGTH) the sizes of `places` (N, 4) `which` (N,) are seen, as when first seen."""
    fresh = new_rows(places[which], settings)
    rows[which, 2:4] = fresh[:, 2:4]
    rows[which, 6:8] = 0.0
    rows[which, _SIZE_VARIANCE:] = fresh[:, _SIZE_VARIANCE:]


def place_uncertainty_px(rows: Rows) -> Rows:
    """Return the standard deviation (N,) of the centre along each axis, in pixels."""
    return np.asarray(np.sqrt(rows[:, _PLACE_VARIANCE]))


def size_uncertainty_px(rows: Rows, settings: MotionSettings) -> Rows:
    """Return the standard deviation (N,) of a height that is measured next, in pixels."""
    noise = settings.size_noise * rows[:, HEIGHT]
    return np.asarray(np.sqrt(rows[:, _SIZE_VARIANCE] + noise**2))
