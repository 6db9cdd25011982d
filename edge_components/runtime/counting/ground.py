"""From pixels to metres: the ground plane of a fixed camera."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from contract.geometry import Point, polygon_area
from contract.scene import MINIMUM_GROUND_POINTS, GroundPoint, SceneError

Floats = npt.NDArray[np.float64]

_DEGENERATE_SHARE = 1e-4
"""Of the largest singular value: below it the pairs leave the mapping open."""
_CONTRADICTION_SHARE = 0.2
"""Residual as a share of the spread of the world points: above it the pairs contradict one another."""


class Ground:
    """A mapping from the image to metres on level ground.

    `matrix` (3, 3) maps homogeneous image points; its third row is positive below the horizon. Points farther
    than `maximum_distance_m` from the origin count as on the horizon. `residual_m` is how badly the pairs
    miss that the mapping was fitted to, None when it was not fitted.
    """

    def __init__(
        self, matrix: Floats, residual_m: float | None, maximum_distance_m: float | None = None
    ) -> None:
        self.matrix = matrix
        self.residual_m = residual_m
        self._maximum_distance_m = maximum_distance_m

    def project(self, points: Floats) -> Floats:
        """Return where image points (N, 2) lie on the ground (N, 2), in metres; NaN above the horizon."""
        homogeneous = points @ self.matrix[:, :2].T + self.matrix[:, 2]
        depth = np.where(homogeneous[:, 2] > 1e-12, homogeneous[:, 2], np.nan)
        places = np.asarray(homogeneous[:, :2] / depth[:, None])
        if self._maximum_distance_m is not None:
            places[np.hypot(places[:, 0], places[:, 1]) > self._maximum_distance_m] = np.nan
        return places

    def area_m2(self, polygon: Sequence[Point]) -> float | None:
        """Return the area of an image polygon on the ground; None when part of it is above the horizon."""
        corners = self.project(np.array(polygon, np.float64))
        if not np.isfinite(corners).all():
            return None
        return polygon_area([(x, y) for x, y in corners.tolist()])


class GroundPlane(Ground):
    """The mapping from the image to the ground, fitted to four or more `points`.

    Normalised direct linear transformation (Hartley and Zisserman, "Multiple View Geometry", algorithm
    4.2). `residual_m` is the root mean square distance of the given world points from where the fit puts
    them; it is zero for exactly four pairs, which any mapping fits. Raises `SceneError` when the points
    lie on a line, repeat, contradict one another or lie on both sides of the horizon.
    """

    residual_m: float

    def __init__(self, points: Sequence[GroundPoint]) -> None:
        if len(points) < MINIMUM_GROUND_POINTS:
            raise SceneError(f"ground has {len(points)} pairs: expected at least {MINIMUM_GROUND_POINTS}")
        image = np.array([point.image for point in points], np.float64)
        world = np.array([point.world_m for point in points], np.float64)
        _check_spread("image", image)
        _check_spread("world_m", world)
        super().__init__(_upright(_homography(image, world), image), 0.0)
        self.residual_m = float(np.sqrt(((self.project(image) - world) ** 2).sum(axis=1).mean()))
        spread_m = float(np.sqrt(world.var(axis=0).sum()))
        if self.residual_m > _CONTRADICTION_SHARE * spread_m:
            raise SceneError(
                f"ground has pairs that contradict one another: they miss by {self.residual_m:.2f} m, "
                f"expected less than {_CONTRADICTION_SHARE * spread_m:.2f} m"
            )


def _upright(matrix: Floats, image: Floats) -> Floats:
    """Return the matrix with the sign that makes depths positive; all points must be below the horizon."""
    depths = _depths(matrix, image)
    if (depths > 0).all():
        return matrix
    if (depths < 0).all():
        return -matrix
    raise SceneError("ground has pairs on both sides of the horizon: expected points on the ground")


def _check_spread(field: str, points: Floats) -> None:
    """Refuse points that all lie on one line."""
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
