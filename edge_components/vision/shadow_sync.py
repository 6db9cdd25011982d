"""One camera's shadow: fetches the scene and project that the cloud wants, offers them, reports what is so.

The newest state counts: of several pushes that come together only the last is fetched. What cannot be fetched
now is tried again; what is bad is refused with a sentence, and the scene before it stays in force.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

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
    ProjectDocument,
    SceneDocument,
    is_same,
    read_project_document,
    read_scene_document,
)

logger = logging.getLogger(__name__)

FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 5.0, 300.0
_SCENE, _PROJECT = "scene", "project"
_HEARD = ("get/accepted", "update/delta")


class Channel(Protocol):
    """What is needed of `Ipc`."""

    def publish(self, topic: str, payload: str | bytes) -> None:
        """Publish on an MQTT topic; raises `IpcError`."""
        ...

    def subscribe(self, topic_filter: str, call: Callable[[str, bytes], None]) -> None:
        """Call `call` with topic and payload of each message; raises `IpcError`."""
        ...

    def on_return(self, call: Callable[[], None]) -> None:
        """Call `call` after each reconnection."""
        ...


class ReadObject(Protocol):
    """What is needed of `ObjectStore`."""

    def read(self, key: str, maximum_bytes: int) -> bytes:
        """Return an object; raises `ObjectStoreError`."""
        ...


class Worker(Protocol):
    """What is needed of `CameraWorker`."""

    verdict: Callable[[CameraDocuments | None, CameraDocuments, str | None], None] | None

    @property
    def documents(self) -> CameraDocuments | None:
        """What the camera counts by, or will."""
        ...

    def offer(self, documents: CameraDocuments) -> bool:
        """Count by other documents; raises `CrowdLensError`."""
        ...


@dataclass(frozen=True)
class _Refusal:
    version: str
    reason: str


class ShadowSync:
    """Keeps one camera and its named shadow in step, on a thread of its own."""

    def __init__(self, camera: str, device: str, channel: Channel) -> None:
        self.problem: str | None = None
        self._camera, self._device, self._channel = camera, device, channel
        self._worker: Worker | None = None
        self._store: ReadObject | None = None
        self._lock = threading.RLock()
        self._subscribed: set[str] = set()
        self._asked = False
        self._latest: ShadowState | None = None
        self._wanted = DesiredCamera(None, None)
        self._refusals: dict[str, _Refusal] = {}
        self._pending = False
        self._said: Mapping[str, Any] | None = None
        self._retry_seconds = FIRST_RETRY_SECONDS
        self._timer: threading.Timer | None = None
        self._work = Coalescer(f"shadow of {camera}", self._turn, quiet_seconds=0.1)
        channel.on_return(self.ask)

    def attach(self, worker: Worker | None, store: ReadObject | None) -> None:
        """Serve `worker` from now on, with what is in `store`; None lets the camera be."""
        with self._lock:
            self._worker, self._store, self._said, self._refusals = worker, store, None, {}
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

    # The thread

    def _turn(self) -> None:
        if self._worker is None:
            return
        self._cancel_retry()
        try:
            self._subscribe()
            if self._asked:
                self._asked = False
                self._channel.publish(self._topic("get"), b"")
            if self._latest is not None:
                self._follow(self._latest)
        except (IpcError, ObjectStoreError) as error:
            self._try_again(str(error))

    def _subscribe(self) -> None:
        for operation in _HEARD:
            if operation not in self._subscribed:
                self._channel.subscribe(self._topic(operation), self._heard)
                self._subscribed.add(operation)

    def _try_again(self, problem: str) -> None:
        self.problem = problem
        fields = {"camera": self._camera, "problem": problem, "retry_seconds": self._retry_seconds}
        logger.warning("scene not fetched", extra=fields)
        self._timer = threading.Timer(self._retry_seconds, self.ask)
        self._timer.daemon = True
        self._timer.start()
        self._retry_seconds = min(2 * self._retry_seconds, LONGEST_RETRY_SECONDS)

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
            self._refusals = {_SCENE: _Refusal(_version_of(state.desired), str(error))}
            self._report(worker.documents)
            return
        self._wanted = wanted
        present = worker.documents
        self._refusals = _still(self._refusals, wanted)
        found = self._found(wanted, present)
        if found is not None and (present is None or (found.scene, found.project) != _parts(present)):
            self._offer(worker, found, present)
        self.problem, self._retry_seconds = None, FIRST_RETRY_SECONDS
        if not self._pending or self._refusals:
            self._report(worker.documents)

    def _found(self, wanted: DesiredCamera, present: CameraDocuments | None) -> CameraDocuments | None:
        """Return the documents that are wanted, the present ones in the place of what is bad."""
        scene, project = _parts(present)
        if wanted.scene is not None and not is_same(scene, wanted.scene):
            scene = self._fetched(wanted.scene, _SCENE, self._read_scene) or scene
        if wanted.project is None:
            project = None
        elif not is_same(project, wanted.project):
            project = self._fetched(wanted.project, _PROJECT, read_project_document) or project
        return None if scene is None else CameraDocuments(scene, project)

    def _read_scene(self, content: bytes, version: str) -> SceneDocument:
        return read_scene_document(content, self._camera, version)

    def _fetched(self, wanted: DesiredDocument, part: str, read: Callable[[bytes, str], Any]) -> Any:
        """Return a document of the bucket, None when it is refused; raises `ObjectStoreError` for later."""
        refusal = self._refusals.get(part)
        if refusal is not None and refusal.version == wanted.version:
            return None
        try:
            return read(self._content(wanted), wanted.version)
        except (ObjectMissingError, ObjectMismatchError) as error:
            self._refuse(part, wanted.version, str(error))
        except ObjectStoreError:
            raise
        except CrowdLensError as error:
            self._refuse(part, wanted.version, str(error))
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
        try:
            self._pending = not worker.offer(found)
        except CrowdLensError as error:
            reason = str(error)
        else:
            logger.info("scene offered", extra={"camera": self._camera, "version": found.scene.version})
            return
        before_scene, before_project = _parts(present)
        if found.project is not before_project:
            version = "none" if found.project is None else str(found.project.version)
            self._refuse(_PROJECT, version, reason)
            if found.scene is not before_scene:
                self._offer(worker, replace(found, project=before_project), present)
        else:
            self._refuse(_SCENE, str(found.scene.version), reason)

    def _refuse(self, part: str, version: str, reason: str) -> None:
        self._refusals[part] = _Refusal(version, reason)
        fields = {"camera": self._camera, "part": part, "version": version, "reason": reason}
        logger.warning("refused", extra=fields)

    def _judged(
        self, in_force: CameraDocuments | None, documents: CameraDocuments, reason: str | None
    ) -> None:
        """Hear from the camera's own thread what became of documents it could not try at once."""
        self._pending = False
        if reason is None:
            here = [document.version for document in _parts(documents) if document is not None]
            self._refusals = {part: one for part, one in self._refusals.items() if one.version not in here}
        else:
            same_scene = in_force is not None and in_force.scene is documents.scene
            if same_scene and documents.project is not None:
                self._refuse(_PROJECT, str(documents.project.version), reason)
            else:
                version = documents.scene.version or documents.scene.scene.version
                self._refuse(_SCENE, version, reason)
        try:
            self._report(in_force)
        except IpcError as error:
            self._try_again(str(error))

    def _report(self, in_force: CameraDocuments | None) -> None:
        """Say what is so, unless the shadow says it already; raises `IpcError`."""
        with self._lock:
            scene, project = _parts(in_force)
            scene_version = None if scene is None else scene.version or scene.scene.version
            project_version = None if project is None else project.version or project.project.version
            state = reported_state(
                scene=self._reported(_SCENE, scene_version), project=self._reported(_PROJECT, project_version)
            )
            reported = state["state"]["reported"]
            known = {} if self._latest is None else self._latest.reported
            if self._said == reported or (self._said is None and _without_nulls(reported) == dict(known)):
                return
            self._channel.publish(self._topic("update"), json.dumps(state, ensure_ascii=False))
            self._said = reported

    def _reported(self, part: str, version: str | None) -> dict[str, Any] | None:
        refusal = self._refusals.get(part)
        if refusal is not None:
            return reported_document(version, refused_version=refusal.version, reason=refusal.reason)
        return None if version is None else reported_document(version)


def _parts(documents: CameraDocuments | None) -> tuple[SceneDocument | None, ProjectDocument | None]:
    return (None, None) if documents is None else (documents.scene, documents.project)


def _still(refusals: Mapping[str, _Refusal], wanted: DesiredCamera) -> dict[str, _Refusal]:
    """Return the refusals of what is wanted still."""
    versions = {
        _SCENE: None if wanted.scene is None else wanted.scene.version,
        _PROJECT: None if wanted.project is None else wanted.project.version,
    }
    return {part: refusal for part, refusal in refusals.items() if versions[part] == refusal.version}


def _version_of(desired: Mapping[str, Any]) -> str:
    scene = desired.get(_SCENE)
    version = scene.get("version") if isinstance(scene, Mapping) else None
    return str(version or "unknown")[:64]


def _without_nulls(value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _without_nulls(item) if isinstance(item, Mapping) else item
        for name, item in value.items()
        if item is not None
    }
