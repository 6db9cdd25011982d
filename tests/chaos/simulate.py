"""``python -m tests.chaos.simulate``: play schedules of faults against the product's own code.

python -m tests.chaos.simulate --seeds 0:5000          # so many schedules; prints the seeds that fail
python -m tests.chaos.simulate --seed 17 --trace       # one of them, with all that happened
python -m tests.chaos.simulate --seed 17 --shrink      # which faults it takes, and how few of each
python -m tests.chaos.simulate --seed 17 --mutant increment
"""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow

from tests.chaos.determinism import Machine, installed
from tests.chaos.plan import KINDS, make_plan
from tests.chaos.simulated_cloud import Cloud
from tests.chaos.simulated_device import Device, FaultyConnection
from tests.chaos.simulated_mysql import open_sqlite
from tests.chaos.simulated_truth import find_compaction_problems, find_schedule_problems
from tests.chaos.world import StuckError, World

_SHARED_MEMORY = Path("/dev/shm")
_CALM_SECONDS = 8.0
_LONGEST_RECOVERY_SECONDS = 900.0
_SMALLEST_SPOOL_BYTES = 2_000
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


@contextmanager
def simulator(folder: Path | None = None) -> Iterator[Callable[..., Outcome]]:
    """Give the function that plays a seed: ``play(seed, limits=…, plant=…)``."""
    from edge_components.runtime.spool import spool as spool_module

    base = folder or Path(tempfile.mkdtemp(prefix="crowdlens-chaos-", dir=_memory_folder()))
    smallest, spool_module.MINIMUM_MAXIMUM_BYTES = spool_module.MINIMUM_MAXIMUM_BYTES, _SMALLEST_SPOOL_BYTES
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
        spool_module.MINIMUM_MAXIMUM_BYTES = smallest
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
        problems = find_schedule_problems(schedule.devices, schedule.cloud)
        if schedule.cloud.plan.compactors:
            problems += find_compaction_problems(schedule.cloud)
    except StuckError as error:
        problems = [f"STUCK: {error}"]
    finally:
        if planted is not None:
            planted.close()
        for process in world.processes:
            world.stop(process)
        world.run(world.now + 1.0)
        schedule.cloud.mysql.data.close()
        shutil.rmtree(folder, ignore_errors=True)
    made = sum(len(device.attempts) for device in schedule.devices)
    return Outcome(seed, [*world.crashes, *problems], world.done, made, world.seen, world.log)


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
    return Schedule(world, devices, cloud)


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
    deadline = world.now + _LONGEST_RECOVERY_SECONDS
    while True:
        while not cloud.is_drained:
            world.run(world.now + 2.0)
            if world.now > deadline:
                raise StuckError("messages are still on their way")
        if not cloud.settle():
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


def shrink(run: Callable[..., Outcome], seed: int, plant: Plant | None = None) -> dict[str, int]:
    """Return the fewest faults of each kind, found one kind at a time, with which the seed still fails."""
    found = run(seed, plant=plant)
    limits = {kind: found.faults.get(kind, 0) for kind in KINDS}
    for what in make_plan(seed).faults.outages:
        limits[f"outage_{what}"] = 1
    for kind in list(limits):
        for fewer in (0, 1, 2, limits[kind] // 2, limits[kind] - 1):
            if 0 <= fewer < limits[kind] and run(seed, limits={**limits, kind: fewer}, plant=plant).problems:
                limits[kind] = fewer
                break
    return {kind: limit for kind, limit in limits.items() if limit}


def main(argv: list[str] | None = None) -> int:
    """Play the seeds asked for; return 1 when one fails."""
    arguments = _parse(argv)
    plant = _mutant(arguments.mutant)
    limits = dict(_limit(text) for text in arguments.limit)
    started, failed, faults, seen, made = time.monotonic(), [], Counter[str](), Counter[str](), 0
    first, _, last = str(arguments.seeds).partition(":")
    seeds = [arguments.seed] if arguments.seed is not None else range(int(first), int(last or int(first) + 1))
    with simulator() as run:
        for seed in seeds:
            outcome = run(seed, limits=limits, plant=plant)
            faults.update(outcome.faults)
            seen.update(outcome.seen)
            made += outcome.made
            if outcome.problems:
                failed.append(seed)
                _report(outcome, arguments)
            elif arguments.trace:
                sys.stdout.write("\n".join(outcome.log) + "\n")
            if arguments.shrink:
                sys.stdout.write(f"  fewest faults: {shrink(run, seed, plant)}\n")
    seconds = time.monotonic() - started
    sys.stdout.write(
        f"{len(seeds)} schedules, {len(failed)} failed {failed[:20]}; {made} records, "
        f"{faults.total()} faults, {seconds:.1f} s ({1000 * seconds / len(seeds):.0f} ms a schedule)\n"
    )
    if arguments.counts:
        sys.stdout.write(
            "".join(
                f"  {kind}: {count}\n" for kind, count in [*sorted(faults.items()), *sorted(seen.items())]
            )
        )
    return 1 if failed else 0


def _report(outcome: Outcome, arguments: argparse.Namespace) -> None:
    if arguments.trace:
        sys.stdout.write("\n".join(outcome.log) + "\n")
    mutant = f" --mutant {arguments.mutant}" if arguments.mutant else ""
    sys.stdout.write(f"seed {outcome.seed} FAILS with {len(outcome.problems)} problems:\n")
    sys.stdout.writelines(f"  {problem[:400]}\n" for problem in outcome.problems[:8])
    sys.stdout.write(f"  reproduce: python -m tests.chaos.simulate --seed {outcome.seed}{mutant} --trace\n")
    sys.stdout.flush()


def _mutant(name: str | None) -> Plant | None:
    if name is None:
        return None
    from tests.chaos.mutants import MUTANTS

    return MUTANTS[name]


def _limit(text: str) -> tuple[str, int]:
    kind, _, number = text.partition("=")
    return kind, int(number)


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos.simulate", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument(
        "--seeds", default="0:200", metavar="FIRST:LAST", help="seeds to play (default: 0:200)"
    )
    parser.add_argument("--seed", type=int, help="one seed")
    parser.add_argument("--trace", action="store_true", help="print all that happened")
    parser.add_argument("--shrink", action="store_true", help="find the fewest faults that fail")
    parser.add_argument("--counts", action="store_true", help="print how often each kind of fault struck")
    parser.add_argument(
        "--limit", action="append", default=[], metavar="KIND=N", help="strike at most N times"
    )
    parser.add_argument("--mutant", help="plant a known bug (see mutants.py)")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
