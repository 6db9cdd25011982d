"""Objects of an older or newer contract are read with the columns of this one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infra.local.athena import LocalAthena

AthenaOf = Callable[[Any], LocalAthena]
MINUTE_MICROSECONDS = 60_000_000


def write(folder: Path, name: str, columns: dict[str, pa.Array[Any]]) -> None:
    path = folder / "raw/zone_counts/day=2026-11-20" / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path, compression="snappy")


def row(**columns: pa.Array[Any]) -> dict[str, pa.Array[Any]]:
    return {
        "record_id": pa.array(["d:0123456789ab:c/zone_counts:1"]),
        "sequence": pa.array([1], pa.int64()),
        "event_time": pa.array([MINUTE_MICROSECONDS], pa.timestamp("us")),
        **columns,
    }


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        pytest.param(row(entries=pa.array([4], pa.int64())), (4, None), id="an older one lacks a column"),
        pytest.param(row(entries=pa.array([4], pa.int32())), (4, None), id="a narrower number"),
        pytest.param(row(from_the_future=pa.array([1])), (None, None), id="a newer one has a column more"),
        pytest.param(
            row(zone=pa.array(["a"]).dictionary_encode(), entries=pa.array([4])),
            (4, "a"),
            id="text as dictionary",
        ),
    ],
)
def test_columns_are_those_of_the_contract(
    lake: Any, athena_of: AthenaOf, columns: dict[str, pa.Array[Any]], expected: tuple[Any, ...]
) -> None:
    write(lake.folder, "a", columns)
    result = athena_of(lake).query("SELECT entries, zone, event_time FROM unique_zone_counts")
    assert result.rows[0][:2] == expected
    assert result.rows[0][2].minute == 1


def test_objects_of_both_versions_together(lake: Any, athena_of: AthenaOf) -> None:
    write(lake.folder, "old", row(entries=pa.array([4])))
    write(lake.folder, "new", row(zone=pa.array(["a"])))
    # The same record, written by two versions: one row, with whatever either of them knew.
    rows = athena_of(lake).query("SELECT sequence, entries, zone FROM unique_zone_counts").rows
    assert rows == [(1, 4, "a")]


def test_a_star_ends_with_the_day(lake: Any, athena_of: AthenaOf) -> None:
    write(lake.folder, "a", row())
    result = athena_of(lake).query("SELECT * FROM zone_counts")
    assert result.columns[0] == "record_id"
    assert result.columns[-1] == "day"
    assert result.rows[0][-1] == "2026-11-20"
