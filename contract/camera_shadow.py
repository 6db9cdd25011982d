"""The named shadow of a camera: which scene and project the cloud wants, and which the device runs.

::

    desired:  {"scene": {"version": V, "key": "scenes/DEVICE/CAMERA/V.yaml", "sha256": hex, "bytes": n},
               "project": {… "key": "scenes/DEVICE/CAMERA/project-V.yaml" …},
               "history": [{"at": when it was replaced, "scene": {…}, "project": {…}}, …]}
    reported: {"scene": {"version": V in force, "state": "in_force"}, "project": {…}}
           or {"scene": {"version": V in force, "state": "refused", "refused_version": W, "reason": sentence}}

The shadow service drops a key whose value is null, so a missing key and a null mean the same. The files
themselves lie in the artifacts bucket. Unknown keys are a newer cloud's or device's, and are ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from contract.camera_reported import (
    IN_FORCE,
    REFUSED,
    ReportedDocument,
    parse_reported,
    readable_reported,
    reported_document,
    reported_state,
)
from contract.camera_shadow_values import CameraShadowError, mapping, shown, text, whole
from contract.device_store import scenes_prefix
from contract.errors import CrowdLensError
from contract.identity import check_identifier
from contract.topics import camera_shadow_name

__all__ = [
    "IN_FORCE",
    "MAXIMUM_DOCUMENT_BYTES",
    "MAXIMUM_HISTORY",
    "REFUSED",
    "CameraShadowError",
    "DesiredCamera",
    "DesiredDocument",
    "PastCamera",
    "ReportedDocument",
    "ShadowState",
    "check_shadow_camera",
    "desired_state",
    "parse_desired",
    "parse_reported",
    "project_key",
    "readable_reported",
    "reported_document",
    "reported_state",
    "scene_key",
    "shadow_state",
]

MAXIMUM_DOCUMENT_BYTES = 256 * 1024
"""A scene or project written by hand is a few kilobytes; a device fetches no more."""
MAXIMUM_HISTORY = 5
"""Past settings in the shadow, which AWS bounds at 8 KiB; older ones stay in the bucket."""
_SHADOW_NAME_MAXIMUM = 64
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PART = {"scene": "", "project": "project-"}
"""What the name of a part's file begins with."""


@dataclass(frozen=True)
class DesiredDocument:
    """A versioned file in the artifacts bucket: its key there, its SHA-256 in hex and its size in bytes."""

    version: str
    key: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class PastCamera:
    """What a camera should run until `at` (ISO 8601), when something else was pushed."""

    at: str
    scene: DesiredDocument | None
    project: DesiredDocument | None


@dataclass(frozen=True)
class DesiredCamera:
    """What a camera should run, None for what the cloud says nothing about; `history` is newest first."""

    scene: DesiredDocument | None
    project: DesiredDocument | None
    history: tuple[PastCamera, ...] = ()

    def followed_by(
        self, *, scene: DesiredDocument | None, project: DesiredDocument | None, at: str
    ) -> DesiredCamera:
        """Return what follows on this from `at` on, with this as its latest past."""
        if (self.scene, self.project) in ((None, None), (scene, project)):
            return replace(self, scene=scene, project=project)
        past = (PastCamera(at, self.scene, self.project), *self.history)[:MAXIMUM_HISTORY]
        return DesiredCamera(scene, project, past)

    def before(self) -> DesiredCamera:
        """Return what came before this; raises `CameraShadowError` when there is no past."""
        if not self.history:
            raise CameraShadowError("history is empty: expected an earlier version to go back to")
        past = self.history[0]
        return DesiredCamera(past.scene, past.project, self.history[1:])


@dataclass(frozen=True)
class ShadowState:
    """A shadow as the service gives it: both halves as they are, and the version of the whole document."""

    desired: Mapping[str, Any]
    reported: Mapping[str, Any]
    version: int


def check_shadow_camera(camera: object) -> str:
    """Return `camera` when it may have a shadow: AWS IoT allows 64 characters, `camera-` included."""
    name = check_identifier("camera", camera)
    longest = _SHADOW_NAME_MAXIMUM - len(camera_shadow_name(""))
    if len(name) > longest:
        raise CameraShadowError(
            f"camera is {name!r}: expected at most {longest} characters for a named shadow"
        )
    return name


def scene_key(device: str, camera: str, version: str) -> str:
    """Return where the scene `version` of a camera lies in the artifacts bucket."""
    return _key(device, camera, "scene", version)


