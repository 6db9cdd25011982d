"""Cost follows the days asked for: what a query reads, in objects and bytes."""
# ruff: noqa: E501, S608
# Tables of scenarios are read across, and the SQL here is the test's own.

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contract.tables import TABLES
from infra.local.athena import AthenaQueryError, LocalAthena

AthenaOf = Callable[[Any], LocalAthena]
DAYS = [f"2026-11-{day:02}" for day in range(12, 22)]
TABLE_VIEWS = [f"unique_{name}" for name in TABLES]
DAY_VIEWS = {
    **dict.fromkeys(TABLE_VIEWS, 1),
    "zone_counts_by_minute": 1,
    "zone_counts_by_hour": 1,
    "line_crossings_by_minute": 1,
    "line_crossings_by_hour": 1,
    **dict.fromkeys(("local_zone_counts", "local_line_crossings", "density_by_hour", "dwell_by_hour"), 1),
    **dict.fromkeys(("speed_by_hour", "device_health_by_hour"), 1),
    "data_quality": 5,  # gaps, camera_status, zone_counts (once for two readings), line_crossings, device_health
    "records_by_table": len(TABLES),
}


@pytest.fixture(scope="module")
def ten_days(
    new_lake: Callable[[Path], Any], athena_of: AthenaOf, tmp_path_factory: pytest.TempPathFactory
) -> LocalAthena:
    lake = new_lake(tmp_path_factory.mktemp("ten-days"))
    measured = {"zone_counts": {"density_per_m2": 0.5}, "tracks": {"speed_mps": 1.0}}
    for day in DAYS:
        lake.put(
            [
                lake.record(name, f"{day}T{hour:02}:00:00", **measured.get(name, {}))
                for name in TABLES
                for hour in range(24)
            ]
        )
    return athena_of(lake)


@pytest.mark.parametrize("view", DAY_VIEWS)
def test_one_day_reads_one_tenth(ten_days: LocalAthena, view: str) -> None:
    everything = ten_days.query(f"SELECT * FROM {view}")
    one = ten_days.query(f"SELECT * FROM {view} WHERE day = '2026-11-20'")
    assert one.rows
    assert {row[one.columns.index("day")] for row in one.rows} == {"2026-11-20"}
    assert everything.files_scanned == one.files_scanned * len(DAYS)
    assert one.data_scanned_bytes == pytest.approx(everything.data_scanned_bytes / len(DAYS), rel=0.05)


@pytest.mark.parametrize(
    ("condition", "days"),
    [
        pytest.param("day = '2026-11-20'", 1, id="one day"),
        pytest.param("day IN ('2026-11-20', '2026-11-13')", 2, id="two days"),
        pytest.param("day BETWEEN '2026-11-14' AND '2026-11-16'", 3, id="range"),
        pytest.param("day >= '2026-11-19' AND camera = 'plaza-1'", 3, id="since, with another column"),
        pytest.param("day = '2026-11-20' OR day = '2026-11-12'", 2, id="either"),
        pytest.param(
            "day >= date_format(current_date - INTERVAL '1' DAY, '%Y-%m-%d')", 2, id="since yesterday"
        ),
        pytest.param("day LIKE '2026-11-1%'", 8, id="prefix"),
        pytest.param("day <> '2026-11-20'", 9, id="all but one"),
        pytest.param(
            "day = '2026-11-20' OR camera = 'plaza-1'", 10, id="or with another column cannot prune"
        ),
        pytest.param("day = '1999-01-01'", 0, id="a day that is not there"),
        pytest.param("event_time >= TIMESTAMP '2026-11-20 00:00:00'", 10, id="event_time is no partition"),
    ],
)
def test_only_the_wanted_days_are_read(ten_days: LocalAthena, condition: str, days: int) -> None:
    for table in ("zone_counts", "unique_zone_counts"):
        result = ten_days.query(f"SELECT record_id FROM {table} WHERE {condition}")
        assert result.files_scanned == days


