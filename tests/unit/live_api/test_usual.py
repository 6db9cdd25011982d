"""What is usual: hours of the week across changes of clocks, weeks that count, percent and level."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from lambdas.live_api.usual import HourTotal, Usual, level_of, percent_of, same_hours, usual_count


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("hour", "zone", "expected"),
    [
        pytest.param(
            "2026-03-02T01:00",
            "Asia/Seoul",
            ["2026-02-23T01:00", "2026-02-16T01:00", "2026-02-09T01:00", "2026-02-02T01:00"],
            id="over the end of February",
        ),
        pytest.param(
            "2026-01-01T15:00",
            "Asia/Seoul",
            ["2025-12-25T15:00", "2025-12-18T15:00", "2025-12-11T15:00", "2025-12-04T15:00"],
            id="over the end of a year, where it is another day than in UTC",
        ),
        pytest.param(
            "2026-03-31T07:00",
            "Europe/Berlin",
            ["2026-03-24T08:00", "2026-03-17T08:00", "2026-03-10T08:00", "2026-03-03T08:00"],
            id="nine in the morning stays nine when clocks go forward",
        ),
        pytest.param(
            "2026-11-03T14:00",
            "America/New_York",
            ["2026-10-27T13:00", "2026-10-20T13:00", "2026-10-13T13:00", "2026-10-06T13:00"],
            id="nine in the morning stays nine when clocks go back",
        ),
        pytest.param(
            "2026-03-09T04:00",
            "Asia/Kolkata",
            ["2026-03-02T04:00", "2026-02-23T04:00", "2026-02-16T04:00", "2026-02-09T04:00"],
            id="local hours that begin at half past",
        ),
    ],
)
def test_the_hour_of_the_week_is_the_local_one(hour: str, zone: str, expected: list[str]) -> None:
    assert same_hours(utc(hour), zone) == tuple(utc(one) for one in expected)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Seoul"])
def test_every_hour_of_a_year_has_four_hours_on_the_grid(zone: str) -> None:
    for day in range(1, 366, 3):
        for hour in (0, 1, 2, 3, 14, 23):
            start = utc("2026-01-01") + timedelta(days=day, hours=hour)
            found = same_hours(start, zone)
            assert len(set(found)) == 4
            assert all(one < start and one.minute == 0 for one in found)
            assert all(abs((start - one).total_seconds() / 3600 % 168) in (0, 1, 167) for one in found)


def total(mean: float, seconds: float = 3600) -> HourTotal:
    return HourTotal(seconds, mean * seconds)


@pytest.mark.parametrize(
    ("hours", "manual", "expected"),
    [
        pytest.param([], None, None, id="nothing known"),
        pytest.param([], 12.0, Usual(12.0, 0), id="typed in"),
        pytest.param([[total(4)]], 12.0, Usual(12.0, 0), id="one week is not enough"),
        pytest.param([[total(4)]], None, None, id="one week alone says nothing"),
        pytest.param([[total(4)], [total(6)]], 12.0, Usual(5.0, 2), id="two weeks replace what was typed in"),
        pytest.param(
            [[total(4)], [None], [total(6)], [total(8)]], None, Usual(6.0, 3), id="a missing week is no zero"
        ),
        pytest.param([[total(4)], [total(0)]], None, Usual(2.0, 2), id="an empty hour is a zero"),
        pytest.param(
            [[total(4)], [total(9, 899)], [total(8)]], None, Usual(6.0, 2), id="hardly counted is left out"
        ),
        pytest.param(
            [[total(4), total(1)], [total(6), total(2)]], None, Usual(6.5, 2), id="two zones together"
        ),
        pytest.param(
            [[total(4), None], [total(6), None]], 3.0, Usual(3.0, 0), id="one zone of two is not a place"
        ),
        pytest.param(
            [[total(4, 1800)], [total(8, 3600)]], None, Usual(6.0, 2), id="each week weighs the same"
        ),
        pytest.param([[], []], None, None, id="no parts"),
    ],
)
def test_the_usual_count(
    hours: list[list[HourTotal | None]], manual: float | None, expected: Usual | None
) -> None:
    assert usual_count(hours, manual) == expected


@pytest.mark.parametrize(
    ("count", "usual", "percent", "level"),
    [
        pytest.param(0, 10, 0, "very_relaxed", id="empty"),
        pytest.param(49, 100, 49, "very_relaxed", id="49"),
        pytest.param(50, 100, 50, "relaxed", id="50"),
        pytest.param(99, 100, 99, "relaxed", id="99"),
        pytest.param(199, 200, 100, "normal", id="99.5 is 100"),
        pytest.param(149, 100, 149, "normal", id="149"),
        pytest.param(150, 100, 150, "crowded", id="150"),
        pytest.param(199, 100, 199, "crowded", id="199"),
        pytest.param(200, 100, 200, "very_crowded", id="200"),
        pytest.param(5000, 1, 500_000, "very_crowded", id="far above"),
        pytest.param(3, 0, None, None, id="usually nobody: there is no percentage of nothing"),
        pytest.param(None, 10, None, None, id="no data"),
    ],
)
def test_percent_and_level(count: int | None, usual: float, percent: int | None, level: str | None) -> None:
    found = percent_of(count, Usual(usual, 4))
    assert (found, level_of(found)) == (percent, level)


def test_without_a_usual_there_is_no_percent() -> None:
    assert percent_of(3, None) is None
