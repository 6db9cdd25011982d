"""One camera from an open source to the spool, by a plan that may change between two frames."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.classification_message import encode_classification
from contract.records import Record
from contract.scene import Scene
from contract.topics import classification_topic
from edge_components.runtime.clock import DeviceClock
from edge_components.runtime.counting.analytics import SceneAnalytics
from edge_components.runtime.frame_share import FrameWriter
from edge_components.runtime.spool import Spool
from edge_components.runtime.view_overlay import scene_overlay
from edge_components.vision.alerts import AlertPublisher, CameraAlerts
from edge_components.vision.analysis_run import AnalysedFrame, AnalysisRun
from edge_components.vision.camera_plan import CameraPlan
from edge_components.vision.classification import ClassificationAnalytics, Classified
from edge_components.vision.classification_messages import message_of
from edge_components.vision.open_fault import OpenFault
from edge_components.vision.pipeline import (
    PipelineResult,
    PipelineSettings,
    PipelineStoppedError,
    run_pipeline,
)
from edge_components.vision.progress import Progress
from edge_components.vision.sources import Source
from edge_components.vision.stages import Item, Silence, Stages

TELL_SECONDS = 1.0
"""How often the figures for the status are taken."""
_LEDGER_SECONDS = 300.0


@dataclass(frozen=True)
class RunPlaces:
    """Where a run's output goes; `publisher` and `view` None: nowhere. `open_fault` outlives the run."""

    spool: Path
    device: str
    publisher: AlertPublisher | None = None
    view: FrameWriter | None = None
    open_fault: OpenFault | None = None


