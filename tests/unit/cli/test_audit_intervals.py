"""Intervals against known answers, and their coverage by simulation with known truth."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.audit.intervals import (
    BOOTSTRAP,
    NOT_KNOWN,
    POISSON_RATIO,
    STUDENT_T,
    Pairs,
    absolute_error_interval,
    bootstrap_interval,
    error_interval,
    plain_pairs,
    poisson_difference_limits,
    poisson_ratio_limits,
    ratio,
    student_interval,
)

Counts = npt.NDArray[Any]
Draw = Callable[[np.random.Generator, int], tuple[Counts, Counts]]


def pairs_of(counted: Sequence[float], hand: Sequence[float]) -> Pairs:
    return plain_pairs(np.array(counted, float), np.array(hand, float))


def test_equal_stretches_give_the_textbook_interval_of_a_mean() -> None:
    # With 10 by hand everywhere the ratio is a mean: d = -1, 0, 1, 2, 3; mean 1, s = √2.5; t(4) = 2.7764.
    found = student_interval(np.array([-1.0, 0, 1, 2, 3]), pairs_of([9, 10, 11, 12, 13], [10] * 5))
    reach = 2.776445 * math.sqrt(2.5 / 5) / 10
    assert (found.low, found.high) == pytest.approx((0.1 - reach, 0.1 + reach), rel=1e-5)


def test_no_differences_is_not_certainty() -> None:
    # Rule of three, for both sides: no error among 200 leaves up to 3.689 possible (Garwood).
    found = error_interval(pairs_of([20] * 10, [20] * 10))
    assert found.widened
    assert (found.low, found.high) == pytest.approx((-3.6889 / 200, 3.6889 / 200), rel=1e-4)


def test_misses_alone_give_the_limits_of_garwood() -> None:
    # Five single misses of 100: Garwood's limits of a Poisson 5 are 1.6235 and 11.668.
    pairs = pairs_of([9] * 5 + [10] * 5, [10] * 10)
    low, high = poisson_difference_limits(pairs.differences, pairs)
    assert low == pytest.approx(-(5 + math.hypot(11.6683 - 5, 0)) / 100, rel=1e-3)
    assert high == pytest.approx((-5 + math.hypot(5 - 1.6235, 3.6889)) / 100, abs=1e-6)


def test_a_ratio_of_poisson_counts_is_exact() -> None:
    # 10 against 10: Clopper and Pearson's limits of 10 in 20 are 0.2720 and 0.7280.
    assert poisson_ratio_limits(10, 10) == pytest.approx((0.27196 / 0.72804, 0.72804 / 0.27196), rel=1e-3)
    assert poisson_ratio_limits(0, 10)[0] == 0.0
    assert poisson_ratio_limits(10, 0)[1] == math.inf


@pytest.mark.parametrize(
    ("counted", "hand", "method"),
    [
        pytest.param([7.0] * 4, [8.0] * 4, POISSON_RATIO, id="few-stretches"),
        pytest.param([7.0, 8, 9, 8, 7], [8.0] * 5, STUDENT_T, id="five-stretches"),
        pytest.param([8.0] * 95 + [40.0] * 5, [8.0] * 100, BOOTSTRAP, id="many-and-lopsided"),
        pytest.param([7.0, 9.0] * 50, [8.0] * 100, STUDENT_T, id="many-and-even"),
        pytest.param([1.0] * 9, [0.0] * 9, NOT_KNOWN, id="nobody-by-hand"),
        pytest.param([], [], NOT_KNOWN, id="nothing"),
    ],
)
def test_the_method_follows_the_data(counted: list[float], hand: list[float], method: str) -> None:
    assert error_interval(pairs_of(counted, hand)).method == method


def test_cancelling_errors_show_in_the_absolute_error() -> None:
    pairs = pairs_of([5.0, 15.0] * 10, [10.0] * 20)
    assert ratio(pairs.differences, pairs) == 0
    assert ratio(np.abs(pairs.differences), pairs) == 0.5
    assert absolute_error_interval(pairs).low == pytest.approx(0.5)


def test_weights_bring_back_what_the_strata_stand_for() -> None:
    # One busy minute in two was drawn (weight 2) without error; one quiet in ten, each with half missed.
    pairs = Pairs(
        np.array([10.0, 12, 1, 1]), np.array([10.0, 12, 2, 2]), np.array([2.0, 2, 10, 10]),
        np.array([0, 0, 1, 1]), (4.0, 20.0),
    )  # fmt: skip
    assert ratio(pairs.differences, pairs) == pytest.approx(-20 / (44 + 40))


def test_counting_everything_by_hand_leaves_no_doubt() -> None:
    hand = np.array([5.0, 8, 3, 6, 9, 4] * 4)
    counted = hand + np.array([1.0, -1, 2, 0, -2, 1] * 4)
    pairs = Pairs(counted, hand, np.ones(24), np.zeros(24, np.int64), (24.0,))
    found = error_interval(pairs)
    assert found.low == pytest.approx(found.high)


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=80),
    st.sampled_from([1.0, 7.5]),
)
def test_limits_enclose_the_estimate_and_repeat(figures: list[tuple[int, int]], weight: float) -> None:
    counted, hand = (np.array(column, float) for column in zip(*figures, strict=True))
    count = len(figures)
    pairs = Pairs(counted, hand, np.full(count, weight), np.zeros(count, np.int64), (weight * count,))
    found = error_interval(pairs)
    if hand.sum() == 0:
        assert found.method == NOT_KNOWN
        return
    assert found.low <= ratio(pairs.differences, pairs) + 1e-9
    assert found.high >= ratio(pairs.differences, pairs) - 1e-9
    assert error_interval(pairs) == found


def busy(generator: np.random.Generator, count: int) -> tuple[Counts, Counts]:
    """Poisson arrivals, 5 % missed, some counted twice."""
    hand = generator.poisson(10, count)
    return generator.binomial(hand, 0.95) + generator.poisson(0.3, count), hand


def crowds(generator: np.random.Generator, count: int) -> tuple[Counts, Counts]:
    """Over-dispersed: arrivals in groups, and misses that come in bad minutes."""
    hand = generator.poisson(generator.gamma(1.5, 8, count))
    return generator.binomial(hand, 1 - generator.beta(1, 9, count)) + generator.poisson(0.6, count), hand


def turnstile(generator: np.random.Generator, count: int) -> tuple[Counts, Counts]:
    """Under-dispersed arrivals, 5 % missed."""
    hand = generator.binomial(12, 0.9, count)
    return generator.binomial(hand, 0.95), hand


def rare(generator: np.random.Generator, count: int) -> tuple[Counts, Counts]:
    """Few errors at all: 0.5 % missed."""
    hand = generator.poisson(8, count)
    return generator.binomial(hand, 0.995), hand


def coverage(draw: Draw, truth: float, count: int, runs: int = 1200) -> float:
    """The share of samples of `count` stretches whose interval holds the true error."""
    generator = np.random.default_rng(42)
    held = 0
    for _ in range(runs):
        counted, hand = draw(generator, count)
        found = error_interval(plain_pairs(counted.astype(float), hand.astype(float)))
        held += found.low <= truth <= found.high
    return held / runs


@pytest.mark.parametrize(
    ("draw", "truth", "count", "least", "most"),
    [
        pytest.param(busy, -0.02, 20, 0.93, 0.975, id="busy-20"),
        pytest.param(busy, -0.02, 60, 0.93, 0.97, id="busy-60"),
        pytest.param(crowds, -0.05, 10, 0.93, 0.98, id="crowds-10"),
        pytest.param(crowds, -0.05, 30, 0.925, 0.97, id="crowds-30"),
        pytest.param(turnstile, -0.05, 60, 0.93, 0.97, id="turnstile-60"),
        # Few differences: on the safe side, never below.
        pytest.param(busy, -0.02, 6, 0.95, 1.0, id="busy-6-safe"),
        pytest.param(turnstile, -0.05, 20, 0.95, 1.0, id="turnstile-20-safe"),
        pytest.param(rare, -0.005, 20, 0.97, 1.0, id="rare-20-safe"),
        pytest.param(busy, -0.02, 3, 0.97, 1.0, id="busy-3-poisson-safe"),
    ],
)
def test_coverage_at_95_percent(draw: Draw, truth: float, count: int, least: float, most: float) -> None:
    assert least <= coverage(draw, truth, count) <= most


def test_coverage_of_a_stratified_sample() -> None:
    generator = np.random.default_rng(7)
    rates = np.concatenate([np.full(400, 1.0), np.full(120, 6.0), np.full(60, 25.0)])
    strata = np.repeat([0, 1, 2], [400, 120, 60])
    hand = generator.poisson(rates).astype(float)
    # The quiet hours are counted worse: an unweighted estimate would hide it.
    counted = generator.binomial(hand.astype(int), np.array([0.8, 0.95, 0.98])[strata]).astype(float)
    truth = counted.sum() / hand.sum() - 1
    held, plain = 0, 0
    shares = (20, 20, 20)
    for _ in range(1500):
        picks = np.concatenate([
            generator.choice(np.flatnonzero(strata == place), share, replace=False)
            for place, share in enumerate(shares)
        ])  # fmt: skip
        weights = np.repeat([400 / 20, 120 / 20, 60 / 20], shares)
        pairs = Pairs(counted[picks], hand[picks], weights, strata[picks], (400.0, 120.0, 60.0))
        found = error_interval(pairs)
        held += found.low <= truth <= found.high
        unweighted = error_interval(plain_pairs(counted[picks], hand[picks]))
        plain += unweighted.low <= truth <= unweighted.high
    assert 0.93 <= held / 1500 <= 0.97
    assert plain / 1500 < 0.9


def test_rare_bursts_are_not_covered_by_few_stretches_and_the_guide_says_so() -> None:
    """20 extra in one stretch of fifty: twenty stretches mostly hold none of them; no method can know."""

    def bursts(generator: np.random.Generator, count: int) -> tuple[Counts, Counts]:
        hand = generator.poisson(10, count)
        return hand + 20 * generator.binomial(1, 0.02, count), hand

    assert coverage(bursts, 0.04, 20, runs=300) < 0.6


def test_the_bootstrap_repeats_exactly() -> None:
    generator = np.random.default_rng(1)
    hand = generator.poisson(8, 100).astype(float)
    counted = hand + (generator.random(100) < 0.05) * 9
    pairs = plain_pairs(counted, hand)
    assert bootstrap_interval(pairs.differences, pairs) == bootstrap_interval(pairs.differences, pairs)
