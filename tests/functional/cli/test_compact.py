"""`crowdlens compact` on a lake folder, as a program would use it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from contract.envelope import decode_message, pack_messages
from contract.lake import raw_key
from lambdas.lake_writer.columns import build_tables
from lambdas.shared.lake_parquet import encode_parquet

DAY = "2025-11-21"


@pytest.fixture
def folder(tmp_path: Path, make_records: Any) -> Path:
    for position, records in enumerate((make_records(count=5), make_records(count=3))):
        messages = [decode_message(packed.body) for packed in pack_messages("s", "edge-1", records)]
        (rows,) = build_tables(messages)
        path = tmp_path / raw_key("zone_counts", DAY, f"object-{position}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_parquet(rows.data, rows.table))
    return tmp_path


def parquet(folder: Path, prefix: str) -> list[str]:
    return sorted(path.name for path in (folder / prefix).rglob("*.parquet"))


def test_a_dry_run_says_what_there_is_to_do(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compact", "--lake", str(folder), "--dry-run", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["table"], row["day"], row["to_fold"], row["compacted_objects"]) == ("zone_counts", DAY, 2, 0)
    assert len(parquet(folder, "raw")) == 2
    assert main(["compact", "--lake", str(folder), "--dry-run"]) == 0
    captured = capsys.readouterr()
    assert "zone_counts" in captured.out
    assert captured.err == "2 raw objects to fold\n"


def test_a_lake_is_compacted_and_its_raw_objects_go(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compact", "--lake", str(folder), "--keep-raw-hours", "0", "--json"]) == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["objects_folded"], done["rows_written"], done["duplicates"]) == (2, 5, 3)
    assert (len(parquet(folder, "raw")), len(parquet(folder, "compacted"))) == (0, 1)
    assert main(["compact", "--lake", str(folder)]) == 0
    assert "0 raw objects folded" in capsys.readouterr().err


def test_only_the_day_asked_for_is_touched(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compact", "--lake", str(folder), "--day", "2025-11-20", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pieces"] == 0


def test_what_cannot_be_folded_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / raw_key("zone_counts", DAY, "broken")).write_bytes(b"no parquet")
    assert main(["compact", "--lake", str(folder)]) == 1
    said = capsys.readouterr().err
    assert "left alone: raw/zone_counts/day=2025-11-21/broken.parquet" in said
    assert "2 raw objects folded" in said
    assert "1 objects could not be read and were left alone" in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(["--lake", "no/such"], "expected a folder with raw/", id="no lake"),
        pytest.param(["--day", "21.11.2026"], "expected a UTC day like 2026-11-21", id="day"),
        pytest.param(["--keep-raw-hours", "-1"], "expected a number of hours", id="hours"),
        pytest.param(["--table", "moods"], "invalid choice: 'moods'", id="table"),
    ],
)
def test_a_wrong_call_is_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status = main(["compact", *arguments])
    except SystemExit as stopped:
        status = int(stopped.code or 0)
    assert status == 2
    assert sentence in capsys.readouterr().err
