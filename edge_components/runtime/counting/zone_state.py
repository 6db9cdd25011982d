"""What is known of tracks at the edges of zones, and how sure a change has to be."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from edge_components.runtime.counting.frame_edge import EdgeSettings
from edge_components.runtime.counting.slots import SlotArrays


@dataclass(frozen=True)
class ZoneSettings:
    """When a foot point has changed sides; lengths are shares of its size (`BoxSizes`)."""

    margin: float = 0.1
    """How far a foot point must be beyond the edge to be clearly over it."""
    margin_of_zone: float = 0.15
    """The margin is at most this share of the square root of the zone's area: small zones count too."""
    clear_sightings: int = 2
    settle_seconds: float = 1.0
    settle_margins: float = 0.5
    """Who is over the edge for `settle_seconds` need be only this share of the margin beyond, on average."""
    travel_margins: float = 2.5
    """How many margins a track moves away from where it changed before it may change again."""
    hold_seconds: float = 1.0
    """How long a track that is not seen still counts in the live occupancy."""
    edge: EdgeSettings = field(default_factory=EdgeSettings)


OF_TRACKS = (
    *("track", "class", "index", "time", "at_edge", "overhang"),
    *("foot", "velocity", "size", "doubt"),
)
"""What is kept of a track whatever the zones are."""
OF_ZONES = (
    *("inside", "entered", "distance", "anchor", "locked"),
    *("run", "run_clear", "run_depth", "run_index", "run_time"),
)
"""What is kept of a track for each zone."""


def zone_state(count: int) -> SlotArrays:
    """Return what is kept of each track slot about `count` zones."""
    return SlotArrays(
        {
            "track": ((), np.int64, 0),
            "class": ((), np.int64, 0),
            "index": ((), np.int64, 0),
            "time": ((), np.float64, 0.0),
            "at_edge": ((), np.bool_, False),
            "overhang": ((), np.bool_, False),
            "foot": ((2,), np.float64, 0.0),
            "velocity": ((2,), np.float64, 0.0),
            "size": ((), np.float64, 0.0),
            "doubt": ((), np.float64, 0.0),
            "inside": ((count,), np.bool_, False),
            "entered": ((count,), np.float64, 0.0),
            "distance": ((count,), np.float64, 0.0),
            # Where the latest change became certain, and whether the track has moved on from there.
            "anchor": ((count, 2), np.float64, 0.0),
            "locked": ((count,), np.bool_, False),
            # A run is a row of sightings on the other side than the state says.
            "run": ((count,), np.int64, 0),
            "run_clear": ((count,), np.int64, 0),
            "run_depth": ((count,), np.float64, 0.0),
            "run_index": ((count,), np.int64, 0),
            "run_time": ((count,), np.float64, 0.0),
        }
    )
