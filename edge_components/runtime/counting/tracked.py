"""What a tracker is told and what it tells: settings, sightings of tracks, and the outcome of a frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from edge_components.runtime.counting.motion import MotionSettings

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class TrackerSettings:
    """What the tracker takes for granted; margins are shares of a track's box height."""

    high_confidence: float = 0.5
    low_confidence: float = 0.1
    new_track_confidence: float = 0.5
    confirmation_hits: int = 3
    confirmation_seconds: float = 0.08
    confirmation_share: float = 0.5
    """Of the frames since it was first seen, a track must have been found in this share to be confirmed."""
    sightings_kept: int = 8
    """So many sightings confirm a track in however short a time; they are told once it is confirmed."""
    doubtful_frames: int = 6
    """From so many frames on, a track that is not confirmed and falls below the share is given up."""
    confirmation_gap_seconds: float = 0.45
    confirmation_gap_frames: float = 3.2
    """At low frame rates a track that is not confirmed may miss as many frames, however long they take."""
    memory_seconds: float = 3.0
    direct_seconds: float = 0.25
    """Who was away for longer, and for two frames, is back only once confirmed anew."""
    gone_seconds: float = 0.15
    """Who must have left the frame for so long does not come back."""
    margin: float = 0.1
    margin_deviations: float = 1.0
    margin_maximum: float = 0.9
    minimum_overlap: float = 0.3
    gate_deviations: float = 4.0
    height_ratio: float = 1.8
    short_ratio: float = 0.88
    short_deviations: float = 1.5
    covered_seconds: float = 3.0
    """Who is lower than expected for longer is believed to be."""
    covered_penalty: float = 1.0
    """What a match by the upper edge alone costs, in squared deviations."""
    faint_minimum_overlap: float = 0.45
    recent_seconds: float = 0.4
    turn_minimum_overlap: float = 0.3
    fastest_heights_per_second: float = 14.0
    """How fast something may be that is seen for the second time, with nobody else there."""
    fast_size_ratio: float = 1.3
    duplicate_overlap: float = 0.75
    maximum_tracks: int = 2000
    motion: MotionSettings = field(default_factory=MotionSettings)


@dataclass(frozen=True)
class TrackedFrame:
    """The confirmed tracks that were seen in one frame; all arrays have one entry per track.

    `slots` are the rows where a consumer may keep state of its own until the slot is reported as ended;
    `ids` are never used twice. `boxes` (K, 4) are the filtered boxes, `velocities` (K, 2) those of the
    centres in pixels per second. `at_edge` marks boxes that the frame cuts.
    """

    index: int
    time_seconds: float
    slots: Integers
    ids: Integers
    class_ids: Integers
    boxes: Floats
    velocities: Floats
    confidences: Floats
    at_edge: Booleans
    anchor_shares: Floats | None = None
    """How far down its box an object is, as a share of the height; None when all are at the lower edge."""

    @cached_property
    def feet(self) -> Floats:
        """The points (K, 2) where the objects are: on the lower edge, or where `anchor_shares` says."""
        feet = np.empty((len(self.boxes), 2))
        feet[:, 0] = 0.5 * (self.boxes[:, 0] + self.boxes[:, 2])
        feet[:, 1] = self.boxes[:, 3]
        if self.anchor_shares is not None:
            feet[:, 1] = self.boxes[:, 1] + self.anchor_shares * self.heights
        return feet

    @cached_property
    def heights(self) -> Floats:
        """The box heights (K,)."""
        return np.asarray(self.boxes[:, 3] - self.boxes[:, 1])


@dataclass(frozen=True)
class TrackerStep:
    """What one update made known.

    `frames` are in the order of time: first the earlier sightings of tracks that were confirmed just now,
    last the present frame. `ended` (slots, and `ended_ids`) are confirmed tracks that were not seen again
    within the memory; their slots may be given to others from the next update on.
    """

    frames: list[TrackedFrame]
    ended: Integers
    ended_ids: Integers
