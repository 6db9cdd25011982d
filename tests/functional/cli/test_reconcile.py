"""`crowdlens reconcile` over a lake folder."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.main import main
from contract.envelope import decode_message, pack_messages
from contract.lake import raw_key
from contract.records import StoredRecord
from contract.tables import TABLES
from lambdas.lake_writer.columns import build_tables
from lambdas.shared.lake_parquet import encode_parquet

DAY = "2025-11-21"
DAY_FOLDER = f"raw/zone_counts/day={DAY}"


@pytest.fixture
def folder(tmp_path: Path, make_records: Callable[..., list[StoredRecord]]) -> Path:
    """Nine of ten zone counts, and the ledger row that tells of ten."""
    (row,) = make_records(
        "stream_ledger", count=1, camera=None, ledger_stream="plaza-1/zone_counts", made=10, dropped=0,
        ledger_epoch="0123456789ab", ledger_day=DAY, last_sequence=10,
    )  # fmt: skip
    told = replace(row, record=replace(row.record, values={**row.record.values, "first_sequence": 1}))
    write(tmp_path, [*make_records(count=9), told], "first")
    return tmp_path


def write(folder: Path, records: list[StoredRecord], name: str) -> None:
    messages = [decode_message(packed.body) for packed in pack_messages("s", "edge-1", records)]
    for rows in build_tables(messages):
        path = folder / raw_key(rows.table.name, DAY, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_parquet(rows.data, TABLES[rows.table.name]))


def test_what_is_missing_is_named_and_fails(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reconcile", "--lake", str(folder)]) == 1
    printed = capsys.readouterr()
    assert f"{DAY} edge-1: 1 records of zone_counts are missing" in printed.err
    assert "NOT complete: of 11 records made 1 are missing" in printed.err
    cells = printed.out.splitlines()[-1].split()
    assert cells == [DAY, "edge-1", "11", "10", "0", "0", "1", "0", "-", "-"]
    assert "MySQL was not looked at" in printed.err


def test_when_nothing_is_missing_it_says_so(
    folder: Path, make_records: Callable[..., list[StoredRecord]], capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, make_records(count=1, first_sequence=10), "second")
    assert main(["reconcile", "--lake", str(folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["complete"] is True
    (device,) = document["days"][0]["devices"]
    assert (device["device"], device["made"], device["in_lake"]) == ("edge-1", 11, 11)
    assert device["tables"]["zone_counts"]["made"] == 10
    assert document["mysql_looked_at"] is False
    assert document["days"][0]["short_in_mysql"] is None
    assert (device["not_in_mysql"], device["tables"]["zone_counts"]["loading"]) == (None, None)


def test_within_the_grace_it_is_on_the_way(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reconcile", "--lake", str(folder), "--grace-minutes", "30"]) == 0
    assert "nothing is missing: 11 records made are in the lake, 1 on the way" in capsys.readouterr().err


def test_what_cannot_be_read_is_no_proof(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / raw_key("tracks", DAY, "broken")).parent.mkdir(parents=True)
    (folder / raw_key("tracks", DAY, "broken")).write_bytes(b"no parquet")
    assert main(["reconcile", "--lake", str(folder), "--grace-minutes", "30"]) == 1
    assert "unreadable: raw/tracks/day=2025-11-21/broken.parquet" in capsys.readouterr().err


def test_records_without_any_ledger_are_no_proof(
    tmp_path: Path, make_records: Callable[..., list[StoredRecord]], capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, [*make_records(count=9), *make_records("events", count=2)], "first")
    assert main(["reconcile", "--lake", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "NOT known: 11 records have no ledger yet: whether more were made is not known" in told
    assert "nothing is missing" not in told
    assert main(["reconcile", "--lake", str(tmp_path), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["complete"], document["records_without_any_ledger"]) == (False, 11)
    # What has just come may be told of soon.
    assert main(["reconcile", "--lake", str(tmp_path), "--grace-minutes", "30"]) == 0
    assert "11 have no ledger yet" in capsys.readouterr().err


def test_an_empty_lake_proves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "raw").mkdir()
    assert main(["reconcile", "--lake", str(tmp_path)]) == 1
    assert "NOT known: the lake holds nothing" in capsys.readouterr().err
    assert main(["reconcile", "--lake", str(tmp_path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["complete"] is False


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(
            ["--device", "nope"],
            f"device is 'nope': expected one that the lake or a ledger tells of, {DAY}: edge-1",
            id="device",
        ),
        pytest.param(
            ["--day", "2020-01-01"],
            "day is 2020-01-01: expected one that the lake or a ledger tells of: "
            f"the lake has {DAY} to {DAY}",
            id="day",
        ),
    ],
)
def test_what_nothing_tells_of_is_one_sentence(
    arguments: list[str], sentence: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reconcile", "--lake", str(folder), *arguments]) == 2
    told = capsys.readouterr()
    assert sentence in told.err
    assert (told.err.count("\n"), told.out) == (1, "")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(["--lake", "no/such"], "expected a folder with raw/", id="no lake"),
        pytest.param(["--day", "21.11.2026"], "expected a UTC day like 2026-11-21", id="day"),
        pytest.param(["--device", "a b"], "expected 1 to 64 of", id="device"),
        pytest.param(["--grace-minutes", "x"], "expected a number of minutes", id="minutes"),
        pytest.param(["--mysql-url", "x://"], "mysql", id="url"),
        pytest.param([], "no bucket is named", id="no place"),
    ],
)
def test_a_wrong_call_is_one_sentence(
    arguments: list[str],
    sentence: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("LAKE_BUCKET", raising=False)
    if arguments[:1] == ["--mysql-url"]:
        arguments = [*arguments, "--lake", str(folder)]
    try:
        status = main(["reconcile", *arguments])
    except SystemExit as stopped:
        status = int(stopped.code or 0)
    assert status == 2
    assert sentence in capsys.readouterr().err


def test_a_mysql_that_is_not_there_reads_alike_from_every_command(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lambdas.shared.mysql._FIRST_PAUSE_SECONDS", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}/counts"
    (folder / DAY_FOLDER).rename(folder / DAY_FOLDER.replace(DAY, datetime.now(tz=UTC).date().isoformat()))
    said = []
    for command in ("reconcile", "rebuild"):
        words = [command, "--lake", str(folder), "--mysql-url", f"mysql://user:secret@{address}"]
        assert main(words) == 1
        said.append(capsys.readouterr().err.partition(": ")[2])
    assert said[0].startswith(f"MySQL at {address} failed: Can't connect to MySQL server")
    assert said[0] == said[1]


def test_a_rebuild_without_mysql_names_its_option(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MYSQL_HOST", raising=False)
    assert main(["rebuild", "--lake", str(folder)]) == 2
    assert "MYSQL_HOST is not set: expected a value in the environment, or --mysql-url" in (
        capsys.readouterr().err
    )
