"""The Athena statements of a profile, created and asked on the local endpoint."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cli.opendata.ask import athena_of, define
from cli.opendata.folder import FolderStore
from contract.errors import CrowdLensError
from infra.local.athena import LocalFolderLake
from lambdas.open_data.convert import Origin
from lambdas.open_data.load import load, look_at
from lambdas.open_data.profile import load_profile, shipped_profiles
from lambdas.open_data.publish import Published, publish

HEADER = "설치장소명,설치시도명,서비스제공사명,와이파이SSID,위도,경도"
SEOUL = "시청,서울특별시,KT,WiFi,37.5663,126.9779"
BUSAN = "구청,부산광역시,SKT,WiFi,35.1798,129.0750"


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "lake"


def put(
    lake: Path, rows: list[str], *, series: str = "default", day: int = 1, name: str = "a.csv"
) -> Published:
    stream = io.BytesIO("\n".join((HEADER, *rows)).encode("cp949"))
    work = lake.parent / "work"
    work.mkdir(exist_ok=True)
    origin = Origin(series, name, datetime(2026, 11, day, 12, tzinfo=UTC))
    return publish(load(stream, look_at(stream, shipped_profiles()), origin, work), FolderStore(lake))


def ask(lake: Path, sql: str) -> list[tuple[Any, ...]]:
    return define(lake, load_profile("free_wifi")).query(sql).rows


COUNTS = "SELECT city, entries, different_entries FROM wifi_by_city ORDER BY city"


def test_entries_are_counted_with_and_without_copies(lake: Path) -> None:
    put(lake, [SEOUL, SEOUL, SEOUL, BUSAN])
    assert ask(lake, COUNTS) == [("부산광역시", 1, 1), ("서울특별시", 3, 1)]
    providers = "SELECT city, service_provider, entries FROM wifi_providers_by_city ORDER BY city"
    assert ask(lake, providers) == [("부산광역시", "SKT", 1), ("서울특별시", "KT", 3)]


def test_a_newer_file_of_a_series_replaces_it_and_no_other(lake: Path) -> None:
    put(lake, [SEOUL, SEOUL], series="seoul", day=1)
    put(lake, [BUSAN, BUSAN], series="busan", day=2)
    put(lake, [SEOUL], series="seoul", day=3, name="b.csv")
    assert ask(lake, COUNTS) == [("부산광역시", 2, 1), ("서울특별시", 1, 1)]
    assert ask(lake, "SELECT count(*) FROM free_wifi_files") == [(5,)]


def test_of_two_files_of_one_second_one_is_in_force(lake: Path) -> None:
    put(lake, [SEOUL, SEOUL], name="a.csv")
    put(lake, [BUSAN], name="b.csv")
    assert ask(lake, COUNTS) == [("부산광역시", 1, 1)]
    put(lake, [SEOUL, BUSAN], name="b.csv")
    assert ask(lake, COUNTS) == [("부산광역시", 1, 1), ("서울특별시", 1, 1)]


def test_the_same_file_at_the_same_instant_is_there_once(lake: Path) -> None:
    assert put(lake, [SEOUL, BUSAN]).data == put(lake, [SEOUL, BUSAN]).data
    assert ask(lake, "SELECT count(*) FROM free_wifi_files") == [(2,)]


def test_a_condition_on_the_day_prunes(lake: Path) -> None:
    for day in (1, 2, 3):
        put(lake, [SEOUL] * day, series=f"s{day}", day=day)
    athena = define(lake, load_profile("free_wifi"))
    result = athena.query("SELECT count(*) FROM free_wifi_files WHERE day = '2026-11-02'")
    assert (result.rows, result.files_scanned) == ([(2,)], 1)


def test_a_profile_may_not_take_the_name_of_a_table_of_records(lake: Path) -> None:
    profile = replace(load_profile("free_wifi"), name="tracks")
    with pytest.raises(CrowdLensError, match="data set tracks would make tracks: expected a name no"):
        define(lake, profile)


def test_a_profile_of_ones_own_takes_the_place_of_ours(lake: Path) -> None:
    put(lake, [SEOUL])
    ours = load_profile("free_wifi")
    define(lake, replace(ours, columns=tuple(one for one in ours.columns if one.name != "detail")))
    athena = athena_of(LocalFolderLake(lake), lake)
    columns = dict(athena.view_columns("free_wifi"))
    assert "wifi_near_places" not in athena.definitions.views()
    assert "wifi_by_city" in athena.definitions.views()
    assert "detail" not in columns
    assert columns["gungu"] == "varchar"


def test_every_column_of_the_parquet_is_in_the_view(lake: Path) -> None:
    put(lake, [SEOUL])
    columns = define(lake, load_profile("free_wifi")).view_columns("free_wifi")
    assert columns[0] == ("day", "varchar")
    assert dict(columns)["installed_at"] == "date"
    assert dict(columns)["loaded_at"] == "timestamp"
    assert len(columns) == 1 + 15 + 1 + 6
