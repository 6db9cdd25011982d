"""Profiles: the shipped one is whole, and a wrong one is told in one sentence."""

from __future__ import annotations

import pytest

from lambdas.open_data.header import match_columns
from lambdas.open_data.profile import ProfileError, load_profile, parse_profile, plain, shipped_profiles

COLUMNS = "columns: [{name: place, english: Place, korean: 장소}]"
HEAD = "{name: few, english: Few, korean: 몇, "


def test_the_shipped_profile_has_the_fifteen_columns_of_the_standard() -> None:
    profile = load_profile("free_wifi")
    assert [column.name for column in profile.columns] == [
        *("name", "detail", "city", "gungu", "facility", "service_provider", "wifi_ssid", "installed_at"),
        *("road_name_address", "parcel_address", "management_agency", "management_agency_phone"),
        *("latitude", "longitude", "created_at"),
    ]
    assert [one.name for one in shipped_profiles()] == ["free_wifi"]


def test_no_name_stands_for_two_columns() -> None:
    for profile in shipped_profiles():
        names = [
            spelling
            for column in profile.columns
            for spelling in {plain(one) for one in (column.korean, column.name, *column.synonyms)}
        ]
        assert sorted(names) == sorted(set(names))


def test_aliases_lead_to_known_values() -> None:
    for profile in shipped_profiles():
        for column in profile.columns:
            assert not column.values or set(column.aliases.values()) <= set(column.values)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        pytest.param(["위 도", "경도(WGS84)"], {"latitude": 0, "longitude": 1}, id="spaces and brackets"),
        pytest.param(["ＷＧＳ８４위도", "wgs84_경도"], {"latitude": 0, "longitude": 1}, id="wide letters"),
        pytest.param(
            ["LAT", "LNT", "X_SWIFI_MAIN_NM"], {"name": 2, "latitude": 0, "longitude": 1}, id="Seoul"
        ),
        pytest.param(["위도", "위도"], {"latitude": 0}, id="twice"),
        pytest.param(["번호", "비고"], {}, id="none"),
    ],
)
def test_names_are_matched_in_any_spelling(names: list[str], expected: dict[str, int]) -> None:
    assert match_columns(names, load_profile("free_wifi")) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("a: [", "p.yaml is no YAML", id="no YAML"),
        pytest.param("- 1", "a profile is wrong: expected keys with values", id="a list"),
        pytest.param("{name: few, colour: red}", "key .*colour.* is wrong", id="unknown key"),
        pytest.param("{name: Few X, " + COLUMNS + "}", "name 'Few X' is wrong", id="name"),
        pytest.param("{name: few, korean: 몇, " + COLUMNS + "}", "english of few is wrong", id="no title"),
        pytest.param(HEAD + "columns: []}", "columns is wrong", id="no columns"),
        pytest.param(
            HEAD + COLUMNS.replace("place,", "day,") + "}", "column 'day' is wrong", id="our own name"
        ),
        pytest.param(
            HEAD + COLUMNS.replace("korean:", "type: money, korean:") + "}", "the type of", id="type"
        ),
        pytest.param(
            HEAD + COLUMNS.replace("korean:", "earliest_year: x, korean:") + "}",
            "earliest_year of place",
            id="year",
        ),
        pytest.param(HEAD + COLUMNS + ", duplicates: drop}", "duplicates is wrong", id="duplicates"),
        pytest.param(
            HEAD + COLUMNS + ", counts: [{name: c, by: [x], english: C, korean: 수}]}", "by of c", id="count"
        ),
    ],
)
def test_a_wrong_profile_is_told(text: str, sentence: str) -> None:
    with pytest.raises(ProfileError, match=sentence) as raised:
        parse_profile(text, "p.yaml")
    assert "\n" not in str(raised.value)


def test_an_unknown_profile_is_told() -> None:
    with pytest.raises(ProfileError, match="profile is 'parks': expected one of free_wifi"):
        load_profile("parks")
