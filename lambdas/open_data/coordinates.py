"""Latitude and longitude: within Korea, swapped, or somewhere else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from lambdas.open_data.changes import Change, Changes
from lambdas.open_data.columns import Lines

LATITUDES = (33.0, 38.7)
"""Marado lies at 33.11, the northern end of Goseong at 38.61 degrees."""
LONGITUDES = (124.5, 132.0)
"""Baengnyeongdo lies at 124.6, Dokdo at 131.87 degrees."""


def checked_coordinates(
    latitudes: Any, longitudes: Any, lines: Lines, changes: Changes
) -> tuple[Any, Any, list[tuple[int, str]]]:
    """Return latitudes and longitudes with swapped pairs put right, and the reasons of the rows outside.

    Both empty, or both zero, is a place without coordinates; one alone is a reason.
    """
    north = _floats(latitudes)
    east = _floats(longitudes)
    zero = (north == 0) & (east == 0)
    north, east = np.where(zero, np.nan, north), np.where(zero, np.nan, east)
    swapped = _within(east, LATITUDES) & _within(north, LONGITUDES)
    for row in np.flatnonzero(swapped).tolist():
        before, after = f"{north[row]}, {east[row]}", f"{east[row]}, {north[row]}"
        changes.add("swapped_coordinates", Change(int(lines[row]), "latitude, longitude", before, after))
    for row in np.flatnonzero(zero).tolist():
        changes.add("zero_coordinates", Change(int(lines[row]), "latitude, longitude", "0, 0", ""))
    north, east = np.where(swapped, east, north), np.where(swapped, north, east)
    reasons = _reasons(north, east)
    return (
        pa.array(north, pa.float64(), from_pandas=True),
        pa.array(east, pa.float64(), from_pandas=True),
        reasons,
    )


def _reasons(north: Any, east: Any) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    half = np.isnan(north) != np.isnan(east)
    found += [(row, "half_a_coordinate") for row in np.flatnonzero(half).tolist()]
    for values, limits, code in (
        (north, LATITUDES, "latitude_outside_korea"),
        (east, LONGITUDES, "longitude_outside_korea"),
    ):
        outside = ~np.isnan(values) & ~_within(values, limits)
        found += [(row, code) for row in np.flatnonzero(outside).tolist()]
    return found


def _floats(values: Any) -> Any:
    return values.to_numpy(zero_copy_only=False).astype(np.float64)


def _within(values: Any, limits: tuple[float, float]) -> Any:
    return (values >= limits[0]) & (values <= limits[1])
