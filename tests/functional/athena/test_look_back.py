"""Views, named queries and prepared statements read the days they ask for, however long the history is."""
# ruff: noqa: S608 - the SQL here is the test's own

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from athena import catalog
from contract.tables import TABLES
from infra.local.athena import LocalAthena, LocalFolderLake

TODAY = datetime(2026, 11, 21, 12, tzinfo=UTC)
AGO = (
    0,
    1,
    2,
    6,
    7,
    8,
    13,
    14,
    15,
    30,
    31,
    32,
    34,
    35,
    36,
    37,
    38,
    62,
    63,
    64,
    89,
    90,
    91,
    364,
    365,
    366,
    600,
    1000,
)
"""Days of the history; each has one object a table."""
VIEWS = {
    "occupancy_live": 6,
    "device_state": 30,
    "camera_state": 365,
    "occupancy_by_day": 35,
    "line_crossings_by_day": 35,
    "peak_hours": 35,
    "safety_events": 63,
    "usual_by_hour_of_week": 30,
    "deviation_from_usual": 37,
    "occupancy_by_week": 90,  # to the day before Monday, 24 August
}
NAMED = {
    "people_now": 6,
    "busiest_hours_last_week": 7,
    "densest_last_week": 7,
    "in_and_out_by_day": 31,
    "this_week_and_last": 13,  # to the day before Monday, 9 November
    "peaks_last_week": 35,
    "safety_last_week": 63,
    "unusual_hours": 37,
    "quiet_and_busy_hours": 30,
    "devices_in_trouble": 1,
    "what_is_missing": 7,
    "is_everything_here": 7,
}
READING = {"what_is_missing": 5, "is_everything_here": len(TABLES)}
"""How many tables a query reads, where that is not one; an object read by two scans is one."""
LOCAL_DAYS = ("zone_days", "line_days", "zone_week", "site_days")


@pytest.fixture(scope="module")
def history(new_lake: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory) -> LocalAthena:
    lake = new_lake(tmp_path_factory.mktemp("history"))
    days = [(TODAY - timedelta(days=ago)).strftime("%Y-%m-%d") for ago in AGO]
    lake.put([lake.record(name, f"{day}T03:00:00") for day in days if day >= "2024-01-01" for name in TABLES])
    return LocalAthena(LocalFolderLake(lake.folder), now=lambda: TODAY)


def days_read(looks_back: int) -> int:
    return sum(ago <= looks_back for ago in AGO)


def test_every_view_is_here_or_asked_for_a_day_elsewhere() -> None:
    """`test_pruning` asks the others for a day; public data is of no day."""
    by_day = {
        *(name for table in TABLES for name in (f"unique_{table}", f"stored_{table}")),
        *(
            "zone_counts_by_minute",
            "zone_counts_by_hour",
            "line_crossings_by_minute",
            "line_crossings_by_hour",
        ),
        *("local_zone_counts", "local_line_crossings", "density_by_hour", "dwell_by_hour", "speed_by_hour"),
        *("device_health_by_hour", "data_quality", "records_by_table"),
    }
    assert {view.name for view in catalog.views()} - catalog.open_data() == by_day | set(VIEWS)


@pytest.mark.parametrize(("view", "looks_back"), VIEWS.items())
def test_a_view_that_looks_back_reads_no_more(history: LocalAthena, view: str, looks_back: int) -> None:
    assert history.query(f"SELECT * FROM {view}").files_scanned == days_read(looks_back)


def test_every_named_query_of_records_is_here() -> None:
    names = {query.name for query in catalog.named_queries()}
    assert names - catalog.open_data() == {*NAMED, "map_of_places"}


@pytest.mark.parametrize(("name", "looks_back"), NAMED.items())
def test_a_named_query_reads_the_days_it_names(history: LocalAthena, name: str, looks_back: int) -> None:
    (query,) = [one for one in catalog.named_queries() if one.name == name]
    result = history.query(query.sql(lake_bucket="b", database="crowdlens"))
    assert result.files_scanned == days_read(looks_back) * READING.get(name, 1)


@pytest.mark.parametrize("statement", catalog.prepared_statements(), ids=lambda one: one.name)
def test_a_prepared_statement_reads_the_days_asked(
    history: LocalAthena, statement: catalog.Statement
) -> None:
    is_local = statement.name in LOCAL_DAYS
    days = ["2026-11-14", "2026-11-14"] * (2 if is_local else 1)
    names = ["x"] * (statement.template.count("?") - len(days))
    tables = 5 if statement.name == "missing_at_site" else 1
    # A local day lies in three UTC days at most.
    assert history.query(statement.template, names + days).files_scanned == tables * (3 if is_local else 1)


@pytest.mark.parametrize("view", ["occupancy_by_day", "peak_hours", "deviation_from_usual"])
def test_asking_less_of_such_a_view_reads_no_less(history: LocalAthena, view: str) -> None:
    """Said in its description: for one day there are prepared statements."""
    asked = history.query(f"SELECT * FROM {view} WHERE day = '2026-11-20'")
    assert asked.files_scanned == days_read(VIEWS[view])
