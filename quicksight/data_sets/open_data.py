"""Public data: the free Wi-Fi access points of the newest file of each series."""

from __future__ import annotations

from quicksight.data_set import DataSet, GeographicRole, ImportMode
from quicksight.data_sets.columns import columns_of, degrees, instant, integer, select, text
from quicksight.label import Label

_FREE_WIFI_COLUMNS = (
    text("city", "Province or city", "시도"),
    text("gungu", "District", "시군구"),
    text("facility", "Kind of place", "시설 구분"),
    text("service_provider", "Provider", "서비스 제공사"),
    text("name", "Place", "설치 장소"),
    text("wifi_ssid", "SSID", "SSID"),
    text("management_agency", "Run by", "관리 기관"),
    text("installed_year", "Year installed", "설치 연도", "CAST(year(installed_at) AS varchar)"),
    degrees("latitude", "Latitude", "위도", GeographicRole.LATITUDE),
    degrees("longitude", "Longitude", "경도", GeographicRole.LONGITUDE),
    text("source_file", "File", "원본 파일"),
    instant("loaded_at", "Loaded", "적재 시각"),
    integer("entries", "Entries", "항목 수", "1"),
    # The standard has no number for an access point: equal rows may be several in one hall, or copies.
    integer("different_entries", "Different entries", "서로 다른 항목", "if(copy_number = 1, 1, 0)"),
)
FREE_WIFI = DataSet(
    "free_wifi",
    Label("Free Wi-Fi", "무료 와이파이"),
    ImportMode.SPICE,
    select(_FREE_WIFI_COLUMNS, "free_wifi"),
    columns_of(_FREE_WIFI_COLUMNS),
)
