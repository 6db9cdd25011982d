"""`crowdlens opendata` as a person calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cli.main import main

HEADER = "설치장소명,설치시도명,서비스제공사명,와이파이SSID,위도,경도"
GOOD = "시청,서울특별시,KT,WiFi,37.5663,126.9779"
BAD = "섬,서울특별시,KT,WiFi,3.75663,126.9779"


@pytest.fixture
def wifi(tmp_path: Path) -> Path:
    path = tmp_path / "wifi.csv"
    path.write_bytes("\r\n".join((HEADER, GOOD, BAD, GOOD, "")).encode("cp949"))
    return path


def test_looking_writes_nothing(wifi: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(wifi.parent.rglob("*"))
    assert main(["opendata", str(wifi)]) == 0
    shown = capsys.readouterr().err
    assert "3 rows: 2 in the table, 1 in quarantine; 1 are equal to an earlier row" in shown
    assert "line 3: latitude_outside_korea: 섬" in shown
    assert sorted(wifi.parent.rglob("*")) == before


def test_loading_writes_rows_quarantine_and_report(wifi: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lake = wifi.parent / "lake"
    assert main(["opendata", str(wifi), "--out", str(lake), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["rows"], report["accepted"], report["quarantined"]) == (3, 2, 1)
    written = {what: lake / key for what, key in report["written"].items()}
    assert pq.read_table(written["data"]).num_rows == 2
    assert json.loads(written["quarantine"].read_text(encoding="utf-8"))["line"] == 3
    page = written["report"].read_text(encoding="utf-8")
    assert "무료 와이파이 · Free public Wi-Fi" in page
    assert "위도가 한국 밖" in page
    assert "<script" not in page
    assert not [path for path in lake.rglob("*") if path.name.startswith(".")]


def test_a_question_is_answered(wifi: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lake = wifi.parent / "lake"
    question = "SELECT city, entries FROM wifi_by_city"
    assert main(["opendata", str(wifi), "--out", str(lake), "--ask", question]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["서울특별시", "2"]
    assert sorted(path.name for path in (lake / "athena").glob("*/*.sql")) == [
        "free_wifi.sql",
        "free_wifi_files.sql",
        "wifi_by_city.sql",
        "wifi_providers_by_city.sql",
    ]


def test_what_a_file_says_cannot_run_in_the_report(wifi: Path) -> None:
    lake = wifi.parent / "lake"
    wifi.write_bytes("\n".join((HEADER, BAD.replace("섬", "<script>alert(1)</script>"))).encode())
    assert main(["opendata", str(wifi), "--out", str(lake)]) == 0
    (page,) = lake.rglob("*.html")
    assert "<script" not in page.read_text(encoding="utf-8")


def test_an_unknown_data_set_gets_a_proposal_that_loads_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parks = tmp_path / "parks 2026.csv"
    parks.write_bytes("공원명,면적\n가,10\n나,20.5\n".encode("cp949"))
    lake = tmp_path / "lake"
    assert main(["opendata", str(parks), "--out", str(lake)]) == 1
    assert "the data set is unknown: nothing was loaded" in capsys.readouterr().err
    assert main(["opendata", str(parks), "--out", str(lake), "--profile", str(lake / "parks_2026.yaml")]) == 0
    assert "2 rows: 2 in the table" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "words", "sentence"),
    [
        pytest.param(b"PK\x03\x04", (), "the file is a zip archive", id="xlsx"),
        pytest.param(b"", (), "the file is empty", id="empty"),
        pytest.param(b"a,b\n1,2\n", ("--profile", "parks"), "profile is 'parks'", id="no such profile"),
        pytest.param(b"a,b\n1,2\n", ("--ask", "SELECT 1"), "--ask needs --out", id="nothing to ask"),
        pytest.param(
            b"a,b\n1,2\n", ("--profile", "free_wifi"), "no header of free_wifi", id="another data set"
        ),
    ],
)
def test_a_mistake_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, words: tuple[str, ...], sentence: str
) -> None:
    path = tmp_path / "wifi.csv"
    path.write_bytes(content)
    assert main(["opendata", str(path), *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"crowdlens opendata: {sentence}")


def test_a_file_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["opendata", str(tmp_path / "none.csv")]) == 2
    assert "No such file" in capsys.readouterr().err


def test_the_example_of_the_guide(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example = Path(__file__).parents[3] / "examples" / "opendata" / "free_wifi.csv"
    assert main(["opendata", str(example), "--out", str(tmp_path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["rows"], report["accepted"], report["quarantined"], report["copies"]) == (60, 57, 3, 2)
    assert report["file"]["encoding"] == "CP949 / EUC-KR"
    assert {one["code"]: one["count"] for one in report["reasons"]} == {
        "too_many_cells": 1,
        "unreadable_date:created_at": 1,
        "longitude_outside_korea": 1,
    }
    assert {"swapped_coordinates", "typo", "formula"} <= {one["code"] for one in report["changes"]}
