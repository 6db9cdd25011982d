"""Confidence intervals for the error of counts against counts by hand.

The sampling unit is the stretch: what was counted and what was counted by hand in one of them form a pair,
and only how pairs differ from one another says how sure an error is. Nothing here reads a clock or a global
random state: equal input gives equal output.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.stats import beta, chi2, norm, skew
from scipy.stats import t as student

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

CONFIDENCE = 0.95
FEW_STRETCHES = 5
"""Below this many stretches their spread says too little: Poisson counts are assumed instead."""
MANY_STRETCHES = 60
"""From this many on the bootstrap may be used; below, it comes out narrower than Student's t."""
SKEWED = 2.0
"""Skewness of the differences, either way, from which on many stretches are given to the bootstrap."""
FEW_DIFFERENCES = 15
"""Below this many stretches with a difference, a Poisson interval of the differences is the least width."""
RESAMPLES = 4000
SEED = 20260101

STUDENT_T = "student_t"
BOOTSTRAP = "bootstrap_bca"
POISSON_RATIO = "poisson_ratio"
NOT_KNOWN = "none"


@dataclass(frozen=True)
class Interval:
    """Limits of a ratio at 95 %, and how they were found; without `method` the limits are infinite.

    `widened` says that the limits of few differences, `few_differences`, reach beyond those of the method.
    """

    low: float
    high: float
    method: str
    widened: bool = False

    @property
    def half_width(self) -> float:
        """Half the distance of the limits."""
        return (self.high - self.low) / 2


@dataclass(frozen=True)
class Pairs:
    """Stretches of one line and direction, or instants of one zone; all arrays are (N,).

    `weights` are how many stretches of the period each one stands for (1 each when none were drawn), and
    `strata` number the layers they were drawn from. `population` is the number of stretches drawn from in
    each stratum, infinite where they were not drawn.
    """

    counted: Floats
    hand: Floats
    weights: Floats
    strata: Integers
    population: tuple[float, ...]

    @property
    def differences(self) -> Floats:
        """Counted less by hand, in each stretch."""
        return self.counted - self.hand

    @property
    def is_stratified(self) -> bool:
        """Whether the stretches stand for different numbers of others."""
        return len(self.population) > 1


def plain_pairs(counted: Floats, hand: Floats) -> Pairs:
    """Return pairs that were not drawn by a plan: each stands for itself in an endless period."""
    count = len(counted)
    return Pairs(counted, hand, np.ones(count), np.zeros(count, np.int64), (math.inf,))


def ratio(values: Floats, pairs: Pairs) -> float:
    """Return Σ w·values / Σ w·hand, a ratio of Horvitz–Thompson sums; NaN when nothing was there by hand.

    The combined ratio estimate of Cochran, "Sampling Techniques" (3rd edition, 1977), section 6.11.
    """
    total = float(pairs.weights @ pairs.hand)
    return float(pairs.weights @ values) / total if total > 0 else math.nan


def error_interval(pairs: Pairs) -> Interval:
    """Return the interval of the signed error as a share of the hand count; counts miss no more than all."""
    if pairs.hand.sum() <= 0:
        return Interval(-math.inf, math.inf, NOT_KNOWN)
    if len(pairs.hand) < FEW_STRETCHES:
        return _of_few_stretches(pairs)
    found = _widened(_of_spread(pairs.differences, pairs), pairs.differences, pairs)
    return replace(found, low=max(found.low, -1.0))


def absolute_error_interval(pairs: Pairs) -> Interval:
    """Return the interval of the absolute error as a share of the hand count, never below zero.

    Fewer than `FEW_STRETCHES` give none: sums over them hide what the absolute error is about.
    """
    sizes = np.abs(pairs.differences)
    if pairs.hand.sum() <= 0 or len(sizes) < FEW_STRETCHES:
        return Interval(0.0, math.inf, NOT_KNOWN)
    found = _widened(_of_spread(sizes, pairs), sizes, pairs)
    return replace(found, low=max(found.low, 0.0))


def _of_spread(values: Floats, pairs: Pairs) -> Interval:
    residuals = values - ratio(values, pairs) * pairs.hand
    lopsided = np.ptp(residuals) > 0 and abs(float(skew(residuals))) > SKEWED
    if lopsided and not pairs.is_stratified and len(values) >= MANY_STRETCHES:
        return bootstrap_interval(values, pairs)
    return student_interval(values, pairs)


def _of_few_stretches(pairs: Pairs) -> Interval:
    if pairs.is_stratified:
        return Interval(-math.inf, math.inf, NOT_KNOWN)
    low, high = poisson_ratio_limits(float(pairs.counted.sum()), float(pairs.hand.sum()))
    return Interval(low - 1, high - 1, POISSON_RATIO)


def _widened(found: Interval, values: Floats, pairs: Pairs) -> Interval:
    """Return `found`, reaching at least as far as a Poisson number of misses and false counts would.

    Ten stretches without one difference do not show that there never is one: their spread is zero, and an
    interval built on it alone would be a point.
    """
    if np.count_nonzero(values) >= FEW_DIFFERENCES:
        return found
    low, high = poisson_difference_limits(values, pairs)
    widened = low < found.low or high > found.high
    return Interval(min(low, found.low), max(high, found.high), found.method, widened)


