"""One stream of a DeepStream app: from what its files say to records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from contract.records import Record, Value
from contract.scene import Scene
from contract.tables import CLOCK_SYNCED, GAPS
from edge_components.deepstream_bridge.frame_times import FrameTimes
from edge_components.deepstream_bridge.given_tracks import GivenTracks
from edge_components.deepstream_bridge.kitti import KittiFrame, KittiObject, parse_kitti
from edge_components.deepstream_bridge.track_numbers import TrackNumbers
from edge_components.runtime.counting.analytics import SceneAnalytics
from edge_components.runtime.counting.classes import anchor_shares, class_groups
from edge_components.runtime.counting.totals import AnalyticsTotals
from edge_components.runtime.counting.tracked import TrackerSettings
from edge_components.runtime.inference.detections import MINIMUM_BOX_SIDE_PX, Detections, FloatArray

Form = Literal["auto", "tracked", "untracked"]
FORMS: tuple[Form, ...] = ("auto", "tracked", "untracked")
MAXIMUM_OBJECTS = 1000
"""So many objects of a frame are counted, as with our own detectors."""
GAP_SECONDS = 5.0
"""A longer time between two frames is told as a gap: the camera or the app was away."""


@dataclass(frozen=True)
class StreamSettings:
    """How a stream is counted.

    `scene` is in pixels of its own frame; boxes are in a picture of `width` x `height`, the stream muxer's.
    `labels` maps DeepStream's labels to classes of the scene; others count when they are alike but for
    capitals. `confidence` starts a track of ours. `form` says whether ids of DeepStream's tracker are there.
    """

    scene: Scene
    width: int
    height: int
    frames_per_second: float = 30.0
    follow_clock: bool = True
    form: Form = "auto"
    labels: Mapping[str, str] = field(default_factory=dict)
    confidence: float = 0.5
    window_seconds: float = 10.0


class StreamCounter:
    """Counts one stream; all of its state can be pickled and goes on as if nothing had happened.

    Raises `SceneError` when the scene does not fit the size of the picture.
    """

    def __init__(self, settings: StreamSettings) -> None:
        self.settings = settings
        self._scene = settings.scene.scaled_to(settings.width, settings.height)
        tracking = TrackerSettings(
            high_confidence=settings.confidence,
            new_track_confidence=settings.confidence,
            low_confidence=min(TrackerSettings.low_confidence, settings.confidence),
        )
        scene = self._scene
        self._tracker = GivenTracks(
            settings.width, settings.height, tracking, anchor_shares(scene), class_groups(scene)
        )
        self._analytics = SceneAnalytics(
            scene,
            labels=scene.classes,
            window_seconds=settings.window_seconds,
            tracker_settings=tracking,
            tracker=self._tracker,
        )
        self._positions = {name: place for place, name in enumerate(scene.classes)}
        self._folded = {name.casefold(): place for name, place in self._positions.items()}
        self._times = FrameTimes(settings.frames_per_second, follow=settings.follow_clock)
        self._numbers = TrackNumbers()
        self._tracked: bool | None = None if settings.form == "auto" else settings.form == "tracked"
        self.last_event_time_ms: int | None = None
        self.frames = 0
        self.objects = 0
        self.counts: Counter[str] = Counter()
        self._late: tuple[int, str] | None = None

    @property
    def totals(self) -> AnalyticsTotals:
        """Everything counted so far."""
        return self._analytics.totals

    @property
    def analytics(self) -> SceneAnalytics:
        """What counts, for the status."""
        return self._analytics

    def restart(self) -> None:
        """The app began anew: its frame numbers and ids do."""
        self._times.restart()
        self._numbers.restart()
        if self.settings.form == "auto":
            self._tracked = None
        self.counts["app_restarts"] += 1

    def count(
        self, content: bytes, frame: int, written_ms: float, *, clock_quality: str = CLOCK_SYNCED
    ) -> list[Record]:
        """Take in the file of the next frame, last written at `written_ms` (1970 UTC); return its records."""
        event_time_ms = self._times.of(frame, written_ms)
        parsed = parse_kitti(content)
        self.counts["damaged_lines"] += parsed.damaged_lines
        self.objects += len(parsed.objects)
        records = self._gap(event_time_ms, clock_quality)
        self.last_event_time_ms = event_time_ms
        self.frames += 1
        detections = self._detections(parsed, event_time_ms / 1000)
        return records + self._analytics.update(detections, event_time_ms, clock_quality=clock_quality)

    def idle(self, event_time_ms: int) -> list[Record]:
        """Let time pass without a frame; return the records that became final."""
        return self._analytics.idle(event_time_ms)

    def close(self) -> list[Record]:
        """End what is going on; return the last records. Nothing can be counted afterwards."""
        return self.tell_late() + self._analytics.close()

    def late(self, files: int, clock_quality: str) -> None:
        """Note `files` that came for frames of the past and are not counted; `tell_late` says so."""
        self.counts["late_files"] += files
        if self._late is None and self.last_event_time_ms is not None:
            self._late = self.last_event_time_ms, clock_quality

    def tell_late(self) -> list[Record]:
        """Return the gap record of the late files since the last one."""
        if self._late is None or self.last_event_time_ms is None:
            return []
        (since_ms, clock_quality), self._late = self._late, None
        until_ms = max(since_ms, self.last_event_time_ms)
        return [self._gap_record("files_dropped", since_ms, until_ms, clock_quality)]

    def dropped(self, files: int, clock_quality: str, until_ms: int) -> list[Record]:
        """Return the gap record of `files` that went unread, the last of which was written at `until_ms`."""
        self.counts["dropped_files"] += files
        since_ms = until_ms if self.last_event_time_ms is None else self.last_event_time_ms
        return [self._gap_record("files_dropped", min(since_ms, until_ms), until_ms, clock_quality)]

    def _gap(self, event_time_ms: int, clock_quality: str) -> list[Record]:
        last_ms = self.last_event_time_ms
        if last_ms is None or event_time_ms - last_ms <= GAP_SECONDS * 1000:
            return []
        return [self._gap_record("camera_lost", last_ms, event_time_ms, clock_quality)]

    def _gap_record(self, reason: str, start_ms: int, end_ms: int, clock_quality: str) -> Record:
        scene = self._scene
        values: dict[str, Value] = {
            "reason": reason,
            "records": 0,
            "gap_start": start_ms,
            "gap_end": end_ms,
        }
        return Record(
            GAPS.name, scene.camera, scene.version, scene.time_zone, start_ms, clock_quality, values
        )

    def _detections(self, parsed: KittiFrame, time_seconds: float) -> Detections:
        """Return the objects that are counted here, and tell the tracker who they are where that is known."""
        objects = [found for found in parsed.objects if self._position(found.label) is not None]
        self.counts["other_labels"] += len(parsed.objects) - len(objects)
        if self._tracked is None and parsed.objects:
            self._tracked = parsed.objects[0].track is not None
        if not self._tracked:
            self._tracker.expect(None)
            return self._array(objects)
        followed = [found for found in objects if found.track is not None]
        self.counts["lines_without_id"] += len(objects) - len(followed)
        return self._followed(followed, time_seconds)

    def _followed(self, objects: Sequence[KittiObject], time_seconds: float) -> Detections:
        # What analytics would drop goes here, so that every box keeps its number.
        detections = self._array(objects[:MAXIMUM_OBJECTS])
        fit = self._fit(detections.boxes)
        self.counts["unfit_boxes"] += len(objects) - int(fit.sum())
        numbers = [
            self._numbers.number(found.track, found.label, found.box, time_seconds)
            for found, fits in zip(objects, fit, strict=False)
            if fits and found.track is not None
        ]
        self._tracker.expect(numbers)
        return detections if fit.all() else detections.select(fit)

    def _fit(self, boxes: FloatArray) -> npt.NDArray[np.bool_]:
        """Return which boxes (N, 4) `clean` keeps: finite ones with at least a pixel inside the frame."""
        size = np.array([self.settings.width, self.settings.height] * 2, np.float32)
        with np.errstate(invalid="ignore"):
            visible = np.clip(boxes, 0.0, size)
            large = (visible[:, 2:] - visible[:, :2] >= MINIMUM_BOX_SIDE_PX).all(axis=1)
            forward = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        return np.asarray(np.isfinite(boxes).all(axis=1) & large & forward)

    def _array(self, objects: Sequence[KittiObject]) -> Detections:
        if not objects:
            return Detections.empty()
        return Detections(
            np.array([found.box for found in objects], np.float32),
            np.array([found.confidence for found in objects], np.float32),
            np.array([self._position(found.label) for found in objects], np.int64),
        )

    def _position(self, label: str) -> int | None:
        """Return the place of a label among the scene's classes, None for one that is not counted."""
        mapped = self.settings.labels.get(label)
        if mapped is not None:
            return self._positions.get(mapped)
        place = self._positions.get(label)
        return self._folded.get(label.casefold()) if place is None else place
