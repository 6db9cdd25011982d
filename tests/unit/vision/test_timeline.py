from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_components.vision.timeline import Timeline


@pytest.mark.parametrize(
    ("times", "steady", "not_forward", "set_back"),
    [
        pytest.param([1000, 1040, 1080], [1.0, 1.04, 1.08], 0, 0, id="forward"),
        pytest.param([1000, 1000, 1040], [1.0, 1.001, 1.04], 1, 0, id="equal"),
        pytest.param([1000, 1040, 1010, 1080], [1.0, 1.04, 1.041, 1.08], 1, 0, id="jitter"),
        pytest.param([9000, 9040, 1000, 1040], [9.0, 9.04, 9.041, 9.081], 1, 1, id="clock set back"),
    ],
)
def test_steady_time_goes_forward(
    times: list[int], steady: list[float], not_forward: int, set_back: int
) -> None:
    timeline = Timeline()
    assert [timeline.advance(time) for time in times] == pytest.approx(steady)
    assert (timeline.not_forward, timeline.set_back) == (not_forward, set_back)


def test_after_a_clock_was_set_back_records_carry_the_new_time() -> None:
    timeline = Timeline()
    for time in (9000, 9040, 1000):
        steady = timeline.advance(time)
    assert timeline.event_time_ms(steady) == 1000


@given(st.lists(st.integers(0, 10_000_000), min_size=2, max_size=30))
def test_no_clock_stops_it(times: list[int]) -> None:
    timeline = Timeline()
    steady = [timeline.advance(time) for time in times]
    assert all(after > before for before, after in pairwise(steady))
