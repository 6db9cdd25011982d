"""Times by size, taken in turns, and the table that shows what a row costs at each."""

from __future__ import annotations

import gc
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

SCALES = (1, 10, 100)
Measure = Callable[[], tuple[float, int]]
"""Works once and returns the seconds it took and the rows it did."""


@dataclass
class Growth:
    """One kind of work at each size; `measures` are in the order of `SCALES`."""

    what: str
    sizes: Sequence[str]
    measures: Sequence[Measure]
    microseconds: list[list[float]] = field(default_factory=lambda: [[] for _ in SCALES])

    def turn(self) -> None:
        """Do the work once at each size."""
        for found, measure in zip(self.microseconds, self.measures, strict=True):
            gc.collect()
            seconds, rows = measure()
            found.append(1e6 * seconds / rows)


def say(*cells: object) -> None:
    sys.stdout.write(f"| {' | '.join(map(str, cells))} |\n")
    sys.stdout.flush()


def run(kinds: Iterable[Growth], rounds: int) -> None:
    """Warm up once, take turns for `rounds`, and print a line for each kind.

    Ratios are medians over the rounds, so that what slows the machine down for a while slows both sides.
    """
    say("µs a row: median (least to most)", *(f"{scale}x" for scale in SCALES), "10x / 1x", "100x / 1x")
    say("---", *("---:" for _ in range(5)))
    for kind in kinds:
        kind.turn()
        kind.microseconds = [[] for _ in SCALES]
        for _ in range(rounds):
            kind.turn()
        say(kind.what, *_cells(kind), _ratio(kind, 1), _ratio(kind, 2))


def _cells(kind: Growth) -> list[str]:
    return [
        f"{size}: {statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f})"
        for size, found in zip(kind.sizes, kind.microseconds, strict=True)
    ]


def _ratio(kind: Growth, position: int) -> str:
    pairs = zip(kind.microseconds[position], kind.microseconds[0], strict=True)
    return f"{statistics.median(more / one for more, one in pairs):.2f}"
