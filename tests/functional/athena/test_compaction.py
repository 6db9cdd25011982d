"""Compaction changes no answer, and makes every question cheaper."""
# ruff: noqa: S608
# The SQL here is the test's own.

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from cli.folder_store import FolderStore, NoLeases
from contract.tables import TABLES
from infra.local.athena import LocalAthena
from infra.local.athena.definitions import parse_one
from infra.local.athena.planner import needs
from infra.local.athena.translation import translated
from lambdas.compactor import encoding
from lambdas.compactor.compactor import Compactor
from lambdas.compactor.report import Report
from lambdas.compactor.settings import CompactionRules

AthenaOf = Callable[[Any], LocalAthena]
DAYS = [f"2026-11-{day:02}" for day in range(19, 22)]
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NEVER = timedelta(days=3650)
KEEPING = CompactionRules(raw_keep=NEVER, reader_grace=NEVER)
AT_ONCE = CompactionRules(raw_keep=timedelta(0), reader_grace=timedelta(0))
VIEWS = (
    *("unique_tracks", "unique_gaps", "zone_counts_by_hour", "line_crossings_by_minute"),
    *("data_quality", "device_state"),
)


def compact(folder: Path, rules: CompactionRules) -> Report:
    compactor = Compactor(FolderStore(folder), NoLeases(), rules)
    return compactor.run(compactor.pieces())


def answers(athena: LocalAthena) -> dict[str, list[str]]:
    statements = {name: f"SELECT * FROM {name}" for name in VIEWS}
    # How many copies are stored is what compaction changes; of how many records, it is not.
    statements["records"] = "SELECT day, table_name, records FROM records_by_table"
    return {name: sorted(map(repr, athena.query(sql).rows)) for name, sql in statements.items()}


@pytest.fixture
def filled(lake: Any) -> Any:
    for day in DAYS:
        records = [
            lake.record(name, f"{day}T{hour:02}:00:00", camera=camera)
            for name in TABLES
            for hour in range(0, 24, 3)
            for camera in ("plaza-1", "gate-2")
        ]
        lake.put(records)
        lake.put(records[::3])
    return lake


def test_no_answer_changes_while_raw_objects_are_folded_and_taken_away(
    filled: Any, athena_of: AthenaOf
) -> None:
    athena = athena_of(filled)
    before = answers(athena)
    assert all(before[view] for view in ("unique_tracks", "zone_counts_by_hour", "data_quality"))
    report = compact(filled.folder, KEEPING)
    assert report.objects_folded == len(DAYS) * len(TABLES) * 2
    assert answers(athena) == before, "raw and compacted lie side by side"
    late = [filled.record(name, f"{DAYS[0]}T23:59:00") for name in TABLES]
    filled.put(late)
    with_late = answers(athena)
    assert with_late["unique_tracks"] != before["unique_tracks"]
    compact(filled.folder, AT_ONCE)
    assert answers(athena) == with_late, "only compacted objects are left"
    assert not any((filled.folder / "raw").rglob("*.parquet"))


def test_questions_for_a_day_read_its_compacted_objects_alone(filled: Any, athena_of: AthenaOf) -> None:
    compact(filled.folder, AT_ONCE)
    compact(filled.folder, AT_ONCE)
    athena = athena_of(filled)
    everything = athena.query("SELECT * FROM unique_zone_counts")
    one = athena.query("SELECT * FROM unique_zone_counts WHERE day = '2026-11-20'")
    assert (one.files_scanned, everything.files_scanned) == (1, len(DAYS))
    assert one.data_scanned_bytes == pytest.approx(everything.data_scanned_bytes / len(DAYS), rel=0.05)
    assert {row[one.columns.index("day")] for row in one.rows} == {"2026-11-20"}


def test_repeated_rows_are_told_and_go(filled: Any, athena_of: AthenaOf) -> None:
    sql = "SELECT sum(rows_stored), sum(records) FROM records_by_table WHERE day = '2026-11-20'"
    athena = athena_of(filled)
    ((stored, records),) = athena.query(sql).rows
    assert stored > records
    compact(filled.folder, AT_ONCE)
    compact(filled.folder, AT_ONCE)
    assert athena.query(sql).rows == [(records, records)]


def test_conditions_reach_both_halves_of_the_lake(filled: Any, athena_of: AthenaOf) -> None:
    athena = athena_of(filled)
    sql = "SELECT count(*) FROM unique_zone_counts WHERE day = '2026-11-20' AND camera = 'plaza-1'"
    made = translated(parse_one(sql), athena.definitions, athena.database)
    with duckdb.connect() as connection:
        found = needs(connection, made.planning_sql(NOW), made.tables)
    assert set(found) == {"zone_counts", "compacted_zone_counts"}
    for (need,) in found.values():
        texts = {condition.sql(dialect="duckdb").strip("()") for condition in need.conditions}
        assert texts == {"day = '2026-11-20'", "camera = 'plaza-1'"}


def test_an_object_says_which_cameras_its_row_groups_hold(
    filled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a question for one camera reads its groups alone: names of the groups hardly overlap."""
    monkeypatch.setattr(encoding, "ROW_GROUP_ROWS", 4)
    compact(filled.folder, AT_ONCE)
    (path,) = (filled.folder / "compacted/zone_counts/day=2026-11-20").glob("*.parquet")
    metadata = pq.ParquetFile(path).metadata
    column = [metadata.schema.column(index).path for index in range(metadata.num_columns)].index("camera")
    groups = [metadata.row_group(index).column(column).statistics for index in range(metadata.num_row_groups)]
    assert [(group.min, group.max) for group in groups] == [("gate-2", "gate-2")] * 2 + [
        ("plaza-1", "plaza-1")
    ] * 2
