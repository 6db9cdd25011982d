"""Where foot points are with respect to zones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from contract.geometry import polygon_area
from contract.scene import Zone
from edge_components.runtime.counting.geometry_arrays import Segments, edges_to_the_right

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

_ON_EDGE_PX = 1e-6
_FAR_PX = 1e9
_SNAP_PX = 2.0
"""Corners so near to the frame's edge are meant to lie on it."""


class ZoneShapes:
    """The polygons of `zones` in a `width` x `height` frame; `areas` (Z,) in square pixels.

    A zone that reaches the frame's edge goes on beyond it: there it has no edge of its own.
    """

    def __init__(self, zones: Sequence[Zone], width: int, height: int) -> None:
        self._limits = np.array([width, height], np.float64)
        polygons = [self._snapped(np.array(zone.polygon, np.float64)) for zone in zones]
        # All zones' edges in one array, so that one call places every foot point in every zone.
        self._edges = Segments(
            np.concatenate([*polygons, np.empty((0, 2))]),
            np.concatenate([*(np.roll(polygon, -1, axis=0) for polygon in polygons), np.empty((0, 2))]),
        )
        self._first_edges = np.cumsum([0, *map(len, polygons)])[:-1]
        self._on_frame_edge = np.flatnonzero(self._along(0.0) | self._along(self._limits))
        self.areas = np.array([polygon_area(zone.polygon) for zone in zones])

    def _snapped(self, polygon: Floats) -> Floats:
        polygon = np.where(polygon <= _SNAP_PX, 0.0, polygon)
        return np.asarray(np.where(polygon >= self._limits - _SNAP_PX, self._limits, polygon))

    def _along(self, border: Floats | float) -> Booleans:
        return np.asarray(((self._edges.starts == border) & (self._edges.ends == border)).any(axis=1))

    def locate(self, feet: Floats) -> tuple[Booleans, Floats]:
        """Return which zones foot points (K, 2) are inside of (K, Z), and how far from their edges (K, Z).

        A point on the edge is inside, and one beyond the frame is where it is when moved to the frame's edge;
        if that is outside, it is at least as far from the zone as from the frame. A zone that fills the
        frame has no edge: it is far away.
        """
        held = np.minimum(np.maximum(feet, 0.0), self._limits)
        hits = edges_to_the_right(self._edges.starts, self._edges.ends, held)
        inside = np.logical_xor.reduceat(hits, self._first_edges, axis=1)
        to_edges = self._edges.distances(held)
        nearest = np.minimum.reduceat(to_edges, self._first_edges, axis=1)
        inside |= nearest <= _ON_EDGE_PX
        if len(self._on_frame_edge):
            to_edges[:, self._on_frame_edge] = _FAR_PX
            nearest = np.minimum.reduceat(to_edges, self._first_edges, axis=1)
        beyond = np.hypot(feet[:, :1] - held[:, :1], feet[:, 1:] - held[:, 1:])
        return inside, np.where(inside, nearest, np.maximum(nearest, beyond))
