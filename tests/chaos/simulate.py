"""``python -m tests.chaos.simulate``: play schedules of faults against the product's own code.

python -m tests.chaos.simulate --seeds 0:5000          # so many schedules; prints the seeds that fail
python -m tests.chaos.simulate --seed 17 --trace       # one of them, with all that happened
python -m tests.chaos.simulate --seed 17 --shrink      # which faults it takes, and how few of each
python -m tests.chaos.simulate --seed 17 --mutant increment
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable

from tests.chaos.plan import KINDS, make_plan
from tests.chaos.schedule import Outcome, Plant, simulator

_TELL_EVERY = 250


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
    started, made = time.monotonic(), 0
    failed: list[int] = []
    faults: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    first, _, last = str(arguments.seeds).partition(":")
    seeds = [arguments.seed] if arguments.seed is not None else range(int(first), int(last or int(first) + 1))
    with simulator() as run:
        for number, seed in enumerate(seeds, start=1):
            if number % _TELL_EVERY == 0:
                sys.stderr.write(f"{number} of {len(seeds)} played, {len(failed)} failed\n")
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
