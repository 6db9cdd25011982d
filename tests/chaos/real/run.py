"""One run of real processes: a storm from a seed, the calm after it, and the truth."""

from __future__ import annotations

import contextlib
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.real.actions import FUNCTIONS, Action, make_actions
from tests.chaos.real.cloud_view import CloudView
from tests.chaos.real.device import RealDevice
from tests.chaos.real.journal import find_journal_problems, read_journals
from tests.chaos.real.stack import ChaoticStack, kill_outright
from tests.chaos.truth import Facts, declared_gaps, find_problems, read_lake

_STEP_SECONDS = 0.1
_RECOVERY_SECONDS = 150.0
_TEND_EVERY_SECONDS = 0.3
_QUIET_LOOKS = 2


@dataclass
class RunResult:
    """What a run came to."""

    seed: int
    problems: list[str]
    actions: Counter[str]
    faults: Counter[str]
    records: int
    dropped: int
    objects: int
    storm_seconds: float
    seconds: float
    has_own_disk: bool


class Run:
    """Plays one seed against processes."""

    def __init__(self, seed: int, storm_seconds: float, report: Callable[[str], None]) -> None:
        self.seed, self.storm_seconds, self._report = seed, storm_seconds, report
        self._dice = random.Random(f"real {seed}")
        self._done: Counter[str] = Counter()
        self._sync_at: float | None = None
        self._tended_at = 0.0

    def play(self, folder: Path) -> RunResult:
        """Play it in `folder` and return what it came to."""
        started = time.monotonic()
        with contextlib.ExitStack() as stack:
            self._stack = ChaoticStack(self.seed)
            stack.enter_context(self._stack)
            self._view = CloudView(self._stack)
            self._device = self._make_device(folder)
            stack.callback(self._device.close)
            self._begin_at = time.time()
            self._begin()
            self._storm()
            self._calm()
            self._settle()
            problems, records, dropped, objects = self._truth()
            faults = self._stack.cloud_weather.struck + self._stack.network_weather.struck
            relay = self._stack.relay
            if relay is not None:
                faults.update(
                    {"notice lost": relay.lost, "notice repeated": relay.repeated, "notice late": relay.late}
                )
        return RunResult(
            self.seed, problems, self._done, faults, records, dropped, objects, self.storm_seconds,
            time.monotonic() - started, self._device.has_own_disk,
        )  # fmt: skip

    def _make_device(self, folder: Path) -> RealDevice:
        return RealDevice(
            "jetson-1",
            folder,
            self._stack,
            cameras=self._dice.choice((1, 2)),
            maximum_bytes=self._dice.choice((None, 8_000, 20_000)),
            flap_seconds=self._dice.choice((0.0, 3.0)),
        )

    def _begin(self) -> None:
        self._begin_boot(may_be_unsynced=True)

    def _begin_boot(self, *, may_be_unsynced: bool) -> tuple[bool, float]:
        """Choose what the clock shows after a boot, and when it is set."""
        unsynced = may_be_unsynced and self._dice.random() < 0.5
        offset = self._dice.choice((-time.time() + 1000.0, -7_200.0, 3_600.0)) if unsynced else 0.0
        self._sync_at = time.monotonic() + self._dice.uniform(3.0, 9.0) if unsynced else None
        self._device.set_clock(synced=not unsynced, wall_offset_seconds=offset)
        return not unsynced, offset

    # The storm

    def _storm(self) -> None:
        rates = {"refuse": 0.04, "drop_before": 0.03, "drop_after": 0.05, "delay": 0.04, "repeat": 0.05}
        for weather in (self._stack.cloud_weather, self._stack.network_weather):
            weather.rates = {name: rate * self._dice.uniform(0.0, 2.0) for name, rate in rates.items()}
        actions = make_actions(self._dice, self.storm_seconds)
        begun = time.monotonic()
        while (passed := time.monotonic() - begun) < self.storm_seconds:
            while actions and actions[0].at_seconds <= passed:
                self._act(actions.pop(0))
            self._tend()
            time.sleep(_STEP_SECONDS)

    def _tend(self) -> None:
        now = time.monotonic()
        if self._sync_at is not None and now >= self._sync_at:
            self._sync_at = None
            self._note("time sync")
            self._device.set_clock(synced=True, wall_offset_seconds=self._dice.uniform(-0.4, 0.4))
        if now - self._tended_at >= _TEND_EVERY_SECONDS:
            self._tended_at = now
            self._device.tend()
            self._stack.revive_functions()
            if not self._stopped_database:
                self._stack.revive_database()

    _stopped_database = False

    def _note(self, what: str) -> None:
        self._done[what] += 1
        self._report(f"  {time.time() - self._begin_at:6.1f} s {what}")

    def _act(self, action: Action) -> None:
        name = action.name
        if self._change(name):
            self._note(name)
        elif name == "kill camera":
            self._kill(self._dice.choice(self._device.services[:-1]).kill, name)
        elif name == "kill publisher":
            self._kill(self._device.publisher.kill, name)
        elif name.removeprefix("kill ") in FUNCTIONS:
            wanted = name.removeprefix("kill ")
            process = next(one for one in self._stack.functions.processes if one.name == wanted)
            self._kill(lambda: kill_outright(process), name)
        elif name == "kill MariaDB":
            self._kill(lambda: kill_outright(self._stack.database_process()), name)
        elif name == "stop MariaDB":
            self._stopped_database = True
            self._note(name)
            self._stack.database_process().stop()
        elif name == "reboot":
            self._note(name)
            synced, offset = self._begin_boot(may_be_unsynced=True)
            self._device.reboot(synced=synced, wall_offset_seconds=offset)

    def _kill(self, kill: Callable[[], bool], name: str) -> None:
        if kill():
            self._note(name)

    def _change(self, name: str) -> bool:
        """Begin or end a state of things; return whether `name` is one."""
        cloud, network = self._stack.cloud_weather, self._stack.network_weather
        if name == "no network":
            network.outage = "all"
        elif name in ("no s3", "no sqs"):
            cloud.outage = name.removeprefix("no ")
        elif name == "end no network":
            network.outage = ""
        elif name in ("end no s3", "end no sqs"):
            cloud.outage = ""
        elif name == "disk full":
            return self._device.fill_disk()
        elif name == "end disk full":
            self._device.free_disk()
        elif name == "end stop MariaDB":
            self._stopped_database = False
        else:
            return False
        return True

    # The calm

    def _calm(self) -> None:
        """Let nothing fail any more; end the cameras, and let everything that was made leave the device."""
        self._note("calm")
        self._stack.cloud_weather.clear()
        self._stack.network_weather.clear()
        self._stopped_database = False
        self._device.free_disk()
        self._sync_at = None
        self._device.set_clock(synced=True, wall_offset_seconds=0.0)
        if self._stack.relay is not None:
            self._stack.relay.calm = True
        self._wait(
            lambda: all(one.process is not None for one in self._device.services), "services did not start"
        )
        # Long enough for every process to see that the clock is set.
        self._wait_seconds(6.0)
        for camera in self._device.services[:-1]:
            camera.end()
        self._end_at = time.time()
        self._wait(lambda: self._device.waiting()[0] == 0, "the spool did not empty")
        self._wait(self._publisher_has_told_all, "the ledger did not settle")

    def _publisher_has_told_all(self) -> bool:
        """Restart the publisher, which reports its ledger when it ends, until nothing is left to report."""
        publisher = self._device.publisher
        publisher.end()
        publisher.wanted = True
        if self._device.waiting() == (0, 0):
            publisher.wanted = False
            return True
        publisher.ended_at = 0.0
        publisher.tend()
        self._wait_seconds(2.5)
        return False

    def _settle(self) -> None:
        """Send dead letters back and announce what MySQL lacks, until there is nothing left."""
        while True:
            self._wait(self._is_drained, "messages are still on their way")
            if not self._repair():
                return

    def _is_drained(self) -> bool:
        depths = self._stack.queue_depths().values()
        relay = self._stack.relay
        return all(depth.is_drained and not depth.dead_letters for depth in depths) and (
            relay is None or relay.is_empty
        )

    def _repair(self) -> int:
        redriven, announced = self._view.redrive(), self._view.announce_missing()
        self._done.update({"redriven": redriven, "announced": announced})
        return redriven + announced

    def _wait(self, is_done: Callable[[], bool], otherwise: str) -> None:
        deadline, looks = time.monotonic() + _RECOVERY_SECONDS, 0
        while looks < _QUIET_LOOKS:
            looks = looks + 1 if is_done() else 0
            if time.monotonic() > deadline:
                raise AssertionError(f"seed {self.seed}: {otherwise} within {_RECOVERY_SECONDS:g} s")
            self._wait_seconds(0.3)

    def _wait_seconds(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._tend()
            time.sleep(_STEP_SECONDS)

    # The truth

    def _truth(self) -> tuple[list[str], int, int, int]:
        objects = self._view.objects()
        lake = read_lake(objects)
        problems = find_problems(
            Facts(lake, self._view.mysql_rows, {self._device.name: self._device.epochs()})
        )
        gaps = declared_gaps(lake, [])
        journal = read_journals(self._device.journals)
        self._done["records refused by a full disk"] = journal.refused.total()
        self._done["records of unknown fate"] = journal.unknown.total()
        span_ms = (round((self._begin_at - 4.0) * 1000), round(self._end_at * 1000))
        problems += find_journal_problems(journal, lake, gaps, span_ms)
        if not journal.made:
            problems.append("nothing was made: the run shows nothing")
        return problems, len(lake.rows), sum(len(some) for some in gaps.values()), len(objects)


def play(
    seed: int, *, storm_seconds: float = 30.0, report: Callable[[str], None] = lambda _: None
) -> RunResult:
    """Play a seed in a folder of its own, kept when it fails; raises AssertionError when it sticks."""
    with tempfile.TemporaryDirectory(prefix=f"crowdlens-chaos-{seed}-", ignore_cleanup_errors=True) as name:
        result = Run(seed, storm_seconds, report).play(Path(name))
        if result.problems:
            kept = tempfile.mkdtemp(prefix=f"crowdlens-chaos-failed-{seed}-")
            shutil.copytree(name, kept, dirs_exist_ok=True, ignore=shutil.ignore_patterns("disk"))
            report(f"  kept {kept}")
    return result
