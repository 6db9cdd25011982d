from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_components.runtime.counting.timeline import Timeline


@pytest.mark.parametrize(
    ("times", "steady", "not_forward", "set_back"),
    [
        pytest.param([1000, 1040, 1080], [1.0, 1.04, 1.08], 0, 0, id="forward"),
        pytest.param([1000, 1000, 1040], [1.0, 1.04, 1.06], 1, 0, id="equal"),
        pytest.param([1000, 1040, 1010, 1080], [1.0, 1.04, 1.05, 1.08], 1, 0, id="jitter"),
        pytest.param([9000, 9040, 1000, 1040], [9.0, 9.04, 9.08, 9.12], 1, 1, id="clock set back"),
        pytest.param(
            [1000, 1100, 1200, 900, 1000], [1.0, 1.1, 1.2, 1.3, 1.4], 1, 1, id="set back by four intervals"
        ),
        pytest.param([1000, 1100, 1200, 1199, 1400], [1.0, 1.1, 1.2, 1.299, 1.4], 1, 0, id="a late frame"),
        pytest.param(
            [1000, 1001, 1400, 1401, 1800, 1801, 2200],
            [1.0, 1.001, 1.4, 1.6, 1.8, 2.0, 2.2],
            0,
            0,
            id="in pairs",
        ),
        pytest.param(
            [5000] * 3 + [6000] * 3, [5, 5.04, 5.08, 6, 6 + 1 / 3, 6 + 2 / 3], 4, 0, id="whole seconds"
        ),
        pytest.param([1000, 1200, 1400, 1433, 1467], [1.0, 1.2, 1.4, 1.433, 1.467], 0, 0, id="faster"),
        pytest.param([1000, 1033, 1067, 3000, 3033], [1.0, 1.033, 1.067, 3.0, 3.033], 0, 0, id="a pause"),
    ],
)
def test_steady_time_goes_forward(
    times: list[int], steady: list[float], not_forward: int, set_back: int
) -> None:
    timeline = Timeline()
    assert [timeline.advance(time) for time in times] == pytest.approx(steady, abs=0.0011)
    assert (timeline.not_forward, timeline.set_back) == (not_forward, set_back)


@pytest.mark.parametrize(
    "jump_ms",
    [
        pytest.param(20_000, id="a pause of 20 s"),
        pytest.param(7_200_000, id="a clock set forward by two hours"),
        pytest.param(1_795_000_000_000, id="time sync after a boot in 1970"),
    ],
)
def test_what_a_clock_was_set_forward_by_is_no_interval(jump_ms: int) -> None:
    """Seed 1036 of the chaos runs: a crossing three hours ahead, after time sync moved the clock by two."""
    timeline = Timeline()
    before = [1000, 1100, 1200, 1300]
    bunch = [1400 + jump_ms + after for after in (0, 1, 2, 3, 100, 200)]
    steady = [timeline.advance(time) for time in before + bunch]
    ahead = [1000 * second - time for second, time in zip(steady, before + bunch, strict=True)]
    assert max(ahead) <= 1000.5, "in a bunch, a frame may be ahead of its own time by a second"
    assert timeline.set_back == 0
    back = timeline.advance(bunch[-1] - 3000)
    assert back == pytest.approx(steady[-1], abs=1.0), "a clock set back is still seen"
    assert timeline.set_back == 1


def test_after_a_clock_was_set_back_records_carry_the_new_time() -> None:
    timeline = Timeline()
    for time in (9000, 9040, 1000):
        steady = timeline.advance(time)
    assert timeline.event_time_ms(steady) == 1000
    assert timeline.event_time_ms(9.04) == 9040, "what was before keeps the time it had"


@given(st.lists(st.integers(0, 10_000_000), min_size=2, max_size=30))
def test_no_clock_stops_it(times: list[int]) -> None:
    timeline = Timeline()
    steady = [timeline.advance(time) for time in times]
    assert all(after > before for before, after in pairwise(steady))
