from __future__ import annotations

from math import inf, nan

import pytest

from edge_components.vision.sources.backoff import BackOff
from edge_components.vision.sources.presentation_time import PresentationTimes, sane_frame_rate


@pytest.mark.parametrize(
    ("positions", "expected"),
    [
        pytest.param(
            [0.2, 0.3, 0.4], [0, 0.1, 0.2], id="a file that starts later counts from its first frame"
        ),
        pytest.param([0, 0.1, 0.35, 0.4], [0, 0.1, 0.35, 0.4], id="a varying rate is kept"),
        pytest.param([0, 0, 0], [0, 0.1, 0.2], id="no times: counted by the rate"),
        pytest.param([0, 0.1, 0.05, 0.15], [0, 0.1, 0.2, 0.3], id="a step back goes on from there"),
        pytest.param([5, 5.1, 0, 0.1], [0, 0.1, 0.2, 0.3], id="two clips in one file"),
        pytest.param([0, 0.1, 9000, 9000.1], [0, 0.1, 0.2, 0.3], id="a jump of hours is no time"),
        pytest.param([0, 30], [0, 30], id="half a minute without motion is"),
        pytest.param([nan, inf, 0.1], [0, 0.1, 0.2], id="not a number"),
    ],
)
def test_presentation_times(positions: list[float], expected: list[float]) -> None:
    times = PresentationTimes(frames_per_second=10)
    assert [times.next(position) for position in positions] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        pytest.param(29.97, 29.97, id="usual"),
        pytest.param(0, 25, id="unknown"),
        pytest.param(90_000, 25, id="a clock rate"),
        pytest.param(nan, 25, id="not a number"),
    ],
)
def test_frame_rates(declared: float, expected: float) -> None:
    assert sane_frame_rate(declared) == expected


def test_waits_double_up_to_the_cap_and_start_again_after_a_success() -> None:
    longest = BackOff(first_seconds=1, maximum_seconds=10, uniform=lambda _low, high: high)
    shortest = BackOff(first_seconds=1, maximum_seconds=10, uniform=lambda low, _high: low)
    assert [longest.next_seconds() for _ in range(6)] == [1, 2, 4, 8, 10, 10]
    assert [shortest.next_seconds() for _ in range(3)] == [0.5, 1, 2]
    longest.reset()
    assert longest.next_seconds() == 1


def test_waits_differ_between_cameras() -> None:
    assert len({BackOff().next_seconds() for _ in range(20)}) > 10