def project_key(device: str, camera: str, version: str) -> str:
    """Return where the project `version` of a camera lies in the artifacts bucket."""
    return _key(device, camera, "project", version)


def _key(device: str, camera: str, part: str, version: str) -> str:
    return f"{scenes_prefix(device)}{camera}/{_PART[part]}{version}.yaml"


def parse_desired(document: object, *, device: str, camera: str, with_history: bool = False) -> DesiredCamera:
    """Return what the desired half of a camera's shadow asks for; None or an empty one asks for nothing.

    Raises `CameraShadowError`, also for a key outside the camera's own folder of the bucket. The history is
    for who pushes: a device leaves it alone, so that nothing in it can keep a scene from being applied.
    """
    if document is None:
        return DesiredCamera(None, None)
    wanted = mapping("desired", document)
    history = wanted.get("history") if with_history else None
    return DesiredCamera(
        scene=_desired_document("desired", "scene", wanted, device, camera),
        project=_desired_document("desired", "project", wanted, device, camera),
        history=_history(history, device, camera),
    )


def desired_state(camera: DesiredCamera) -> dict[str, Any]:
    """Return the desired half of the shadow; a part that is not wanted is null, which takes it away.

    Not so in the history: the shadow service takes no null inside a list, so a missing part has no key.
    """
    return {
        "scene": _document(camera.scene),
        "project": _document(camera.project),
        "history": [
            {"at": past.at, **{name: part for name, part in _parts(past).items() if part is not None}}
            for past in camera.history
        ]
        or None,
    }


def _parts(past: PastCamera) -> dict[str, dict[str, Any] | None]:
    return {"scene": _document(past.scene), "project": _document(past.project)}


def _document(document: DesiredDocument | None) -> dict[str, Any] | None:
    if document is None:
        return None
    return {
        "version": document.version,
        "key": document.key,
        "sha256": document.sha256,
        "bytes": document.bytes,
    }


def shadow_state(payload: bytes | str) -> ShadowState:
    """Return the shadow in a message of ``get/accepted`` or ``update/documents``, or of GetThingShadow.

    A message of ``update/delta`` holds a part of the wanted state only and cannot be read like this: ask
    for the whole on it. Raises `CameraShadowError`.
    """
    try:
        document = mapping("the shadow", json.loads(payload))
    except (ValueError, RecursionError) as error:
        raise CameraShadowError("the shadow is no JSON: expected a shadow document") from error
    document = mapping("the shadow's current", document.get("current", document))
    state = document.get("state")
    halves = mapping("the shadow's state", {} if state is None else state)
    desired, reported = halves.get("desired"), halves.get("reported")
    return ShadowState(
        desired=mapping("desired", {} if desired is None else desired),
        reported=mapping("reported", {} if reported is None else reported),
        version=whole("the shadow's version", document.get("version")),
    )


def _history(value: object, device: str, camera: str) -> tuple[PastCamera, ...]:
    past: list[PastCamera] = []
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        for index, one in enumerate(value[:MAXIMUM_HISTORY]):
            try:
                past.append(_past(f"desired.history[{index}]", one, device, camera))
            except CrowdLensError:
                # Not the next one in its place: going back would go further back than anybody meant.
                break
    return tuple(past)


def _past(field: str, value: object, device: str, camera: str) -> PastCamera:
    past = mapping(field, value)
    return PastCamera(
        at=text(f"{field}.at", past.get("at")),
        scene=_desired_document(field, "scene", past, device, camera),
        project=_desired_document(field, "project", past, device, camera),
    )


def _desired_document(
    where: str, part: str, parts: Mapping[str, Any], device: str, camera: str
) -> DesiredDocument | None:
    value, field = parts.get(part), f"{where}.{part}"
    if value is None:
        return None
    given = mapping(field, value)
    version = check_identifier(f"{field}.version", given.get("version"))
    key = text(f"{field}.key", given.get("key"))
    expected = _key(device, camera, part, version)
    if key != expected:
        raise CameraShadowError(f"{field}.key is {shown(key)}: expected {expected}")
    sha256 = text(f"{field}.sha256", given.get("sha256"))
    if not _SHA256.fullmatch(sha256):
        raise CameraShadowError(f"{field}.sha256 is {shown(sha256)}: expected 64 hexadecimal digits")
    size = whole(f"{field}.bytes", given.get("bytes"))
    if not 0 < size <= MAXIMUM_DOCUMENT_BYTES:
        raise CameraShadowError(f"{field}.bytes is {size}: expected 1 to {MAXIMUM_DOCUMENT_BYTES}")
    return DesiredDocument(version, key, sha256, size)
