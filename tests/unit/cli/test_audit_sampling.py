"""Minutes are drawn evenly, with weights that add up, and their number follows the formula."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.audit.counted import GOOD, MISSING, SUSPECT, CountedRun, Window
from cli.audit.hand_file import Subject
from cli.audit.sampling import (
    MINUTE_MS,
    SamplePlanError,
    analysed,
    draw,
    hourly_rates,
    minutes_needed,
    strata_of,
    whole_minutes,
)

ROAD = Subject("road", "in")


def test_whole_minutes_lie_inside_the_period() -> None:
    assert whole_minutes(30_000, 200_000) == [60_000, 120_000]
    assert whole_minutes(60_000, 120_000) == [60_000]
    assert whole_minutes(60_001, 120_000) == []


@given(st.lists(st.integers(0, 30), min_size=1, max_size=12), st.integers(0, 2**32), st.data())
def test_weights_add_up_to_the_period(hours: list[int], seed: int, data: st.DataObject) -> None:
    rates = [float(rate) for rate in hours for _ in range(60)]
    minutes = [MINUTE_MS * place for place in range(len(rates))]
    strata = strata_of(rates)
    count = data.draw(st.integers(9, len(minutes)))
    drawn = draw(minutes, strata, rates, count, seed)
    assert len({one.start_ms for one in drawn}) == count
    assert drawn == sorted(drawn, key=lambda one: one.start_ms)
    assert sum(one.weight for one in drawn) == pytest.approx(len(minutes))
    sizes = Counter(strata)
    for name, number in Counter(one.stratum for one in drawn).items():
        assert number >= 3 or len(sizes) == 1
        assert {one.weight for one in drawn if one.stratum == name} == {sizes[name] / number}


def test_every_minute_has_the_same_chance_without_strata() -> None:
    minutes = [MINUTE_MS * place for place in range(20)]
    hits = Counter(
        one.start_ms for seed in range(2000) for one in draw(minutes, ["all"] * 20, [0.0] * 20, 5, seed)
    )
    # Binomial(2000, 1/4) has a standard deviation of 19: five of them either way.
    assert all(abs(hits[minute] - 500) < 97 for minute in minutes)


def test_busy_hours_get_more_and_hours_alike_stay_together() -> None:
    rates = [0.5] * 600 + [4.0] * 60 + [20.0] * 60
    strata = strata_of(rates)
    assert len({(rate, name) for rate, name in zip(rates, strata, strict=True)}) == 3
    drawn = draw([MINUTE_MS * place for place in range(720)], strata, rates, 60, 1)
    weights = {one.stratum: one.weight for one in drawn}
    assert weights["busy"] < weights["quiet"]


def test_one_hour_is_one_stratum() -> None:
    assert len(set(strata_of([3.0] * 60))) == 1


@pytest.mark.parametrize("count", [pytest.param(0, id="none"), pytest.param(21, id="more-than-there-are")])
def test_a_sample_that_cannot_be_is_refused(count: int) -> None:
    with pytest.raises(SamplePlanError, match=f"--minutes is {count}: expected 1 to 20"):
        draw([MINUTE_MS * place for place in range(20)], ["all"] * 20, [0.0] * 20, count, 1)


def test_minutes_needed_follow_the_formula() -> None:
    # 1.96² · 2 · 0.1 / (10 · 0.05²) = 30.7
    assert minutes_needed(10, 0.05, expected_error=0.1) == 31
    assert minutes_needed(10, 0.05, expected_error=0.1, population=31) == 16
    assert minutes_needed(0, 0.05, expected_error=0.1) == math.inf


def run_of(windows: dict[int, Window], crossings: list[int]) -> CountedRun:
    times = {ROAD: (np.array(crossings), np.zeros(len(crossings), np.bool_))}
    spans = [(start, one.end_ms) for start, one in windows.items()]
    return CountedRun("plaza-1", ("person",), times, {"lawn": windows}, spans, [])


def test_rates_are_those_of_the_hour() -> None:
    hour = 60 * MINUTE_MS
    windows = {start: Window(start + MINUTE_MS) for start in range(0, 2 * hour, MINUTE_MS)}
    run = run_of(windows, [1000 * place for place in range(120)])
    assert hourly_rates([0, MINUTE_MS, hour], run, [ROAD]) == [60.0, 60.0, 0.0]


@pytest.mark.parametrize(
    ("at_ms", "value", "state"),
    [
        pytest.param(10_000, 3, GOOD, id="end-of-a-window"),
        pytest.param(10_400, 3, GOOD, id="nearly-the-end"),
        pytest.param(15_000, 5.5, SUSPECT, id="inside-a-window"),
        pytest.param(20_000, 6, SUSPECT, id="end-of-the-last"),
        pytest.param(0, 2.5, GOOD, id="first-frame"),
        pytest.param(20_600, None, MISSING, id="after-the-run"),
    ],
)
def test_people_at_an_instant(at_ms: int, value: float | None, state: str) -> None:
    windows = {0: Window(10_000, last=3, mean=2.5), 10_000: Window(20_000, last=6, mean=5.5, suspect=True)}
    found = run_of(windows, []).at_instant("lawn", at_ms)
    assert (found.value, found.state) == (value, state)


@pytest.mark.parametrize(
    ("start_ms", "end_ms", "value", "state"),
    [
        pytest.param(0, 10_000, 2, GOOD, id="end-is-not-part"),
        pytest.param(5000, 15_000, 2, SUSPECT, id="touches-a-suspect-window"),
        pytest.param(0, 40_000, None, MISSING, id="half-unseen"),
    ],
)
def test_crossings_in_a_stretch(start_ms: int, end_ms: int, value: float | None, state: str) -> None:
    windows = {0: Window(10_000), 10_000: Window(20_000, suspect=True)}
    found = run_of(windows, [0, 9999, 10_000]).in_stretch(ROAD, start_ms, end_ms)
    assert (found.value, found.state) == (value, state)


def test_only_analysed_minutes_are_drawn_from() -> None:
    run = run_of({0: Window(60_000), 120_000: Window(170_000)}, [])
    assert analysed([0, 60_000, 120_000], run) == [0]
