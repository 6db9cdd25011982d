"""The trackers that are compared, each behind the same small face; runs in ``.tools/trackers``.

`prepare` turns a frame's detections into what the library takes; `update` is the library's own call alone,
which is what is timed; `sightings` reads what it says about the frame: rows of id, left, top, right, bottom.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import norfair
import numpy as np
import supervision
import trackers
from deep_sort_realtime.deepsort_tracker import DeepSort

from edge_components.runtime.counting.tracked import TrackedFrame, TrackerStep
from edge_components.runtime.counting.tracker import Tracker
from edge_components.runtime.inference.detections import CleaningCounts, Detections, clean

Sightings = list[tuple[int, np.ndarray]]
"""Frames (from 0, the present or an earlier one) with rows (K, 5): id, left, top, right, bottom."""


class Adapter(Protocol):
    """A tracker that was just made."""

    def prepare(self, detections: Detections) -> Any: ...

    def update(self, prepared: Any) -> Any: ...

    def sightings(self, outcome: Any, index: int) -> Sightings: ...


class Ours:
    """CrowdLens' tracker as the product calls it: boxes cleaned first, the time of the frame beside them.

    Online is what it says of a frame at that frame; otherwise the frames before a track's confirmation come
    along with it, as in `tracks.txt`.
    """

    def __init__(self, frames_per_second: float, width: int, height: int, *, online: bool) -> None:
        self._tracker = Tracker(width, height)
        self._interval, self._index, self._online = 1.0 / frames_per_second, 0, online
        self._size, self._counts = (width, height), CleaningCounts()

    def prepare(self, detections: Detections) -> Detections:
        return clean(detections, *self._size, self._counts)

    def update(self, prepared: Detections) -> TrackerStep:
        self._index += 1
        return self._tracker.update(prepared, (self._index - 1) * self._interval)

    def sightings(self, outcome: TrackerStep, index: int) -> Sightings:
        frames: list[TrackedFrame] = outcome.frames[-1:] if self._online else outcome.frames
        return [(frame.index, np.column_stack((frame.ids, frame.boxes))) for frame in frames]


class Roboflow:
    """One of the library `trackers`."""

    def __init__(self, tracker: Any) -> None:
        self._tracker = tracker

    def prepare(self, detections: Detections) -> supervision.Detections:
        return supervision.Detections(
            detections.boxes.astype(np.float64),
            confidence=detections.confidences,
            class_id=detections.class_ids,
        )

    def update(self, prepared: supervision.Detections) -> supervision.Detections:
        return self._tracker.update(prepared)

    def sightings(self, outcome: supervision.Detections, index: int) -> Sightings:
        followed = outcome.tracker_id >= 0
        return [(index, np.column_stack((outcome.tracker_id, outcome.xyxy))[followed])]


class Norfair:
    """norfair with the overlap of boxes as its distance; it is told of confident boxes only.

    Its Kalman filter runs on for a while without a box; such frames are left out, as for all others.
    """

    def __init__(self, threshold: float, least_confidence: float) -> None:
        self._tracker = norfair.Tracker(distance_function="iou", distance_threshold=threshold)
        self._least_confidence = least_confidence
        self._latest: list[norfair.Detection] = []

    def prepare(self, detections: Detections) -> list[norfair.Detection]:
        confident = detections.select(detections.confidences >= self._least_confidence)
        return [
            norfair.Detection(box.reshape(2, 2), scores=np.full(2, score))
            for box, score in zip(confident.boxes.astype(np.float64), confident.confidences, strict=True)
        ]

    def update(self, prepared: list[norfair.Detection]) -> list[Any]:
        self._latest = prepared
        return self._tracker.update(prepared)

    def sightings(self, outcome: list[Any], index: int) -> Sightings:
        present = {id(detection) for detection in self._latest}
        seen = [track for track in outcome if id(track.last_detection) in present]
        rows = [(track.id, *track.estimate.reshape(4)) for track in seen]
        return [(index, np.array(rows).reshape(-1, 5))]


class DeepSortMotion:
    """deep-sort-realtime with one appearance for everybody, so that motion alone decides."""

    def __init__(self, least_confidence: float, max_iou_distance: float = 0.7) -> None:
        self._tracker = DeepSort(embedder=None, max_iou_distance=max_iou_distance)
        self._least_confidence = least_confidence

    def prepare(self, detections: Detections) -> tuple[list[Any], list[np.ndarray]]:
        confident = detections.select(detections.confidences >= self._least_confidence)
        boxes = confident.boxes.astype(np.float64)
        boxes[:, 2:] -= boxes[:, :2]
        rows = zip(boxes.tolist(), confident.confidences.tolist(), strict=True)
        return [(box, score, 0) for box, score in rows], [np.ones(4) / 2.0] * len(boxes)

    def update(self, prepared: tuple[list[Any], list[np.ndarray]]) -> list[Any]:
        return self._tracker.update_tracks(prepared[0], embeds=prepared[1])

    def sightings(self, outcome: list[Any], index: int) -> Sightings:
        seen = [track for track in outcome if track.is_confirmed() and track.time_since_update == 0]
        rows = [(int(track.track_id), *track.to_ltrb()) for track in seen]
        return [(index, np.array(rows).reshape(-1, 5))]


@dataclass(frozen=True)
class Competitor:
    """A tracker by name with the ways to make it: its defaults first, then variants to choose from."""

    name: str
    variants: dict[str, Callable[[float, int, int], Adapter]]


def _roboflow(kind: Any, **settings: Any) -> Callable[[float, int, int], Adapter]:
    return lambda rate, width, height: Roboflow(kind(frame_rate=rate, **settings))


_SAME_THRESHOLDS = {"track_activation_threshold": 0.5, "high_conf_det_threshold": 0.5}
_LONG = {"lost_track_buffer": 90}
_NO_PICTURE: dict[str, Any] = {"enable_cmc": False}

COMPETITORS = (
    Competitor(
        "CrowdLens, online", {"defaults": lambda rate, width, height: Ours(rate, width, height, online=True)}
    ),
    Competitor(
        "CrowdLens, tracks.txt",
        {"defaults": lambda rate, width, height: Ours(rate, width, height, online=False)},
    ),
    Competitor(
        "trackers SORT",
        {
            "defaults": _roboflow(trackers.SORTTracker),
            "start at 0.5": _roboflow(trackers.SORTTracker, track_activation_threshold=0.5),
            "start at 0.5, memory 3 s": _roboflow(
                trackers.SORTTracker, track_activation_threshold=0.5, **_LONG
            ),
        },
    ),
    Competitor(
        "trackers ByteTrack",
        {
            "defaults": _roboflow(trackers.ByteTrackTracker),
            "thresholds 0.5": _roboflow(trackers.ByteTrackTracker, **_SAME_THRESHOLDS),
            "thresholds 0.5, memory 3 s": _roboflow(trackers.ByteTrackTracker, **_SAME_THRESHOLDS, **_LONG),
        },
    ),
    Competitor(
        "trackers OC-SORT",
        {
            "defaults": _roboflow(trackers.OCSORTTracker),
            "threshold 0.5": _roboflow(trackers.OCSORTTracker, high_conf_det_threshold=0.5),
            "threshold 0.5, memory 3 s": _roboflow(
                trackers.OCSORTTracker, high_conf_det_threshold=0.5, **_LONG
            ),
        },
    ),
    Competitor(
        "trackers C-BIoU",
        {
            "defaults": _roboflow(trackers.CBIoUTracker),
            "thresholds 0.5": _roboflow(trackers.CBIoUTracker, **_SAME_THRESHOLDS),
            "thresholds 0.5, memory 3 s": _roboflow(trackers.CBIoUTracker, **_SAME_THRESHOLDS, **_LONG),
        },
    ),
    Competitor(
        "trackers BoT-SORT",
        {
            "defaults": _roboflow(trackers.BoTSORTTracker, **_NO_PICTURE),
            "thresholds 0.5": _roboflow(trackers.BoTSORTTracker, **_NO_PICTURE, **_SAME_THRESHOLDS),
            "thresholds 0.5, memory 3 s": _roboflow(
                trackers.BoTSORTTracker, **_NO_PICTURE, **_SAME_THRESHOLDS, **_LONG
            ),
        },
    ),
    Competitor(
        "norfair",
        {
            "overlap distance 0.7, boxes from 0.5": lambda rate, width, height: Norfair(0.7, 0.5),
            "overlap distance 0.9, boxes from 0.5": lambda rate, width, height: Norfair(0.9, 0.5),
            "overlap distance 0.7, boxes from 0.3": lambda rate, width, height: Norfair(0.7, 0.3),
        },
    ),
    Competitor(
        "deep-sort-realtime",
        {
            "boxes from 0.5": lambda rate, width, height: DeepSortMotion(0.5),
            "boxes from 0.3": lambda rate, width, height: DeepSortMotion(0.3),
            "boxes from 0.5, overlap distance 0.9": lambda rate, width, height: DeepSortMotion(0.5, 0.9),
        },
    ),
)
