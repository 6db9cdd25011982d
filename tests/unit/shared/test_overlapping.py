"""Counts by overlapping time: right whatever the phase and length of devices' windows."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from lambdas.shared.overlapping import Window, totals_by_bucket

NOON = datetime.fromisoformat("2026-03-01T12:00")
HOUR = 3600


def windows(count: int, seconds: float, phase: float = 0.0) -> list[Window]:
    """Windows of a device that sees `count` all the time, from before the hour until after it."""
    starts = range(-2, int((HOUR + seconds) // seconds) + 1)
    return [Window(NOON + timedelta(seconds=phase + seconds * number), seconds, count) for number in starts]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param((4, 10.0), (6, 10.0), id="together"),
        pytest.param((4, 10.0), (6, 10.0, 5.0), id="five seconds later"),
        pytest.param((4, 10.0), (6, 10.0, 3.337), id="milliseconds"),
        pytest.param((4, 10.0), (6, 60.0), id="six times as long"),
        pytest.param((4, 10.0), (6, 60.0, 30.0), id="longer and later"),
        pytest.param((4, 7.0), (6, 300.0, 123.0), id="lengths that never fit"),
    ],
)
def test_two_devices_are_added_up_at_each_instant(
    first: tuple[int, float], second: tuple[int, float]
) -> None:
    total = totals_by_bucket(windows(*first) + windows(*second), HOUR)[NOON]
    assert total.seconds == pytest.approx(HOUR)
    assert total.count_seconds == pytest.approx(10 * HOUR)
    assert total.maximum == 10


def test_devices_that_looked_one_after_the_other_are_not_added_up() -> None:
    total = totals_by_bucket([Window(NOON, 600, 4), Window(NOON + timedelta(seconds=600), 600, 6)], HOUR)[
        NOON
    ]
    assert (total.seconds, total.count_seconds, total.maximum) == (1200.0, 6000.0, 6)


def test_a_window_over_the_end_of_a_bucket_is_in_both() -> None:
    found = totals_by_bucket([Window(NOON - timedelta(seconds=15), 60, 2)], 60)
    assert {start: (one.seconds, one.count_seconds) for start, one in found.items()} == {
        NOON - timedelta(seconds=60): (15.0, 30.0),
        NOON: (45.0, 90.0),
    }


def test_time_that_no_window_covers_is_not_counted() -> None:
    found = totals_by_bucket([Window(NOON, 10, 3), Window(NOON + timedelta(minutes=30), 10, 1)], HOUR)
    assert (found[NOON].seconds, found[NOON].count_seconds) == (20.0, 40.0)
    assert totals_by_bucket([], HOUR) == {}
