"""All cameras of a device, each on threads of its own: added, removed and changed without the others."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from contract.errors import CrowdLensError
from edge_components.vision.camera_worker import FAILED, LOOK_SECONDS, RUNNING, CameraWorker, Workplace
from edge_components.vision.component_settings import CameraEntry, VisionSettings
from edge_components.vision.shadow_partners import Channel, ReadObject
from edge_components.vision.shadow_sync import ShadowSync

logger = logging.getLogger(__name__)

CHANGE_SECONDS = 2.5
"""So long a camera that is removed or changed may take to end; one that hangs is left to itself then."""


class Cameras:
    """Runs the cameras of `settings` until `stop`; `channel` None: without shadows.

    What is waited for (a scene, a model of the store) is looked for every `look_seconds`.
    """

    def __init__(
        self,
        settings: VisionSettings,
        workplace: Workplace,
        *,
        channel: Channel | None,
        store: Callable[[str], ReadObject],
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._settings = settings
        self._workplace = workplace
        self._channel = channel
        self._store = store
        self._look_seconds = look_seconds
        self._applying = threading.Lock()
        """One change after another; opening a model for it may take minutes."""
        self._lock = threading.RLock()
        """Held shortly only: who wants to stop must not wait for a change."""
        self._workers: dict[CameraEntry, CameraWorker] = {}
        self._syncs: dict[str, ShadowSync] = {}
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._watch_models, name="models", daemon=True)

    def start(self) -> None:
        """Begin; a camera that is not there is waited for."""
        with self._lock:
            for entry in self._settings.cameras:
                self._add(entry)
        self._watch.start()

    def apply(self, settings: VisionSettings) -> None:
        """Work with other settings; raises `CrowdLensError` with the present ones in force."""
        with self._applying:
            before = self._settings
            kept = [entry for entry in settings.cameras if entry in self._workers]
            self._update(kept, settings, before)
            self._settings = settings
            self._remove([entry for entry in list(self._workers) if entry not in settings.cameras])
            with self._lock:
                for entry in settings.cameras:
                    if entry not in self._workers:
                        self._add(entry)
                if settings.artifacts_bucket != before.artifacts_bucket:
                    for entry in kept:
                        self._attach(self._workers[entry])

    def stop(self) -> None:
        """End all cameras; waits for as long as one hangs."""
        self._stopping.set()
        with self._lock:
            workers = list(self._workers.values())
            syncs = list(self._syncs.values())
        for sync in syncs:
            sync.close()
        for worker in workers:
            worker.ask_to_stop()
        for worker in workers:
            worker.join(float("inf"))

    def details(self) -> dict[str, Any]:
        """Return the status of each camera by its name."""
        workers = list(self._workers.values())
        return {worker.name: self._told(worker) for worker in workers}

    def summary(self) -> tuple[bool, str | None]:
        """Return whether a camera runs, and what the first one that does not run waits for."""
        details = self.details()
        runs = any(camera["state"] == RUNNING for camera in details.values())
        faults = [
            f"camera {name}: {camera['problem']}"
            for name, camera in details.items()
            if camera["problem"] and (camera["state"] == FAILED or not runs)
        ]
        return runs, faults[0] if faults else None

    def _told(self, worker: CameraWorker) -> dict[str, Any]:
        details = worker.details()
        sync = self._syncs.get(worker.name)
        if sync is not None and sync.problem and not details["problem"]:
            details["problem"] = sync.problem
        return details

    def _add(self, entry: CameraEntry) -> None:
        if self._stopping.is_set():
            return
        worker = CameraWorker(entry, self._settings, self._workplace, look_seconds=self._look_seconds)
        self._workers[entry] = worker
        self._attach(worker)
        worker.start()
        logger.info("camera added", extra={"camera": worker.name})

    def _attach(self, worker: CameraWorker) -> None:
        name, bucket = worker.entry.name, self._settings.artifacts_bucket
        if self._channel is None or name is None:
            return
        sync = self._syncs.get(name)
        if sync is None:
            sync = self._syncs[name] = ShadowSync(name, self._workplace.device, self._channel)
        sync.attach(worker, None if bucket is None else self._store(bucket))

    def _remove(self, entries: Iterable[CameraEntry]) -> None:
        with self._lock:
            removed = [self._workers.pop(entry) for entry in entries]
        for worker in removed:
            if worker.entry.name in self._syncs:
                self._syncs[worker.entry.name].attach(None, None)
            worker.ask_to_stop()
        deadline = time.monotonic() + CHANGE_SECONDS
        for worker in removed:
            ended = worker.join(deadline - time.monotonic())
            logger.info("camera removed", extra={"camera": worker.name, "hangs": not ended})

    def _update(self, entries: list[CameraEntry], settings: VisionSettings, before: VisionSettings) -> None:
        """Let cameras that stay count by other settings, or none of them."""
        done: list[CameraWorker] = []
        try:
            for entry in entries:
                self._workers[entry].update(settings)
                done.append(self._workers[entry])
        except CrowdLensError:
            for worker in done:
                worker.update(before)
            raise

    def _watch_models(self) -> None:
        while not self._stopping.wait(self._look_seconds):
            with self._lock:
                workers = list(self._workers.values())
            for worker in workers:
                try:
                    worker.refresh_model()
                except Exception:
                    # The watch must live: without it no model would ever change.
                    logger.exception("model not looked at", extra={"camera": worker.name})
