"""The same data set as five municipalities would publish it, each its own way, and one answer over all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from infra.local.athena import LocalAthena, LocalFolderLake

# Synonyms of the portals, in another order, with an unknown column; a district with spaces; CP949, LF.
SEOUL = "\n".join(
    (
        "X좌표,Y좌표,와이파이명,시도,자치구,통신사,SSID,설치연월,비고",
        "126.9779,37.5663,시청 로비,서울시,중구,엘지유플러스,Seoul_WiFi,201511,실내",
        "126.9997,37.5796,대학로,서울,종로구,kt,Seoul_WiFi,2016년 3월,",
    )
).encode("cp949")
# Excel's Unicode text: tabs and UTF-16 with its mark; the coordinates are swapped throughout.
BUSAN = "\r\n".join(
    (
        "설치장소명\t설치시도명\t설치시군구명\t서비스제공사명\t와이파이SSID\t설치년월\t위도\t경도",
        "해운대\t부산광역시\t해운대구\tSKT\tBusan\t2015.07\t129.1604\t35.1587",
        "서면\t부산광역시\t부산진구\tKT\tBusan\tNov-15\t129.0593\t35.1577",
    )
).encode("utf-16")
# Ragged: a title, a blank line, a cut row, a row with a comma too many, a repeated header, a lone quote.
DAEGU = "\r\n".join(
    (
        "대구광역시 무료와이파이 현황 (2026년)",
        "",
        "설치장소명,설치시도명,설치시군구명,서비스제공사명,와이파이SSID,설치년월,위도(WGS84),경도(WGS84),,",
        '동성로,대구광역시,중구,"KT, SKT",Daegu,2015-11,35.8690,128.5931,,',
        "수성못,대구광역시,수성구",
        "팔공산,대구광역시,동구,KT,Daegu,2015-11,35.9915,128.6947,,,넘침",
        "설치장소명,설치시도명,설치시군구명,서비스제공사명,와이파이SSID,설치년월,위도(WGS84),경도(WGS84),,",
        '달성공원,대구광역시,"중구,KT,Daegu,2015-11,35.8738,128.5775,,',
        "두류공원,대구광역시,달서구,KT,Daegu,2015-11,35.8497,128.5604,,",
    )
).encode("cp949")
# A portal's XML, in EUC-KR, which the declaration denies.
JEJU = (
    '<?xml version="1.0" encoding="UTF-8"?><response><body><items>'
    "<item><instlPlaceNm>공항</instlPlaceNm><ctprvnNm>제주도</ctprvnNm><signguNm>제주시</signguNm>"
    "<svcPrvdNm>SK텔레콤</svcPrvdNm><wifiSsid>Jeju</wifiSsid><instlYm>2015-11</instlYm>"
    "<latitude>33.5070</latitude><longitude>126.4927</longitude></item>"
    "<item><instlPlaceNm>바다</instlPlaceNm><ctprvnNm>제주특별자치도</ctprvnNm><signguNm>서귀포시</signguNm>"
    "<svcPrvdNm>KT</svcPrvdNm><wifiSsid>Jeju</wifiSsid><instlYm>2015</instlYm>"
    "<latitude>30.1</latitude><longitude>126.4927</longitude></item>"
    "</items><totalCount>2</totalCount></body></response>"
).encode("cp949")
# Semicolons, every cell in quotes, degrees with minutes, UTF-8 with its mark.
GYEONGGI = (
    "\ufeff"
    + "\r\n".join(
        (
            '"설치장소";"광역시도";"시군구";"사업자";"무선망이름";"설치년도";"LAT";"LNG"',
            '"도청";"경기";"수원시";"LGU+";"GG";"2015";"37°16\'30""";"127°00\'36"""',
            '"화성; 행궁";"경기도";"수원시";"주식회사 KT";"GG";"42309";"37.2818";"127.0141"',
        )
    )
).encode()
FILES = {"seoul": SEOUL, "busan": BUSAN, "daegu": DAEGU, "jeju": JEJU, "gyeonggi": GYEONGGI}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All files loaded into one folder, as their names say nothing of what is in them."""
    folder = tmp_path_factory.mktemp("municipalities")
    for name, content in FILES.items():
        path = folder / f"{name}.dat"
        path.write_bytes(content)
        assert main(["opendata", str(path), "--out", str(folder / "lake")]) == 0
    return folder / "lake"


@pytest.fixture(scope="module")
def athena(lake: Path) -> LocalAthena:
    return LocalAthena(LocalFolderLake(lake))


def reports(lake: Path) -> dict[str, dict[str, Any]]:
    found = [
        json.loads(path.read_text(encoding="utf-8")) for path in lake.glob("open_data_reports/**/*.json")
    ]
    return {one["source_file"].removesuffix(".dat"): one for one in found}


def test_every_row_is_counted_once(lake: Path) -> None:
    counted = {
        name: (report["rows"], report["accepted"], report["not_data"]["headers"])
        for name, report in reports(lake).items()
    }
    assert counted == {
        "seoul": (2, 2, 1),
        "busan": (2, 2, 1),
        "daegu": (5, 2, 2),
        "jeju": (2, 1, 0),
        "gyeonggi": (2, 2, 1),
    }
    reasons = {name: [one["code"] for one in report["reasons"]] for name, report in reports(lake).items()}
    assert sorted(reasons["daegu"]) == ["too_few_cells", "too_many_cells", "unclosed_quote"]
    assert reasons["jeju"] == ["latitude_outside_korea"]


def test_names_are_one_and_points_lie_in_their_cities(athena: LocalAthena) -> None:
    sql = "SELECT city, entries FROM wifi_by_city ORDER BY city"
    assert athena.query(sql).rows == [
        ("경기도", 2),
        ("대구광역시", 2),
        ("부산광역시", 2),
        ("서울특별시", 2),
        ("제주특별자치도", 1),
    ]
    points = athena.query("SELECT name, round(latitude, 2), round(longitude, 2) FROM free_wifi").rows
    found = {str(name): (north, east) for name, north, east in points}
    assert found["해운대"] == (35.16, 129.16)
    assert found["시청 로비"] == (37.57, 126.98)
    assert found["도청"] == (37.28, 127.01)
    assert "화성; 행궁" in found


def test_dates_and_providers_are_read_in_every_form(athena: LocalAthena) -> None:
    sql = "SELECT name, installed_at, installed_at_precision, service_provider FROM free_wifi"
    found = {
        name: (str(day), precision, provider) for name, day, precision, provider in athena.query(sql).rows
    }
    assert found["시청 로비"] == ("2015-11-01", "month", "LG U+")
    assert found["대학로"] == ("2016-03-01", "month", "KT")
    assert found["서면"] == ("2015-11-01", "month", "KT")
    assert found["도청"] == ("2015-01-01", "year", "LG U+")
    assert found["화성; 행궁"] == ("2015-11-01", "day", "KT")
    assert found["동성로"][2] == "KT, SKT"
    assert found["공항"][2] == "SKT"


def test_a_column_that_nobody_knows_is_kept(athena: LocalAthena) -> None:
    rows = athena.query("SELECT other_columns FROM free_wifi WHERE name = '시청 로비'").rows
    assert rows == [('{"비고": "실내"}',)]
