"""One camera, from its source to the spool: opens everything, runs the pipeline, says what was counted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from contract.identity import check_identifier
from contract.scene import Scene
from edge_components.runtime.annotate import DrawnTrack, LineTotals, annotate_legibly, save_jpeg
from edge_components.runtime.clock import DeviceClock
from edge_components.runtime.counting.analytics import SceneAnalytics
from edge_components.runtime.counting.totals import AnalyticsTotals
from edge_components.runtime.counting.tracker import TrackerSettings
from edge_components.runtime.inference.detector import DetectorSettings, OnnxDetector, open_detector
from edge_components.runtime.spool import Spool
from edge_components.vision.alerts import AlertPublisher, alerting
from edge_components.vision.default_scene import default_scene
from edge_components.vision.pipeline import (
    PipelineResult,
    PipelineSettings,
    PipelineStoppedError,
    run_pipeline,
)
from edge_components.vision.progress import Progress
from edge_components.vision.scene_file import naming, read_scene
from edge_components.vision.sources import Source, open_source
from edge_components.vision.sources.address import device_number, scheme_of


@dataclass(frozen=True)
class CameraSettings:
    """What one camera runs on.

    `source` is anything `open_source` takes; `scene` None counts in the whole frame and at a line across its
    middle. `start_time_ms` is the event time of a file's first frame. `maximum_seconds` ends a run early.
    """

    source: str
    scene: Path | None
    model: Path
    spool: Path
    device: str
    window_seconds: float = 10.0
    threads: int = 1
    provider: str = "auto"
    confidence: float | None = None
    folder_frames_per_second: float = 10.0
    start_time_ms: int | None = None
    maximum_seconds: float | None = None


@dataclass(frozen=True)
class CameraRun:
    """What a run did; `problem` is a sentence when a fault ended it early, with all before it stored.

    `records_made` and `records_dropped` are this run's; `records_waiting` is all that waits in the spool.
    """

    scene: Scene
    result: PipelineResult
    totals: AnalyticsTotals
    detector: OnnxDetector
    problem: str | None
    records_made: int
    records_dropped: int
    records_waiting: int

    @property
    def progress(self) -> Progress:
        """How far the run came."""
        result = self.result
        return Progress(result.frames, result.info.frames, result.skipped_frames, result.seconds)

    def summary(self) -> dict[str, Any]:
        """Return the run for summary.json; counts, times in seconds, latencies in milliseconds."""
        total = self.result.latency.get("total")
        return {
            "frames": self.result.frames,
            "seconds": round(self.result.seconds, 3),
            "detector": self.detector.name,
            "provider": self.detector.provider,
            "detections": self.result.detections,
            "tracks": self.totals.tracks,
            "zones": self.totals.zones,
            "lines": self.totals.lines,
            "events": self._events(),
            "latency_ms": None if total is None else {"p50": total.p50, "p95": total.p95, "p99": total.p99},
            "frames_per_second": round(self.result.frames_per_second, 2),
            "skipped_frames": self.result.skipped_frames,
            "site": self.scene.site,
            "camera": self.scene.camera,
            "time_zone": self.scene.time_zone,
            "scene_version": self.scene.version,
            "first_event_time_ms": self.result.first_event_time_ms,
            "last_event_time_ms": self.result.last_event_time_ms,
            "stopped": self.result.stopped,
            "problem": self.problem,
            "camera_health": dict(self.result.camera_health),
            "warnings": {reason: count for reason, count in self.totals.warnings.items() if count},
            "minimum_count": self.scene.minimum_count,
        }

    def _events(self) -> list[dict[str, Any]]:
        """Return the events with their times in seconds from the first frame, as a replay gives them."""
        start_seconds = (self.result.first_event_time_ms or 0) / 1000
        moments = ("started_seconds", "ended_seconds")
        return [
            {
                name: round(value - start_seconds, 3)
                if name in moments and isinstance(value, (int, float))
                else value
                for name, value in event.items()
            }
            for event in self.totals.events
        ]

    def save_key_frame(self, path: Path) -> bool:
        """Write the frame with most tracks, annotated, as JPEG; return whether there was one."""
        key = self.result.key_frame
        if key is None:
            return False
        drawn = [DrawnTrack(track.track, track.box) for track in key.tracks]
        totals = {name: LineTotals(line["in"], line["out"]) for name, line in self.totals.lines.items()}
        save_jpeg(annotate_legibly(key.frame.image, self.scene, drawn, totals), path)
        return True


def check_camera(settings: CameraSettings) -> None:
    """Raise a `CrowdLensError` when the model, the scene or a file's source cannot be used.

    Opens everything and closes it again; a live camera is left alone, for it may allow one reader only.
    """
    detector = _open_detector(settings)
    given = None if settings.scene is None else read_scene(settings.scene)
    if given is not None:
        with naming(settings.scene):
            _open_analytics(given, detector, settings)
    if scheme_of(settings.source) is not None or device_number(settings.source) is not None:
        return
    source = open_source(settings.source, folder_frames_per_second=settings.folder_frames_per_second)
    try:
        with naming(settings.scene):
            _scene_for(source, given, detector)
    finally:
        source.close()


def run_camera(
    settings: CameraSettings,
    *,
    stop: threading.Event | None = None,
    progress: Callable[[Progress], None] | None = None,
    started: Callable[[Source, OnnxDetector, Scene], None] | None = None,
    alerts: AlertPublisher | None = None,
) -> CameraRun:
    """Run one camera until its source ends, `stop` is set or its time is up.

    `started` is called once everything is open. `alerts` is told of events and of faults of the camera.
    Raises a `CrowdLensError` for what the user has to mend before the first frame; a fault on the way ends
    the run with `problem` set.
    """
    # One thread a stage: OpenCV's own would take the cores from the model.
    cv2.setNumThreads(1)
    check_identifier("device", settings.device)
    detector = _open_detector(settings)
    given = None if settings.scene is None else read_scene(settings.scene)
    source = open_source(settings.source, folder_frames_per_second=settings.folder_frames_per_second)
    try:
        with naming(settings.scene):
            scene = _scene_for(source, given, detector)
            analytics = _open_analytics(scene, detector, settings)
        clock = DeviceClock()
        with Spool(settings.spool, device=settings.device, clock=clock) as spool:
            before = spool.counts()
            if started is not None:
                started(source, detector, scene)
            with (
                _deadline(settings.maximum_seconds, stop or threading.Event()) as ending,
                alerting(alerts, scene, settings.device) as note,
            ):
                try:
                    result = run_pipeline(
                        source,
                        detector,
                        analytics,
                        spool,
                        scene=scene,
                        clock=clock,
                        settings=PipelineSettings(start_time_ms=settings.start_time_ms),
                        stop=ending,
                        progress=progress,
                        on_records=note,
                        on_clock_moved=spool.restamp,
                    )
                    problem = None
                except PipelineStoppedError as error:
                    result, problem = error.result, str(error)
            spool.write_ledger()
            after = spool.counts()
    finally:
        source.close()
    return CameraRun(
        scene,
        result,
        analytics.totals,
        detector,
        problem,
        records_made=after.made - before.made,
        records_dropped=after.dropped - before.dropped,
        records_waiting=after.waiting,
    )


def _open_detector(settings: CameraSettings) -> OnnxDetector:
    return open_detector(
        settings.model,
        DetectorSettings(
            provider=settings.provider, threads=settings.threads, confidence=settings.confidence
        ),
    )


def _open_analytics(scene: Scene, detector: OnnxDetector, settings: CameraSettings) -> SceneAnalytics:
    # What the model calls a sure detection may start a track; weaker ones only continue one.
    tracking = TrackerSettings(
        high_confidence=detector.confidence,
        new_track_confidence=detector.confidence,
        low_confidence=min(TrackerSettings.low_confidence, detector.confidence),
    )
    return SceneAnalytics(
        scene,
        labels=detector.labels,
        window_seconds=settings.window_seconds,
        tracker_settings=tracking,
    )


def _scene_for(source: Source, given: Scene | None, detector: OnnxDetector) -> Scene:
    width, height = source.info.width, source.info.height
    return default_scene(width, height, detector.labels) if given is None else given.scaled_to(width, height)


@contextmanager
def _deadline(maximum_seconds: float | None, stop: threading.Event) -> Iterator[threading.Event]:
    """Set `stop` once `maximum_seconds` have passed."""
    if maximum_seconds is None:
        yield stop
        return
    timer = threading.Timer(maximum_seconds, stop.set)
    timer.daemon = True
    timer.start()
    try:
        yield stop
    finally:
        timer.cancel()
