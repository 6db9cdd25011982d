"""A box on the map with a range of azimuths, as SQL: which tracks lie in it, seen by which cameras.

Two places that share a box (the two sides of a street, seen by a drone that looks one way or the other) are
told apart by the azimuth of the camera that saw the tracks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class GeographicBox:
    """Edges and azimuths in degrees; the azimuths go clockwise from `azimuth_from` to before `azimuth_to`.

    Both azimuths are None where any will do. A range may go through north: 315 to 45 is 315 to 360 and 0 to
    45. `west` above `east` is a box over the 180th meridian. `device` None takes the tracks of every device
    of the site.
    """

    site: str
    device: str | None
    west: float
    south: float
    east: float
    north: float
    azimuth_from: float | None
    azimuth_to: float | None
    object_classes: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Return 32 hexadecimal digits that tell this box from one that counts anything else."""
        parts = [
            self.site,
            self.device,
            *(float(edge) for edge in (self.west, self.south, self.east, self.north)),
            *(
                None if azimuth is None else float(azimuth)
                for azimuth in (self.azimuth_from, self.azimuth_to)
            ),
            sorted(self.object_classes),
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]

    def azimuths(self) -> tuple[float, float] | None:
        """Return the range of azimuths, each below 360, the first above the second through north.

        None means that any will do: none was asked for, or a whole turn.
        """
        if self.azimuth_from is None or self.azimuth_to is None or self.azimuth_to - self.azimuth_from >= 360:
            return None
        return self.azimuth_from % 360, self.azimuth_to % 360

    def condition(self) -> tuple[str, list[object]]:
        """Return what rows of `tracks` must fulfil to be in the box, as SQL and its values."""
        parts, values = ["site = %s", "latitude BETWEEN %s AND %s"], [self.site, self.south, self.north]
        parts.append(_longitude(self.west, self.east))
        values += [self.west, self.east]
        if self.device is not None:
            parts.append("device = %s")
            values.append(self.device)
        if (azimuths := self.azimuths()) is not None:
            parts.append(_azimuth(through_north=azimuths[0] > azimuths[1]))
            values += azimuths
        parts.append(f"object_class IN ({placeholders(self.object_classes)})")
        values += self.object_classes
        return " AND ".join(parts), list(values)


def _longitude(west: float, east: float) -> str:
    return "longitude BETWEEN %s AND %s" if west <= east else "(longitude >= %s OR longitude <= %s)"


def _azimuth(*, through_north: bool) -> str:
    azimuth = "MOD(device_azimuth_degrees + 360, 360)"
    if through_north:
        return f"({azimuth} >= %s OR {azimuth} < %s)"
    return f"({azimuth} >= %s AND {azimuth} < %s)"


def placeholders(values: Sequence[object]) -> str:
    """Return one placeholder a value, for IN (…)."""
    return ", ".join(["%s"] * len(values))
