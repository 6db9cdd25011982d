"""Plays one seed: sets up the world, storms, recovers, and looks for the truth."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow

from edge_components.runtime.spool import spool as spool_module
from lambdas.reconciler import memory as memory_module
from lambdas.reconciler import run as run_module
from tests.chaos import simulated_reconciler
from tests.chaos.determinism import Machine, installed
from tests.chaos.faulty_sqlite import FaultyConnection
from tests.chaos.plan import make_plan
from tests.chaos.simulated_account import find_account_problems, find_overlooked_loss
from tests.chaos.simulated_cloud import Cloud
from tests.chaos.simulated_device import Device
from tests.chaos.simulated_identity import (
    INSIDER,
    Impostor,
    certificate_of,
    find_identity_problems,
    sender_id,
)
from tests.chaos.simulated_mysql import open_sqlite
from tests.chaos.simulated_truth import find_compaction_problems, find_schedule_problems
from tests.chaos.world import Process, StuckError, World

_SHARED_MEMORY = Path("/dev/shm")
_CALM_SECONDS = 8.0
_LONGEST_RECOVERY_SECONDS = 900.0
_IN_SECONDS: tuple[tuple[Any, str, Any], ...] = (
    (spool_module, "MINIMUM_MAXIMUM_BYTES", 2_000),
    (run_module, "LEASE_SECONDS", simulated_reconciler.LEASE_SECONDS),
    (memory_module, "FIRST_PAUSE", simulated_reconciler.FIRST_PAUSE),
)
"""What the product counts in hours and megabytes, and a schedule in seconds and kilobytes."""
Plant = Callable[["Schedule"], Any]


@dataclass
class Outcome:
    """What a schedule came to."""

    seed: int
    problems: list[str]
    faults: Counter[str]
    made: int
    seen: Counter[str]
    log: list[str] = field(repr=False)


@dataclass
class Schedule:
    """One seed: the world, its devices and its cloud."""

    world: World
    devices: list[Device]
    cloud: Cloud
    impostor: Impostor | None


@contextmanager
def simulator(folder: Path | None = None) -> Iterator[Callable[..., Outcome]]:
    """Give the function that plays a seed: ``play(seed, limits=…, plant=…)``."""
    base = folder or Path(tempfile.mkdtemp(prefix="crowdlens-chaos-", dir=_memory_folder()))
    constants = ExitStack()
    for module, name, value in _IN_SECONDS:
        constants.enter_context(mock.patch.object(module, name, value))
    logging.disable(logging.CRITICAL)
    # Handing work of microseconds to a pool of threads costs more than the work.
    workers = pyarrow.cpu_count()
    pyarrow.set_cpu_count(1)
    try:
        with installed() as machine:
            yield lambda seed, limits=None, plant=None: play(machine, base, seed, limits or {}, plant)
    finally:
        logging.disable(logging.NOTSET)
        pyarrow.set_cpu_count(workers)
        constants.close()
        shutil.rmtree(base, ignore_errors=True)


def _memory_folder() -> str | None:
    return str(_SHARED_MEMORY) if _SHARED_MEMORY.is_dir() else None


def play(machine: Machine, base: Path, seed: int, limits: Mapping[str, int], plant: Plant | None) -> Outcome:
    """Play one seed: a storm, the calm after it, then the truth."""
    folder = base / f"seed-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    schedule = _set_up(machine, folder, seed, limits)
    world = schedule.world
    problems: list[str] = []
    planted = plant(schedule) if plant else None
    try:
        _storm(schedule, make_plan(seed).storm_seconds)
        _recover(schedule)
        problems = _find_problems(schedule)
    except StuckError as error:
        problems = [f"STUCK: {error}"]
    finally:
        if planted is not None:
            planted.close()
        _end_processes(world)
        schedule.cloud.mysql.data.close()
        shutil.rmtree(folder, ignore_errors=True)
    made = sum(len(device.attempts) for device in schedule.devices)
    return Outcome(seed, [*world.crashes, *problems], world.done, made, world.seen, world.log)


def _find_problems(schedule: Schedule) -> list[str]:
    """Return every way in which the truth does not hold; the account only where the lake is whole."""
    cloud = schedule.cloud
    problems = find_schedule_problems(schedule.devices, cloud)
    problems += find_identity_problems(schedule.world, cloud.s3, cloud.ingest, schedule.impostor)
    if not problems:
        _end_processes(schedule.world)
        schedule.world.run(schedule.world.now + simulated_reconciler.RULES.grace.total_seconds() + 2.0)
        problems += find_account_problems(cloud)
    if not problems:
        problems += find_overlooked_loss(cloud)
    if cloud.plan.compactors:
        problems += find_compaction_problems(cloud)
    return problems


def _end_processes(world: World) -> None:
    for process in world.processes:
        world.stop(process)
    world.run(world.now + 1.0)


def _set_up(machine: Machine, folder: Path, seed: int, limits: Mapping[str, int]) -> Schedule:
    plan = make_plan(seed, limits)
    world = World(seed, plan.faults)
    machine.world = world
    cloud = Cloud(world, plan)
    devices: list[Device] = []
    for number, one in enumerate(plan.devices, start=1):
        name = f"device-{number}"
        (folder / name).mkdir(parents=True)
        devices.append(Device(world, name, one, folder / name, cloud.ingest, cloud.device_client(name)))
    machine.connect = lambda path, **options: _connect(devices, path, **options)
    machine.allocate = lambda *given: _allocate(world, devices, *given)
    return Schedule(world, devices, cloud, _impostor(world, plan.impostor, devices, cloud))


def _impostor(world: World, kind: str, devices: list[Device], cloud: Cloud) -> Impostor | None:
    if not kind:
        return None
    certificate = certificate_of(INSIDER if kind == "insider" else "a stranger")
    return Impostor(world, devices, cloud.ingest, sender_id(certificate))


def _connect(devices: list[Device], path: Any, **options: Any) -> Any:
    for device in devices:
        if device.folder == Path(path).parent:
            opened = open_sqlite(path, factory=FaultyConnection, **options)
            opened.device = device
            return opened
    return open_sqlite(path, **options)


def _allocate(world: World, devices: list[Device], *given: int) -> None:
    for device in devices:
        if world.current in (device.vision, device.publisher):
            device.allocate(*given)


def _storm(schedule: Schedule, seconds: float) -> None:
    world = schedule.world
    schedule.cloud.start()
    for device in schedule.devices:
        world.start(device.vision)
        world.start(device.publisher)
    if schedule.impostor is not None:
        world.start(Process("impostor", "impostor", schedule.impostor.run))
    end = world.now + seconds
    while world.now < end:
        world.run(min(end, world.now + 1.0))
        for device in schedule.devices:
            if world.fault("power_loss", device.name):
                device.lose_power()


def _recover(schedule: Schedule) -> None:
    """Let nothing fail any more; stop the cameras, let everything run on, then stop the publishers."""
    world, cloud = schedule.world, schedule.cloud
    world.note("CALM")
    world.calm = True
    for device in schedule.devices:
        device.finished = True
    world.run(world.now + _CALM_SECONDS)
    for device in schedule.devices:
        world.stop(device.vision)
        world.stop(device.publisher)
        world.run(world.now + 0.1)
        _empty(world, device)
    for process in world.processes:
        if process.role == "operator":
            world.stop(process)
    deadline = world.now + _LONGEST_RECOVERY_SECONDS
    while True:
        while not cloud.is_drained:
            world.run(world.now + 2.0)
            if world.now > deadline:
                raise StuckError("messages are still on their way")
        if not cloud.operator.work() and not cloud.reconciliation.announced() and cloud.is_drained:
            return


def _empty(world: World, device: Device) -> None:
    for _ in range(8):
        device.last_publish()
        connection = open_sqlite(device.spool_path)
        waiting = connection.execute("SELECT waiting_rows FROM totals").fetchone()[0]
        silent = connection.execute(
            "SELECT count(*) FROM ledger JOIN streams USING (stream_id) "
            "WHERE (made != reported_made OR dropped != reported_dropped) "
            "AND stream NOT LIKE '%/stream_ledger'"
        ).fetchone()[0]
        connection.close()
        if not waiting and not silent:
            return
    raise StuckError(f"{device.name} still holds {waiting} records after the last flush")
