"""What goes wrong in a history: where and when, drawn from the seed so that every kind is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cli.history.agents import Random
from cli.history.profiles import BLOCK_MS
from cli.history.sites import SimulatedCamera

DARK, BLURRED, LOST = "dark", "blurred", "lost"
SILENT, REBOOT = "device_silent", "device_reboot"
UNSYNCED, RESTAMPED = "clock_unsynced", "clock_restamped"
DROPPED = "tracks_dropped"
CAMERA_FAULTS = (DARK, BLURRED, LOST)
_HOUR_BLOCKS = 3_600_000 // BLOCK_MS
_QUIET_BLOCKS = 2 * _HOUR_BLOCKS
"""At either end of a history nothing goes wrong, but for what is still going on."""
_MARGIN_BLOCKS = 2
_DAYS_PER_REBOOT = 9.0


@dataclass(frozen=True)
class Incident:
    """Something wrong with `subject`, a camera or device, from block `first` to before block `last`."""

    kind: str
    subject: str
    first: int
    last: int

    def told(self, start_ms: int) -> dict[str, object]:
        """Return it with times in milliseconds."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "started_ms": start_ms + self.first * BLOCK_MS,
            "ended_ms": start_ms + self.last * BLOCK_MS,
        }


class IncidentPlan:
    """Places incidents so that none of a device or of its cameras overlaps another."""

    def __init__(self, cameras: Sequence[SimulatedCamera], blocks: int, random: Random) -> None:
        self.incidents: list[Incident] = []
        self._cameras = cameras
        self._blocks = blocks
        self._random = random
        self._taken: dict[str, list[tuple[int, int]]] = {}
        self._device_of = {camera.name: camera.device for camera in cameras}

    def add(self, kind: str, subject: str, hours: float) -> None:
        """Place an incident of about `hours`, less in a short history; none where there is no room."""
        longest = max(1, self._blocks // 16)
        length = min(longest, max(2, round(hours * _HOUR_BLOCKS * self._random.uniform(0.8, 1.2))))
        for _ in range(50):
            first = int(self._random.integers(_QUIET_BLOCKS, max(self._blocks - _QUIET_BLOCKS - length, 25)))
            if first + length <= self._blocks - _QUIET_BLOCKS and self._is_free(
                subject, first, first + length
            ):
                self.add_at(kind, subject, first, first + length)
                return

    def add_at(self, kind: str, subject: str, first: int, last: int) -> None:
        """Place an incident at blocks `first` to `last`."""
        self.incidents.append(Incident(kind, subject, first, last))
        device = self._device_of.get(subject, subject)
        self._taken.setdefault(device, []).append((first - _MARGIN_BLOCKS, last + _MARGIN_BLOCKS))

    def _is_free(self, subject: str, first: int, last: int) -> bool:
        taken = self._taken.get(self._device_of.get(subject, subject), [])
        return all(last <= start or first >= end for start, end in taken)


def plan_incidents(cameras: Sequence[SimulatedCamera], blocks: int, random: Random) -> list[Incident]:
    """Return the incidents of a history of `blocks`, the earliest first."""
    plan = IncidentPlan(cameras, blocks, random)
    devices = list(dict.fromkeys(camera.device for camera in cameras))
    days = blocks / (24 * _HOUR_BLOCKS)
    _still_going_on(plan, cameras, blocks)
    if days >= 4 and len(devices) > 1:
        plan.add(SILENT, devices[-1], 24)
    for device in devices:
        for _ in range(int(random.poisson(days / _DAYS_PER_REBOOT))):
            plan.add(REBOOT, device, 0.15)
    plan.add(UNSYNCED, devices[0], 6)
    plan.add(RESTAMPED, devices[len(devices) // 2], 2)
    repeats = max(1, round(days * len(cameras) / 150))
    for repeat in range(repeats):
        for kind, hours, offset in ((DARK, 5, 1), (BLURRED, 2, 2), (LOST, 1.2, 0)):
            plan.add(kind, cameras[(offset + 3 * repeat) % len(cameras)].name, hours)
    with_tracks = [camera for camera in cameras if camera.kind.has_ground]
    for camera in with_tracks[:2]:
        plan.add(DROPPED, camera.name, 2)
    return sorted(plan.incidents, key=lambda one: (one.first, one.subject))


def _still_going_on(plan: IncidentPlan, cameras: Sequence[SimulatedCamera], blocks: int) -> None:
    """Let one camera be lost and another blurred at the end, for whoever looks at what is live."""
    if len(cameras) >= 8 and blocks > 4 * _QUIET_BLOCKS:
        plan.add_at(LOST, cameras[-1].name, blocks - _HOUR_BLOCKS, blocks)
        plan.add_at(BLURRED, cameras[len(cameras) // 2].name, blocks - _HOUR_BLOCKS // 2, blocks)
