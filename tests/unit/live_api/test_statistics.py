"""Local days and ten-minute steps: month ends, changes of clocks, time zones; buckets of several parts."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from lambdas.live_api.statistics import Bucket, any_of, last_steps, local_days, summary_of, together, within

START = datetime.fromisoformat("2026-03-01")


@pytest.mark.parametrize(
    ("now", "zone", "dates", "hours"),
    [
        pytest.param(
            "2026-03-02T01:00",
            "Asia/Seoul",
            ["2026-02-26", "2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"],
            [24] * 5,
            id="over the end of February",
        ),
        pytest.param(
            "2028-03-01T03:00",
            "Asia/Seoul",
            ["2028-02-26", "2028-02-27", "2028-02-28", "2028-02-29", "2028-03-01"],
            [24] * 5,
            id="a leap day",
        ),
        pytest.param(
            "2026-12-31T16:00",
            "Asia/Seoul",
            ["2026-12-28", "2026-12-29", "2026-12-30", "2026-12-31", "2027-01-01"],
            [24] * 5,
            id="a new year that UTC has not reached",
        ),
        pytest.param(
            "2026-03-31T02:00",
            "Europe/Berlin",
            ["2026-03-27", "2026-03-28", "2026-03-29", "2026-03-30", "2026-03-31"],
            [24, 24, 23, 24, 24],
            id="a day of 23 hours",
        ),
        pytest.param(
            "2026-11-02T12:00",
            "America/New_York",
            ["2026-10-29", "2026-10-30", "2026-10-31", "2026-11-01", "2026-11-02"],
            [24, 24, 24, 25, 24],
            id="a day of 25 hours",
        ),
        pytest.param(
            "2026-09-07T12:00",
            "America/Santiago",
            ["2026-09-03", "2026-09-04", "2026-09-05", "2026-09-06", "2026-09-07"],
            [24, 24, 24, 23, 24],
            id="a midnight that is skipped",
        ),
        pytest.param(
            "2026-05-05T10:30",
            "Pacific/Kiritimati",
            ["2026-05-02", "2026-05-03", "2026-05-04", "2026-05-05", "2026-05-06"],
            [24] * 5,
            id="fourteen hours ahead",
        ),
        pytest.param(
            "2026-05-05T10:30",
            "Asia/Kathmandu",
            ["2026-05-01", "2026-05-02", "2026-05-03", "2026-05-04", "2026-05-05"],
            [24] * 5,
            id="three quarters of an hour",
        ),
    ],
)
def test_days_are_the_local_ones(now: str, zone: str, dates: list[str], hours: list[int]) -> None:
    days = local_days(datetime.fromisoformat(now), zone)
    assert [day.isoformat() for day, _, _ in days] == dates
    assert [(end - start) / timedelta(hours=1) for _, start, end in days] == hours
    # Each day ends where the next begins: no minute is counted twice, none is left out.
    assert [end for _, _, end in days[:-1]] == [start for _, start, _ in days[1:]]
    assert days[-1][1] <= datetime.fromisoformat(now) < days[-1][2]


@pytest.mark.parametrize(
    ("now", "first", "last"),
    [
        pytest.param("2026-03-01T00:04", "2026-02-28T21:10", "2026-03-01T00:00", id="over a month's end"),
        pytest.param("2026-03-01T12:59:59.999", "2026-03-01T10:00", "2026-03-01T12:50", id="end of a step"),
        pytest.param("2026-03-01T13:00", "2026-03-01T10:10", "2026-03-01T13:00", id="start of a step"),
    ],
)
def test_steps_are_ten_minutes(now: str, first: str, last: str) -> None:
    steps = last_steps(datetime.fromisoformat(now))
    assert len(steps) == 18
    assert steps[0][0] == datetime.fromisoformat(first)
    assert steps[-1][0] == datetime.fromisoformat(last)


def minutes(*values: float | None, maximum: int = 9) -> dict[datetime, Bucket]:
    return {
        START + timedelta(minutes=number): Bucket(60, value, maximum)
        for number, value in enumerate(values)
        if value is not None
    }


def test_a_minute_that_a_part_lacks_is_not_counted() -> None:
    found = together([minutes(1, None, 3), minutes(10, 20, None)])
    assert [bucket.mean for bucket in found.values()] == [11]


def test_one_part_keeps_its_largest_number_and_several_do_not_add_theirs() -> None:
    assert together([minutes(1.5, maximum=4)])[START].maximum == 4
    assert together([minutes(1.5), minutes(2.25)])[START].maximum == 4


def test_no_parts_no_minutes() -> None:
    assert together([]) == {}
    assert any_of([]) == {}


def test_a_class_that_a_zone_did_not_count_then_is_no_part_of_it() -> None:
    found = any_of([minutes(1, None, 3), minutes(10, 20, None), {}])
    assert [found[START + timedelta(minutes=number)].mean for number in range(3)] == [11, 20, 3]


@pytest.mark.parametrize(
    ("buckets", "mean", "minutes_with_data"),
    [
        pytest.param([], None, 0, id="nothing is not zero"),
        pytest.param([Bucket(60, 0.0, 0)], 0.0, 1, id="an empty minute is"),
        pytest.param([Bucket(60, 2.0, 3), Bucket(20, 6.0, 7)], 3.0, 1, id="weighted by seconds"),
        pytest.param([Bucket(0, 5.0, 5)], None, 0, id="no seconds, no data"),
        pytest.param([Bucket(1200, 1.0, 1)], 1.0, 10, id="two epochs of one minute count once"),
    ],
)
def test_a_summary(buckets: list[Bucket], mean: float | None, minutes_with_data: int) -> None:
    found = summary_of(buckets, timedelta(minutes=10))
    assert (found.mean, found.minutes_with_data) == (mean, minutes_with_data)


def test_what_begins_at_the_end_belongs_to_the_next() -> None:
    found = within(minutes(1, 2, 3), START, START + timedelta(minutes=2))
    assert (found.mean, found.minutes_with_data) == (1.5, 2)
