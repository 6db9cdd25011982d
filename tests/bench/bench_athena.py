"""Query time and bytes read of every view, for one day and for all days asked, on a generated lake.

Run: ``python tests/bench/bench_athena.py [--days 30] [--cameras 4]``. Prints a markdown table. Cost should
follow the days asked for, not the history kept. Each generated object holds one hour of all cameras.
"""

# ruff: noqa: S608, PLR0917
from __future__ import annotations

import argparse
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from contract.columns import Column, ColumnType
from contract.identity import stream_name
from contract.lake import raw_key
from contract.tables import TABLES, Table
from infra.local.athena import LocalAthena, LocalFolderLake, QueryResult
from lambdas.shared.lake_parquet import encode_parquet

NOW = datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC)
WINDOW_SECONDS = 10
ROWS_PER_CAMERA_HOUR = {
    "zone_counts": 3600 // WINDOW_SECONDS,
    "line_crossings": 240,
    "camera_status": 1,
    "device_health": 60,
    "gaps": 1,
}
VIEWS = (
    "zone_counts_by_minute",
    "zone_counts_by_hour",
    "line_crossings_by_minute",
    "line_crossings_by_hour",
    "data_quality",
    "records_by_table",
    "occupancy_live",
    "camera_state",
    "device_state",
)
LOOKING_BACK = frozenset({"occupancy_live", "camera_state", "device_state"})
TEXTS = {"zone": "entrance", "line": "gate", "object_class": "person", "direction": "in", "state": "ok"}


def hour_of_rows(table: Table, cameras: int, start: datetime, first: int) -> pa.Table:
    """Return one hour of rows of every camera."""
    each = ROWS_PER_CAMERA_HOUR[table.name]
    camera = np.repeat(np.arange(cameras), each)
    sequence = np.tile(first + np.arange(each), cameras)
    offset_ms = np.tile(np.arange(each) * (3_600_000 // each), cameras)
    arrays = [column_values(table, column, camera, sequence, start, offset_ms) for column in table.columns]
    return pa.table(
        arrays, schema=pa.schema([(c.name, pa.type_for_alias(c.arrow_type)) for c in table.columns])
    )


def column_values(
    table: Table,
    column: Column,
    camera: np.ndarray,
    sequence: np.ndarray,
    start: datetime,
    offset_ms: np.ndarray,
) -> pa.Array:
    """Return the values of one column; numbers vary, so that they compress like real ones."""
    names = [f"plaza-{index}" for index in range(int(camera.max()) + 1)]
    streams = [stream_name(name, table.name) for name in names]
    identity = {
        "record_id": [f"edge-1:0123456789ab:{streams[c]}:{s}" for c, s in zip(camera, sequence, strict=True)],
        "camera": [names[index] for index in camera],
        "stream": [streams[index] for index in camera],
        "time_zone": ["Asia/Seoul"] * len(camera),
        "clock_quality": ["synced"] * len(camera),
    }
    if column.name in identity:
        return pa.array(identity[column.name], pa.string())
    if column.name == "sequence":
        return pa.array(sequence, pa.int64())
    if column.type is ColumnType.TIMESTAMP:
        return pa.array(int(start.timestamp() * 1000) + offset_ms, pa.int64()).cast(pa.timestamp("ms"))
    if column.type is ColumnType.TEXT:
        return pa.array([TEXTS.get(column.name, column.name)] * len(camera), pa.string())
    if column.type is ColumnType.BOOLEAN:
        return pa.array(sequence % 97 == 0)
    if column.name == "window_seconds":
        return pa.array(np.full(len(camera), float(WINDOW_SECONDS)))
    spread = (sequence * 7919 + camera * 104729) % 997
    return pa.array(spread % 13) if column.type is ColumnType.INTEGER else pa.array(np.round(spread / 97, 3))


def write_lake(folder: Path, days: int, cameras: int) -> int:
    """Write the objects; returns the rows."""
    total = 0
    first_hour = NOW.replace(hour=0, minute=0, second=0) - timedelta(days=days - 1)
    for hour in range(days * 24):
        start = first_hour + timedelta(hours=hour)
        for name, each in ROWS_PER_CAMERA_HOUR.items():
            rows = hour_of_rows(TABLES[name], cameras, start, hour * each + 1)
            path = folder / raw_key(name, start.strftime("%Y-%m-%d"), f"hour-{start:%H}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode_parquet(rows, TABLES[name]))
            total += rows.num_rows
    return total


def timed(athena: LocalAthena, sql: str, rounds: int) -> tuple[float, QueryResult]:
    """Return the median seconds and the last answer."""
    seconds = []
    for _ in range(rounds):
        begin = time.perf_counter()
        result = athena.query(sql)
        seconds.append(time.perf_counter() - begin)
    return float(np.median(seconds)), result


def report(athena: LocalAthena, days: int, rounds: int) -> list[str]:
    """Return the table's lines."""
    last = NOW.strftime("%Y-%m-%d")
    lines = [
        f"| view | 1 day: ms | KiB read | objects | {days} days: ms | KiB read | objects | bytes ratio |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for view in VIEWS:
        whole_seconds, whole = timed(athena, f"SELECT * FROM {view} LIMIT 100", rounds)
        seconds, one = timed(athena, f"SELECT * FROM {view} WHERE day = '{last}' LIMIT 100", rounds)
        shown = (
            "looks back by itself"
            if view in LOOKING_BACK
            else f"{whole.data_scanned_bytes / one.data_scanned_bytes:.1f}"
        )
        lines.append(
            f"| {view} | {seconds * 1000:.0f} | {one.data_scanned_bytes / 1024:,.0f} | {one.files_scanned} "
            f"| {whole_seconds * 1000:.0f} | {whole.data_scanned_bytes / 1024:,.0f} | {whole.files_scanned} "
            f"| {shown} |"
        )
    return lines


def main() -> None:
    """Generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        rows = write_lake(Path(temporary), arguments.days, arguments.cameras)
        athena = LocalAthena(LocalFolderLake(temporary), now=lambda: NOW)
        lines = report(athena, arguments.days, arguments.rounds)
    sys.stdout.write(
        f"{arguments.days} days, {arguments.cameras} cameras, {rows:,} rows, median of {arguments.rounds}\n\n"
    )
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
