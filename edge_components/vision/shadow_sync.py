"""One camera's shadow: fetches the scene and project that the cloud wants, offers them, reports what is so.

The newest state counts: of several pushes that come together only the last is fetched. What cannot be fetched
now is tried again; what is bad is refused with a sentence, and the scene before it stays in force.

A push while the device is offline is told to nobody once the nucleus' MQTT session has expired, and no
component hears that the link is back. So the whole shadow is asked for now and then.
"""

from __future__ import annotations

import hashlib
import json
import logging
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from contract.camera_shadow import (
    MAXIMUM_DOCUMENT_BYTES,
    CameraShadowError,
    DesiredCamera,
    DesiredDocument,
    ShadowState,
    parse_desired,
    reported_document,
    reported_state,
    shadow_state,
)
from contract.errors import CrowdLensError
from contract.topics import camera_shadow_topic
from edge_components.runtime.ipc import IpcError
from edge_components.runtime.lanes import Coalescer
from edge_components.runtime.object_store import ObjectMismatchError, ObjectMissingError, ObjectStoreError
from edge_components.vision.camera_documents import (
    CameraDocuments,
    SceneDocument,
    is_same,
    read_project_document,
    read_scene_document,
)
from edge_components.vision.shadow_partners import Channel, ReadObject, Worker
from edge_components.vision.shadow_values import (
    PROJECT,
    SCENE,
    Refusal,
    parts_of,
    rejection_of,
    still_wanted,
    version_wanted,
    without_nulls,
)

logger = logging.getLogger(__name__)

FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 5.0, 300.0
ANSWER_SECONDS = 60.0
"""A get without an answer is repeated after this, then ever later: the nucleus keeps them all."""
PERIOD_SECONDS = 15 * 60.0, 30 * 60.0
"""The shadow is asked for at a random moment in between, so that a fleet does not ask at once."""
_NO_SHADOW = 404
_HEARD = ("get/accepted", "get/rejected", "update/delta", "update/rejected")


