"""The analysing end of a run: postprocessing, camera health, analytics, storing, figures."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from contract.records import Record, StoredRecord
from contract.scene import Scene
from edge_components.runtime.inference.detections import Detections
from edge_components.vision.camera_health import CameraHealth
from edge_components.vision.event_times import EventTimes
from edge_components.vision.latency import LatencyHistogram, LatencySummary, RecentLatency
from edge_components.vision.progress import Progress
from edge_components.vision.sources.frames import Frame, Source, SourceInfo
from edge_components.vision.stages import FrameModel, Item, Silence

STAGES = ("decode", "preprocess", "infer", "postprocess", "analytics", "total")


class RecordSink(Protocol):
    """Takes finished records; the spool is one."""

    def append(self, records: Sequence[Record]) -> Sequence[StoredRecord]:
        """Store `records` for good before returning."""
        ...


class Analytics(Protocol):
    """Turns what a model found into records; `SceneAnalytics` is one."""

    @property
    def tracks(self) -> Any:
        """The confirmed tracks of the last frame; has a length."""
        ...

    def update(
        self, detections: Any, event_time_ms: int, *, clock_quality: str, suspect: bool
    ) -> list[Record]:
        """Take in one frame; return the records that became final with it."""
        ...

    def idle(self, event_time_ms: int) -> list[Record]:
        """Let time pass without a frame; return the records that became final with it."""
        ...

    def close(self) -> list[Record]:
        """Return the last records."""
        ...


@dataclass(frozen=True, eq=False)
class AnalysedFrame:
    """One frame after everything was done with it, for observers such as a live view.

    `detections` is what the model found: `Detections`, or the `Classification` of a classifier.
    """

    frame: Frame
    event_time_ms: int
    detections: Any
    tracks: Any


@dataclass(frozen=True, eq=False)
class PipelineResult:
    """What a run did. `latency` has percentiles in ms per stage, `total` from the frame read to its analysis.

    `stopped` is True when it was told to stop before its source ended. `key_frame` is the frame with most
    tracks. Event times are None when no frame came. `camera_health` is that of `CameraHealth.summary`.
    """

    frames: int
    seconds: float
    detections: int
    records: int
    skipped_frames: int
    stopped: bool
    info: SourceInfo
    provider: str
    requested_providers: tuple[str, ...]
    latency: dict[str, LatencySummary]
    first_event_time_ms: int | None
    last_event_time_ms: int | None
    key_frame: AnalysedFrame | None
    camera_health: Mapping[str, Any] = field(default_factory=dict)

    @property
    def frames_per_second(self) -> float:
        """Frames analysed per second of the run."""
        return self.frames / self.seconds if self.seconds > 0 else 0.0


class AnalysisRun:
    """The analysing end of one run and its figures."""

    def __init__(
        self,
        *,
        source: Source,
        detector: FrameModel,
        analytics: Analytics,
        sink: RecordSink,
        times: EventTimes,
        health: CameraHealth,
        progress: Callable[[Progress], None] | None,
        on_frame: Callable[[AnalysedFrame], None] | None,
        on_records: Callable[[Sequence[Record]], None] | None = None,
    ) -> None:
        self._source = source
        self._detector = detector
        self._analytics = analytics
        self._sink = sink
        self._times = times
        self._health = health
        self._progress = progress
        self._on_frame = on_frame
        self._on_records = on_records
        self._latency = {stage: LatencyHistogram() for stage in STAGES}
        self._recent_inference = RecentLatency()
        self._started_seconds = time.perf_counter()
        self._seconds = 0.0
        self._frames = self._detections = self._records = 0
        self._first_ms: int | None = None
        self._last_ms: int | None = None
        self._key: tuple[int, AnalysedFrame] | None = None

    def handle(self, item: Item | Silence) -> None:
        """Take in the next item."""
        if isinstance(item, Silence):
            now_seconds = time.monotonic()
            now_ms = self._times.at(now_seconds)
            records = self._health.silence(now_seconds, now_ms, self._times.quality, item.fault)
            self._store(records + self._analytics.idle(now_ms))
            return
        started = time.perf_counter()
        if item.model is not self._detector:
            self._recent_inference.restart()
        self._detector = item.model
        detections = item.model.postprocess(item.outputs, item.prepared)
        found = time.perf_counter()
        self._analyse(item.frame, detections)
        self._frames += 1
        self._detections += len(detections) if isinstance(detections, Detections) else 0
        self._time(item, started, found)
        if self._progress is not None:
            self._progress(self._state())

    def change(self, analytics: Analytics, scene: Scene, last: Sequence[Record]) -> None:
        """Store the `last` records of the analytics so far and go on with others, under `scene`."""
        self._store(last)
        self._analytics = analytics
        self._health.use_scene(scene)

    @property
    def suspect(self) -> bool:
        """Whether the camera is not well at present."""
        return self._health.suspect

    @property
    def camera_state(self) -> str | None:
        """How the camera is, in the words of `CameraHealth`; None before its first frame."""
        return self._health.state

    @property
    def inference_of_late(self) -> LatencySummary | None:
        """The percentiles of the present model in the last minute, None when no frame came in it."""
        return self._recent_inference.summary()

    def finish(self, detail: str) -> None:
        """Store the last records."""
        records = self._analytics.close()
        end_ms = self._times.at(time.monotonic()) if self._source.info.live else self._last_ms
        if end_ms is not None:
            records += self._health.close(end_ms, self._times.quality, detail)
        self._store(records)
        self._seconds = time.perf_counter() - self._started_seconds

    def result(self, *, stopped: bool) -> PipelineResult:
        """Return the figures of the run."""
        return PipelineResult(
            frames=self._frames,
            seconds=self._seconds,
            detections=self._detections,
            records=self._records,
            skipped_frames=self._source.skipped_frames,
            stopped=stopped,
            info=self._source.info,
            provider=self._detector.provider,
            requested_providers=self._detector.requested_providers,
            latency={stage: times.summary() for stage, times in self._latency.items() if times.total},
            first_event_time_ms=self._first_ms,
            last_event_time_ms=self._last_ms,
            key_frame=None if self._key is None else self._key[1],
            camera_health=self._health.summary(),
        )

    def _analyse(self, frame: Frame, detections: Any) -> None:
        event_time_ms = self._times.of(frame)
        quality = self._times.quality
        self._first_ms = event_time_ms if self._first_ms is None else self._first_ms
        self._last_ms = event_time_ms
        records = self._health.observe(frame, event_time_ms, quality)
        records += self._analytics.update(
            detections, event_time_ms, clock_quality=quality, suspect=self._health.suspect
        )
        self._store(records)
        tracks = self._analytics.tracks
        if self._key is None or len(tracks) > self._key[0]:
            self._key = len(tracks), AnalysedFrame(frame, event_time_ms, detections, tracks)
        if self._on_frame is not None:
            self._on_frame(AnalysedFrame(frame, event_time_ms, detections, tracks))

    def _store(self, records: Sequence[Record]) -> None:
        if records:
            self._sink.append(records)
            self._records += len(records)
            if self._on_records is not None:
                self._on_records(records)

    def _time(self, item: Item, started: float, found: float) -> None:
        now = time.perf_counter()
        spans = {
            "preprocess": item.preprocess_seconds,
            "infer": item.infer_seconds,
            "postprocess": found - started,
            "analytics": now - found,
            "total": now - item.read_at_seconds,
        }
        if not self._source.info.live:
            spans["decode"] = item.decode_seconds
        self._recent_inference.add(item.infer_seconds * 1000)
        for stage, seconds in spans.items():
            self._latency[stage].add(seconds * 1000)

    def _state(self) -> Progress:
        elapsed_seconds = time.perf_counter() - self._started_seconds
        info = self._source.info
        return Progress(self._frames, info.frames, self._source.skipped_frames, elapsed_seconds)