class LiveRun:
    """Counts what `source` gives by `plan` until it ends or `end` is called.

    `changed` says how the picture is not what it was in the run before. Raises `CrowdLensError` when the
    plan does not fit the source's frame.
    """

    def __init__(
        self, source: Source, plan: CameraPlan, places: RunPlaces, *, changed: str | None = None
    ) -> None:
        self._changed = changed
        self._source = source
        self._places = places
        self._wanted = self._plan = plan
        self._scene = plan.scene(source.info.width, source.info.height)
        self._analytics = plan.analytics(self._scene, self._tell)
        self._ending = threading.Event()
        self._problem: str | None = None
        self._alerts: CameraAlerts | None = None
        self._pace = _Pace()
        self._figures: Mapping[str, Any] = {}
        self._figures_due = self._ledger_due = 0.0
        self.due_to_end: Callable[[str | None], str | None] = lambda _: None
        """Is asked every second, with why no picture comes at present; a sentence ends the run."""
        self.on_changed: Callable[[CameraPlan], None] = lambda _: None

    @property
    def scene(self) -> Scene:
        """The scene in force, in pixels of the frame."""
        return self._scene

    @property
    def plan(self) -> CameraPlan:
        """The plan in force; one that was offered follows within a frame."""
        return self._plan

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures."""
        return self._source.info.width, self._source.info.height

    @property
    def figures(self) -> Mapping[str, Any]:
        """What the status tells of the run, as of the last second."""
        return self._figures

    def offer(self, plan: CameraPlan) -> None:
        """Count by `plan` from the next frame on; raises `CrowdLensError` when it does not fit."""
        plan.analytics(plan.scene(self._source.info.width, self._source.info.height))
        self._wanted = plan

    def end(self, problem: str | None = None) -> None:
        """Ask the run to end, for a `problem` or because it is told to."""
        self._problem = self._problem or problem
        self._ending.set()

    def run(self) -> tuple[PipelineResult, str | None]:
        """Return what was done and, as a sentence, why it ended too early."""
        places = self._places
        clock = DeviceClock()
        with Spool(places.spool, device=places.device, clock=clock) as spool:
            if places.publisher is not None:
                self._alerts = CameraAlerts(
                    places.publisher, self._scene, places.device, open_fault=places.open_fault
                )
            self._ledger_due = time.monotonic() + _LEDGER_SECONDS
            try:
                result = run_pipeline(
                    self._source,
                    self._plan.model,
                    self._analytics,
                    spool,
                    scene=self._scene,
                    clock=clock,
                    settings=PipelineSettings(changed=self._changed),
                    stop=self._ending,
                    progress=self._pace.note,
                    on_frame=self._show,
                    on_records=self._note,
                    on_clock_moved=spool.restamp,
                    between=lambda run, stages, item: self._between(run, stages, item, spool),
                )
                problem = self._problem
            except PipelineStoppedError as error:
                result, problem = error.result, str(error)
            finally:
                if self._alerts is not None:
                    self._alerts.close(1.0)
            spool.write_ledger()
        return result, problem

    def _between(self, run: AnalysisRun, stages: Stages, item: Item | Silence, spool: Spool) -> bool:
        """Change what is to change before an item; return whether the analytics can take it."""
        wanted = self._wanted
        use = stages.use(wanted.model)
        # Due once everything that other models saw has come through.
        if wanted is not self._plan and item.use == use:
            self._change(run, wanted)
        now = time.monotonic()
        if now >= self._figures_due:
            self._figures_due = now + TELL_SECONDS
            self._figures = self._taken(run, now)
            why = self.due_to_end(self._source.fault)
            if why is not None:
                self.end(why)
        if now >= self._ledger_due:
            self._ledger_due = now + _LEDGER_SECONDS
            spool.write_ledger()
        self._look_at_size()
        # A model may have been wanted for a few frames only: no analytics were made for what it saw.
        return isinstance(item, Silence) or item.model is self._plan.model

    def _change(self, run: AnalysisRun, wanted: CameraPlan) -> None:
        scene = wanted.scene(self._source.info.width, self._source.info.height)
        analytics, last = wanted.follow(self._analytics, scene, self._tell)
        run.change(analytics, scene, last)
        if self._alerts is not None:
            self._alerts.use_scene(scene)
        self._plan, self._scene, self._analytics = wanted, scene, analytics
        self.on_changed(wanted)

    def _look_at_size(self) -> None:
        """End the run when the camera gives pictures of another size: the scene has to be fitted anew."""
        size = getattr(self._source, "other_size", None)
        if size is not None:
            info = self._source.info
            self.end(f"the camera gives {size[0]}x{size[1]} instead of {info.width}x{info.height}")

    def _note(self, records: Sequence[Record]) -> None:
        if self._alerts is not None:
            self._alerts.note(records)

    def _show(self, frame: AnalysedFrame) -> None:
        if self._places.view is not None:
            self._places.view.offer(
                frame.frame.image, lambda: self._overlay(frame), event_time_ms=frame.event_time_ms
            )

    def _overlay(self, frame: AnalysedFrame) -> dict[str, Any]:
        analytics = self._analytics
        if isinstance(analytics, SceneAnalytics):
            return scene_overlay(
                self._scene, frame.tracks, lines=analytics.line_totals, zones=analytics.occupancy
            )
        captions = []
        if isinstance(analytics, ClassificationAnalytics):
            captions = [f"{label.text} {label.probability:.2f}" for label in analytics.labels]
        return scene_overlay(self._scene, [], captions=captions)

    def _tell(self, told: Classified) -> None:
        """Publish what a classifier says, by way of the alerts' queue, which never waits."""
        project = self._plan.documents.project
        if self._alerts is None or project is None:
            return
        scene, device = self._scene, self._places.device
        message = message_of(told, scene, project.project, device)
        topic = classification_topic(scene.site, device, scene.camera)
        self._alerts.say(topic, encode_classification(message))

    def _taken(self, run: AnalysisRun, now: float) -> dict[str, Any]:
        model, analytics = self._plan.model, self._analytics
        inference = run.inference_of_late
        figures: dict[str, Any] = {
            "camera_state": run.camera_state,
            "frames": self._pace.frames,
            "frames_per_second": round(self._pace.since_last(now), 2),
            "provider": model.provider,
            "provider_note": getattr(model, "provider_note", None),
            "provider_steps": list(getattr(model, "provider_steps", ())),
            "scene_version": self._scene.version,
            "skipped_frames": self._source.skipped_frames,
            "inference_milliseconds_p50": None if inference is None else inference.p50,
            "inference_milliseconds_p95": None if inference is None else inference.p95,
            "problem": self._source.fault,
        }
        if isinstance(analytics, SceneAnalytics):
            figures |= {"zones": analytics.occupancy, "lines": analytics.line_totals}
        elif isinstance(analytics, ClassificationAnalytics):
            figures |= {"zones": {}, "lines": {}, "answer": analytics.answer}
        return figures


class _Pace:
    """Frames analysed, and how many a second since the last look."""

    def __init__(self) -> None:
        self.frames = 0
        self._before: tuple[float, int] | None = None

    def note(self, progress: Progress) -> None:
        self.frames = progress.frames

    def since_last(self, now: float) -> float:
        before, self._before = self._before, (now, self.frames)
        if before is None or now <= before[0]:
            return 0.0
        return (self.frames - before[1]) / (now - before[0])
