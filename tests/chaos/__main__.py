"""``python -m tests.chaos``: runs of real processes under seeded faults; `make chaos RUNS=60`.

    python -m tests.chaos --runs 60 --seed 1          # seeds 1 to 60, one after the other
    python -m tests.chaos --runs 1 --seed 17 --verbose

Each run starts MiniStack, MariaDB, the functions, a device's cameras and publisher, plays a storm of kills,
outages, lost answers, a full disk and clock jumps, and compares every record afterwards. As root the
device's disk is a small tmpfs; without root it is never full. The timing of real processes is the machine's,
so a seed names what is done to them, not every instruction: for that there is `tests.chaos.simulate`.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections import Counter

from infra.local.processes import ending_on_signals
from tests.chaos.real.run import RunResult, play


def main(argv: list[str] | None = None) -> int:
    """Play the runs; return 1 when one failed."""
    arguments = _parse(argv)
    failed: list[int] = []
    actions: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    records = dropped = 0
    started = time.monotonic()
    for seed in range(arguments.seed, arguments.seed + arguments.runs):
        result = _one(seed, arguments)
        if result is None or result.problems:
            failed.append(seed)
        if result is not None:
            actions.update(result.actions)
            faults.update(result.faults)
            records += result.records
            dropped += result.dropped
    _say(
        f"{arguments.runs} runs, {len(failed)} failed {failed}; {records} records in the lake, {dropped} "
        f"declared dropped, {time.monotonic() - started:.0f} s"
    )
    _say(f"done to processes: {_listed(actions)}")
    _say(f"done to requests: {_listed(faults)}")
    return 1 if failed else 0


def _one(seed: int, arguments: argparse.Namespace) -> RunResult | None:
    report = _say if arguments.verbose else (lambda _: None)
    try:
        result = play(seed, storm_seconds=arguments.storm_seconds, report=report)
    except Exception:  # noqa: BLE001 - one run that could not end must not end the others
        _say(f"seed {seed} FAILS:\n{traceback.format_exc(limit=4)}")
        return None
    verdict = "FAILS" if result.problems else "holds"
    _say(
        f"seed {seed} {verdict}: {result.records} records, {result.dropped} declared dropped, "
        f"{result.objects} objects, {sum(result.faults.values())} faults, {result.seconds:.0f} s; "
        f"{_listed(result.actions)}"
    )
    for problem in result.problems[:8]:
        _say(f"    {problem[:300]}")
    if result.problems:
        _say(f"    reproduce: python -m tests.chaos --runs 1 --seed {seed} --verbose")
    return result


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()) if count)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=int, default=1, help="how many (default: 1)")
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of the first; each next is one more (default: 1)"
    )
    parser.add_argument("--storm-seconds", type=float, default=30.0, help="length of the storm (default: 30)")
    parser.add_argument("--verbose", action="store_true", help="print what is done when")
    return parser.parse_args(argv)


if __name__ == "__main__":
    with ending_on_signals():
        sys.exit(main())
