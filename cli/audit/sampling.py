"""Which minutes to count by hand: drawn at random, evenly or more where much is going on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from cli.audit.compare import Audit
from cli.audit.counted import CountedRun
from cli.audit.hand_file import Subject
from cli.audit.intervals import CONFIDENCE
from contract.errors import CrowdLensError

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
STRATUM_NAMES = ("quiet", "middle", "busy")
ONE_STRATUM = "all"
LEAST_IN_STRATUM = 3
"""Fewer would show nothing of how errors vary there."""
RATE_OF_NOTHING = 0.1
"""Taken as the rate per minute of hours without a count: there may be people whom the run does not see."""
DISPERSION = 2.0
"""How much more errors are taken to vary than Poisson numbers do, before anything was counted by hand."""
_Z = float(norm.ppf((1 + CONFIDENCE) / 2))


class SamplePlanError(CrowdLensError):
    """Raised when no sample can be drawn as asked."""


@dataclass(frozen=True)
class DrawnMinute:
    """A minute to count, the stratum it was drawn from, and how many minutes it stands for."""

    start_ms: int
    stratum: str
    weight: float


def whole_minutes(start_ms: int, end_ms: int) -> list[int]:
    """Return the starts of the whole minutes in [start, end), in ms since 1970 UTC."""
    first = -(-start_ms // MINUTE_MS) * MINUTE_MS
    return list(range(first, end_ms - MINUTE_MS + 1, MINUTE_MS))


def analysed(minutes: Sequence[int], run: CountedRun) -> list[int]:
    """Return the minutes that the camera analysed: in the others there is no count to compare with."""
    least_ms = MINUTE_MS - 1000
    return [start for start in minutes if run.seen_ms(start, start + MINUTE_MS) >= least_ms]


def draw(
    minutes: Sequence[int], strata: Sequence[str], rates: Sequence[float], count: int, seed: int
) -> list[DrawnMinute]:
    """Return `count` of the minutes, drawn without replacement in each stratum, in order of time.

    `strata` and `rates` (counts a minute) belong to `minutes`. Of several strata each gets a share by its
    size and the root of its rate: Neyman's allocation (1934) for errors that vary as Poisson numbers do. The
    weight is the inverse of the probability to be drawn. Raises `SamplePlanError` with too few minutes.
    """
    names = [name for name in (ONE_STRATUM, *STRATUM_NAMES) if name in strata]
    sizes = [list(strata).count(name) for name in names]
    least = LEAST_IN_STRATUM * len(names) if len(names) > 1 else 1
    if not least <= count <= len(minutes):
        raise SamplePlanError(
            f"--minutes is {count}: expected {least} to {len(minutes)}, the analysed minutes of the period"
        )
    means = [
        float(np.mean([rate for rate, own in zip(rates, strata, strict=True) if own == name]))
        for name in names
    ]
    generator = np.random.default_rng(seed)
    drawn = []
    for name, size, share in zip(names, sizes, _allocation(sizes, means, count), strict=True):
        mine = [start for start, own in zip(minutes, strata, strict=True) if own == name]
        picks = generator.choice(size, share, replace=False)
        drawn += [DrawnMinute(mine[pick], name, size / share) for pick in picks]
    return sorted(drawn, key=lambda one: one.start_ms)


def _allocation(sizes: Sequence[int], rates: Sequence[float], count: int) -> list[int]:
    wanted = np.array(
        [size * math.sqrt(rate + RATE_OF_NOTHING) for size, rate in zip(sizes, rates, strict=True)]
    )
    shares = [min(LEAST_IN_STRATUM, size) if len(sizes) > 1 else 0 for size in sizes]
    # One at a time to whoever is furthest below its due: exact, whatever the minimum and the sizes are.
    for _ in range(count - sum(shares)):
        lacking = [
            due / (share + 1) if share < size else -1.0
            for due, share, size in zip(wanted, shares, sizes, strict=True)
        ]
        shares[int(np.argmax(lacking))] += 1
    return shares


def hourly_rates(minutes: Sequence[int], run: CountedRun, subjects: Sequence[Subject]) -> list[float]:
    """Return for each minute how much its hour counted a minute: crossings, or people where no line is."""
    lines = [subject for subject in subjects if subject.is_line]
    zones = [subject.name for subject in subjects if not subject.is_line]
    values = np.array([_activity(start, run, lines, zones) for start in minutes])
    _, hours, sizes = np.unique(np.array(minutes) // HOUR_MS, return_inverse=True, return_counts=True)
    means: list[float] = (np.bincount(hours, weights=values) / sizes)[hours].tolist()
    return means


def _activity(start: int, run: CountedRun, lines: Sequence[Subject], zones: Sequence[str]) -> float:
    end = start + MINUTE_MS
    if lines:
        return sum(run.in_stretch(line, start, end).value or 0 for line in lines)
    return sum(run.at_instant(zone, end).value or 0 for zone in zones)


def strata_of(rates: Sequence[float]) -> list[str]:
    """Return quiet, middle or busy for each minute by the rate of its hour.

    Cut where the cumulated roots of the rates reach thirds: Dalenius and Hodges, JASA 54 (1959). Hours alike
    stay together; a stratum of fewer than `LEAST_IN_STRATUM` minutes joins the one below.
    """
    levels, sizes = np.unique(np.array(rates, np.float64), return_counts=True)
    weights = sizes * np.sqrt(levels + RATE_OF_NOTHING)
    middles = (np.cumsum(weights) - weights / 2) / weights.sum()
    places = np.minimum((middles * len(STRATUM_NAMES)).astype(int), len(STRATUM_NAMES) - 1)
    named = dict(zip(levels.tolist(), places.tolist(), strict=True))
    chosen = [named[rate] for rate in rates]
    for place in (2, 1):
        if 0 < chosen.count(place) < LEAST_IN_STRATUM:
            chosen = [place - 1 if one == place else one for one in chosen]
    if 0 < chosen.count(0) < LEAST_IN_STRATUM:
        lowest = min((one for one in chosen if one > 0), default=0)
        chosen = [lowest if one == 0 else one for one in chosen]
    return [STRATUM_NAMES[place] for place in chosen]


def minutes_needed(
    rate: float, half_width: float, *, expected_error: float, population: float = math.inf
) -> float:
    """Return how many minutes give ± `half_width` at 95 %, before any was counted; infinite at rate 0.

    n₀ = z²·D·e/(r·w²) with rate r a minute, share e of people miscounted, half-width w (a share) and
    dispersion D; then n₀/(1 + n₀/N) for a population of N: Cochran (1977), section 4.6.
    """
    if rate <= 0:
        return math.inf
    return _finite(_Z**2 * DISPERSION * expected_error / (rate * half_width**2), population)


def stretches_needed(audit: Audit, half_width: float) -> float:
    """Return how many stretches like those of `audit` give ± `half_width`; infinite when it cannot say."""
    used, interval = len(audit.used), audit.error_interval
    if used < 2 or not math.isfinite(interval.half_width):
        return math.inf
    population = audit.drawn_from if audit.drawn else math.inf
    seen = used / max(1 - used / population, 1e-9) if math.isfinite(population) else float(used)
    return _finite(seen * (interval.half_width / half_width) ** 2, population)


def _finite(endless: float, population: float) -> float:
    return float(math.ceil(endless / (1 + endless / population) - 1e-9))
