"""One camera, from its source to the spool: opens everything, runs the pipeline, says what was counted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from contract.classification_message import ClassificationMessage
from contract.identity import check_identifier
from contract.project import Project
from contract.scene import Scene
from edge_components.runtime.annotate import DrawnTrack, LineTotals, annotate_legibly, save_jpeg
from edge_components.runtime.clock import DeviceClock
from edge_components.runtime.counting.analytics import SceneAnalytics
from edge_components.runtime.counting.totals import AnalyticsTotals
from edge_components.runtime.inference.model_settings import DetectorSettings
from edge_components.runtime.inference.open_model import Model, open_model
from edge_components.runtime.spool import Spool
from edge_components.vision.alerts import AlertPublisher, alerting
from edge_components.vision.analysis_run import Analytics
from edge_components.vision.camera_documents import CameraDocuments, ProjectDocument, SceneDocument
from edge_components.vision.camera_plan import CameraPlan
from edge_components.vision.classification import ClassificationAnalytics, Classified
from edge_components.vision.classification_messages import message_of
from edge_components.vision.default_scene import default_scene
from edge_components.vision.pipeline import (
    PipelineResult,
    PipelineSettings,
    PipelineStoppedError,
    run_pipeline,
)
from edge_components.vision.progress import Progress
from edge_components.vision.project_file import naming_project, read_project, scene_path
from edge_components.vision.scene_file import naming, read_scene
from edge_components.vision.sources import Source, open_source
from edge_components.vision.sources.address import device_number, scheme_of


@dataclass(frozen=True)
class CameraSettings:
    """What one camera runs on.

    `source` is anything `open_source` takes; `scene` None counts in the whole frame and at a line across its
    middle. `project` says what is looked for; the scene that it names counts where `scene` is None.
    `start_time_ms` is the event time of a file's first frame. `maximum_seconds` ends a run early.
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
    project: Path | None = None

    @property
    def scene_file(self) -> Path | None:
        """The scene's file: the one given, else the one that the project names."""
        if self.scene is not None or self.project is None:
            return self.scene
        return scene_path(read_project(self.project), self.project)


@dataclass(frozen=True)
class CameraRun:
    """What a run did; `problem` is a sentence when a fault ended it early, with all before it stored.

    `records_made` and `records_dropped` are this run's; `records_waiting` is all that waits in the spool.
    """

    scene: Scene
    result: PipelineResult
    totals: AnalyticsTotals
    detector: Model
    problem: str | None
    records_made: int
    records_dropped: int
    records_waiting: int
    classification: Mapping[str, Any] | None = None

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
            **({} if self.classification is None else {"classification": dict(self.classification)}),
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
    project = _project_of(settings)
    detector = _open_detector(settings)
    path = settings.scene_file
    given = None if path is None else read_scene(path)
    if given is not None:
        with naming(path), naming_project(settings.project):
            _plan(settings, project, given, detector).analytics(given)
    if scheme_of(settings.source) is not None or device_number(settings.source) is not None:
        return
    source = open_source(settings.source, folder_frames_per_second=settings.folder_frames_per_second)
    try:
        with naming(path):
            plan = _plan(settings, project, given or _whole_frame(source, detector), detector)
            plan.scene(source.info.width, source.info.height)
    finally:
        source.close()


def run_camera(
    settings: CameraSettings,
    *,
    stop: threading.Event | None = None,
    progress: Callable[[Progress], None] | None = None,
    started: Callable[[Source, Any, Scene], None] | None = None,
    alerts: AlertPublisher | None = None,
    tell: Callable[[ClassificationMessage], None] | None = None,
) -> CameraRun:
    """Run one camera until its source ends, `stop` is set or its time is up.

    `started` is called once everything is open. `alerts` is told of events and of faults of the camera;
    `tell` of what a classifier says when its project asks for messages. Neither may wait.
    Raises a `CrowdLensError` for what the user has to mend before the first frame; a fault on the way ends
    the run with `problem` set.
    """
    # One thread a stage: OpenCV's own would take the cores from the model.
    cv2.setNumThreads(1)
    check_identifier("device", settings.device)
    project = _project_of(settings)
    detector = _open_detector(settings)
    path = settings.scene_file
    given = None if path is None else read_scene(path)
    source = open_source(settings.source, folder_frames_per_second=settings.folder_frames_per_second)
    try:
        with naming(path), naming_project(settings.project):
            plan = _plan(settings, project, given or _whole_frame(source, detector), detector)
            scene = plan.scene(source.info.width, source.info.height)
            analytics = plan.analytics(scene, _telling(tell, scene, project, settings.device))
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
    assert isinstance(analytics, (SceneAnalytics, ClassificationAnalytics))  # noqa: S101 - what plans make
    return CameraRun(
        scene,
        result,
        analytics.totals,
        detector,
        problem,
        records_made=after.made - before.made,
        records_dropped=after.dropped - before.dropped,
        records_waiting=after.waiting,
        classification=_classification(analytics, project),
    )


def _project_of(settings: CameraSettings) -> Project | None:
    return None if settings.project is None else read_project(settings.project)


def _telling(
    tell: Callable[[ClassificationMessage], None] | None, scene: Scene, project: Project | None, device: str
) -> Callable[[Classified], None] | None:
    if tell is None or project is None:
        return None
    return lambda seen: tell(message_of(seen, scene, project, device))


def _classification(analytics: Analytics, project: Project | None) -> dict[str, Any] | None:
    """Return what a classifier said, for summary.json; None where objects are counted."""
    if project is None or not isinstance(analytics, ClassificationAnalytics):
        return None
    return {
        "project": project.name,
        "answer": analytics.answer,
        "changes": analytics.changes,
        "seconds_by_answer": analytics.seconds_by_answer,
        "labels": [
            {"label": label.label, "text": label.text, "probability": round(label.probability, 4)}
            for label in analytics.labels
        ],
    }


def _open_detector(settings: CameraSettings) -> Model:
    return open_model(
        settings.model,
        DetectorSettings(
            provider=settings.provider, threads=settings.threads, confidence=settings.confidence
        ),
    )


def _plan(settings: CameraSettings, project: Project | None, scene: Scene, detector: Model) -> CameraPlan:
    documents = CameraDocuments(
        SceneDocument(scene, b""), None if project is None else ProjectDocument(project, b"")
    )
    return CameraPlan(documents, detector, settings.window_seconds, settings.confidence)


def _whole_frame(source: Source, detector: Model) -> Scene:
    return default_scene(source.info.width, source.info.height, detector.labels)


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
