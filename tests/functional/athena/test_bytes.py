"""The bytes told are those that Athena would read: each column, scan and row group of what was asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from infra.local.athena import LocalAthena

AthenaOf = Callable[[Any], LocalAthena]
CAMERAS = ("gate-1", "gate-2", "gate-3")


@pytest.fixture(scope="module")
def grouped(
    new_lake: Callable[[Path], Any], athena_of: AthenaOf, tmp_path_factory: pytest.TempPathFactory
) -> tuple[LocalAthena, Path]:
    """One object of one day, a row group a camera, sorted by camera as the compactor sorts."""
    lake = new_lake(tmp_path_factory.mktemp("grouped"))
    rows = [
        lake.record(
            "zone_counts",
            f"2026-11-20T{hour:02}:00:00",
            camera=camera,
            zone="a",
            object_class="person",
            frames=hour,
            suspect=hour == 3,
        )
        for camera in CAMERAS
        for hour in range(24)
    ]
    lake.put(rows)
    (path,) = (lake.folder / "raw/zone_counts").rglob("*.parquet")
    table = pq.read_table(path, partitioning=None).sort_by("camera")
    pq.write_table(table, path, row_group_size=24)
    return athena_of(lake), path


def column_bytes(path: Path, *columns: str, groups: tuple[int, ...] = (0, 1, 2)) -> int:
    metadata = pq.ParquetFile(path).metadata
    return sum(
        metadata.row_group(group).column(index).total_compressed_size
        for group in groups
        for index in range(metadata.num_columns)
        if metadata.row_group(group).column(index).path_in_schema in columns
    )


@pytest.mark.parametrize(
    ("sql", "columns", "groups"),
    [
        pytest.param("SELECT frames FROM zone_counts", ["frames"], (0, 1, 2), id="a column shown"),
        pytest.param("SELECT count(*) FROM zone_counts", [], (), id="counting reads no column"),
        pytest.param("SELECT day FROM zone_counts", [], (), id="nor does the partition"),
        pytest.param(
            "SELECT count(*) FROM zone_counts WHERE suspect",
            ["suspect"],
            (0, 1, 2),
            id="a column only compared",
        ),
        pytest.param(
            "SELECT frames FROM zone_counts WHERE camera = 'gate-2'",
            ["frames", "camera"],
            (1,),
            id="one camera",
        ),
        pytest.param(
            "SELECT frames FROM zone_counts WHERE camera IN ('gate-1', 'gate-3')",
            ["frames", "camera"],
            (0, 2),
            id="two cameras",
        ),
        pytest.param(
            "SELECT frames FROM zone_counts WHERE camera > 'gate-1' AND day = '2026-11-20'",
            ["frames", "camera"],
            (1, 2),
            id="a range of cameras",
        ),
        pytest.param(
            "SELECT zone FROM zone_counts WHERE frames > 99",
            ["zone", "frames"],
            (),
            id="no group can hold it",
        ),
        pytest.param(
            "SELECT frames FROM zone_counts WHERE lower(camera) = 'gate-2'",
            ["frames", "camera"],
            (0, 1, 2),
            id="a function keeps every group",
        ),
        pytest.param(
            "SELECT frames FROM zone_counts WHERE camera = 'gate-2' OR frames = 5",
            ["frames", "camera"],
            (0, 1, 2),
            id="either keeps every group",
        ),
        pytest.param(
            "SELECT frames FROM zone_counts WHERE event_time >= TIMESTAMP '2026-11-21 00:00:00'",
            ["frames", "event_time"],
            (),
            id="no group is so late",
        ),
        pytest.param("SELECT frames FROM zone_counts WHERE day = '2026-11-19'", [], (), id="another day"),
    ],
)
def test_bytes_are_of_the_columns_and_row_groups_read(
    grouped: tuple[LocalAthena, Path], sql: str, columns: list[str], groups: tuple[int, ...]
) -> None:
    athena, path = grouped
    assert athena.query(sql).data_scanned_bytes == column_bytes(path, *columns, groups=groups)


def test_the_whole_object_costs_all_its_columns(grouped: tuple[LocalAthena, Path]) -> None:
    athena, path = grouped
    names = pq.read_schema(path).names
    assert athena.query("SELECT * FROM zone_counts").data_scanned_bytes == column_bytes(path, *names)


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param(
            "WITH w AS (SELECT zone, frames FROM zone_counts) "
            "SELECT count(*) FROM w AS a JOIN w AS b ON a.zone = b.zone AND a.frames = b.frames",
            id="a WITH named twice",
        ),
        pytest.param(
            "SELECT zone, frames FROM zone_counts UNION ALL SELECT zone, frames FROM zone_counts",
            id="a union",
        ),
    ],
)
def test_what_is_named_twice_is_read_and_paid_for_twice(grouped: tuple[LocalAthena, Path], sql: str) -> None:
    athena, path = grouped
    result = athena.query(sql)
    assert result.data_scanned_bytes == 2 * column_bytes(path, "zone", "frames")
    assert result.files_scanned == 1
