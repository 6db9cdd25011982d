"""Plans and does a push or a rollback, one device after the other or several at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from cli.cloud import clear_cloud_errors
from cli.scene_push.differences import differences
from cli.scene_push.places import Cloud
from cli.scene_push.shadows import CameraShadows
from cli.scene_push.store import Part, SceneStore
from contract.camera_shadow import DesiredCamera, DesiredDocument
from contract.errors import CrowdLensError
from contract.scene import Scene

THREADS = 8
NOTHING = DesiredCamera(None, None)
T = TypeVar("T")


@dataclass(frozen=True)
class Wanted:
    """What is pushed to a camera: a scene, and a project, none (`drop_project`), or the one that is there."""

    camera: str
    scene: Part
    parsed: Scene
    project: Part | None = None
    drop_project: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became, or would become, of one camera; `error` is why nothing did."""

    device: str
    before: DesiredCamera = NOTHING
    after: DesiredCamera = NOTHING
    error: str | None = None

    @property
    def changed(self) -> bool:
        """Whether the camera is asked for something else than before."""
        return (self.before.scene, self.before.project) != (self.after.scene, self.after.project)


class Pusher:
    """Pushes to cameras of an account."""

    def __init__(self, cloud: Cloud, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.store = SceneStore(cloud.s3, cloud.bucket)
        self.shadows = CameraShadows(cloud.shadows)
        self._now = now
        self._scenes: dict[tuple[str, str], Scene | None] = {}

    def plan(self, wanted: Wanted, device: str) -> Outcome:
        """Return what a push would ask of a device, changing nothing."""
        before = self.shadows.read(device, wanted.camera).wanted
        after = self._following(before, wanted, lambda part: _document(part, device, wanted.camera))
        return Outcome(device, before, after)

    def push(self, wanted: Wanted, device: str) -> Outcome:
        """Store the files for a device, then point its camera to them: what it looks for is there."""
        parts = {
            part.key: self.store.put(part, device, wanted.camera)
            for part in (wanted.scene, wanted.project)
            if part is not None
        }
        before, after = self.shadows.change(
            device,
            wanted.camera,
            lambda current: self._following(current, wanted, lambda part: parts[part.key]),
        )
        return Outcome(device, before, after)

    def roll_back(self, camera: str, device: str, version: str | None, *, dry_run: bool) -> Outcome:
        """Point a camera to what it ran before, or to the scene `version`, with the project it has then."""
        stored = None if version is None else self.store.document(device, camera, version)

        def back(current: DesiredCamera) -> DesiredCamera:
            if stored is None:
                return current.before()
            return current.followed_by(scene=stored, project=current.project, at=self._at())

        if dry_run:
            before = self.shadows.read(device, camera).wanted
            return Outcome(device, before, back(before))
        return Outcome(device, *self.shadows.change(device, camera, back))

    def changes(self, outcome: Outcome, after: Scene | None = None) -> list[str]:
        """Return what a camera counts otherwise from now on, a line each."""
        old, new = outcome.before.scene, outcome.after.scene
        lines = []
        if new is not None and (old is None or old.version != new.version):
            scene = after or self._scene(new)
            before = None if old is None else self._scene(old)
            if old is not None and before is None:
                lines.append(f"version {old.version} is no longer in the bucket: no comparison")
            elif scene is not None:
                lines += differences(before, scene) or ["the same in other words"]
        if outcome.before.project != outcome.after.project:
            lines.append(f"project {_version(outcome.before.project)} → {_version(outcome.after.project)}")
        return lines

    def _scene(self, document: DesiredDocument) -> Scene | None:
        """Return a stored scene, read once for all devices that have the same file."""
        known = (document.version, document.sha256)
        if known not in self._scenes:
            self._scenes[known] = self.store.scene(document)
        return self._scenes[known]

    def _following(
        self,
        current: DesiredCamera,
        wanted: Wanted,
        document: Callable[[Part], DesiredDocument],
    ) -> DesiredCamera:
        project = current.project if wanted.project is None else document(wanted.project)
        return current.followed_by(
            scene=_same_version(current.scene, document(wanted.scene)),
            project=None if wanted.drop_project else _same_version(current.project, project),
            at=self._at(),
        )

    def _at(self) -> str:
        return self._now().isoformat(timespec="seconds")


def _same_version(current: DesiredDocument | None, pushed: DesiredDocument | None) -> DesiredDocument | None:
    """Return what is there when it is the version that is pushed: other comments are no change."""
    return (
        current
        if current is not None and pushed is not None and current.version == pushed.version
        else pushed
    )


def _document(part: Part, device: str, camera: str) -> DesiredDocument:
    """Return what a part would be in the bucket."""
    digest = hashlib.sha256(part.content).hexdigest()
    return DesiredDocument(part.version, part.key(device, camera, part.version), digest, len(part.content))


def _version(document: DesiredDocument | None) -> str:
    return "none" if document is None else document.version


def for_each(devices: Sequence[str], act: Callable[[str], Outcome]) -> Iterator[Outcome]:
    """Give the outcome of each device, in order, several at a time; one that fails stops no other."""
    return in_parallel(devices, act, lambda device, sentence: Outcome(device, error=sentence))


def in_parallel(
    devices: Sequence[str], act: Callable[[str], T], failed: Callable[[str, str], T]
) -> Iterator[T]:
    """Give what `act` returns for each device, or what `failed` makes of its error's sentence, in order."""

    def attempt(device: str) -> T:
        try:
            with clear_cloud_errors():
                return act(device)
        except CrowdLensError as error:
            return failed(device, str(error))

    with ThreadPoolExecutor(max(1, min(THREADS, len(devices))), thread_name_prefix="push") as pool:
        yield from pool.map(attempt, devices)
