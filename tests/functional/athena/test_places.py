"""The table of places: JSON lines as the live map's API writes them, in a table without days."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

from athena import places
from infra.local.athena import AthenaEndpoint, AthenaQueryError, LocalAthena

AthenaOf = Callable[[Any], LocalAthena]
PLAZA = {
    "place_id": "plaza",
    "name": "서울광장",
    "name_en": "Seoul Plaza",
    "site": "seoul-1",
    "longitude": 126.978,
    "latitude": 37.5657,
    "updated_at": "2026-11-21T10:00:00Z",
}
PIER = {
    "place_id": "pier",
    "name": "부두",
    "name_en": None,
    "site": "busan-1",
    "longitude": 129,
    "latitude": 35,
}


def write_places(lake: Any, text: str) -> Path:
    path: Path = lake.folder / places.KEY_PREFIX / "places.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def test_places_are_read_as_they_were_written(lake: Any, athena_of: AthenaOf) -> None:
    path = write_places(lake, lines({**PLAZA, "photo": "a key that is no column"}, PIER))
    result = athena_of(lake).query("SELECT * FROM places ORDER BY place_id")
    assert result.columns == tuple(name for name, _, _ in places.COLUMNS)
    assert result.rows == [
        ("pier", "부두", None, "busan-1", 129.0, 35.0, None),
        tuple(PLAZA.values()),
    ]
    assert (result.files_scanned, result.data_scanned_bytes) == (1, path.stat().st_size)


def test_an_edited_place_is_seen_by_the_next_query(lake: Any, athena_of: AthenaOf) -> None:
    athena = athena_of(lake)
    assert athena.query("SELECT count(*) FROM places").rows == [(0,)]
    write_places(lake, lines(PLAZA))
    assert athena.query("SELECT name FROM places").rows == [("서울광장",)]
    write_places(lake, lines({**PLAZA, "name": "시청 앞"}))
    assert athena.query("SELECT name FROM places").rows == [("시청 앞",)]


def test_places_join_with_records_by_site(lake: Any, athena_of: AthenaOf) -> None:
    write_places(lake, lines(PLAZA, PIER))
    lake.put([lake.record("zone_counts", "2026-11-21T11:00:00", zone="a", object_class="person")])
    sql = "SELECT p.name FROM places p JOIN occupancy_live o ON o.site = p.site WHERE o.day = '2026-11-21'"
    assert athena_of(lake).query(sql).rows == [("서울광장",)]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("not json\n", id="no json"),
        pytest.param('{"place_id": "a", "longitude": "east"}\n', id="text for a number"),
        pytest.param('["a"]\n', id="no object"),
    ],
)
def test_a_broken_object_is_named(lake: Any, athena_of: AthenaOf, text: str) -> None:
    write_places(lake, text)
    with pytest.raises(AthenaQueryError, match=r"HIVE_BAD_DATA: .*places\.json is no readable JSON"):
        athena_of(lake).query("SELECT place_id FROM places")


def test_the_api_says_that_it_has_no_partitions(lake: Any, athena_of: AthenaOf) -> None:
    with AthenaEndpoint(athena_of(lake)) as endpoint:
        client = boto3.client(
            "athena",
            endpoint_url=endpoint.url,
            region_name="ap-northeast-2",
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )
        table = client.get_table_metadata(
            CatalogName="AwsDataCatalog", DatabaseName="crowdlens", TableName="places"
        )["TableMetadata"]
    assert table["PartitionKeys"] == []
    assert [column["Name"] for column in table["Columns"]] == [name for name, _, _ in places.COLUMNS]


@pytest.mark.parametrize(
    "form",
    [
        pytest.param("LOCATION 's3://b/x/'", id="parquet without a partition"),
        pytest.param("ROW FORMAT SERDE 'org.example.CsvSerDe' LOCATION 's3://b/x/'", id="another format"),
        pytest.param(
            f"PARTITIONED BY (`day` string) ROW FORMAT SERDE '{places.JSON_SERDE}' LOCATION 's3://b/x/'",
            id="json by day",
        ),
    ],
)
def test_other_forms_of_tables_are_refused(lake: Any, athena_of: AthenaOf, form: str) -> None:
    with pytest.raises(AthenaQueryError, match="table x that is neither parquet with one partition column"):
        athena_of(lake).query(f"CREATE EXTERNAL TABLE `x` (`a` string) {form}")
