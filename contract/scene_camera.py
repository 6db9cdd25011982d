"""Where a camera is and where its ground lies on the Earth."""

from __future__ import annotations

from dataclasses import dataclass

from contract.scene_values import check_keys, mapping, number

_LATITUDES = (-89.0, 89.0)
_LONGITUDES = (-180.0, 180.0)
_FULL_TURN = (-360.0, 360.0)


@dataclass(frozen=True)
class CameraPosition:
    """A camera above level ground that looks along an azimuth and down by a tilt.

    `height_m` is above the ground. `azimuth_degrees` is clockwise from north, of the middle of the picture;
    of a camera that looks straight down, of the picture's upper edge. `tilt_degrees` is 0 for a camera that
    looks at the horizon and 90 for one that looks straight down. The picture must be level.
    """

    longitude: float
    latitude: float
    height_m: float
    azimuth_degrees: float
    tilt_degrees: float
    horizontal_field_of_view_degrees: float


@dataclass(frozen=True)
class GroundOrigin:
    """Where the point [0, 0] of `world_m` lies, and which way its y axis points, clockwise from north."""

    longitude: float
    latitude: float
    azimuth_degrees: float


def parse_position(value: object) -> CameraPosition:
    """Return the camera's position; raises `SceneError` for the first mistake."""
    fields = mapping("position", value)
    names = tuple(CameraPosition.__dataclass_fields__)
    check_keys("position", fields, names)
    ranges = {
        "longitude": _LONGITUDES,
        "latitude": _LATITUDES,
        "height_m": (0.5, 10_000.0),
        "azimuth_degrees": _FULL_TURN,
        "tilt_degrees": (0.0, 90.0),
        "horizontal_field_of_view_degrees": (1.0, 150.0),
    }
    values = {name: number(f"position.{name}", fields[name], between=ranges[name]) for name in names}
    return CameraPosition(**{**values, "azimuth_degrees": values["azimuth_degrees"] % 360.0})


def parse_ground_origin(value: object) -> GroundOrigin:
    """Return where the world of `ground` lies; raises `SceneError` for the first mistake."""
    fields = mapping("ground_origin", value)
    check_keys("ground_origin", fields, ("longitude", "latitude"), ("azimuth_degrees",))
    azimuth = number("ground_origin.azimuth_degrees", fields.get("azimuth_degrees", 0.0), between=_FULL_TURN)
    return GroundOrigin(
        longitude=number("ground_origin.longitude", fields["longitude"], between=_LONGITUDES),
        latitude=number("ground_origin.latitude", fields["latitude"], between=_LATITUDES),
        azimuth_degrees=azimuth % 360.0,
    )
