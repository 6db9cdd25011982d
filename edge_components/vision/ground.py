"""From pixels to metres: the ground plane of a fixed camera, and speed on it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from contract.scene import MINIMUM_GROUND_POINTS, GroundPoint, SceneError
from edge_components.vision.slots import SlotArrays

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_DEGENERATE_SHARE = 1e-4
"""Of the largest singular value: below it the pairs leave the mapping open."""
_CONTRADICTION_SHARE = 0.2
"""Residual as a share of the spread of the world points: above it the pairs contradict one another."""


class GroundPlane:
    """The mapping from the image to the ground, fitted to four or more `points`.

    Normalised direct linear transformation (Hartley and Zisserman, "Multiple View Geometry", algorithm
    4.2). `residual_m` is the root mean square distance of the given world points from where the fit puts
    them; it is zero for exactly four pairs, which any mapping fits. Raises `SceneError` when the points
    lie on a line, repeat, contradict one another or lie on both sides of the horizon.
    """

    def __init__(self, points: Sequence[GroundPoint]) -> None:
        if len(points) < MINIMUM_GROUND_POINTS:
            raise SceneError(f"ground has {len(points)} pairs: expected at least {MINIMUM_GROUND_POINTS}")
        image = np.array([point.image for point in points], np.float64)
        world = np.array([point.world_m for point in points], np.float64)
        _check_spread("image", image)
        _check_spread("world_m", world)
        self.matrix = _homography(image, world)
        depths = _depths(self.matrix, image)
        if not (depths > 0).all():
            if not (depths < 0).all():
                raise SceneError(
                    "ground has pairs on both sides of the horizon: expected points on the ground"
                )
            self.matrix = -self.matrix
        self.residual_m = float(np.sqrt(((self.project(image) - world) ** 2).sum(axis=1).mean()))
        spread_m = float(np.sqrt(world.var(axis=0).sum()))
        if self.residual_m > _CONTRADICTION_SHARE * spread_m:
            raise SceneError(
                f"ground has pairs that contradict one another: they miss by {self.residual_m:.2f} m, "
                f"expected less than {_CONTRADICTION_SHARE * spread_m:.2f} m"
            )

    def project(self, points: Floats) -> Floats:
        """Return where image points (N, 2) lie on the ground (N, 2), in metres; NaN above the horizon."""
        homogeneous = points @ self.matrix[:, :2].T + self.matrix[:, 2]
        depth = np.where(homogeneous[:, 2] > 1e-12, homogeneous[:, 2], np.nan)
        return np.asarray(homogeneous[:, :2] / depth[:, None])


def _check_spread(field: str, points: Floats) -> None:
    """Refuse points on one line, and four points of which three are."""
    singular = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    if singular[1] <= 1e-3 * singular[0]:
        raise SceneError(f"ground has {field} points on one line: expected points that span an area")


def _normalisation(points: Floats) -> Floats:
    centre = points.mean(axis=0)
    scale = np.sqrt(2.0) / np.linalg.norm(points - centre, axis=1).mean()
    return np.array([[scale, 0, -scale * centre[0]], [0, scale, -scale * centre[1]], [0, 0, 1]])


def _homography(image: Floats, world: Floats) -> Floats:
    to_image, to_world = _normalisation(image), _normalisation(world)
    source = image @ to_image[:2, :2].T + to_image[:2, 2]
    target = world @ to_world[:2, :2].T + to_world[:2, 2]
    one, zero = np.ones(len(source)), np.zeros((len(source), 3))
    homogeneous = np.column_stack((source, one))
    rows_x = np.hstack((-homogeneous, zero, target[:, :1] * homogeneous))
    rows_y = np.hstack((zero, -homogeneous, target[:, 1:] * homogeneous))
    _, singular, vectors = np.linalg.svd(np.vstack((rows_x, rows_y)))
    matrix = vectors[-1].reshape(3, 3)
    if singular[7] < _DEGENERATE_SHARE * singular[0] or np.linalg.cond(matrix) > 1 / _DEGENERATE_SHARE:
        raise SceneError(
            "ground has pairs that do not fix the ground, for example three of four on one line or a point "
            "given twice: expected four points of which no three lie on one line"
        )
    return np.asarray(np.linalg.inv(to_world) @ matrix @ to_image)


def _depths(matrix: Floats, image: Floats) -> Floats:
    return np.asarray(image @ matrix[2, :2] + matrix[2, 2])


_SAMPLES = 9
_SPACING_SECONDS = 0.11
_HORIZON_SECONDS = 1.3
_MINIMUM_SAMPLES = 4
_MINIMUM_SPAN_SECONDS = 0.5
_FROM, _TO = np.triu_indices(_SAMPLES, k=1)


class SpeedEstimator:
    """The speed of tracks on the ground over about the last second.

    The velocity is the median of the slopes between all pairs of positions (Theil, 1950; Sen, 1968), so that
    single bad boxes do not move it. Its standard uncertainty is that of a least-squares slope whose residuals
    have the median absolute deviation found.
    """

    def __init__(self) -> None:
        self._state = SlotArrays(
            {
                "track": ((), np.int64, 0),
                "count": ((), np.int64, 0),
                "time": ((_SAMPLES,), np.float64, np.nan),
                "place": ((_SAMPLES, 2), np.float64, np.nan),
                "speed": ((), np.float64, np.nan),
            }
        )

    def add(self, slots: Integers, ids: Integers, places_m: Floats, time_seconds: float) -> None:
        """Take in ground positions (K, 2) in metres; samples that follow too closely are left out."""
        state = self._state
        state.reserve(slots)
        new = slots[state["track"][slots] != ids]
        state.clear(new)
        state["track"][slots] = ids
        latest = state["time"][slots, (state["count"][slots] - 1) % _SAMPLES]
        due = ~(time_seconds - latest < _SPACING_SECONDS) & np.isfinite(places_m).all(axis=1)
        slots = slots[due]
        place = state["count"][slots] % _SAMPLES
        state["time"][slots, place] = time_seconds
        state["place"][slots, place] = places_m[due]
        state["count"][slots] += 1

    def latest(self, slots: Integers, ids: Integers) -> Floats:
        """Return the speeds (K,) last measured, NaN where there is none."""
        self._state.reserve(slots)
        known = self._state["track"][slots] == ids
        return np.where(known, self._state["speed"][slots], np.nan)

    def measure(self, slots: Integers, time_seconds: float) -> tuple[Floats, Floats]:
        """Return speed and standard uncertainty (K,) each, in m/s; NaN where a track was seen too little."""
        self._state.reserve(slots)
        speeds, uncertainties = np.full(len(slots), np.nan), np.full(len(slots), np.nan)
        times = self._state["time"][slots] - time_seconds
        times = np.where(times >= -_HORIZON_SECONDS, times, np.nan)
        valid = np.isfinite(times)
        enough = np.flatnonzero(valid.sum(axis=1) >= _MINIMUM_SAMPLES)
        if len(enough):
            span = np.nanmax(times[enough], axis=1) - np.nanmin(times[enough], axis=1)
            enough = enough[span >= _MINIMUM_SPAN_SECONDS]
        if len(enough):
            places = self._state["place"][slots[enough]]
            speeds[enough], uncertainties[enough] = _robust_speeds(times[enough], places)
        self._state["speed"][slots] = speeds
        return speeds, uncertainties


def _robust_speeds(times: Floats, places: Floats) -> tuple[Floats, Floats]:
    """Return speeds and uncertainties (K,) of samples at times (K, S) and places (K, S, 2), or NaN."""
    used = np.isfinite(times)
    places = np.where(used[:, :, None], places, np.nan)
    steps = (times[:, _TO] - times[:, _FROM])[:, :, None]
    velocity = _median((places[:, _TO] - places[:, _FROM]) / steps)
    residuals = places - velocity[:, None, :] * times[:, :, None]
    residuals -= _median(residuals)[:, None, :]
    deviation = 1.4826 * _median(np.abs(residuals))
    spread = np.nansum((times - np.nanmean(times, axis=1)[:, None]) ** 2, axis=1)
    uncertainty = np.hypot(deviation[:, 0], deviation[:, 1]) / np.sqrt(spread)
    return np.hypot(velocity[:, 0], velocity[:, 1]), uncertainty


def _median(values: Floats) -> Floats:
    """Return the medians (K, 2) of the values (K, S, 2) that are no NaN; `np.nanmedian` is far slower."""
    ordered = np.sort(values, axis=1)
    count = np.isfinite(ordered).sum(axis=1, keepdims=True)
    low = np.take_along_axis(ordered, np.maximum(count - 1, 0) // 2, axis=1)
    high = np.take_along_axis(ordered, count // 2 * (count > 1), axis=1)
    return np.asarray(0.5 * (low + high)[:, 0])
