"""Query time and bytes read of every view at 1, 30 and 365 days asked, beside what the naive way costs.

Run: ``python tests/bench/bench_views.py [--cameras 20] [--history 365] [--asked 1 30 365] [--views …]``.
Prints a markdown table. The lake is synthetic and written as the compactor writes: one sorted object a table
and UTC day. It is bounded in size: windows of two minutes where devices send ten seconds, so twelve times
fewer rows; real bytes are about so many times more, ratios stay.

Naive is the mean of one day, put to the table by a function of event_time, without a day condition. Raw
DuckDB is the hourly aggregation over the files of the days asked, without views, repeated records and all.
"""

# ruff: noqa: S608
from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import compactor_lake
import duckdb
import numpy as np

from athena import catalog
from contract.lake import CompactedObject
from contract.tables import TABLES, Table
from infra.local.athena import LocalAthena, LocalFolderLake, QueryResult
from lambdas.compactor.encoding import encode_rows

NOW = datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC)
WINDOW_SECONDS = 120
ROWS_A_DAY = {
    "zone_counts": 86_400 // WINDOW_SECONDS,
    "line_crossings": 300,
    "tracks": 500,
    "events": 9,
    "device_health": 96,
    "camera_status": 6,
    "gaps": 2,
}
LOOKING_BACK = {
    **{"occupancy_live": 7, "device_state": 31, "camera_state": 366, "usual_by_hour_of_week": 31},
    **{"occupancy_by_day": 36, "line_crossings_by_day": 36, "peak_hours": 36, "safety_events": 63},
    **{"deviation_from_usual": 38, "occupancy_by_week": 91},
}
"""Days that a view reads whatever is asked."""
NAIVE = """
SELECT count(*) AS n, avg(occupancy_mean) AS m FROM compacted_zone_counts
WHERE date_format(event_time, '%Y-%m-%d') = '{day}'
"""
Answer = TypeVar("Answer")
HOURLY = """
SELECT site, camera, zone, object_class, date_trunc('hour', event_time) AS hour,
    sum(occupancy_mean * window_seconds) / sum(window_seconds) AS occupancy_mean,
    max(occupancy_maximum) AS occupancy_maximum, sum(entries) AS entries, sum(exits) AS exits,
    sum(dwell_seconds_sum) / nullif(sum(dwell_count), 0) AS dwell, avg(density_per_m2) AS density
FROM read_parquet({files}) GROUP BY ALL
"""


def write_lake(folder: Path, days: int, cameras: int) -> int:
    """Write the compacted objects; return their bytes."""
    compactor_lake.WINDOW_SECONDS = WINDOW_SECONDS
    compactor_lake.ROWS_A_DAY.clear()
    compactor_lake.ROWS_A_DAY.update(ROWS_A_DAY)
    compactor_lake.TEXTS.update(
        event=[f"event-{number}" for number in range(500)],
        kind=["crowding", "running", "loitering"],
        phase=["start", "end"],
    )
    chance = np.random.default_rng(1)
    written = 0
    for day in compactor_lake.days_until(NOW, days):
        for table in compactor_lake.tables():
            written += _write(folder, table, cameras, day, chance)
    return written


def _write(folder: Path, table: Table, cameras: int, day: datetime, chance: np.random.Generator) -> int:
    rows = compactor_lake.day_rows(table, cameras, day, chance).data
    rows = rows.sort_by([("camera", "ascending"), ("sequence", "ascending")])
    key = CompactedObject(table.name, day.strftime("%Y-%m-%d"), 0, 1, rows.num_rows, "0" * 40).key
    path = folder / key
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.write_bytes(encode_rows(rows, table))


def views() -> list[str]:
    """Return the views over records that people ask."""
    generated = {f"{kind}_{name}" for kind in ("stored", "unique") for name in TABLES}
    return [view.name for view in catalog.views() if view.name not in generated | catalog.open_data()]


def timed(ask: Callable[[], Answer], rounds: int) -> tuple[float, Answer]:
    """Return the least seconds and the last answer."""
    seconds = []
    for _ in range(rounds):
        begin = time.perf_counter()
        result = ask()
        seconds.append(time.perf_counter() - begin)
    return min(seconds), result


