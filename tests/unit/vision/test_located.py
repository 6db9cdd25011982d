"""Places of located cameras, held to the projection the other way round, from the Earth to the picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from contract.scene import CameraPosition, GroundOrigin, SceneError
from edge_components.runtime.counting.located import Geography, camera_ground, geography_of, ground_of

WIDTH, HEIGHT = 640, 360


def camera(azimuth: float, tilt: float, *, height_m: float = 12.0, view: float = 70.0) -> CameraPosition:
    return CameraPosition(127.0, 37.5, height_m, azimuth, tilt, view)


def seen_at(position: CameraPosition, east: float, north: float) -> tuple[float, float, float]:
    """Return x, y and depth of a place in the picture: turn to the azimuth, then down by the tilt."""
    azimuth, tilt = np.radians(position.azimuth_degrees), np.radians(position.tilt_degrees)
    along = east * np.sin(azimuth) + north * np.cos(azimuth)
    across = east * np.cos(azimuth) - north * np.sin(azimuth)
    depth = along * np.cos(tilt) + position.height_m * np.sin(tilt)
    below = position.height_m * np.cos(tilt) - along * np.sin(tilt)
    focal = WIDTH / 2 / np.tan(np.radians(position.horizontal_field_of_view_degrees) / 2)
    return WIDTH / 2 + focal * across / depth, HEIGHT / 2 + focal * below / depth, depth


@pytest.mark.parametrize("azimuth", [0.0, 37.0, 90.0, 180.0, 301.0])
@pytest.mark.parametrize("tilt", [5.0, 30.0, 60.0, 90.0])
def test_a_place_is_found_where_it_is(azimuth: float, tilt: float) -> None:
    position = camera(azimuth, tilt)
    ground = camera_ground(position, WIDTH, HEIGHT)
    random = np.random.default_rng(1)
    for east, north in random.uniform(-25, 25, (50, 2)):
        x, y, depth = seen_at(position, east, north)
        if depth > 1.0:
            assert ground.project(np.array([[x, y]]))[0] == pytest.approx((east, north), abs=1e-6)


def test_a_camera_that_looks_down_sees_what_it_should_at_the_upper_edge() -> None:
    ground = camera_ground(camera(90.0, 90.0, height_m=50.0, view=90.0), WIDTH, HEIGHT)
    top, right = ground.project(np.array([[320.0, 0.0], [640.0, 180.0]]))
    assert top == pytest.approx((50 * 180 / 320, 0), abs=1e-9)
    assert right == pytest.approx((0, -50), abs=1e-9)


@pytest.mark.parametrize(
    ("row", "known"),
    [
        pytest.param(179.0, False, id="above the horizon"),
        pytest.param(180.0, False, id="on the horizon"),
        pytest.param(182.0, False, id="so near the horizon that a pixel is tens of metres"),
        pytest.param(200.0, True, id="below the horizon"),
    ],
)
def test_nothing_at_the_horizon_has_a_place(row: float, known: bool) -> None:
    ground = camera_ground(camera(0.0, 0.0), WIDTH, HEIGHT)
    assert np.isfinite(ground.project(np.array([[320.0, row]]))).all() == known


def test_a_zone_that_reaches_above_the_horizon_has_no_area() -> None:
    ground = camera_ground(camera(0.0, 0.0), WIDTH, HEIGHT)
    assert ground.area_m2([(0, 100), (640, 100), (640, 300), (0, 300)]) is None
    assert ground.area_m2([(0, 250), (640, 250), (640, 300), (0, 300)]) is not None


def haversine_m(first: tuple[float, float], second: tuple[float, float]) -> float:
    (lon1, lat1), (lon2, lat2) = np.radians(first), np.radians(second)
    share = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return float(2 * 6_371_008.8 * np.arcsin(np.sqrt(share)))


@pytest.mark.parametrize("latitude", [-60.0, 0.0, 37.5])
def test_metres_become_degrees(latitude: float) -> None:
    origin = (127.0, latitude)
    geography = Geography(GroundOrigin(*origin, 0.0))
    for place in ((1000.0, 0.0), (0.0, 1000.0), (-600.0, 800.0)):
        # The haversine formula takes the Earth for a ball, which is 0.7 % off.
        assert haversine_m(origin, geography.locate(*place)) == pytest.approx(1000, rel=0.008)


def test_the_azimuth_turns_the_world() -> None:
    east = Geography(GroundOrigin(127.0, 37.5, 90.0)).locate(0.0, 100.0)
    assert east == pytest.approx(Geography(GroundOrigin(127.0, 37.5, 0.0)).locate(100.0, 0.0))


def test_longitudes_go_on_over_the_date_line() -> None:
    assert Geography(GroundOrigin(179.9999, 0.0, 0.0)).locate(100.0, 0.0)[0] < -179.99


def pairs(sign: int) -> list[dict[str, Any]]:
    corners = ((0, 0), (640, 0), (640, 360), (0, 360))
    return [{"image": [x, y], "world_m": [x / 100, sign * y / 100]} for x, y in corners]


def test_a_homography_is_located_by_its_origin(replays: Any) -> None:
    scene = replays.make_scene(ground=pairs(-1), ground_origin={"longitude": 127.0, "latitude": 37.5})
    geography = geography_of(scene, ground_of(scene))
    assert geography is not None
    assert geography.locate(0.0, -100.0)[1] < 37.5


def test_a_mirrored_world_cannot_be_located(replays: Any) -> None:
    scene = replays.make_scene(ground=pairs(1), ground_origin={"longitude": 127.0, "latitude": 37.5})
    with pytest.raises(SceneError, match="world_m mirrored"):
        geography_of(scene, ground_of(scene))
