"""What is usual at an hour of the week, and how far from it the last days were.

The present is noon of Saturday 2026-11-21, UTC, unless a test says otherwise.
"""
# ruff: noqa: E501, S608
# Tables of scenarios are read across, and the SQL here is the test's own.

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.local.athena import LocalAthena, LocalFolderLake

AthenaOf = Callable[[Any], LocalAthena]
USUAL = "SELECT hour_of_week, usual_mean, usual_p90, weeks, minutes_counted FROM usual_by_hour_of_week ORDER BY hour_of_week"
DEVIATION = "SELECT local_hour, occupancy_mean, usual_mean, percent, weeks, minutes_counted FROM deviation_from_usual ORDER BY local_hour"
FRIDAY_10 = 4 * 24 + 10


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def minutes(lake: Any, start: str, count: int, mean: float, **values: Any) -> list[Any]:
    """`count` windows of zone a, one a minute from `start`, UTC."""
    first = datetime.fromisoformat(start)
    row = {"zone": "a", "object_class": "person", "window_seconds": 60.0, "occupancy_mean": mean}
    return [
        lake.record("zone_counts", (first + timedelta(minutes=number)).isoformat(), **{**row, **values})
        for number in range(count)
    ]


def asked(lake: Any, now: str) -> LocalAthena:
    return LocalAthena(
        LocalFolderLake(lake.folder), now=lambda: datetime.fromisoformat(now).replace(tzinfo=UTC)
    )


def test_the_usual_is_the_mean_of_the_weeks(lake: Any, athena_of: AthenaOf) -> None:
    """Friday 10:00 to 11:00 in Seoul of four weeks; a week with fewer minutes has the same say."""
    for day, count, mean in (("10-30", 60, 2.0), ("11-06", 60, 4.0), ("11-13", 30, 6.0), ("11-20", 60, 8.0)):
        lake.put(minutes(lake, f"2026-{day}T01:00", count, mean))
    assert athena_of(lake).query(USUAL).rows == [(FRIDAY_10, 5.0, 8.0, 4, 210)]


def test_the_ninetieth_percentile_is_of_minutes(lake: Any, athena_of: AthenaOf) -> None:
    lake.put(minutes(lake, "2026-11-20T01:00", 54, 1.0))
    lake.put(minutes(lake, "2026-11-20T01:54", 6, 11.0))
    assert athena_of(lake).query(USUAL).rows == [(FRIDAY_10, 2.0, 1.0, 1, 60)]


def test_missing_minutes_are_not_zero_and_suspect_ones_not_counted(lake: Any, athena_of: AthenaOf) -> None:
    lake.put(minutes(lake, "2026-11-20T01:00", 30, 6.0))
    lake.put(minutes(lake, "2026-11-20T01:30", 20, 99.0, suspect=True))
    lake.put(minutes(lake, "2026-11-13T01:00", 29, 50.0))
    assert athena_of(lake).query(USUAL).rows == [(FRIDAY_10, 6.0, 6.0, 1, 30)]


def test_an_empty_place_is_usual_too(lake: Any, athena_of: AthenaOf) -> None:
    lake.put(minutes(lake, "2026-11-20T01:00", 60, 0.0))
    lake.put(minutes(lake, "2026-11-13T01:00", 60, 3.0))
    assert athena_of(lake).query(USUAL).rows == [(FRIDAY_10, 1.5, 3.0, 2, 120)]


@pytest.mark.parametrize(
    ("start", "weeks"),
    [
        pytest.param("2026-10-23T14:30", 0, id="an hour before the 28 days"),
        pytest.param("2026-10-23T15:00", 1, id="their first hour, the 24th in Seoul"),
        pytest.param("2026-11-20T14:00", 1, id="the last hour of yesterday"),
        pytest.param("2026-11-20T15:00", 0, id="the first of today"),
        pytest.param("2026-11-21T11:00", 0, id="an hour ago"),
    ],
)
def test_the_28_local_days_before_today_count(lake: Any, athena_of: AthenaOf, start: str, weeks: int) -> None:
    lake.put(minutes(lake, start, 30, 1.0))
    assert sum(row[3] for row in athena_of(lake).query(USUAL).rows) == weeks


