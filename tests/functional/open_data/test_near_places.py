"""Free Wi-Fi near the places of the live map: distances with known answers, and the saved questions."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from athena import catalog
from cli.opendata.folder import FolderStore
from infra.local.athena import LocalAthena, LocalFolderLake
from lambdas.open_data.convert import Origin
from lambdas.open_data.load import load, look_at
from lambdas.open_data.profile import shipped_profiles
from lambdas.open_data.publish import publish

HEADER = "설치장소명,설치시도명,서비스제공사명,와이파이SSID,위도,경도"
# Of the same meridian, a thousandth of a degree is 111.195 m on a sphere of the earth's mean radius.
ROWS = (
    "광장,서울특별시,KT,WiFi,37.5650,126.9780",
    "북쪽,서울특별시,KT,WiFi,37.5660,126.9780",
    "동쪽,서울특별시,SKT,WiFi,37.5650,126.9790",
    "가장자리,서울특별시,KT,WiFi,37.5738,126.9780",
    "너머,서울특별시,KT,WiFi,37.5741,126.9780",
    "부산,부산광역시,KT,WiFi,35.1798,129.0750",
    "모름,서울특별시,KT,WiFi,,",
)
PLAZA = {"place_id": "plaza", "name": "서울광장", "site": "seoul-1", "longitude": 126.978, "latitude": 37.565}
ISLAND = {"place_id": "island", "name": "섬", "site": "jeju-1", "longitude": 126.5, "latitude": 33.4}


@pytest.fixture
def athena(tmp_path: Path) -> LocalAthena:
    stream = io.BytesIO("\n".join((HEADER, *ROWS)).encode("cp949"))
    origin = Origin("default", "wifi.csv", datetime(2026, 11, 1, tzinfo=UTC))
    lake = tmp_path / "lake"
    publish(load(stream, look_at(stream, shipped_profiles()), origin, tmp_path), FolderStore(lake))
    text = "".join(json.dumps(place, ensure_ascii=False) + "\n" for place in (PLAZA, ISLAND))
    (lake / "places").mkdir()
    (lake / "places" / "places.json").write_text(text, encoding="utf-8")
    return LocalAthena(LocalFolderLake(lake))


def test_distances_are_those_of_the_sphere(athena: LocalAthena) -> None:
    sql = "SELECT wifi_place, distance_metres FROM wifi_near_places ORDER BY distance_metres"
    found: dict[str, Any] = {str(name): metres for name, metres in athena.query(sql).rows}
    assert list(found) == ["광장", "동쪽", "북쪽", "가장자리"]
    assert found["광장"] == pytest.approx(0, abs=1e-6)
    assert found["동쪽"] == pytest.approx(88.14, abs=0.01)
    assert found["북쪽"] == pytest.approx(111.195, abs=0.001)
    assert found["가장자리"] == pytest.approx(978.5, abs=0.1)


def test_what_is_near_is_asked_by_place_and_metres(athena: LocalAthena) -> None:
    sql = (
        "SELECT place, service_provider, count(*) AS entries FROM wifi_near_places "
        "WHERE place_id = 'plaza' AND distance_metres <= 100 GROUP BY place, service_provider ORDER BY 2"
    )
    assert athena.query(sql).rows == [("서울광장", "KT", 1), ("서울광장", "SKT", 1)]


SAVED = {query.name: query for query in catalog.named_queries() if query.name in catalog.open_data()}


def test_saved_questions_have_these_answers(athena: LocalAthena) -> None:
    found = {
        name: athena.query(query.sql(lake_bucket="b", database="crowdlens")).rows
        for name, query in SAVED.items()
    }
    assert found["wifi_most"] == [("서울특별시", 6, 6), ("부산광역시", 1, 1)]
    assert [row[:5] for row in found["places_and_wifi"]] == [
        ("jeju-1", "섬", 0, 0, 0),
        ("seoul-1", "서울광장", 2, 3, 4),
    ]
    assert [(row[1], row[3]) for row in found["wifi_files"]] == [("wifi.csv", 7)]
    assert len(found) == 3


def test_without_public_data_every_question_answers_with_nothing(tmp_path: Path) -> None:
    athena = LocalAthena(LocalFolderLake(tmp_path))
    for query in SAVED.values():
        assert athena.query(query.sql(lake_bucket="b", database="crowdlens")).rows == []
