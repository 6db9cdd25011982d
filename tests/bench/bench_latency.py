"""Seconds from the close of a window to its row in MySQL and in an answer of Athena, stage by stage.

Run: ``python tests/bench/bench_latency.py [--runs live:1 live:20 economy:20] [--seconds 600]``; by default a
minute of four cameras. Everything is the product's and runs in real time: cameras that replay detections, the
publisher, SQS (MiniStack), `lake_writer` and `rds_loader` behind pollers with the batches and windows of
`infra/ingest_settings.py`, MariaDB, and the local Athena endpoint. Runs named with a comma between them, as
``live:1,economy:1``, go at the same time. A window counts when it closed after the warm-up; its time is that
of its last row. MiniStack announces objects at once, so S3's delay is added by a model.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from edge_components.publisher.settings import PROFILES
from infra.ingest_settings import QueueFunction, ingest_profile
from infra.local.aws_environment import REPOSITORY_ROOT, base_environment
from infra.local.processes import ManagedProcess, start_process, stop_all
from infra.local.stack import LocalStack, StackOptions
from tests.bench.latency_figures import (
    ENDS,
    STAGES,
    Seconds,
    Times,
    percentiles,
    s3_delays,
    window_times,
    with_delay,
)
from tests.bench.latency_fleet import SITE, Fleet

_GOAL_SECONDS = 15.0
_WARM_UP_SECONDS = 25.0
_DRAIN_SECONDS = 240.0
_SEEN_SECONDS = 15.0
_MYSQL_EVERY_SECONDS, _ATHENA_EVERY_SECONDS = 0.1, 2.0


@dataclass
class LatencyRun:
    """One profile and number of cameras, and what came of it."""

    profile: str
    cameras: int
    windows: list[tuple[float, Times]] = field(default_factory=list)

    @classmethod
    def named(cls, name: str) -> LatencyRun:
        """Return the run ``profile:cameras``, not played yet."""
        profile, _, cameras = name.partition(":")
        return cls(profile, int(cameras))

    @classmethod
    def read(cls, name: str, path: Path) -> LatencyRun:
        """Return a run that another process has played and written."""
        run = cls.named(name)
        found = json.loads(path.read_text(encoding="utf-8"))
        run.windows = [(closed, Times(**times)) for closed, times in found]
        return run

    def write(self, path: Path) -> None:
        """Write what came of it for `read`."""
        found = [(closed, vars(times)) for closed, times in self.windows]
        path.write_text(json.dumps(found), encoding="utf-8")

    @property
    def name(self) -> str:
        return f"{self.profile}, {self.cameras} camera{'s' if self.cameras > 1 else ''}"

    def seconds(self, place: str) -> Seconds:
        return np.array([ENDS[place](closed, times) for closed, times in self.windows])

    def play(self, seconds: float, frames_per_second: float) -> None:
        """Run it."""
        functions = ingest_profile(self.profile)
        options = StackOptions(
            lake_writer=_timed(functions.lake_writer),
            rds_loader=_timed(functions.rds_loader),
            visibility_timeout_seconds=120,
        )
        waits = (PROFILES[self.profile].flush_seconds, functions.lake_writer.batch_window_seconds)
        back_seconds = 45.0 + sum(waits) + functions.rds_loader.batch_window_seconds
        with contextlib.ExitStack() as exits:
            name = exits.enter_context(tempfile.TemporaryDirectory(prefix="crowdlens-latency-"))
            stack = exits.enter_context(LocalStack(options))
            assert stack.mysql, f"MySQL is needed: {stack.mysql_missing}"
            folder = Path(name)
            fleet = Fleet(stack, folder, self.cameras, self.profile, frames_per_second)
            exits.callback(fleet.kill)
            watchers = [
                _watcher(stack, folder, "mysql", back_seconds, _MYSQL_EVERY_SECONDS),
                _watcher(stack, folder, "athena", back_seconds, _ATHENA_EVERY_SECONDS),
            ]
            exits.callback(stop_all, watchers)
            self._measure(stack, folder, fleet, watchers, seconds)

    def _measure(
        self, stack: LocalStack, folder: Path, fleet: Fleet, watchers: list[ManagedProcess], seconds: float
    ) -> None:
        time.sleep(_WARM_UP_SECONDS)
        span = time.time(), time.time() + seconds
        while time.time() < span[1] + 2:
            fleet.check()
            assert all(one.running for one in watchers), [one.last_words() for one in watchers]
            time.sleep(1.0)
        fleet.end()
        stack.wait_until_drained(_DRAIN_SECONDS)
        time.sleep(_SEEN_SECONDS)
        stop_all(watchers)
        self.windows = window_times(stack, folder, fleet.journals, span)


def _timed(function: QueueFunction) -> QueueFunction:
    return replace(function, handler=f"tests.bench.latency_handlers:{function.function_name}")


def _watcher(
    stack: LocalStack, folder: Path, what: str, back_seconds: float, every_seconds: float
) -> ManagedProcess:
    assert stack.mysql is not None
    own = {"LAKE_BUCKET": stack.bucket, "LATENCY_SITE": SITE, **stack.mysql.environment()}
    return start_process(
        f"{what}-watcher",
        [
            sys.executable,
            "-m",
            "tests.bench.latency_watch",
            what,
            str(folder / f"{what}.journal"),
            "--back",
            str(back_seconds),
            "--every",
            str(every_seconds),
        ],
        log_path=folder / f"{what}.log",
        environment=base_environment(folder, {**stack.aws_environment(), **own}),
        directory=REPOSITORY_ROOT,
    )


def say(*cells: object) -> None:
    sys.stdout.write(f"| {' | '.join(map(str, cells))} |\n")
    sys.stdout.flush()


def print_ends(runs: list[LatencyRun]) -> None:
    """Print how long windows took to each place."""
    say("close of the window →", "windows", "place", "p50 s", "p95 s", "p99 s", "most s")
    say("---", "---:", "---", "---:", "---:", "---:", "---:")
    for run in runs:
        for place in ENDS:
            values = run.seconds(place)
            shown = [f"{value:.2f}" for value in (*percentiles(values), values.max())]
            say(run.name, len(values), place, *shown)


def print_stages(runs: list[LatencyRun]) -> None:
    """Print p50 and p95 of each stage on the way to MySQL."""
    sys.stdout.write("\n")
    say("stage, s: p50 (p95)", *(run.name for run in runs))
    say("---", *("---:" for _ in runs))
    for stage, take in STAGES.items():
        cells = []
        for run in runs:
            middle, high, _ = percentiles([take(closed, times) for closed, times in run.windows])
            cells.append(f"{middle:.2f} ({high:.2f})")
        say(stage, *cells)


def print_with_s3(runs: list[LatencyRun]) -> None:
    """Print what S3's notifications would add, and how late all of them may be."""
    sys.stdout.write("\n")
    say("→ MySQL with S3's notification delay", *(f"{run.name}: p50, p95, p99 s" for run in runs))
    say("---", *("---:" for _ in runs))
    for assumed, delay in s3_delays().items():
        found = [percentiles(with_delay(run.seconds("MySQL"), delay)) for run in runs]
        say(assumed, *(", ".join(f"{value:.1f}" for value in one) for one in found))
    spare = [_GOAL_SECONDS - percentiles(run.seconds("MySQL"))[1] for run in runs]
    say(
        f"a constant delay with which p95 is still {_GOAL_SECONDS:g} s",
        *(f"{one:.1f} s" if one > 0 else "none" for one in spare),
    )


