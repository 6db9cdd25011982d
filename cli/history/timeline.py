"""What each camera does in each block of a history: which stretch it shows, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cli.history.agents import Random
from cli.history.camera_faults import CameraWatch
from cli.history.incidents import (
    BLURRED,
    DARK,
    DROPPED,
    LOST,
    REBOOT,
    RESTAMPED,
    SILENT,
    UNSYNCED,
    Incident,
    plan_incidents,
)
from cli.history.profiles import (
    BLOCK_MS,
    LocalTime,
    SiteDays,
    chosen_levels,
    chosen_variants,
    crowd,
    local_time,
    site_days,
)
from cli.history.sites import SimulatedCamera
from cli.history.stretch import STRETCH_SECONDS, WINDOW_SECONDS
from contract.records import Record
from contract.tables import CLOCK_RESTAMPED, CLOCK_SYNCED, CLOCK_UNSYNCED

Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]
CLOCKS = (CLOCK_SYNCED, CLOCK_RESTAMPED, CLOCK_UNSYNCED)
_BLURRED_SEES = 0.4
"""Of the people before it a blurred camera's detector still finds this share."""


@dataclass(frozen=True)
class Period:
    """The time of a history: `blocks` blocks from `start_ms` on; what is later than `end_ms` is not yet."""

    start_ms: int
    end_ms: int

    @property
    def blocks(self) -> int:
        """How many blocks there are, the last perhaps not whole."""
        return -(-(self.end_ms - self.start_ms) // BLOCK_MS)

    @property
    def blocks_ms(self) -> Integers:
        """When each block begins (B,)."""
        return self.start_ms + BLOCK_MS * np.arange(self.blocks, dtype=np.int64)


@dataclass(frozen=True)
class CameraTimeline:
    """A camera's blocks (B,): stretch, the minute it begins with, and what is wrong; and what its watch says.

    Where `seen` is false there is no record at all. `clocks` are places in `CLOCKS`.
    """

    camera: SimulatedCamera
    local: LocalTime
    levels: Integers
    variants: Integers
    rotations: Integers
    seen: Booleans
    suspect: Booleans
    clocks: Integers
    dropped: Booleans
    watch: tuple[Record, ...]


@dataclass(frozen=True)
class DeviceTimeline:
    """A device's blocks (B,): whether it is on, its clock, and which of `epochs` it is in."""

    name: str
    site: str
    on: Booleans
    clocks: Integers
    epoch_numbers: Integers
    epochs: tuple[str, ...]


@dataclass(frozen=True)
class Timelines:
    """Everything that is decided before a record is made."""

    period: Period
    cameras: tuple[CameraTimeline, ...]
    devices: dict[str, DeviceTimeline]
    incidents: tuple[Incident, ...]
    days: dict[str, SiteDays]


def plan(cameras: Sequence[SimulatedCamera], period: Period, seed: int) -> Timelines:
    """Return the timelines of `cameras` over `period`; everything follows from `seed`."""
    incidents = plan_incidents(cameras, period.blocks, _random(seed, "incidents"))
    local = {zone: local_time(period.blocks_ms, zone) for zone in {camera.time_zone for camera in cameras}}
    days = _days_of_sites(cameras, local, seed)
    names = dict.fromkeys(camera.device for camera in cameras)
    devices = {
        name: _device(name, next(one.site for one in cameras if one.device == name), incidents, period, seed)
        for name in names
    }
    of_cameras = tuple(
        _camera(
            camera,
            device=devices[camera.device],
            local=local[camera.time_zone],
            days=days[camera.site],
            incidents=incidents,
            period=period,
            seed=seed,
        )
        for camera in cameras
    )
    return Timelines(period, of_cameras, devices, tuple(incidents), days)


def _random(seed: int, *purpose: str) -> Random:
    return np.random.default_rng([seed, *"/".join(purpose).encode()])


def _days_of_sites(
    cameras: Sequence[SimulatedCamera], local: dict[str, LocalTime], seed: int
) -> dict[str, SiteDays]:
    days = {}
    for site, zone in dict.fromkeys((camera.site, camera.time_zone) for camera in cameras):
        first, last = int(local[zone].days[0]), int(local[zone].days[-1])
        days[site] = site_days(first, last - first + 1, zone, _random(seed, "days", site))
    return days


def _device(name: str, site: str, incidents: Sequence[Incident], period: Period, seed: int) -> DeviceTimeline:
    on = ~_during(incidents, {SILENT, REBOOT}, {name}, period)
    clocks = np.zeros(period.blocks, np.int64)
    clocks[_during(incidents, {RESTAMPED}, {name}, period)] = CLOCKS.index(CLOCK_RESTAMPED)
    clocks[_during(incidents, {UNSYNCED}, {name}, period)] = CLOCKS.index(CLOCK_UNSYNCED)
    boots = np.concatenate(([on[0]], on[1:] & ~on[:-1]))
    random = _random(seed, "epochs", name)
    epochs = tuple(f"{int(random.integers(1 << 48)):012x}" for _ in range(int(boots.sum())))
    return DeviceTimeline(name, site, on, clocks, np.cumsum(boots) - 1, epochs)


def _camera(
    camera: SimulatedCamera,
    *,
    device: DeviceTimeline,
    local: LocalTime,
    days: SiteDays,
    incidents: Sequence[Incident],
    period: Period,
    seed: int,
) -> CameraTimeline:
    random, own = _random(seed, "camera", camera.name), {camera.name, camera.device}
    dark, blurred, lost = (_during(incidents, {kind}, own, period) for kind in (DARK, BLURRED, LOST))
    present = crowd(camera.kind, local, days, random)
    present = np.where(blurred, _BLURRED_SEES * present, np.where(dark, 0.0, present))
    watched = [
        one for one in incidents if one.subject in own and one.kind not in (UNSYNCED, RESTAMPED, DROPPED)
    ]
    return CameraTimeline(
        camera=camera,
        local=local,
        levels=chosen_levels(camera.kind, present, random),
        variants=chosen_variants(camera.kind, local, random),
        rotations=random.integers(0, STRETCH_SECONDS // WINDOW_SECONDS, period.blocks),
        seen=device.on & ~lost,
        suspect=dark | blurred,
        clocks=device.clocks,
        dropped=_during(incidents, {DROPPED}, own, period),
        watch=tuple(CameraWatch(camera, random).records(watched, period.start_ms)),
    )


def _during(incidents: Sequence[Incident], kinds: set[str], subjects: set[str], period: Period) -> Booleans:
    blocks = np.zeros(period.blocks, np.bool_)
    for one in incidents:
        if one.kind in kinds and one.subject in subjects:
            blocks[one.first : one.last] = True
    return blocks