@pytest.mark.parametrize(
    ("zone_name", "start", "hour_of_week"),
    [
        pytest.param("Asia/Seoul", "2026-11-15T15:00", 0, id="Monday begins on Sunday in UTC"),
        pytest.param("Asia/Seoul", "2026-11-15T14:00", 167, id="Sunday's last hour"),
        pytest.param("America/Los_Angeles", "2026-11-16T07:00", 167, id="still Sunday in the west"),
        pytest.param("Asia/Kolkata", "2026-11-16T18:30", 24, id="half hour zone"),
        pytest.param("Asia/Seoul", "2026-10-31T15:00", 6 * 24, id="month end"),
        pytest.param(None, "2026-11-16T00:00", 0, id="no zone is UTC"),
    ],
)
def test_the_hour_of_the_week_is_local(
    lake: Any, athena_of: AthenaOf, zone_name: str | None, start: str, hour_of_week: int
) -> None:
    lake.put(minutes(lake, start, 60, 1.0, time_zone=zone_name))
    assert [row[0] for row in athena_of(lake).query(USUAL).rows] == [hour_of_week]


def test_an_hour_on_both_sides_of_midnight_in_utc_is_one(lake: Any, athena_of: AthenaOf) -> None:
    """05:00 to 06:00 in Kolkata is 23:30 to 00:30 in UTC."""
    lake.put(minutes(lake, "2026-11-16T23:30", 60, 2.0, time_zone="Asia/Kolkata"))
    assert athena_of(lake).query(USUAL).rows == [(24 + 5, 2.0, 2.0, 1, 60)]


def test_clocks_that_go_back_make_one_hour_of_two_and_none_is_shifted(lake: Any) -> None:
    """Berlin, Sunday 25 October 2026: 02:00 comes twice. 03:00 is 02:00 UTC then, 01:00 UTC a week before."""
    lake.put(minutes(lake, "2026-10-25T00:00", 60, 2.0, time_zone="Europe/Berlin"))
    lake.put(minutes(lake, "2026-10-25T01:00", 60, 4.0, time_zone="Europe/Berlin"))
    lake.put(minutes(lake, "2026-10-25T02:00", 60, 6.0, time_zone="Europe/Berlin"))
    lake.put(minutes(lake, "2026-10-18T01:00", 60, 8.0, time_zone="Europe/Berlin"))
    sunday = 6 * 24
    assert asked(lake, "2026-10-28T12:00").query(USUAL).rows == [
        (sunday + 2, 3.0, 4.0, 1, 120),
        (sunday + 3, 7.0, 8.0, 2, 120),
    ]


def test_clocks_that_go_forward_leave_an_hour_out(lake: Any) -> None:
    """Berlin, Sunday 28 March 2027: there is no 02:00; 01:00 is 00:00 UTC, 03:00 is 01:00 UTC."""
    lake.put(minutes(lake, "2027-03-28T00:00", 120, 2.0, time_zone="Europe/Berlin"))
    sunday = 6 * 24
    found = asked(lake, "2027-03-30T12:00").query(USUAL).rows
    assert [(row[0], row[3]) for row in found] == [(sunday + 1, 1), (sunday + 3, 1)]


def test_today_is_that_of_the_place(lake: Any) -> None:
    """At 20:00 UTC of the 20th it is the 21st in Seoul, and still the 20th in New York."""
    lake.put(minutes(lake, "2026-11-20T13:00", 60, 1.0, camera="east"))
    lake.put(minutes(lake, "2026-11-20T13:00", 60, 1.0, camera="west", time_zone="America/New_York"))
    sql = "SELECT camera FROM usual_by_hour_of_week ORDER BY camera"
    assert asked(lake, "2026-11-20T20:00").query(sql).rows == [("east",)]
    assert asked(lake, "2026-11-21T20:00").query(sql).rows == [("east",), ("west",)]


def test_a_record_that_came_twice_changes_nothing(lake: Any, athena_of: AthenaOf) -> None:
    records = minutes(lake, "2026-11-20T01:00", 60, 3.0)
    lake.put(records)
    lake.put(records[:30])
    assert athena_of(lake).query(USUAL).rows == [(FRIDAY_10, 3.0, 3.0, 1, 60)]


