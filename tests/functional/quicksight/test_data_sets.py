from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest

from contract.records import StoredRecord
from infra.local.athena import LocalAthena
from quicksight.data_set import HISTORY_DAYS, DataSet, QuickSightType, sql_in
from quicksight.data_sets import DATA_QUALITY, DATA_SETS, ZONE_WINDOWS

# From "Supported data types and values" of QuickSight's user guide, for Athena.
QUICKSIGHT_TYPES = {
    "varchar": QuickSightType.STRING,
    "integer": QuickSightType.INTEGER,
    "bigint": QuickSightType.INTEGER,
    "double": QuickSightType.DECIMAL,
    "timestamp": QuickSightType.DATETIME,
}
NOW = datetime(2025, 11, 21, 13, 0, 0, tzinfo=UTC)
"""The clock of the lakes that `open_lake` opens."""
OpenLake = Callable[..., LocalAthena]
RecordFactory = Callable[..., list[StoredRecord]]
EVERY_DATA_SET = pytest.mark.parametrize("data_set", DATA_SETS, ids=lambda data_set: data_set.identifier)


def findings(athena: LocalAthena) -> list[tuple[object, ...]]:
    """Return (camera, kind, findings) of every row of the data-quality data set."""
    result = athena.query(DATA_QUALITY.sql)
    names = list(result.columns)
    chosen = [names.index(name) for name in ("camera", "kind", "findings")]
    return sorted((tuple(row[index] for index in chosen) for row in result.rows), key=str)


@EVERY_DATA_SET
def test_the_columns_are_what_athena_gives_for_an_empty_lake(open_lake: OpenLake, data_set: DataSet) -> None:
    result = open_lake().query(data_set.sql)
    given = list(zip(result.columns, [QUICKSIGHT_TYPES[name] for name in result.types], strict=True))
    assert given == [(column.name, column.type) for column in data_set.columns]
    assert result.rows == []


@EVERY_DATA_SET
def test_the_columns_are_what_athena_gives_for_a_lake(
    open_lake: OpenLake, make_records: RecordFactory, data_set: DataSet
) -> None:
    athena = open_lake(
        make_records("zone_counts"),
        make_records("line_crossings", direction="in"),
        make_records("camera_status", state="dark"),
        make_records("gaps"),
    )
    result = athena.query(data_set.sql)
    given = list(zip(result.columns, [QUICKSIGHT_TYPES[name] for name in result.types], strict=True))
    assert given == [(column.name, column.type) for column in data_set.columns]
    assert len(result.rows) > 0


def test_a_camera_in_order_is_listed_with_no_findings(
    open_lake: OpenLake, make_records: RecordFactory
) -> None:
    athena = open_lake(make_records("zone_counts", suspect=False))
    assert findings(athena) == [("plaza-1", "none", 0)]


def test_a_camera_with_a_finding_is_not_called_in_order(
    open_lake: OpenLake, make_records: RecordFactory
) -> None:
    athena = open_lake(
        make_records("zone_counts", suspect=False),
        make_records("zone_counts", suspect=False, camera="plaza-2"),
        make_records("gaps", camera="plaza-2", count=1),
    )
    assert findings(athena) == [("plaza-1", "none", 0), ("plaza-2", "gap", 1)]


def test_a_finding_of_the_device_leaves_no_camera_of_its_site_in_order(
    open_lake: OpenLake, make_records: RecordFactory
) -> None:
    athena = open_lake(make_records("zone_counts", suspect=False), make_records("gaps", camera=None, count=1))
    assert findings(athena) == [(None, "gap", 1)]


@EVERY_DATA_SET
def test_what_is_deployed_asks_the_same_of_the_views_of_its_own_database(
    open_lake: OpenLake, make_records: RecordFactory, data_set: DataSet
) -> None:
    athena = open_lake(
        make_records("zone_counts"),
        make_records("line_crossings", direction="in"),
        make_records("camera_status", state="dark"),
    )
    deployed = athena.query(sql_in(data_set, "crowdlens"))
    plain = athena.query(data_set.sql)
    assert (list(deployed.columns), list(deployed.types)) == (list(plain.columns), list(plain.types))
    assert sorted(deployed.rows, key=str) == sorted(plain.rows, key=str) != []


@pytest.mark.parametrize(
    ("days_ago", "is_seen"),
    [
        pytest.param(HISTORY_DAYS - 1, True, id="the oldest day"),
        pytest.param(HISTORY_DAYS, False, id="the day before"),
    ],
)
def test_what_is_deployed_looks_back_so_many_days(
    open_lake: OpenLake, make_records: RecordFactory, days_ago: int, is_seen: bool
) -> None:
    start = datetime.combine(NOW.date() - timedelta(days=days_ago), time(1), UTC)
    athena = open_lake(make_records("zone_counts", start_ms=round(start.timestamp() * 1000)))
    assert bool(athena.query(sql_in(ZONE_WINDOWS, "crowdlens")).rows) is is_seen
    assert athena.query(ZONE_WINDOWS.sql).rows
