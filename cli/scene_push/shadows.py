"""The named shadows of cameras: read, and changed so that two people at once never mix."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contract.camera_shadow import (
    DesiredCamera,
    ReportedDocument,
    desired_state,
    parse_desired,
    readable_reported,
    shadow_state,
)
from contract.errors import WorkFailedError
from contract.topics import camera_shadow_name

ATTEMPTS = 5


class ShadowConflictError(WorkFailedError):
    """Raised when somebody else kept changing the shadow."""


@dataclass(frozen=True)
class CameraState:
    """A camera as its shadow has it: wanted, reported, and the shadow's version, 0 when there is none.

    `problem` says what of the report cannot be read: a confused device must not keep anybody from mending it.
    """

    wanted: DesiredCamera
    scene: ReportedDocument | None
    project: ReportedDocument | None
    version: int
    problem: str | None = None


class CameraShadows:
    """The shadows of an account, by boto3's `iot-data` client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def read(self, device: str, camera: str) -> CameraState:
        """Return the state of a camera; of one without a shadow nothing is wanted."""
        try:
            answer = self._client.get_thing_shadow(thingName=device, shadowName=camera_shadow_name(camera))
        except self._client.exceptions.ResourceNotFoundException:
            return CameraState(DesiredCamera(None, None), None, None, 0)
        state = shadow_state(answer["payload"].read())
        scene, project, problem = readable_reported(state.reported)
        return CameraState(
            parse_desired(state.desired, device=device, camera=camera, with_history=True),
            scene,
            project,
            state.version,
            problem,
        )

    def change(
        self, device: str, camera: str, change: Callable[[DesiredCamera], DesiredCamera]
    ) -> tuple[DesiredCamera, DesiredCamera]:
        """Apply `change` to what is wanted of a camera; return what was wanted before, and now.

        The update names the version it was read at: when somebody else was quicker it is refused, and
        `change` is applied to what they left. Raises `ShadowConflictError`.
        """
        for _ in range(ATTEMPTS):
            state = self.read(device, camera)
            wanted = change(state.wanted)
            if wanted == state.wanted or self._update(device, camera, wanted, state.version):
                return state.wanted, wanted
        raise ShadowConflictError(
            f"camera {camera} of {device} was changed by others {ATTEMPTS} times meanwhile: try again"
        )

    def _update(self, device: str, camera: str, wanted: DesiredCamera, version: int) -> bool:
        document: dict[str, Any] = {"state": {"desired": desired_state(wanted)}}
        if version:
            document["version"] = version
        try:
            self._client.update_thing_shadow(
                thingName=device, shadowName=camera_shadow_name(camera), payload=json.dumps(document)
            )
        except self._client.exceptions.ConflictException:
            return False
        return True