def test_every_zone_and_class_has_its_own(lake: Any, athena_of: AthenaOf) -> None:
    lake.put(minutes(lake, "2026-11-20T01:00", 30, 1.0))
    lake.put(minutes(lake, "2026-11-20T01:00", 30, 2.0, zone="b"))
    lake.put(minutes(lake, "2026-11-20T01:00", 30, 3.0, object_class="car"))
    lake.put(minutes(lake, "2026-11-20T01:00", 30, 4.0, camera="gate-2"))
    sql = "SELECT camera, zone, object_class, usual_mean, day FROM usual_by_hour_of_week ORDER BY usual_mean"
    assert athena_of(lake).query(sql).rows == [
        ("plaza-1", "a", "person", 1.0, "2026-11-20"),
        ("plaza-1", "b", "person", 2.0, "2026-11-20"),
        ("plaza-1", "a", "car", 3.0, "2026-11-20"),
        ("gate-2", "a", "person", 4.0, "2026-11-20"),
    ]


def test_an_hour_is_held_against_the_same_hour_of_the_weeks_before_it(lake: Any, athena_of: AthenaOf) -> None:
    for day, mean in (("10-23", 2.0), ("10-30", 4.0), ("11-13", 6.0), ("11-20", 9.0)):
        lake.put(minutes(lake, f"2026-{day}T01:00", 60, mean))
    # The hour of the 13th is more than seven days ago; 6 November is missing, so three weeks count.
    assert athena_of(lake).query(DEVIATION).rows == [
        (at("2026-11-20T10:00"), 9.0, 4.0, pytest.approx(225.0), 3, 60)
    ]


def test_both_ends_of_the_last_days_are_shown(lake: Any, athena_of: AthenaOf) -> None:
    # Seoul's 14 November begins at 15:00 UTC of the 13th; now it is 21:00 there.
    for start in ("2026-11-13T14:00", "2026-11-13T15:00", "2026-11-21T11:00"):
        lake.put(minutes(lake, start, 60, 1.0))
    found = athena_of(lake).query(DEVIATION).rows
    assert [row[0] for row in found] == [at("2026-11-14T00:00"), at("2026-11-21T20:00")]


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param([], (9.0, None, None, 0), id="no history is no usual"),
        pytest.param([(60, 0.0)], (9.0, 0.0, None, 1), id="usually nobody has no percent"),
        pytest.param([(29, 3.0)], (9.0, None, None, 0), id="an hour hardly counted is no history"),
        pytest.param([(60, 18.0)], (9.0, 18.0, 50.0, 1), id="half of the usual"),
    ],
)
def test_percent_is_of_the_usual(
    lake: Any, athena_of: AthenaOf, before: list[tuple[int, float]], expected: tuple[Any, ...]
) -> None:
    lake.put(minutes(lake, "2026-11-20T01:00", 60, 9.0))
    for count, mean in before:
        lake.put(minutes(lake, "2026-11-13T01:00", count, mean))
    sql = f"SELECT occupancy_mean, usual_mean, percent, weeks FROM ({DEVIATION}) WHERE local_hour = TIMESTAMP '2026-11-20 10:00:00'"
    assert athena_of(lake).query(sql.replace(" ORDER BY local_hour)", ")")).rows == [expected]


def test_a_weeks_earlier_hour_is_local_across_a_change_of_clocks(lake: Any) -> None:
    """10:00 in Berlin is 08:00 UTC on 23 October and 09:00 UTC on the 30th."""
    lake.put(minutes(lake, "2026-10-23T08:00", 60, 5.0, time_zone="Europe/Berlin"))
    lake.put(minutes(lake, "2026-10-30T09:00", 60, 10.0, time_zone="Europe/Berlin"))
    rows = asked(lake, "2026-10-31T12:00").query(DEVIATION).rows
    assert rows == [(at("2026-10-30T10:00"), 10.0, 5.0, 200.0, 1, 60)]


def test_deviation_of_today_rests_on_what_the_usual_says(lake: Any, athena_of: AthenaOf) -> None:
    """Saturday 20:00 in Seoul, today: the same figure from both views."""
    for week in range(4):
        day = (datetime(2026, 11, 14, tzinfo=UTC) - timedelta(days=7 * week)).strftime("%Y-%m-%d")
        lake.put(minutes(lake, f"{day}T11:00", 60, 2.0 + week))
    lake.put(minutes(lake, "2026-11-21T11:00", 60, 7.0))
    athena = athena_of(lake)
    ((hour, usual, _, weeks, _),) = athena.query(USUAL).rows
    deviation = athena.query(
        "SELECT hour_of_week, usual_mean, weeks, percent FROM deviation_from_usual WHERE local_day = '2026-11-21'"
    ).rows
    assert deviation == [(hour, usual, weeks, 200.0)]
    assert (hour, usual, weeks) == (5 * 24 + 20, 3.5, 4)
