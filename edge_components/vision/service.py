"""One camera for as long as the device runs: waited for, run, and run again when it failed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from contract.errors import WorkFailedError
from contract.scene import Scene
from edge_components.runtime.inference.detector import OnnxDetector
from edge_components.vision.arguments import VisionArgumentError, VisionArguments
from edge_components.vision.camera import CameraRun, CameraSettings, run_camera
from edge_components.vision.progress import Progress
from edge_components.vision.sources import Source
from edge_components.vision.sources.backoff import BackOff
from edge_components.vision.sources.frames import SourceError
from edge_components.vision.sources.secret import read_secret

logger = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
"""How often a device that has no camera yet looks for one."""
REMIND_SECONDS = 300.0
PROGRESS_SECONDS = 60.0
STEADY_SECONDS = 60.0
"""A run this long was no failed start: the next wait is a short one again."""


class RunCamera(Protocol):
    """Runs one camera to its end, as `run_camera` does."""

    def __call__(
        self,
        settings: CameraSettings,
        *,
        stop: threading.Event,
        progress: Callable[[Progress], None],
        started: Callable[[Source, OnnxDetector, Scene], None],
    ) -> CameraRun:
        """Return what the run did."""
        ...


class CameraService:
    """Keeps one camera running until `stop` is set.

    What passes (a camera that is off, a full disk) is tried again at growing intervals; what somebody has to
    mend (a bad scene or model) raises its `CrowdLensError`.
    """

    def __init__(
        self,
        arguments: VisionArguments,
        stop: threading.Event,
        *,
        run: RunCamera = run_camera,
        back_off: BackOff | None = None,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._arguments = arguments
        self._stop = stop
        self._run = run
        self._back_off = back_off or BackOff(first_seconds=1.0)
        self._look_seconds = look_seconds

    def run(self) -> None:
        """Return when `stop` was set or a source that has an end reached it."""
        while (source := self._wait_for_camera()) is not None:
            problem = self._run_once(source)
            if problem is None or self._stop.is_set():
                return
            wait_seconds = self._back_off.next_seconds()
            logger.warning(
                "camera failed", extra={"problem": problem, "retry_seconds": round(wait_seconds, 1)}
            )
            self._stop.wait(wait_seconds)

    def _wait_for_camera(self) -> str | None:
        """Return the source once it and the scene are there, None when `stop` was set before."""
        needed = (self._arguments.source_file, self._arguments.scene)
        remind_at = time.monotonic()
        while not self._stop.is_set():
            missing = next((path for path in needed if not _has_text(path)), None)
            if missing is None:
                return read_secret("--source-file", self._arguments.source_file)
            if time.monotonic() >= remind_at:
                logger.warning("no camera is set up yet", extra={"missing": str(missing)})
                remind_at += REMIND_SECONDS
            self._stop.wait(self._look_seconds)
        return None

    def _run_once(self, source: str) -> str | None:
        """Return why the camera stopped, None when its source came to its end."""
        began = time.monotonic()
        try:
            run = self._run(
                self._arguments.camera(source),
                stop=self._stop,
                progress=_ProgressLog(),
                started=_log_start,
            )
        except (SourceError, WorkFailedError) as error:
            return str(error)
        finally:
            if time.monotonic() - began >= STEADY_SECONDS:
                self._back_off.reset()
        fields = {"frames": run.progress.frames, "made": run.records_made, "dropped": run.records_dropped}
        logger.info("camera ended", extra=fields)
        return run.problem


def _has_text(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
    except OSError as error:
        raise VisionArgumentError(
            f"{path} cannot be looked at ({error.strerror}): expected a readable file"
        ) from error


def _log_start(source: Source, detector: OnnxDetector, scene: Scene) -> None:
    fields = {
        "camera": scene.camera,
        "scene_version": scene.version,
        "source": source.name,
        "detector": detector.name,
        "provider": detector.provider,
        "provider_note": detector.provider_note,
    }
    logger.info("camera started", extra=fields)


class _ProgressLog:
    """Logs a run's pace once a minute."""

    def __init__(self) -> None:
        self._due = time.monotonic() + PROGRESS_SECONDS

    def __call__(self, progress: Progress) -> None:
        if time.monotonic() < self._due:
            return
        self._due += PROGRESS_SECONDS
        fields = {
            "frames": progress.frames,
            "skipped_frames": progress.skipped_frames,
            "frames_per_second": round(progress.frames_per_second, 2),
        }
        logger.info("camera runs", extra=fields)