class ShadowSync:
    """Keeps one camera and its named shadow in step, on a thread of its own."""

    def __init__(
        self,
        camera: str,
        device: str,
        channel: Channel,
        *,
        answer_seconds: float = ANSWER_SECONDS,
        period_seconds: tuple[float, float] = PERIOD_SECONDS,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.problem: str | None = None
        self._answer_seconds, self._period_seconds = answer_seconds, period_seconds
        self._uniform = uniform
        self._unanswered = self._rejections = 0
        self._rejected: str | None = None
        self._camera, self._device, self._channel = camera, device, channel
        self._worker: Worker | None = None
        self._store: ReadObject | None = None
        self._lock = threading.RLock()
        self._subscribed: set[str] = set()
        self._asked = False
        self._latest: ShadowState | None = None
        self._wanted = DesiredCamera(None, None)
        self._refusals: dict[str, Refusal] = {}
        self._pending: CameraDocuments | None = None
        self._latest_judged: CameraDocuments | None = None
        self._said: Mapping[str, Any] | None = None
        self._retry_seconds = FIRST_RETRY_SECONDS
        self._timer: threading.Timer | None = None
        self._work = Coalescer(f"shadow of {camera}", self._turn, quiet_seconds=0.1)
        channel.on_return(self.ask)

    def attach(self, worker: Worker | None, store: ReadObject | None) -> None:
        """Serve `worker` from now on, with what is in `store`; None lets the camera be."""
        with self._lock:
            self._worker, self._store, self._said, self._refusals = worker, store, None, {}
            self._pending, self._rejections = None, 0
            if worker is not None:
                worker.verdict = self._judged
        self.ask()

    def ask(self) -> None:
        """Ask for the whole shadow soon."""
        self._asked = True
        self._work.announce()

    def close(self) -> None:
        """Do nothing more."""
        self._worker = None
        self._cancel_retry()
        self._work.close()

    def _topic(self, operation: str) -> str:
        return camera_shadow_topic(self._device, self._camera, operation)

    def _heard(self, topic: str, payload: bytes) -> None:
        if topic == self._topic("update/delta"):
            # A part of what is wanted only: the whole is asked for.
            self.ask()
            return
        if topic.endswith("/rejected"):
            self._hear_rejected(topic, payload)
            return
        self._unanswered = 0
        try:
            state = shadow_state(payload)
        except CameraShadowError as error:
            self.problem = str(error)
            logger.warning("shadow not understood", extra={"camera": self._camera, "problem": str(error)})
            return
        with self._lock:
            if self._latest is None or state.version >= self._latest.version:
                self._latest = state
        self._work.announce()

    def _hear_rejected(self, topic: str, payload: bytes) -> None:
        """Take in that a get or an update was rejected; that there is no shadow yet is an answer, too."""
        code, reason = rejection_of(payload)
        is_get = topic == self._topic("get/rejected")
        if is_get:
            self._unanswered = 0
        else:
            # What was said did not arrive.
            self._said = None
        if not (is_get and code == _NO_SHADOW):
            self._rejected = f"shadow of {self._camera}: {'get' if is_get else 'update'} rejected, {reason}"
        self._work.announce()

    # The thread

    def _turn(self) -> None:
        if self._worker is None:
            return
        self._cancel_retry()
        try:
            self._subscribe()
            rejected, self._rejected = self._rejected, None
            if rejected is not None:
                self._rejections += 1
                self._try_again(rejected, self._rejections)
                return
            if self._asked:
                self._asked = False
                self._unanswered += 1
                self._channel.publish(self._topic("get"), b"")
            if self._latest is not None:
                self._follow(self._latest)
        except (IpcError, ObjectStoreError) as error:
            self._try_again(str(error))
        else:
            self._look_later()

    def _subscribe(self) -> None:
        for operation in _HEARD:
            if operation not in self._subscribed:
                self._channel.subscribe(self._topic(operation), self._heard)
                self._subscribed.add(operation)

    def _try_again(self, problem: str, times: int | None = None) -> None:
        """Ask again, later each time; `times` counts those in a row that an answered get does not end."""
        self.problem = problem
        seconds = self._retry_seconds
        if times is None:
            self._retry_seconds = min(2 * seconds, LONGEST_RETRY_SECONDS)
        else:
            seconds = min(FIRST_RETRY_SECONDS * 2.0 ** min(times - 1, 32), LONGEST_RETRY_SECONDS)
        fields = {"camera": self._camera, "problem": problem, "retry_seconds": seconds}
        logger.warning("scene not fetched", extra=fields)
        self._ask_after(seconds)

    def _look_later(self) -> None:
        """Ask again: soon while something is missing or no answer came, else in a period."""
        missing = next((one for one in self._refusals.values() if not one.is_final), None)
        if missing is not None:
            self._try_again(missing.reason)
            return
        shortest, longest = self._period_seconds
        if self._unanswered:
            waited = self._answer_seconds * 2.0 ** min(self._unanswered - 1, 32)
            longest = min(waited, longest)
            shortest = 0.9 * longest
        self._ask_after(self._uniform(shortest, longest))

    def _ask_after(self, seconds: float) -> None:
        self._cancel_retry()
        timer = threading.Timer(seconds, self.ask)
        timer.daemon = True
        self._timer = timer
        timer.start()

    def _cancel_retry(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _follow(self, state: ShadowState) -> None:
        worker = self._worker
        if worker is None:
            return
        try:
            wanted = parse_desired(state.desired, device=self._device, camera=self._camera)
        except CameraShadowError as error:
            self._refusals = {SCENE: Refusal(version_wanted(state.desired), str(error))}
            self._report(worker.documents)
            return
        if wanted != self._wanted:
            self._wanted, self._retry_seconds, self._rejections = wanted, FIRST_RETRY_SECONDS, 0
        present = worker.documents
        self._refusals = still_wanted(self._refusals, wanted)
        found = self._found(wanted, present)
        if found is not None and (present is None or (found.scene, found.project) != parts_of(present)):
            self._offer(worker, found, present)
        self.problem = None
        if all(refusal.is_final for refusal in self._refusals.values()):
            self._retry_seconds = FIRST_RETRY_SECONDS
        if self._pending is None or self._refusals:
            self._report(worker.documents)

    def _found(self, wanted: DesiredCamera, present: CameraDocuments | None) -> CameraDocuments | None:
        """Return the documents that are wanted, the present ones in the place of what is bad."""
        scene, project = parts_of(present)
        if wanted.scene is not None and not is_same(scene, wanted.scene):
            scene = self._fetched(wanted.scene, SCENE, self._read_scene) or scene
        if wanted.project is None:
            project = None
        elif not is_same(project, wanted.project):
            project = self._fetched(wanted.project, PROJECT, read_project_document) or project
        return None if scene is None else CameraDocuments(scene, project)

    def _read_scene(self, content: bytes, version: str) -> SceneDocument:
        return read_scene_document(content, self._camera, version)

    def _fetched(self, wanted: DesiredDocument, part: str, read: Callable[[bytes, str], Any]) -> Any:
        """Return a document of the bucket, None when it is refused; raises `ObjectStoreError` for later."""
        refusal = self._refusals.get(part)
        if refusal is not None and refusal.version == wanted.version and refusal.is_final:
            return None
        try:
            document = read(self._content(wanted), wanted.version)
        except ObjectMissingError as error:
            # Not there, or not granted: either may be put right without another push.
            self._refuse(part, wanted.version, str(error), is_final=False)
        except ObjectMismatchError as error:
            self._refuse(part, wanted.version, str(error))
        except ObjectStoreError:
            raise
        except CrowdLensError as error:
            self._refuse(part, wanted.version, str(error))
        else:
            self._refusals.pop(part, None)
            return document
        return None

    def _content(self, wanted: DesiredDocument) -> bytes:
        if self._store is None:
            raise CameraShadowError("configuration artifactsBucket is missing: expected the scenes' bucket")
        content = self._store.read(wanted.key, MAXIMUM_DOCUMENT_BYTES)
        if len(content) != wanted.bytes:
            raise ObjectMismatchError(f"{wanted.key} has {len(content)} bytes: expected {wanted.bytes}")
        found = hashlib.sha256(content).hexdigest()
        if found != wanted.sha256:
            raise ObjectMismatchError(f"{wanted.key} has sha256 {found}: expected {wanted.sha256}")
        return content

    def _offer(self, worker: Worker, found: CameraDocuments, present: CameraDocuments | None) -> None:
        """Offer what was found; when it does not go together, the scene alone, with the present project."""
        with self._lock:
            # Before the offer: the camera's thread may judge it at once.
            before, self._pending = self._pending, found
        try:
            if worker.offer(found):
                self._pending = None
        except CrowdLensError as error:
            with self._lock:
                self._pending = None if before is self._latest_judged else before
            reason = str(error)
        else:
            logger.info("scene offered", extra={"camera": self._camera, "version": found.scene.version})
            return
        before_scene, before_project = parts_of(present)
        if found.project is not before_project:
            version = "none" if found.project is None else str(found.project.version)
            self._refuse(PROJECT, version, reason)
            if found.scene is not before_scene:
                self._offer(worker, replace(found, project=before_project), present)
        else:
            self._refuse(SCENE, str(found.scene.version), reason)

    def _refuse(self, part: str, version: str, reason: str, *, is_final: bool = True) -> None:
        self._refusals[part] = Refusal(version, reason, is_final)
        fields = {"camera": self._camera, "part": part, "version": version, "reason": reason}
        logger.warning("refused", extra=fields)

    def _judged(
        self, in_force: CameraDocuments | None, documents: CameraDocuments, reason: str | None
    ) -> None:
        """Hear from the camera's own thread what became of documents it could not try at once."""
        with self._lock:
            self._latest_judged = documents
            if self._pending is documents:
                self._pending = None
        if reason is None:
            here = [document.version for document in parts_of(documents) if document is not None]
            self._refusals = {part: one for part, one in self._refusals.items() if one.version not in here}
        else:
            same_scene = in_force is not None and in_force.scene is documents.scene
            if same_scene and documents.project is not None:
                self._refuse(PROJECT, str(documents.project.version), reason)
            else:
                version = documents.scene.version or documents.scene.scene.version
                self._refuse(SCENE, version, reason)
        try:
            self._report(in_force)
        except IpcError as error:
            self._try_again(str(error))

    def _report(self, in_force: CameraDocuments | None) -> None:
        """Say what is so, unless the shadow says it already; raises `IpcError`."""
        with self._lock:
            scene, project = parts_of(in_force)
            scene_version = None if scene is None else scene.version or scene.scene.version
            project_version = None if project is None else project.version or project.project.version
            state = reported_state(
                scene=self._reported(SCENE, scene_version), project=self._reported(PROJECT, project_version)
            )
            reported = state["state"]["reported"]
            known = {} if self._latest is None else self._latest.reported
            if self._said == reported or (self._said is None and without_nulls(reported) == dict(known)):
                return
            self._channel.publish(self._topic("update"), json.dumps(state, ensure_ascii=False))
            self._said = reported

    def _reported(self, part: str, version: str | None) -> dict[str, Any] | None:
        refusal = self._refusals.get(part)
        if refusal is not None:
            return reported_document(version, refused_version=refusal.version, reason=refusal.reason)
        return None if version is None else reported_document(version)
