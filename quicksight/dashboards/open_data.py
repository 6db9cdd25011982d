"""Public data: free Wi-Fi by 시도, by provider, and on the map."""

from __future__ import annotations

from quicksight import data_sets
from quicksight.controls import Choice, Control
from quicksight.dashboard import Dashboard
from quicksight.fields import Aggregation, Dimension, JsonObject, Measure
from quicksight.label import Label
from quicksight.maps import heat_map, point_map
from quicksight.sheets import Sheet, Tile
from quicksight.visuals import bar_chart, kpi, summary_table

_WIFI = data_sets.FREE_WIFI
_CITY = Dimension("city", Label("Province or city", "시도"))
_PROVIDER = Dimension("service_provider", Label("Provider", "서비스 제공사"))
_ENTRIES = Measure("entries", Label("Entries", "항목 수"), Aggregation.SUM)
_DIFFERENT = Measure("different_entries", Label("Different entries", "서로 다른 항목"), Aggregation.SUM)


def _kpis() -> tuple[Tile, ...]:
    values = (
        ("kpi-entries", Label("Access points", "설치 항목"), _ENTRIES),
        ("kpi-different", Label("Different entries", "서로 다른 항목"), _DIFFERENT),
        ("kpi-cities", Label("Provinces and cities", "시도 수"), _distinct("city", Label("Number", "수"))),
        (
            "kpi-providers",
            Label("Providers", "제공사 수"),
            _distinct("service_provider", Label("Number", "수")),
        ),
    )
    subtitle = Label("newest file of each series", "계열별 최신 파일 기준")
    return tuple(
        Tile(
            kpi(name, title, data_set=_WIFI, value=value, subtitle=subtitle, alt=f"Number: {title.english}"),
            9,
            5,
        )
        for name, title, value in values
    )


def _distinct(column: str, label: Label) -> Measure:
    return Measure(column, label, Aggregation.DISTINCT_COUNT)


def _by_city() -> JsonObject:
    return bar_chart(
        "wifi-by-city",
        Label("Free Wi-Fi by 시도", "시도별 무료 와이파이"),
        data_set=_WIFI,
        category=_CITY,
        values=[_ENTRIES, _DIFFERENT],
        horizontal=True,
        largest=20,
        subtitle=Label("all entries, and without equal rows", "전체 항목과 동일 행을 뺀 항목"),
        alt="Bars of the number of free Wi-Fi entries of each province or city",
    )


def _providers() -> JsonObject:
    return bar_chart(
        "providers-by-city",
        Label("Providers by 시도", "시도별 제공사"),
        data_set=_WIFI,
        category=_CITY,
        values=[_ENTRIES],
        color=_PROVIDER,
        horizontal=True,
        stacked=True,
        largest=20,
        series=7,
        subtitle=Label("entries of the 7 largest providers", "상위 7개 제공사의 항목 수"),
        alt="Stacked bars of the providers of each province or city",
    )


def _provider_grid() -> JsonObject:
    return heat_map(
        "providers-and-cities",
        Label("Providers and 시도", "제공사와 시도"),
        data_set=_WIFI,
        rows=_CITY,
        columns=_PROVIDER,
        value=_ENTRIES,
        subtitle=Label("entries; blank is none in the files", "항목 수, 빈 칸은 파일에 없음"),
        alt="Heat map of the number of entries by province or city and provider",
    )


def _map() -> JsonObject:
    return point_map(
        "wifi-map",
        Label("Where they are", "설치 위치"),
        data_set=_WIFI,
        latitude=Dimension("latitude", Label("Latitude", "위도")),
        longitude=Dimension("longitude", Label("Longitude", "경도")),
        value=_ENTRIES,
        subtitle=Label("near ones are drawn together", "가까운 곳은 묶어서 표시"),
        alt="Map of the free Wi-Fi access points, near ones together with their number",
    )


def _overview() -> Sheet:
    return Sheet(
        "wifi",
        Label("Free Wi-Fi", "무료 와이파이"),
        Label("How many there are, by 시도 and provider", "시도와 제공사별 개수"),
        (_kpis(), (Tile(_by_city(), 18, 16), Tile(_providers(), 18, 16)), (Tile(_provider_grid(), 36, 14),)),
    )


def _places() -> Sheet:
    year = bar_chart(
        "wifi-by-year",
        Label("By year of installation", "설치 연도별"),
        data_set=_WIFI,
        category=Dimension("installed_year", Label("Year", "연도")),
        values=[_ENTRIES],
        subtitle=Label("no data: the file does not say", "데이터 없음: 파일에 없음"),
        alt="Bars of the number of entries by year of installation",
    )
    facility = bar_chart(
        "wifi-by-facility",
        Label("By kind of place", "시설별"),
        data_set=_WIFI,
        category=Dimension("facility", Label("Kind of place", "시설 구분")),
        values=[_ENTRIES],
        horizontal=True,
        largest=15,
        subtitle=Label("the 15 most frequent", "상위 15개"),
        alt="Bars of the number of entries by kind of place",
    )
    files = summary_table(
        "wifi-files",
        Label("From which file", "원본 파일"),
        data_set=_WIFI,
        group_by=[Dimension("source_file", Label("File", "파일"))],
        values=[
            _ENTRIES,
            _DIFFERENT,
            Measure("loaded_at", Label("Loaded", "적재 시각"), Aggregation.MAXIMUM),
        ],
        subtitle=Label("the files that are in force", "현재 적용 중인 파일"),
        alt="Table of the files that the entries come from and when they were loaded",
    )
    return Sheet(
        "wifi-places",
        Label("On the map", "지도"),
        Label("Where the access points are", "설치 위치"),
        ((Tile(_map(), 36, 19),), (Tile(facility, 18, 12), Tile(year, 18, 12)), (Tile(files, 36, 7),)),
    )


def _choices() -> tuple[Control, ...]:
    city = Choice("City", Label("Province or city", "시도"), "city", _WIFI)
    district = Choice(
        "District", Label("District", "시군구"), "gungu", _WIFI, (city,), keeps_rows_without=True
    )
    provider = Choice(
        "Provider", Label("Provider", "서비스 제공사"), "service_provider", _WIFI, keeps_rows_without=True
    )
    return (city, district, provider)


DASHBOARD = Dashboard(
    "crowdlens-open-data",
    Label("Open data", "공공 데이터"),
    Label("Free Wi-Fi by 시도, provider and place", "시도·제공사·위치별 무료 와이파이"),
    sheets=(_overview(), _places()),
    controls=_choices(),
)