def play_together(names: list[str], seconds: float, frames_per_second: float) -> list[LatencyRun]:
    """Play runs at the same time, each in a process of its own, and return them."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / str(position) for position in range(len(names))]
        commands = [
            [sys.executable, __file__, "--one", name, str(path)]
            for name, path in zip(names, paths, strict=True)
        ]
        rest = ["--seconds", str(seconds), "--fps", str(frames_per_second)]
        processes = [subprocess.Popen([*command, *rest]) for command in commands]
        failed = [process.wait() for process in processes]
        assert not any(failed), f"of {names} ended with {failed}"
        return [LatencyRun.read(name, path) for name, path in zip(names, paths, strict=True)]


def main() -> int:
    """Play the runs and print their tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", nargs="*", default=["live:4"], metavar="PROFILE:CAMERAS")
    parser.add_argument("--seconds", type=float, default=60.0, help="measured length of each (default: 60)")
    parser.add_argument("--fps", type=float, default=10.0, help="frames a second of a camera (default: 10)")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        run = LatencyRun.named(arguments.one[0])
        run.play(arguments.seconds, arguments.fps)
        run.write(Path(arguments.one[1]))
        return 0
    runs: list[LatencyRun] = []
    for group in arguments.runs:
        runs += play_together(group.split(","), arguments.seconds, arguments.fps)
    print_ends(runs)
    print_stages(runs)
    print_with_s3(runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
