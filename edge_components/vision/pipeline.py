"""Frames in, records out: decoding, inference and analytics overlap in three threads."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from contract.errors import CrowdLensError
from contract.records import Record
from contract.scene import Scene
from edge_components.vision.analysis_run import (
    AnalysedFrame,
    AnalysisRun,
    Analytics,
    PipelineResult,
    RecordSink,
)
from edge_components.vision.camera_health import CameraHealth, CameraHealthSettings
from edge_components.vision.event_times import Clock, EventTimes
from edge_components.vision.progress import Progress
from edge_components.vision.sources.frames import Source
from edge_components.vision.stages import FrameModel, Item, Silence, Stages

__all__ = [
    "AnalysedFrame",
    "Analytics",
    "Between",
    "PipelineResult",
    "PipelineSettings",
    "PipelineStoppedError",
    "RecordSink",
    "run_pipeline",
]
logger = logging.getLogger(__name__)

SWITCH_INTERVAL_SECONDS = 0.0005
"""How long Python may keep the inference thread waiting for the interpreter; by default 5 ms, which is as
long as a whole inference of a small model."""


@dataclass(frozen=True)
class PipelineSettings:
    """How a run is done.

    `start_time_ms` is the event time of a file's first frame. `file_buffers` and `live_buffers` bound the
    frames in flight: a file may run ahead of the model, a camera's frame should be analysed while it is new.
    `changed` says how the camera's picture is not what it was in the run before.
    """

    start_time_ms: int | None = None
    file_buffers: int = 6
    live_buffers: int = 3
    health: CameraHealthSettings = field(default_factory=CameraHealthSettings)
    changed: str | None = None


Between = Callable[[AnalysisRun, Stages, "Item | Silence"], bool]
"""Is called on the analysing thread before each frame and each silence; False leaves it out."""


class PipelineStoppedError(CrowdLensError):
    """Raised when a fault ended a run early; all that was counted before it is stored and in `result`."""

    def __init__(self, sentence: str, result: PipelineResult) -> None:
        super().__init__(sentence)
        self.result = result


def run_pipeline(
    source: Source,
    detector: FrameModel,
    analytics: Analytics,
    sink: RecordSink,
    *,
    scene: Scene,
    clock: Clock,
    settings: PipelineSettings | None = None,
    stop: threading.Event | None = None,
    progress: Callable[[Progress], None] | None = None,
    on_frame: Callable[[AnalysedFrame], None] | None = None,
    on_records: Callable[[Sequence[Record]], None] | None = None,
    on_clock_moved: Callable[[], object] | None = None,
    between: Between | None = None,
) -> PipelineResult:
    """Analyse `source` until it ends or `stop` is set, and return what was done; the source is closed.

    Frames in flight are finished after `stop`, and the last records stored. `on_records` sees records once
    they are stored; it must return at once and not raise. `between` may change things before each frame and
    silence, or leave it out. Raises `PipelineStoppedError` when the source or the model failed on the way,
    after storing what was counted; errors of analytics and sink are raised as they are, after storing what
    can be stored still.
    """
    stop = stop or threading.Event()
    settings = settings or PipelineSettings()
    times = EventTimes(
        clock, source.info, start_time_ms=settings.start_time_ms, on_clock_moved=on_clock_moved
    )
    health = CameraHealth(scene, source.info, settings.health, changed=settings.changed)
    run = AnalysisRun(
        source=source,
        detector=detector,
        analytics=analytics,
        sink=sink,
        times=times,
        health=health,
        progress=progress,
        on_frame=on_frame,
        on_records=on_records,
    )
    buffers = settings.live_buffers if source.info.live else settings.file_buffers
    stages = Stages(source, detector, stop, buffers)
    with _quick_switching:
        stages.start()
        try:
            while (item := stages.take()) is not None:
                if between is None or between(run, stages, item):
                    run.handle(item)
                if isinstance(item, Item):
                    stages.give_back(item)
        except Exception as error:
            _rescue(run, error)
            raise
        finally:
            stages.close()
            source.close()
    stopped = stages.error is None and stop.is_set()
    run.finish(_ending(stages.error, stopped))
    result = run.result(stopped=stopped)
    if isinstance(stages.error, CrowdLensError):
        raise PipelineStoppedError(str(stages.error), result) from stages.error
    if stages.error is not None:
        raise stages.error
    return result


def _rescue(run: AnalysisRun, error: Exception) -> None:
    """Store the open windows of a run that a mistake ends, as far as analytics and sink still work."""
    try:
        run.finish(_ending(error, stopped=False))
    except Exception:
        logger.exception("the last records of a run were lost")


class _QuickSwitching:
    """Lets Python switch threads quickly while any run of the process goes on, then as before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs = 0
        self._before_seconds = sys.getswitchinterval()

    def __enter__(self) -> None:
        with self._lock:
            if self._runs == 0:
                self._before_seconds = sys.getswitchinterval()
                sys.setswitchinterval(min(self._before_seconds, SWITCH_INTERVAL_SECONDS))
            self._runs += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._runs -= 1
            if self._runs == 0:
                sys.setswitchinterval(self._before_seconds)


_quick_switching = _QuickSwitching()


def _ending(error: BaseException | None, stopped: bool) -> str:
    if error is not None:
        return str(error) or type(error).__name__
    return "stopped on request" if stopped else "the source ended"
