from __future__ import annotations

import numpy as np
import pytest

from edge_components.vision.latency import LatencyHistogram


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
