"""What the camera watch, the device's own code, says when it is shown dark pictures, blurred ones or none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from cli.history.agents import Random
from cli.history.incidents import CAMERA_FAULTS, DARK, LOST, REBOOT, SILENT, Incident
from cli.history.profiles import BLOCK_MS
from cli.history.sites import SimulatedCamera
from cli.history.stretch import FRAMES_PER_SECOND
from contract.records import Record
from contract.tables import CLOCK_SYNCED
from edge_components.vision.camera_health import CameraHealth
from edge_components.vision.sources.frames import Frame, Image, SourceInfo

_WIDTH, _HEIGHT = 160, 90
_SHOWN_SECONDS = 25
"""Long enough for the watch to learn a view, and to believe a fault or its end."""
_SILENCE_STEP_MS = 60_000
_DARK_GAIN, _BLUR_PX = 0.01, 9


class CameraWatch:
    """Leads one `CameraHealth` through the faults of a camera; pictures are shown only around changes."""

    def __init__(self, camera: SimulatedCamera, random: Random) -> None:
        self._camera = camera
        self._random = random
        view = random.integers(0, 2, (9, 16)).astype(np.uint8) * 110 + 60
        self._view: Image = np.repeat(
            cv2.resize(view, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_NEAREST)[..., None], 3, axis=2
        )
        self._seconds = 0.0
        self._index = 0
        self._health = self._new()

    def records(self, incidents: Sequence[Incident], start_ms: int) -> list[Record]:
        """Return what is reported from `start_ms` on over `incidents`, in their order."""
        found = list(self._show(start_ms))
        for one in incidents:
            began_ms, ended_ms = start_ms + one.first * BLOCK_MS, start_ms + one.last * BLOCK_MS
            if one.kind in (SILENT, REBOOT):
                # The power went: a new process learns the view anew.
                self._health = self._new()
            elif one.kind == LOST:
                found += self._silence(began_ms, ended_ms)
            elif one.kind in CAMERA_FAULTS:
                found += self._show(began_ms, one.kind)
            found += self._show(ended_ms)
        return found

    def _new(self) -> CameraHealth:
        info = SourceInfo(_WIDTH, _HEIGHT, FRAMES_PER_SECOND, None, live=True)
        return CameraHealth(self._camera.scene, info)

    def _show(self, start_ms: int, fault: str | None = None) -> Iterator[Record]:
        for frame in range(round(_SHOWN_SECONDS * FRAMES_PER_SECOND)):
            moment_ms = start_ms + round(1000 * frame / FRAMES_PER_SECOND)
            picture = Frame(self._picture(fault), self._index, self._seconds)
            yield from self._health.observe(picture, moment_ms, CLOCK_SYNCED)
            self._seconds += 1 / FRAMES_PER_SECOND
            self._index += 1

    def _silence(self, start_ms: int, end_ms: int) -> list[Record]:
        records: list[Record] = []
        # The last picture came as the fault began.
        records += self._health.observe(
            Frame(self._picture(None), self._index, self._seconds), start_ms, CLOCK_SYNCED
        )
        began_seconds = self._seconds
        for moment_ms in (start_ms + 6_000, *range(start_ms + _SILENCE_STEP_MS, end_ms, _SILENCE_STEP_MS)):
            self._seconds = began_seconds + (moment_ms - start_ms) / 1000
            records += self._health.silence(self._seconds, moment_ms, CLOCK_SYNCED, None)
        self._seconds = began_seconds + (end_ms - start_ms) / 1000
        self._index += 1
        return records

    def _picture(self, fault: str | None) -> Image:
        image = self._view.astype(np.float32)
        if fault == DARK:
            image *= _DARK_GAIN
        elif fault is not None:
            image = cv2.GaussianBlur(image, (0, 0), _BLUR_PX).astype(np.float32)
        image += self._random.normal(0, 1.5, image.shape).astype(np.float32)
        return np.clip(image, 0, 255).astype(np.uint8)