def question(view: str, first_day: str) -> str:
    """Return a query that makes every row of the days asked, and hands over few of them."""
    return f"SELECT * FROM (SELECT * FROM {view} WHERE day >= '{first_day}') ORDER BY 1, 2, 3, 4 LIMIT 10"


def cell(seconds: float, result: QueryResult) -> str:
    """Return time and bytes of one answer."""
    return f"{seconds * 1000:,.0f} | {result.data_scanned_bytes / 2**20:.2f}"


def report(athena: LocalAthena, names: list[str], asked: list[int], rounds: int) -> list[str]:
    """Return the table's lines, a view a line."""
    header = " | ".join(f"{days} d: ms | MiB" for days in asked)
    lines = [f"| view | {header} |", "| --- |" + " ---: |" * (2 * len(asked))]
    for view in names:
        cells = []
        for days in asked:
            first = (NOW - timedelta(days=days - 1)).strftime("%Y-%m-%d")
            sql = question(view, first)
            cells.append(cell(*timed(lambda sql=sql: athena.query(sql), rounds)))  # type: ignore[misc]
        back = f" (always {LOOKING_BACK[view]} d)" if view in LOOKING_BACK else ""
        lines.append(f"| {view}{back} | {' | '.join(cells)} |")
    return lines


def compared(athena: LocalAthena, folder: Path, asked: list[int], rounds: int) -> list[str]:
    """Return lines about the naive question and raw DuckDB."""
    day = NOW.strftime("%Y-%m-%d")
    one = athena.query(question("zone_counts_by_hour", day))
    seconds, naive = timed(lambda: athena.query(NAIVE.format(day=day)), rounds)
    bytes_ratio = naive.data_scanned_bytes / one.data_scanned_bytes
    lines = [
        f"naive, two columns of one day by a function of event_time: {seconds * 1000:,.0f} ms, "
        f"{naive.data_scanned_bytes / 2**20:.2f} MiB, {naive.files_scanned} objects; all of "
        f"zone_counts_by_hour of that day reads {one.data_scanned_bytes / 2**20:.2f} MiB, "
        f"{one.files_scanned} objects: naive reads {bytes_ratio:.1f} times as much"
    ]
    for days in asked:
        first = (NOW - timedelta(days=days - 1)).strftime("%Y-%m-%d")
        files = [
            str(path)
            for path in sorted((folder / "compacted/zone_counts").rglob("*.parquet"))
            if path.parent.name >= f"day={first}"
        ]
        sql = question("zone_counts_by_hour", first)
        ours, _ = timed(lambda sql=sql: athena.query(sql), rounds)  # type: ignore[misc]
        with duckdb.connect(config={"threads": 2, "memory_limit": "2GB"}) as connection:
            text = HOURLY.format(files=files)
            raw, _ = timed(lambda text=text: connection.execute(text).fetchall(), rounds)  # type: ignore[misc]
        lines.append(
            f"raw DuckDB, {days} d: {raw * 1000:,.0f} ms; the view {ours * 1000:,.0f} ms: {ours / raw:.1f}x"
        )
    return lines


def main() -> None:
    """Generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=20)
    parser.add_argument("--history", type=int, default=365, help="days kept")
    parser.add_argument("--asked", type=int, nargs="+", default=[1, 30, 365])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--views", nargs="+", default=views())
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crowdlens-bench-views-") as temporary:
        folder = Path(temporary)
        written = write_lake(folder, arguments.history, arguments.cameras)
        athena = LocalAthena(LocalFolderLake(folder), now=lambda: NOW)
        sys.stdout.write(
            f"{arguments.cameras} cameras, {arguments.history} days kept, {written / 2**20:,.0f} MiB in "
            f"{len(ROWS_A_DAY)} tables, best of {arguments.rounds}\n\n"
        )
        for line in report(athena, arguments.views, arguments.asked, arguments.rounds):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
        sys.stdout.write("\n" + "\n".join(compared(athena, folder, arguments.asked, arguments.rounds)) + "\n")


if __name__ == "__main__":
    main()
