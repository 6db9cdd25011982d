"""The thread of one camera: waits for what is missing, runs, and runs again, whatever happens to it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.errors import CrowdLensError
from contract.project import ProjectError
from contract.scene import SceneError
from edge_components.runtime.frame_share import FrameShare, FrameWriter
from edge_components.vision.alerts import AlertPublisher
from edge_components.vision.camera_documents import CameraDocuments, DocumentFolder
from edge_components.vision.camera_plan import CameraPlan
from edge_components.vision.camera_setup import AddressWatch, address_of, local_documents, missing_of
from edge_components.vision.component_settings import CameraEntry, VisionSettings
from edge_components.vision.held_model import HeldModel
from edge_components.vision.live_run import LiveRun, RunPlaces
from edge_components.vision.model_bench import BorrowedModel, ModelBench
from edge_components.vision.open_fault import OpenFault
from edge_components.vision.sources import Source
from edge_components.vision.sources.address import shown
from edge_components.vision.sources.backoff import BackOff

logger = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
FAULT_FILE = "open_fault.json"
STEADY_SECONDS = 60.0
"""A run this long was no failed start: the next wait is a short one again."""
LONGEST_WAIT_SECONDS = 30.0
WAITING, RUNNING, ENDED, FAILED = "waiting", "running", "ended", "failed"


@dataclass(frozen=True)
class Workplace:
    """What the cameras of a device share; `open_source` takes an address and may take long."""

    device: str
    spool: Path
    scenes: Path
    view: Path
    bench: ModelBench
    open_source: Callable[[str, VisionSettings], Source]
    publisher: AlertPublisher | None = None


class CameraWorker:
    """One camera for as long as it is configured; no fault of it reaches another.

    `verdict` hears, on the worker's thread, what became of documents that could not be tried at once: the
    documents in force, and a sentence when others were refused.
    """

    def __init__(
        self,
        entry: CameraEntry,
        settings: VisionSettings,
        workplace: Workplace,
        *,
        back_off: BackOff | None = None,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self.entry = entry
        self.verdict: Callable[[CameraDocuments | None, CameraDocuments, str | None], None] | None = None
        self._settings = settings
        self._workplace = workplace
        self._back_off = back_off or BackOff(first_seconds=1.0, maximum_seconds=LONGEST_WAIT_SECONDS)
        self._look_seconds = look_seconds
        self._lock = threading.RLock()
        self._stop, self._wake = threading.Event(), threading.Event()
        self._folder = None if entry.name is None else DocumentFolder(workplace.scenes, entry.name)
        self._good = None if self._folder is None else self._folder.read()
        self._candidate: CameraDocuments | None = None
        self._run: LiveRun | None = None
        self._model = HeldModel(workplace.bench)
        self._unfit = False
        self._size: tuple[int, int] | None = None
        self._view: FrameWriter | None = None
        self._state, self._problem = WAITING, "not started yet"
        self._source_name: str | None = None
        self._address: AddressWatch | None = None
        self._open_fault = OpenFault(
            None if entry.name is None else workplace.scenes / entry.name / FAULT_FILE
        )
        self._thread = threading.Thread(target=self._work, name=f"camera-{entry.name}", daemon=True)

    @property
    def name(self) -> str:
        """The camera's name: the configuration's, or that of the scene in the settings folder."""
        if self.entry.name is not None:
            return self.entry.name
        return "camera" if self._good is None else self._good.scene.scene.camera

    @property
    def documents(self) -> CameraDocuments | None:
        """What it counts by, or will when it runs; None while it has no scene."""
        return self._candidate or self._good

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """End the run and the thread soon."""
        self._stop.set()
        self._wake.set()
        with self._lock:
            run = self._run
        if run is not None:
            run.end()

    def join(self, seconds: float) -> bool:
        """Wait for the thread; False when it hangs, in a driver for example, and is left to itself."""
        if self._thread.is_alive():
            self._thread.join(None if seconds == float("inf") else max(0.0, seconds))
        return not self._thread.is_alive()

    def offer(self, documents: CameraDocuments) -> bool:
        """Count by other documents; True: from the next frame on, False: once the camera gives pictures.

        Raises `CrowdLensError` when they cannot be used, with everything as it was.
        """
        taken = self._change(lambda: None if self._stop.is_set() else (documents, self._settings))
        return bool(taken)

    def _change(self, wanted: Callable[[], tuple[CameraDocuments, VisionSettings] | None]) -> bool | None:
        """Count by what is `wanted` once its model is open; None when nothing is wanted any more.

        Opening may take minutes, in which another thread may have changed what is in force: what is wanted
        is asked for once more then, so that nothing newer is undone.
        """
        with ExitStack() as outdated:
            while (found := wanted()) is not None:
                documents, settings = found
                try:
                    model = self._model.borrow(documents, settings)
                except CrowdLensError:
                    if self._run is not None or documents.project is not None:
                        raise
                    # The model is missing, which is no fault of the scene.
                    self._await(documents)
                    return False
                with self._lock:
                    if wanted() == found:
                        return self._put(documents, settings, model)
                # Given back at the end only: most likely it is the very model that is wanted still.
                outdated.callback(model.give_back)
        return None

    def _put(self, documents: CameraDocuments, settings: VisionSettings, model: BorrowedModel) -> bool:
        """Count by documents with a model; the lock is held."""
        plan = CameraPlan(documents, model.model, settings.window_seconds, settings.confidence)
        run = self._run
        try:
            if run is not None:
                run.offer(plan)
                self._settings = settings
                self._hold(model, run, plan)
                self._keep(documents)
                return True
            # Without a picture only the fit to its size cannot be checked.
            scene = documents.scene.scene
            plan.analytics(plan.scene(scene.frame_width, scene.frame_height))
        except BaseException:
            model.give_back()
            raise
        # Held until the camera runs, so that it is not opened twice.
        self._model.keep_open(model)
        if self._state == ENDED:
            self._keep(documents)
            return True
        self._await(documents)
        return False

    def _await(self, documents: CameraDocuments) -> None:
        with self._lock:
            self._candidate = documents
        self._wake.set()

    def update(self, settings: VisionSettings) -> None:
        """Count with other settings; raises `CrowdLensError` when the present documents do not allow it."""

        def wanted() -> tuple[CameraDocuments, VisionSettings] | None:
            documents = self._running_documents()
            return None if documents is None else (documents, settings)

        while self._change(wanted) is None and self._run is not None:
            # Its run has only just begun.
            continue
        with self._lock:
            self._settings = settings
        self._wake.set()

    def refresh_model(self) -> None:
        """Take the model that the store names now, when it is another; a failure keeps the old one."""
        documents = self._running_documents()
        place = None if documents is None else self._model.other_place(documents, self._settings)
        if documents is None or place is None:
            return
        try:
            if not self._change(self._in_force):
                return
        except CrowdLensError as error:
            if self._running_documents() is not documents:
                # Others came meanwhile: theirs is looked at the next time.
                return
            self._model.refuse(place, str(error))
            fields = {"camera": self.name, "problem": self._model.problem}
            logger.warning("model not changed", extra=fields)
        else:
            logger.info("model changed", extra={"camera": self.name, "model": place.shown})

    def _in_force(self) -> tuple[CameraDocuments, VisionSettings] | None:
        documents = self._running_documents()
        return None if documents is None else (documents, self._settings)

    def _running_documents(self) -> CameraDocuments | None:
        with self._lock:
            return None if self._run is None else self._good

    def details(self) -> dict[str, Any]:
        """Return what the status tells of the camera."""
        run, documents = self._run, self._good
        figures: Mapping[str, Any] = {} if run is None else run.figures
        problem = self._problem or figures.get("problem") or self._model.problem
        version = None if documents is None else documents.scene.scene.version
        return {
            "scene_version": version,
            **figures,
            "state": self._state,
            "source": self._source_name,
            "model": self._model.name,
            "model_problem": self._model.problem,
            "problem": problem,
        }

    # The thread

    def _work(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            self._wake.clear()
            try:
                wait_seconds = self._turn()
            except CrowdLensError as error:
                wait_seconds = self._failed(str(error), began)
            except Exception as error:  # a mistake of ours in one camera must not end the others
                logger.exception("camera failed", extra={"camera": self.name})
                wait_seconds = self._failed(f"{type(error).__name__}: {error}", began)
            if wait_seconds is None:
                break
            self._wake.wait(wait_seconds)
        self._let_go()

    def _failed(self, problem: str, began: float) -> float:
        if time.monotonic() - began >= STEADY_SECONDS:
            self._back_off.reset()
        wait_seconds = self._back_off.next_seconds()
        self._say(FAILED, problem)
        fields = {"camera": self.name, "problem": problem, "retry_seconds": round(wait_seconds, 1)}
        logger.warning("camera failed", extra=fields)
        return wait_seconds

    def _turn(self) -> float | None:
        """Run once when everything is there; return how long to wait for the next turn, None at the end."""
        missing = self._missing()
        if missing is not None:
            self._say(WAITING, missing)
            return self._look_seconds
        source = self._open_source()
        try:
            run = self._make_run(source)
        except BaseException:
            source.close()
            raise
        if run is None or self._stop.is_set():
            source.close()
            return 0.0
        return self._run_once(run)

    def _missing(self) -> str | None:
        """Return what there is still no sign of; reads a local scene where no other counts."""
        missing = missing_of(self.entry)
        if missing is not None:
            return missing
        if self.entry.name is None or self.documents is None:
            self._good = local_documents(self.entry)
        return None if self.documents is not None else "no scene yet: expected one in the camera's shadow"

    def _open_source(self) -> Source:
        address = address_of(self.entry)
        self._source_name, self._address = shown(address), AddressWatch(self.entry, address)
        self._say(WAITING, f"{self._source_name} is being opened")
        return self._workplace.open_source(address, self._settings)

    def _make_run(self, source: Source) -> LiveRun | None:
        """Return a run of the newest documents; None when they were refused, or others came meanwhile."""
        documents, settings = self.documents, self._settings
        if documents is None:
            return None
        model = self._model.borrow(documents, settings)
        try:
            plan = CameraPlan(documents, model.model, settings.window_seconds, settings.confidence)
            run = LiveRun(source, plan, self._places(), changed=self._size_change(source))
            if self._address is not None:
                run.due_to_end = self._address.change
            run.on_changed = lambda changed: self._model.drop_former(changed.model)
        except (SceneError, ProjectError) as error:
            model.give_back()
            if self._refused(documents, str(error)):
                return None
            raise
        except BaseException:
            model.give_back()
            raise
        with self._lock:
            if documents is not self.documents or settings is not self._settings:
                model.give_back()
                return None
            self._hold(model, None, plan)
            self._run, self._size = run, run.size
        self._proved(documents)
        return run

    def _places(self) -> RunPlaces:
        workplace = self._workplace
        if self._view is None:
            self._view = FrameShare.writer(workplace.view, self.name)
        return RunPlaces(workplace.spool, workplace.device, workplace.publisher, self._view, self._open_fault)

    def _size_change(self, source: Source) -> str | None:
        size = source.info.width, source.info.height
        if self._size in (None, size) or self._size is None:
            return None
        return f"the picture has {size[0]}x{size[1]} pixels, before it had {self._size[0]}x{self._size[1]}"

    def _run_once(self, run: LiveRun) -> float | None:
        began = time.monotonic()
        self._say(RUNNING, None)
        fields = {"camera": self.name, "scene_version": run.scene.version, "source": self._source_name}
        logger.info("camera started", extra=fields)
        try:
            result, problem = run.run()
        finally:
            with self._lock:
                self._run = None
        logger.info("camera ended", extra={"camera": self.name, "frames": result.frames, "problem": problem})
        if self._stop.is_set():
            return None
        if problem is not None:
            return self._failed(problem, began)
        self._say(ENDED, None)
        return None

    # Documents and models

    def _hold(self, model: BorrowedModel, run: LiveRun | None, plan: CameraPlan) -> None:
        """Hold another model; those before go once no frame in flight can need them."""
        self._model.hold(model)
        if run is None or run.plan is plan:
            self._model.drop_former()

    def _keep(self, documents: CameraDocuments) -> None:
        is_new = documents is not self._good
        self._good, self._candidate = documents, None
        if is_new and self._folder is not None:
            self._folder.keep(documents)

    def _proved(self, documents: CameraDocuments) -> None:
        if documents is not self._candidate and not self._unfit:
            return
        self._unfit = False
        self._keep(documents)
        if self.verdict is not None:
            self.verdict(documents, documents, None)

    def _refused(self, documents: CameraDocuments, reason: str) -> bool:
        """Tell that documents do not fit; return whether there are others to go on with."""
        with self._lock:
            if documents is self._candidate:
                self._candidate = None
            self._unfit = documents is self._good
            in_force = None if self._unfit else self._good
        logger.warning("scene refused", extra={"camera": self.name, "reason": reason})
        if self.verdict is not None:
            self.verdict(in_force, documents, reason)
        return in_force is not None

    def _say(self, state: str, problem: str | None) -> None:
        self._state, self._problem = state, problem or ""

    def _let_go(self) -> None:
        if self._view is not None:
            self._view.close()
        self._model.close()
