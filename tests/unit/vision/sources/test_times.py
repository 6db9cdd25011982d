from __future__ import annotations

from itertools import pairwise
from math import inf, nan

import pytest

from edge_components.vision.sources.backoff import BackOff
from edge_components.vision.sources.presentation_time import PresentationTimes, StreamTimes, sane_frame_rate


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


def stream_moments(positions: list[float], grabs: list[float]) -> list[float]:
    times = StreamTimes()
    return [times.next(*pair) for pair in zip(positions, grabs, strict=True)]


def test_a_stream_that_arrives_in_bunches_keeps_the_times_it_was_taken_at() -> None:
    positions = [100 + 0.04 * k for k in range(40)]
    grabs = [5 + 0.04 * (k // 10 * 10 + 9) + 0.002 * (k % 10) for k in range(40)]
    moments = stream_moments(positions, grabs)
    steps = [after - before for before, after in pairwise(moments[10:])]
    assert steps == pytest.approx([0.04] * len(steps), abs=0.001)
    assert all(moment <= grab + 1e-9 for moment, grab in zip(moments, grabs, strict=True))


@pytest.mark.parametrize(
    ("positions", "grabs"),
    [
        pytest.param([0.0] * 4, [1.0, 1.1, 1.2, 1.3], id="no times"),
        pytest.param([float("nan")] * 3, [1.0, 1.1, 1.2], id="not a number"),
        pytest.param([0.0, 0.04, 500.0, 500.04], [1.0, 1.04, 1.08, 1.12], id="a jump"),
        pytest.param([0.0, 0.2, 0.4, 0.6], [1.0, 1.1, 1.2, 1.3], id="too fast"),
    ],
)
def test_a_stream_without_sane_times_is_timed_by_its_grabs(
    positions: list[float], grabs: list[float]
) -> None:
    assert stream_moments(positions, grabs) == pytest.approx(grabs)


def test_a_stream_whose_clock_falls_behind_is_not_believed_for_ever() -> None:
    grabs = [0.1 * k for k in range(200)]
    moments = stream_moments([grab / 2 for grab in grabs], grabs)
    assert max(grab - moment for grab, moment in zip(grabs, moments, strict=True)) < 3.1
    assert moments[-1] == grabs[-1]


def test_a_stream_that_begins_anew_is_tied_anew() -> None:
    assert stream_moments([9.0, 9.1, 0.0, 0.1], [1.0, 1.1, 1.2, 1.35]) == pytest.approx(
        [1.0, 1.1, 1.2, 1.3], abs=0.051
    )
