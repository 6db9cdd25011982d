from __future__ import annotations

import numpy as np
import pytest

from edge_components.vision.latency import LatencyHistogram, RecentLatency


@pytest.mark.parametrize(
    "times",
    [
        pytest.param(np.random.default_rng(1).gamma(2, 5, 20_000), id="usual times"),
        pytest.param(np.full(100, 7.0), id="all alike"),
        pytest.param(np.array([3.0]), id="one"),
        pytest.param(np.logspace(-2, 5, 5000), id="ten microseconds to a hundred seconds"),
    ],
)
def test_percentiles_are_within_two_percent(times: np.ndarray) -> None:
    histogram = LatencyHistogram()
    for milliseconds in times:
        histogram.add(float(milliseconds))
    summary = histogram.summary()
    for percent, value in ((50, summary.p50), (95, summary.p95), (99, summary.p99)):
        exact = float(np.percentile(times, percent, method="inverted_cdf"))
        assert value == pytest.approx(exact, rel=0.02)
    assert summary.maximum == pytest.approx(times.max(), abs=0.001)


def test_times_outside_the_bins_are_counted_at_their_ends() -> None:
    histogram = LatencyHistogram()
    for milliseconds in (0.0, -1.0, 1e9):
        histogram.add(milliseconds)
    assert histogram.total == 3
    assert histogram.percentile(99) == pytest.approx(1e6, rel=0.05)


def test_nothing_counted_is_zero() -> None:
    assert LatencyHistogram().summary().p99 == 0


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_what_is_recent_is_of_the_last_minute() -> None:
    clock = Clock()
    recent = RecentLatency(monotonic_seconds=clock)
    for frame in range(50_000):
        clock.seconds = 100.0 + frame / 10
        recent.add(20.0)
    for _ in range(650):
        clock.seconds += 0.1
        recent.add(400.0)
    summary = recent.summary()
    assert summary is not None
    assert summary.p50 == pytest.approx(400.0, rel=0.02)
    clock.seconds += 25.0
    assert recent.summary() is not None
    clock.seconds += 60.0
    assert recent.summary() is None


def test_what_was_before_a_restart_counts_no_more() -> None:
    recent = RecentLatency()
    recent.add(500.0)
    recent.restart()
    assert recent.summary() is None
    recent.add(5.0)
    summary = recent.summary()
    assert summary is not None
    assert summary.maximum == pytest.approx(5.0)
