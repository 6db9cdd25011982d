"""States and counts of places from what their feeds say."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from lambdas.live_api.feed_state import FAR_AHEAD, Reading, State, next_change, place_state

NOW = datetime.fromisoformat("2026-03-01T12:00")


def reading(
    ago: float, *, window: float = 10, count: int = 5, suspect: bool = False, before: int | None = 3
) -> Reading:
    """A window that ended `ago` seconds before now."""
    return Reading(NOW - timedelta(seconds=ago + window), window, count, suspect, before)


@pytest.mark.parametrize(
    ("ago", "window", "expected"),
    [
        pytest.param(0, 10, State.LIVE, id="just now"),
        pytest.param(80, 10, State.LIVE, id="two windows and the delivery ago"),
        pytest.param(80.1, 10, State.STALE, id="a moment later"),
        pytest.param(900, 10, State.STALE, id="a quarter of an hour ago"),
        pytest.param(900.1, 10, State.NO_DATA, id="more than a quarter of an hour ago"),
        pytest.param(180, 60, State.LIVE, id="a minute's window, two minutes and the delivery ago"),
        pytest.param(180.1, 60, State.STALE, id="a minute's window, a moment later"),
        pytest.param(7260, 3600, State.LIVE, id="an hour's window, two hours and a minute ago"),
        pytest.param(10_800, 3600, State.STALE, id="an hour's window, three hours ago"),
        pytest.param(10_801, 3600, State.NO_DATA, id="an hour's window, more than three hours ago"),
        pytest.param(-300, 10, State.LIVE, id="a clock that runs ahead"),
    ],
)
def test_a_state_follows_from_age_and_window(ago: float, window: float, expected: State) -> None:
    assert reading(ago, window=window).state(NOW) is expected


@pytest.mark.parametrize(
    ("readings", "state", "count", "change", "silent"),
    [
        pytest.param([], State.NO_DATA, None, None, 0, id="no feed"),
        pytest.param([None], State.NO_DATA, None, None, 1, id="a feed that never spoke"),
        pytest.param([reading(0, count=0, before=0)], State.LIVE, 0, 0, 0, id="an empty place is 0"),
        pytest.param([reading(0), reading(5, count=2, before=1)], State.LIVE, 7, 3, 0, id="two feeds"),
        pytest.param([reading(0), None], State.SUSPECT, 5, 2, 1, id="one of two is silent"),
        pytest.param([reading(0), reading(200)], State.SUSPECT, 5, 2, 1, id="one of two is stale"),
        pytest.param([reading(0, suspect=True)], State.SUSPECT, 5, 2, 0, id="a covered camera"),
        pytest.param([reading(200), None], State.STALE, 5, 2, 2, id="the last word of one, and none"),
        pytest.param([reading(0, before=None)], State.LIVE, 5, None, 0, id="nothing 5 minutes ago"),
        pytest.param([reading(0), reading(0, before=None)], State.LIVE, 10, None, 0, id="half known"),
        pytest.param([reading(5000)], State.NO_DATA, None, None, 1, id="too long ago to show"),
    ],
)
def test_a_place_says_what_its_feeds_say(
    readings: list[Reading | None], state: State, count: int | None, change: int | None, silent: int
) -> None:
    found = place_state(readings, NOW)
    assert (found.state, found.count, found.change, found.silent) == (state, count, change, silent)
    # The ring is of a place that a camera sees now, whatever it counts.
    assert found.seen_now == (state in (State.LIVE, State.SUSPECT))


def test_a_count_comes_from_the_feeds_that_speak() -> None:
    found = place_state([None, reading(30), reading(500), reading(10)], NOW)
    assert found.speaking == (1, 3)
    assert found.seen_at == NOW - timedelta(seconds=10)


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        pytest.param([None], FAR_AHEAD, id="nothing can change by itself"),
        pytest.param([reading(0)], NOW + timedelta(seconds=80), id="live becomes stale"),
        pytest.param([reading(100)], NOW + timedelta(seconds=800), id="stale becomes no data"),
        pytest.param([reading(0), reading(70)], NOW + timedelta(seconds=10), id="the first of two"),
        pytest.param([reading(901)], FAR_AHEAD, id="no data stays"),
    ],
)
def test_the_next_change_is_known(readings: list[Reading | None], expected: datetime) -> None:
    assert next_change(readings, NOW) == expected


@pytest.mark.parametrize("ago", [0.0, 79.9, 80.0, 500.0, 900.0])
def test_nothing_changes_before_the_next_change(ago: float) -> None:
    one = reading(ago)
    until = next_change([one], NOW)
    assert one.state(until) is one.state(NOW)
    assert one.state(until + timedelta(milliseconds=1)) is not one.state(NOW)
