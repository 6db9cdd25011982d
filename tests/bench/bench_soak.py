"""Memory of every process over a long run with a camera and a network that come and go.

Run: ``python tests/bench/bench_soak.py --minutes 60`` (an hour) or without arguments (two minutes, which show
that it works and little else). Prints a markdown table: anonymous resident memory of each process at the
start and the end of the second half, its slope (Theil-Sen, MiB an hour) with the range that the slopes of
four parts of that half have, and at the end whether every record is accounted for.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from itertools import combinations
from pathlib import Path

from infra.local.processes import ManagedProcess
from tests.chaos.real.device import RealDevice
from tests.chaos.real.run import Run

_SAMPLE_SECONDS = 5.0
_NETWORK_CYCLE_SECONDS = 60.0
_NETWORK_AWAY_SECONDS = 20.0
_DEFAULT_MINUTES = 2.0
_WARM_UP_SHARE = 0.5
_PARTS = 4

Sample = tuple[float, float]
"""Seconds since the start, MiB."""


def anonymous_mebibytes(process: ManagedProcess) -> float | None:
    """Return the memory that is the process's own, None where it does not run."""
    children = Path(f"/proc/{process.guard.pid}/task/{process.guard.pid}/children")
    try:
        status = Path(f"/proc/{children.read_text(encoding='ascii').split()[0]}/status").read_text("ascii")
    except (OSError, IndexError):
        return None
    found = [line for line in status.splitlines() if line.startswith("RssAnon:")]
    return int(found[0].split()[1]) / 1024 if found else None


def slope_per_hour(samples: list[Sample]) -> float:
    """Return the median of the slopes between pairs of samples (Theil-Sen), in MiB an hour."""
    thin = samples[:: max(1, len(samples) // 200)]
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(thin, 2) if b[0] > a[0]]
    return 3600 * statistics.median(slopes) if slopes else 0.0


class Soak(Run):
    """A run without kills: the network goes for 20 s of every minute, the camera for 3 s of every 12."""

    def __init__(self, seconds: float) -> None:
        super().__init__(0, seconds, lambda _: None)
        self.samples: dict[str, list[Sample]] = defaultdict(list)
        self.restarts = 0

    def _make_device(self, folder: Path) -> RealDevice:
        return RealDevice("jetson-1", folder, self._stack, cameras=1, flap_seconds=3.0)

    def _begin(self) -> None:
        """Begin with a clock that is right."""

    def _storm(self) -> None:
        begun, sampled = time.monotonic(), 0.0
        while (passed := time.monotonic() - begun) < self.storm_seconds:
            away = passed % _NETWORK_CYCLE_SECONDS > _NETWORK_CYCLE_SECONDS - _NETWORK_AWAY_SECONDS
            self._stack.network_weather.outage = "all" if away else ""
            self._tend()
            if passed - sampled >= _SAMPLE_SECONDS:
                sampled = passed
                self._sample(passed)
            time.sleep(0.5)
        self.restarts = sum(service.starts - 1 for service in self._device.services)

    def _sample(self, passed: float) -> None:
        processes = [service.process for service in self._device.services if service.process is not None]
        for process in [*processes, *self._stack.functions.processes, *self._stack.servers]:
            used = anonymous_mebibytes(process)
            if used is not None:
                self.samples[process.name].append((passed, used))


def table(samples: dict[str, list[Sample]], seconds: float) -> str:
    """Return what each process used after the warm-up."""
    lines = [
        "| process | MiB at half-time | MiB at the end | slope, MiB/h | slopes of four parts, MiB/h |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, all_samples in sorted(samples.items()):
        late = [one for one in all_samples if one[0] >= seconds * _WARM_UP_SHARE]
        if len(late) < _PARTS * 2:
            continue
        size = len(late) // _PARTS
        parts = [slope_per_hour(late[start : start + size]) for start in range(0, size * _PARTS, size)]
        first, last = (statistics.median(value for _, value in part) for part in (late[:size], late[-size:]))
        lines.append(
            f"| {name} | {first:.1f} | {last:.1f} | {slope_per_hour(late):+.2f} | "
            f"{min(parts):+.1f} … {max(parts):+.1f} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Run, print, and return 1 when a record is missing or a process had to be started again."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=_DEFAULT_MINUTES, help="length (default: 2)")
    arguments = parser.parse_args()
    soak = Soak(60 * arguments.minutes)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="crowdlens-soak-", ignore_cleanup_errors=True)
        )
        result = soak.play(Path(folder))
    sys.stdout.write(
        f"{table(soak.samples, soak.storm_seconds)}\n\n{arguments.minutes:g} minutes, "
        f"{result.records} records in the lake, {result.dropped} declared dropped, {soak.restarts} restarts; "
        f"{len(result.problems)} problems {result.problems[:3]}\n"
    )
    return 1 if result.problems or soak.restarts else 0


if __name__ == "__main__":
    sys.exit(main())