def test_a_parameter_prunes_like_a_literal(ten_days: LocalAthena) -> None:
    result = ten_days.query(
        "SELECT count(*) FROM zone_counts_by_hour WHERE day >= ? AND day < ?", ("2026-11-13", "2026-11-15")
    )
    assert result.files_scanned == 2


@pytest.mark.parametrize("view", ["zone_counts_by_hour", "data_quality", "records_by_table"])
def test_the_first_rows_in_order_cost_no_more(ten_days: LocalAthena, view: str) -> None:
    sql = f"SELECT * FROM {view} WHERE day >= '2026-11-20'"
    result = ten_days.query(f"{sql} ORDER BY day DESC LIMIT 3")
    assert result.files_scanned == 2 * DAY_VIEWS[view]
    assert result.data_scanned_bytes == ten_days.query(sql).data_scanned_bytes


def test_a_join_prunes_the_other_side(ten_days: LocalAthena) -> None:
    sql = (
        "SELECT count(*) FROM zone_counts AS z JOIN line_crossings AS l ON z.day = l.day "
        "WHERE z.day = '2026-11-20'"
    )
    assert ten_days.query(sql).files_scanned == 2


@pytest.mark.parametrize(
    ("view", "files"), [("occupancy_live", 7), ("camera_state", 10), ("device_state", 10)]
)
def test_states_read_only_the_days_they_look_back(ten_days: LocalAthena, view: str, files: int) -> None:
    assert ten_days.query(f"SELECT * FROM {view}").files_scanned == files


def test_only_the_named_columns_are_paid_for(ten_days: LocalAthena) -> None:
    narrow = ten_days.query("SELECT zone FROM zone_counts").data_scanned_bytes
    wide = ten_days.query("SELECT * FROM zone_counts").data_scanned_bytes
    assert 0 < narrow < wide / 5
    assert ten_days.query("SELECT count(*) FROM zone_counts").rows == [(240,)]


def test_a_new_object_is_seen_by_the_next_query(lake: Any, athena_of: AthenaOf) -> None:
    athena = athena_of(lake)
    assert athena.query("SELECT count(*) FROM tracks").rows == [(0,)]
    lake.put([lake.record("tracks", "2026-11-20T00:00:00")])
    assert athena.query("SELECT count(*) FROM tracks").rows == [(1,)]


@pytest.mark.parametrize(
    ("time", "seen"),
    [
        pytest.param("2023-12-31T23:59:59", 0, id="before the projected range"),
        pytest.param("2024-01-01T00:00:00", 1, id="its first day"),
        pytest.param("2026-11-23T23:59:59", 1, id="a clock two days ahead"),
        pytest.param("2026-11-24T00:00:00", 0, id="three days ahead"),
    ],
)
def test_days_outside_the_projection_are_not_seen_just_as_in_athena(
    lake: Any, athena_of: AthenaOf, time: str, seen: int
) -> None:
    lake.put([lake.record("tracks", time)])
    assert athena_of(lake).query("SELECT count(*) FROM tracks").rows == [(seen,)]


def test_files_that_are_no_objects_are_left_alone(lake: Any, athena_of: AthenaOf) -> None:
    lake.put([lake.record("tracks", "2026-11-20T00:00:00")])
    folder = lake.folder / "raw/tracks/day=2026-11-20"
    (folder / ".part.parquet").write_bytes(b"half")
    (folder / "empty.parquet").write_bytes(b"")
    (folder / "notes.txt").write_text("x")
    (lake.folder / "raw/tracks/stray").mkdir()
    assert athena_of(lake).query("SELECT count(*) FROM tracks").rows == [(1,)]


def test_a_broken_object_is_named(lake: Any, athena_of: AthenaOf) -> None:
    lake.put([lake.record("tracks", "2026-11-20T00:00:00")])
    (lake.folder / "raw/tracks/day=2026-11-20/broken.parquet").write_bytes(b"PAR1 no PAR1")
    with pytest.raises(AthenaQueryError, match=r"HIVE_BAD_DATA: .*broken\.parquet"):
        athena_of(lake).query("SELECT count(*) FROM tracks")
