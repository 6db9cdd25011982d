"""`crowdlens reconcile` with MySQL: what it looked at, and what leads out of a difference."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.main import main
from contract.lake import day_of

BUCKET = "crowdlens-lake"


@pytest.fixture
def noon_ms() -> int:
    """Yesterday's noon, which MySQL keeps."""
    yesterday = datetime.now(tz=UTC) - timedelta(days=1)
    return round(yesterday.replace(hour=12, minute=0, second=0, microsecond=0).timestamp() * 1000)


@pytest.fixture
def told(lake: Any, make_records: Any, noon_ms: int) -> list[str]:
    """Ten zone counts in two objects, and the ledger row that tells of ten; all in MySQL."""
    (row,) = make_records(
        "stream_ledger", count=1, camera=None, start_ms=noon_ms, made=10, dropped=0,
        ledger_stream="plaza-1/zone_counts", ledger_epoch="0123456789ab", ledger_day=day_of(noon_ms),
        last_sequence=10,
    )  # fmt: skip
    row = replace(row, record=replace(row.record, values={**row.record.values, "first_sequence": 1}))
    counts = [
        make_records(count=5, start_ms=noon_ms + first, step_ms=1, first_sequence=first) for first in (1, 6)
    ]
    keys: list[str] = lake.put(counts[0], device="edge-1") + lake.put([*counts[1], row], device="edge-1")
    assert lake.load(*keys) == 0
    return keys


def reconcile(lake: Any, *arguments: str) -> int:
    options = ["--bucket", BUCKET, "--mysql-url", lake.url, "--grace-minutes", "0"]
    return main(["reconcile", *options, *arguments])


def change(lake: Any, statement: str) -> None:
    with closing(lake.server.connect()) as connection, connection.cursor() as cursor:
        assert cursor.execute(statement) > 0
        connection.commit()


def test_it_says_that_mysql_was_looked_at(
    lake: Any, told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert reconcile(lake) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines()[-1].split()[-2:] == ["0", "0"]
    assert "nothing is missing: 11 records made are in the lake; MySQL has what it keeps" in printed.err
    assert "by its ledger and the number of its rows (`crowdlens rebuild --check` compares" in printed.err
    assert reconcile(lake, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["mysql_looked_at"] is True
    assert document["days"][0]["devices"][0]["not_in_mysql"] == 0


def test_rows_deleted_behind_the_ledgers_back_are_seen(
    lake: Any, told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    change(lake, "DELETE FROM zone_counts LIMIT 3")
    assert reconcile(lake) == 1
    said = capsys.readouterr().err
    assert "MySQL lacks 3 rows of zone_counts" in said
    assert "NOT complete: of 11 records made 0 are missing, 3 are not in MySQL" in said


def test_rebuild_missing_brings_deleted_rows_back(
    lake: Any, told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    before = lake.digests()
    change(lake, "DELETE FROM zone_counts LIMIT 3")
    assert lake.rebuild("--missing") == 0
    assert "MySQL lost 3 rows of zone_counts" in capsys.readouterr().err
    assert lake.digests() == before
    assert lake.rebuild("--check") == 0
    assert reconcile(lake) == 0
    assert sums(lake) == [("stream_ledger", 1), ("zone_counts", 10)]


def test_objects_taken_out_of_the_ledger_leave_no_difference_for_ever(lake: Any, told: list[str]) -> None:
    before = lake.digests()
    change(lake, "DELETE FROM load_ledger LIMIT 2")
    assert reconcile(lake) == 1
    assert lake.rebuild("--missing") == 0
    assert lake.digests() == before
    assert sums(lake) == [("stream_ledger", 1), ("zone_counts", 10)]
    assert reconcile(lake) == 0


def sums(lake: Any) -> list[tuple[str, int]]:
    """Return what the function `reconciler` reads: by table the new rows that objects brought."""
    found = lake.query("SELECT table_name, SUM(rows_new) FROM load_ledger GROUP BY table_name ORDER BY 1")
    return [(name, int(rows)) for name, rows in found]


def test_a_lake_that_lacks_the_objects_leaves_the_ledger_as_it_is(lake: Any, told: list[str]) -> None:
    change(lake, "DELETE FROM zone_counts LIMIT 3")
    for key in told:
        lake.s3.delete_object(Bucket=BUCKET, Key=key)
    ledger = lake.query("SELECT object_key FROM load_ledger ORDER BY 1")
    assert lake.rebuild("--missing") == 0
    assert lake.query("SELECT object_key FROM load_ledger ORDER BY 1") == ledger
    assert lake.query("SELECT COUNT(*) FROM zone_counts") == [(7,)]
