"""Which files are versions of one publication, of which the newest is in force, and which stand together."""

from __future__ import annotations

import pytest

from lambdas.open_data.places import series_of, series_of_key


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("wifi.csv", id="no date"),
        pytest.param("wifi_20240501.csv", id="day"),
        pytest.param("wifi-2024-05-01.csv", id="day with dashes"),
        pytest.param("wifi 2024.05.01.csv", id="day with dots"),
        pytest.param("wifi (20240501).csv", id="day in brackets"),
        pytest.param("wifi_20240501T1200.csv", id="day and time"),
        pytest.param("wifi_20240501120000.csv", id="day and time in one"),
        pytest.param("wifi_2024-05.csv", id="month"),
        pytest.param("wifi_202405.csv", id="month in one"),
        pytest.param("wifi_2024.csv", id="year"),
        pytest.param("wifi_2024년 5월 1일.csv", id="Korean day"),
        pytest.param("wifi_2024년5월.csv", id="Korean month"),
        pytest.param("20240501_wifi.csv", id="day before the name"),
    ],
)
def test_files_that_differ_by_date_are_one_series(name: str) -> None:
    assert series_of(name) == "wifi"


@pytest.mark.parametrize(
    ("name", "series"),
    [
        pytest.param("서울_와이파이_1.csv", "서울_와이파이_1", id="first part"),
        pytest.param("서울_와이파이_2.csv", "서울_와이파이_2", id="second part"),
        pytest.param("wifi (1).csv", "wifi (1)", id="number of a browser"),
        pytest.param("wifi_20240501_2.csv", "wifi_2", id="part of a day"),
        pytest.param("wifi_20240501_0001.csv", "wifi_0001", id="part that could be a time"),
        pytest.param("wifi_2024_1.csv", "wifi_1", id="part of a year"),
        pytest.param("wifi_20241399.csv", "wifi_20241399", id="no day of any calendar"),
        pytest.param("wifi_11010.csv", "wifi_11010", id="code of a district"),
        pytest.param("20240501.csv", "20240501", id="nothing but a day"),
    ],
)
def test_other_numbers_tell_files_apart(name: str, series: str) -> None:
    assert series_of(name) == series


def test_a_folder_of_the_inbox_is_the_series_of_what_lies_in_it() -> None:
    assert series_of_key("inbox/seoul/part_1.csv") == series_of_key("inbox/seoul/part_2.csv") == "seoul"
