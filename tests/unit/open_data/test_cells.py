"""Single cells in every form that municipalities write them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from lambdas.open_data.cells import (
    CellError,
    read_date,
    read_degrees,
    read_integer,
    read_number,
    read_partial_date,
    read_yes_no,
)


@pytest.mark.parametrize(
    ("text", "expected", "precision", "is_guess"),
    [
        ("2015-11", date(2015, 11, 1), "month", False),
        ("2015.11", date(2015, 11, 1), "month", False),
        ("2015.11.", date(2015, 11, 1), "month", False),
        ("2015/1", date(2015, 1, 1), "month", False),
        ("201511", date(2015, 11, 1), "month", False),
        ("2015년 11월", date(2015, 11, 1), "month", False),
        ("2015년11월", date(2015, 11, 1), "month", False),
        ("15.11", date(2015, 11, 1), "month", True),
        ("'15.11", date(2015, 11, 1), "month", True),
        ("Nov-15", date(2015, 11, 1), "month", True),
        ("15-Nov", date(2015, 11, 1), "month", True),
        ("08-Aug", date(2008, 8, 1), "month", True),
        ("2013-Sep", date(2013, 9, 1), "month", False),
        ("2015", date(2015, 1, 1), "year", False),
        ("2015년", date(2015, 1, 1), "year", False),
        ("2015-10-2", date(2015, 10, 2), "day", False),
        ("2015. 10. 2.", date(2015, 10, 2), "day", False),
        ("20151002", date(2015, 10, 2), "day", False),
        ("20151002093000", date(2015, 10, 2), "day", False),
        ("2016년 07월 01일", date(2016, 7, 1), "day", False),
        ("2016-07-01 00:00:00", date(2016, 7, 1), "day", False),
        ("2016-07-01T09:30:00Z", date(2016, 7, 1), "day", False),
        ("42552", date(2016, 7, 1), "day", False),
        ("2016-02-29", date(2016, 2, 29), "day", False),
    ],
)
def test_dates(text: str, expected: date, precision: str, is_guess: bool) -> None:
    assert read_partial_date(text) == (expected, precision, is_guess)


@pytest.mark.parametrize(
    "text",
    [
        "2015-13",
        "2015-02-30",
        "201513",
        "0000-01",
        "3015-01",
        "Nev-15",
        "15-11-15-11",
        "어제",
        "1",
        "99999",
        "20151",
    ],
)
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(CellError, match="unreadable_date"):
        read_partial_date(text)


def test_a_day_is_not_a_month() -> None:
    assert read_date("2016.5.31") == date(2016, 5, 31)
    with pytest.raises(CellError, match="incomplete_date"):
        read_date("2016-05")


@pytest.mark.parametrize(
    ("reader", "text", "expected"),
    [
        (read_integer, "1,234", 1234),
        (read_integer, "3.0", 3),
        (read_integer, "-7", -7),
        (read_number, "1,234.5", 1234.5),
        (read_number, ".5", 0.5),
        (read_number, "1e3", 1000.0),
        (read_degrees, "37.5663", 37.5663),
        (read_degrees, "37°30′36″", 37.51),
        (read_degrees, "126도 58분 30.0초", 126.975),
        (read_degrees, "N37°30'36\"", 37.51),
        (read_yes_no, "예", True),
        (read_yes_no, "N", False),
        (read_yes_no, "O", True),
    ],
)
def test_values(reader: Callable[[str], Any], text: str, expected: Any) -> None:
    assert reader(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (read_integer, "1.5"),
        (read_integer, "12,34"),
        (read_integer, "1" * 30),
        (read_integer, "1_000"),
        (read_number, "inf"),
        (read_number, "nan"),
        (read_number, "1e999"),
        (read_number, "12 m"),
        (read_degrees, "북위 37"),
        (read_yes_no, "maybe"),
    ],
)
def test_what_is_no_value(reader: Callable[[str], Any], text: str) -> None:
    with pytest.raises(CellError, match="unreadable_"):
        reader(text)
