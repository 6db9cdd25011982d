from __future__ import annotations

import math

import numpy as np
import pytest

from training.camera import GroundCamera

CAMERA = GroundCamera(640, 360, 640.0, 6.0, math.atan2(6.0, 13.0))


@pytest.mark.parametrize(
    "place_m",
    [
        pytest.param((0.0, 13.0), id="where the camera looks"),
        pytest.param((-4.0, 9.0), id="near and left"),
        pytest.param((7.5, 24.0), id="far and right"),
    ],
)
def test_ground_points_survive_the_way_through_the_image(place_m: tuple[float, float]) -> None:
    pixels = CAMERA.project_ground(np.array([place_m]))
    np.testing.assert_allclose(CAMERA.ground_from_image(pixels), [place_m], atol=1e-9)


def test_the_aimed_ground_point_lies_in_the_middle_of_the_image() -> None:
    np.testing.assert_allclose(CAMERA.project_ground(np.array([[0.0, 13.0]])), [[320.0, 180.0]], atol=1e-9)


def test_rows_above_the_horizon_see_no_ground() -> None:
    above = np.array([[320.0, CAMERA.horizon_row - 5.0]])
    assert np.isnan(CAMERA.ground_from_image(above)).all()


def test_a_plane_homography_agrees_with_the_projection() -> None:
    origin, across, along = np.array([-2.0, 10.0, 0.0]), np.array([0.5, 0.0, 0.0]), np.array([0.0, 0.5, 0.0])
    matrix = CAMERA.plane_homography(origin, across, along)
    mapped = matrix @ np.array([3.0, 4.0, 1.0])
    expected = CAMERA.project_ground(np.array([[-0.5, 12.0]]))[0]
    np.testing.assert_allclose(mapped[:2] / mapped[2], expected, atol=1e-9)


def test_a_point_behind_the_camera_still_gives_finite_pixels() -> None:
    pixels, depth = CAMERA.project(np.array([[1.0, -5.0, 0.0]]))
    assert np.isfinite(pixels).all()
    assert depth[0] > 0
