"""Vision as a component: its configuration, what of it changes live, its cameras and its status."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2

from edge_components.runtime.component import ComponentContext
from edge_components.runtime.object_store import ObjectStore
from edge_components.vision.camera_worker import LOOK_SECONDS, Workplace
from edge_components.vision.cameras import Cameras
from edge_components.vision.component_settings import VisionSettings, check_model, read_settings
from edge_components.vision.model_bench import ModelBench, OpenModel, open_model
from edge_components.vision.shadow_partners import ReadObject
from edge_components.vision.sources import Source, open_source

OpenSource = Callable[[str, VisionSettings], Source]


def open_camera(address: str, settings: VisionSettings) -> Source:
    """Return the source at `address`; raises `SourceError`."""
    return open_source(address, folder_frames_per_second=settings.folder_frames_per_second)


class VisionComponent:
    """Counts what the device's cameras see; every setting changes live, camera by camera."""

    name = "vision"

    def __init__(
        self,
        *,
        opener: OpenModel = open_model,
        source_opener: OpenSource = open_camera,
        store: Callable[[str], ReadObject] = ObjectStore,
        look_seconds: float = LOOK_SECONDS,
        spool: Path | None = None,
    ) -> None:
        self._look_seconds, self._spool = look_seconds, spool
        self._opener, self._source_opener, self._store = opener, source_opener, store
        self._cameras: Cameras | None = None

    def settings(self, configuration: Mapping[str, Any]) -> VisionSettings:
        """Return the settings of `configuration`; raises `CrowdLensError`."""
        settings = read_settings(configuration)
        check_model(settings.model)
        return settings

    def start(self, settings: VisionSettings, context: ComponentContext) -> None:
        """Start a thread a camera and return."""
        # One thread a stage: OpenCV's own would take the cores from the model.
        cv2.setNumThreads(1)
        folders = context.folders
        workplace = Workplace(
            device=context.thing_name,
            spool=self._spool or folders.spool,
            scenes=folders.scenes,
            view=folders.view,
            bench=ModelBench(folders.models, opener=self._opener),
            open_source=self._source_opener,
            publisher=context.ipc,
        )
        self._context = context
        self._cameras = Cameras(
            settings,
            workplace,
            channel=context.ipc,
            store=self._store,
            look_seconds=self._look_seconds,
        )
        context.status.details_from(self._details)
        self._cameras.start()

    def apply(self, settings: VisionSettings) -> bool:
        """Count by other settings; raises `CrowdLensError` when cameras cannot, and then none does."""
        if self._cameras is None:
            return False
        self._cameras.apply(settings)
        return True

    def stop(self) -> None:
        """End the cameras, the last records stored; one that hangs in its driver is not waited for twice."""
        if self._cameras is not None:
            self._cameras.stop()

    def _details(self) -> dict[str, Any]:
        cameras = self._cameras
        if cameras is None:
            return {}
        runs, reason = cameras.summary()
        self._context.status.report("running" if runs else "waiting", reason)
        return {"cameras": cameras.details()}
