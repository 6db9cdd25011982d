"""A file of an unknown data set gets a profile that loads it."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from typing import Any

from lambdas.open_data.inference import propose
from lambdas.open_data.load import look_at
from lambdas.open_data.profile import parse_profile, shipped_profiles

TOILETS = """개방화장실 현황,,,,,,
번호,화장실명,남성용-대변기수,이용률,전화번호,WGS84위도,WGS84경도,설치일자,개방
1,시청,3,0.5,02-1234-5678,37.5663,126.9779,2016.5.31,Y
2,구청,1,1.25,02-1234-5679,37.4812,126.9527,2017.12.1,N
"""


def test_the_proposal_loads_the_file_it_was_made_from(load_file: Callable[..., Any]) -> None:
    content = TOILETS.encode("cp949")
    found = look_at(io.BytesIO(content), shipped_profiles())
    assert found.profile is None
    profile = parse_profile(propose(found.records, "toilets", shipped_profiles()), "toilets.yaml")
    assert [(column.korean, column.name, column.type) for column in profile.columns] == [
        ("번호", "column_1", "integer"),
        ("화장실명", "column_2", "text"),
        ("남성용-대변기수", "column_3", "integer"),
        ("이용률", "column_4", "number"),
        ("전화번호", "management_agency_phone", "text"),
        ("WGS84위도", "latitude", "latitude"),
        ("WGS84경도", "longitude", "longitude"),
        ("설치일자", "installed_at", "date"),
        ("개방", "column_9", "text"),
    ]
    outcome = load_file(content, profile)
    assert outcome.quarantine == []
    assert [(row["column_1"], row["column_4"], row["installed_at"]) for row in outcome.rows] == [
        (1, 0.5, date(2016, 5, 31)),
        (2, 1.25, date(2017, 12, 1)),
    ]


def test_another_standard_data_set_is_not_taken_for_wifi() -> None:
    header = "시설명,소재지도로명주소,소재지지번주소,위도,경도,관리기관명,전화번호,데이터기준일자"
    row = "공원,가,나,37.5,127,다,02-1,2016-05-31"
    assert look_at(io.BytesIO(f"{header}\n{row}\n".encode()), shipped_profiles()).profile is None