def student_interval(values: Floats, pairs: Pairs) -> Interval:
    """Return the interval of `ratio` by linearisation and Student's t.

    The variance is that of the combined ratio estimate with its finite population correction, and the degrees
    of freedom are Satterthwaite's: Cochran (1977), sections 6.11 and 5.4. A stratum with one stretch left has
    no spread of its own and takes that of all stretches together.
    """
    estimate = ratio(values, pairs)
    residuals = values - estimate * pairs.hand
    pooled = float(np.var(residuals, ddof=1))
    terms: list[tuple[float, int]] = []
    for stratum, population in enumerate(pairs.population):
        mine = residuals[pairs.strata == stratum]
        if not len(mine):
            continue
        spread = float(np.var(mine, ddof=1)) if len(mine) > 1 else pooled
        scale = population if math.isfinite(population) else float(len(mine))
        unseen = max(0.0, 1 - len(mine) / population)
        terms.append((scale**2 * unseen * spread / len(mine), max(1, len(mine) - 1)))
    variance = sum(term for term, _ in terms)
    freedom = variance**2 / sum(term**2 / own for term, own in terms) if variance > 0 else 1.0
    error = math.sqrt(variance) / float(pairs.weights @ pairs.hand)
    reach = float(student.ppf((1 + CONFIDENCE) / 2, freedom)) * error
    return Interval(estimate - reach, estimate + reach, STUDENT_T)


def bootstrap_interval(values: Floats, pairs: Pairs) -> Interval:
    """Return the interval of `ratio` by the bias-corrected and accelerated bootstrap over stretches.

    Efron, "Better Bootstrap Confidence Intervals", JASA 82 (1987); acceleration by the jackknife. Resamples
    are drawn with a fixed seed. With a finite population the limits are drawn in by √(1 − n/N).
    """
    count, hand = len(values), pairs.hand
    picks = np.random.default_rng(SEED).integers(0, count, size=(RESAMPLES, count))
    below = hand[picks].sum(axis=1)
    ratios = values[picks].sum(axis=1)[below > 0] / below[below > 0]
    estimate = float(values.sum() / hand.sum())
    share = (np.count_nonzero(ratios < estimate) + np.count_nonzero(ratios == estimate) / 2) / len(ratios)
    bias = float(norm.ppf(np.clip(share, 1 / RESAMPLES, 1 - 1 / RESAMPLES)))
    acceleration = _acceleration(values, hand)
    low, high = (
        float(np.quantile(ratios, _corrected(norm.ppf(tail), bias, acceleration)))
        for tail in ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
    )
    # A resample varies by (n − 1)/n less than a sample does.
    scale = math.sqrt(count / (count - 1) * max(0.0, 1 - count / pairs.population[0]))
    return Interval(estimate + (low - estimate) * scale, estimate + (high - estimate) * scale, BOOTSTRAP)


def _acceleration(values: Floats, hand: Floats) -> float:
    others = hand.sum() - hand
    if (others <= 0).any():
        return 0.0
    left_out = (values.sum() - values) / others
    spread = left_out.mean() - left_out
    size = float((spread**2).sum()) ** 1.5
    return float((spread**3).sum()) / (6 * size) if size > 0 else 0.0


def _corrected(quantile: float, bias: float, acceleration: float) -> float:
    moved = bias + quantile
    return float(norm.cdf(bias + moved / max(1 - acceleration * moved, 1e-3)))


def poisson_ratio_limits(counted: float, hand: float) -> tuple[float, float]:
    """Return the limits of the ratio of two independent Poisson counts, exact given their sum.

    Przyborowski and Wilenski, Biometrika 31 (1940), with the limits of Clopper and Pearson (1934). Counts of
    the same people go together, so the true interval is narrower: this one errs on the safe side.
    """
    tail = (1 - CONFIDENCE) / 2
    low = float(beta.ppf(tail, counted, hand + 1)) if counted > 0 else 0.0
    high = float(beta.ppf(1 - tail, counted + 1, hand)) if hand > 0 else 1.0
    return low / (1 - low), high / (1 - high) if high < 1 else math.inf


def poisson_difference_limits(values: Floats, pairs: Pairs) -> tuple[float, float]:
    """Return limits of `ratio` when stretches with too much and with too little come in Poisson numbers.

    Each by Fay and Feuer's gamma limits for weighted counts (Statistics in Medicine 16, 1997; Garwood's of
    1936 when all are equal), their difference by Zou and Donner's method of variance estimates recovery
    (Statistics in Medicine 27, 2008).
    """
    total = float(pairs.weights @ pairs.hand)
    if not values.any():
        reach = float(chi2.ppf((1 + CONFIDENCE) / 2, 2)) / 2 * float(pairs.weights.max()) / total
        return -reach, reach
    more, more_low, more_high = _poisson_sum(np.maximum(values, 0), pairs.weights)
    less, less_low, less_high = _poisson_sum(np.maximum(-values, 0), pairs.weights)
    down = math.hypot(more - more_low, less_high - less)
    up = math.hypot(more_high - more, less - less_low)
    return (more - less - down) / total, (more - less + up) / total


def _poisson_sum(values: Floats, weights: Floats) -> tuple[float, float, float]:
    """Return Σ w·values and its limits; a stretch with a difference is one event, as large as that is."""
    tail = (1 - CONFIDENCE) / 2
    sizes = (weights * values)[values > 0]
    estimate, spread = float(sizes.sum()), float(sizes @ sizes)
    low = 0.0
    if estimate > 0:
        low = spread / (2 * estimate) * float(chi2.ppf(tail, 2 * estimate**2 / spread))
    largest = float(sizes.max(initial=weights.max()))
    raised, raised_spread = estimate + largest, spread + largest**2
    freedom = 2 * raised**2 / raised_spread
    return estimate, low, raised_spread / (2 * raised) * float(chi2.ppf(1 - tail, freedom))
