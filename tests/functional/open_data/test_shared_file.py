"""The real file of 14,828 rows: each one is in the table or in quarantine, and nothing was changed unseen."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from lambdas.open_data.convert import Origin
from lambdas.open_data.load import Loaded, load, look_at
from lambdas.open_data.profile import shipped_profiles

FILE = Path(__file__).parents[4] / "shared" / "data" / "opendata" / "free_wifi_standard_data_euckr.csv"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not FILE.is_file(), reason="needs ../shared/data/opendata"),
]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    origin = Origin("default", FILE.name, datetime(2026, 11, 21, tzinfo=UTC))
    with FILE.open("rb") as stream:
        return load(stream, look_at(stream, shipped_profiles()), origin, tmp_path_factory.mktemp("open_data"))


@pytest.fixture(scope="module")
def rows(loaded: Loaded) -> dict[int, dict[str, Any]]:
    assert loaded.parquet is not None
    return {row["source_line"]: row for row in pq.read_table(loaded.parquet).to_pylist()}


@pytest.fixture(scope="module")
def source() -> dict[int, list[str]]:
    """The file as Python's own csv module reads it, by line."""
    text = FILE.read_bytes().decode("cp949")
    return dict(enumerate(csv.reader(io.StringIO(text, newline="")), start=1))


def test_every_row_is_accounted_for(loaded: Loaded, rows: dict[int, Any], source: dict[int, Any]) -> None:
    assert loaded.quarantine is not None
    bad = {json.loads(line)["line"] for line in loaded.quarantine.read_text(encoding="utf-8").splitlines()}
    assert sorted([*rows, *bad, loaded.header.line]) == sorted(source)
    assert (loaded.account.rows, loaded.account.accepted, loaded.account.quarantined) == (14_828, 14_820, 8)


def test_why_eight_are_in_quarantine(loaded: Loaded) -> None:
    assert [(row.line, *row.reasons) for row in loaded.shown_bad_rows] == [
        (1552, "implausible_date:installed_at"),
        (4012, "latitude_outside_korea"),
        (6046, "latitude_outside_korea"),
        (8238, "latitude_outside_korea"),
        (9857, "longitude_outside_korea"),
        (10749, "longitude_outside_korea"),
        (13014, "latitude_outside_korea"),
        (14747, "longitude_outside_korea"),
    ]


def test_what_was_repaired_is_told(loaded: Loaded) -> None:
    assert loaded.changes.counts == {
        "alias": 2673,
        "two_digit_year": 1017,
        "swapped_coordinates": 8,
        "typo": 1,
    }


def test_cells_are_those_of_the_file(rows: dict[int, dict[str, Any]], source: dict[int, list[str]]) -> None:
    texts = {"name": 0, "detail": 1, "gungu": 3, "facility": 4, "wifi_ssid": 6, "road_name_address": 8}
    for line, row in rows.items():
        cells = source[line]
        for name, place in texts.items():
            assert (row[name] or "") == cells[place].strip().removeprefix("-"), (line, name)
        assert {f"{float(cells[12])}", f"{float(cells[13])}"} == {f"{row['latitude']}", f"{row['longitude']}"}
        assert str(row["created_at"]) == cells[14]
        assert (row["installed_at"] is None) == (cells[7] == "")


def test_no_date_of_the_file_is_lost(rows: dict[int, dict[str, Any]]) -> None:
    assert {(row["installed_at_precision"]) for row in rows.values()} == {None, "day", "month", "year"}
    assert {row["installed_at"].year for row in rows.values() if row["installed_at"]} <= set(
        range(2006, 2017)
    )
