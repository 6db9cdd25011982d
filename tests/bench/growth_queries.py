"""What each dashboard query takes and reads on lakes of 1, 10 and 100 cameras."""

from __future__ import annotations

import statistics
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from bench_compactor import FOLD_ALL, STEADY, Cost, Generated, ask, compact, generate, queries
from growth_table import SCALES, say


def query_growth(days: int, rounds: int) -> None:
    """Print milliseconds and megabytes of each query, the lakes in their steady state and taking turns."""
    now = datetime.now(UTC)
    with ExitStack() as exits:
        lakes = [_lake(exits, cameras, days, now) for cameras in SCALES]
        rows = [f"{lake.rows:,}" for lake in lakes]
        say(
            f"{days} days, {' / '.join(rows)} rows",
            *(f"{cameras} camera{'s' if cameras > 1 else ''}: ms (least to most), MB" for cameras in SCALES),
            "ms: 10x / 1x",
            "100x / 10x",
            "bytes: 10x / 1x",
            "100x / 10x",
        )
        say("---", *("---:" for _ in range(7)))
        for name, sql in queries().items():
            found: list[list[Cost]] = [[] for _ in lakes]
            for _ in range(rounds):
                for costs, lake in zip(found, lakes, strict=True):
                    costs.append(ask(lake, sql, now))
            say(
                name,
                *map(_cell, found),
                *_ratios([_seconds(costs) for costs in found]),
                *_ratios(_bytes(found)),
            )


def _lake(exits: ExitStack, cameras: int, days: int, now: datetime) -> Generated:
    folder = exits.enter_context(tempfile.TemporaryDirectory(prefix="crowdlens-growth-"))
    made = generate(Path(folder), cameras, days, now)
    compact(made.folder, FOLD_ALL)
    compact(made.folder, STEADY)
    return made


def _seconds(costs: list[Cost]) -> float:
    return statistics.median(cost.seconds for cost in costs)


def _bytes(found: list[list[Cost]]) -> list[float]:
    return [float(costs[0].scanned) for costs in found]


def _cell(costs: list[Cost]) -> str:
    times = [1000 * cost.seconds for cost in costs]
    return (
        f"{statistics.median(times):,.0f} ({min(times):,.0f} to {max(times):,.0f}), "
        f"{costs[0].scanned / 1e6:,.3f}"
    )


def _ratios(values: list[float]) -> list[str]:
    return [f"{more / one:.2f}" if one else "-" for one, more in pairwise(values)]
