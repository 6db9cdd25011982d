"""What compaction costs and what it saves, on a generated lake that grows.

Run: ``python tests/bench/bench_compactor.py [--days 8] [--cameras 1 10] [--piece-rows 2000000]``. Prints
markdown tables. First one piece of the size that a Lambda takes, in a process of its own, for its memory;
then the bytes that each dashboard visual and named query reads, for the lake as raw objects, in its steady
state (all folded, the raw objects of the last six hours still there) and fully compacted, beside the same
days as lines of JSON. Objects are files: what S3's requests take is not in the times.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from compactor_lake import day_rows, days_until, json_bytes_a_row, tables, write_objects

from athena import catalog
from cli.folder_store import FolderStore, NoLeases
from contract.tables import TABLES
from infra.local.athena import LocalAthena, LocalFolderLake
from infra.local.athena.lake import LakeObject
from lambdas.compactor.compactor import Compactor, Piece
from lambdas.compactor.report import Report
from lambdas.compactor.settings import CompactionRules
from quicksight.dashboards import operations
from quicksight.data_sets import DATA_SETS
from quicksight.preview.querying import visual_sql
from quicksight.preview.reading import read_definition

NOTHING = timedelta(0)
FOLD_ALL = CompactionRules(raw_keep=timedelta(days=3650), reader_grace=NOTHING, settle=NOTHING)
STEADY = CompactionRules(reader_grace=NOTHING, settle=NOTHING)
ALL_GONE = CompactionRules(raw_keep=NOTHING, reader_grace=NOTHING, settle=NOTHING)
OBJECT_SECONDS = 300


class CountingLake(LocalFolderLake):
    """Remembers which tables and days a query listed."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.read: set[tuple[str, str]] = set()

    def objects(
        self, prefix: str, directory_key: str, keep: Callable[[Collection[str]], set[str]]
    ) -> list[LakeObject]:
        found = super().objects(prefix, directory_key, keep)
        self.read |= {(prefix.rstrip("/").rpartition("/")[2], item.day) for item in found}
        return found


@dataclass
class Generated:
    """A lake on disk, and what it would weigh as JSON, by table and day."""

    folder: Path
    json_bytes: dict[tuple[str, str], float] = field(default_factory=dict)
    objects: int = 0
    rows: int = 0
    raw_bytes: int = 0


def generate(folder: Path, cameras: int, days: int, now: datetime) -> Generated:
    """Write the raw objects of the last `days`, one a table and five minutes."""
    chance = np.random.default_rng(cameras)
    made = Generated(folder)
    for table in tables():
        for day in days_until(now, days):
            rows = day_rows(table, cameras, day, chance)
            each = max(1, rows.data.num_rows * OBJECT_SECONDS // 86_400)
            objects, count, size = write_objects(folder, rows, each, int(now.timestamp() * 1000))
            made.json_bytes[table.name, day.strftime("%Y-%m-%d")] = count * json_bytes_a_row(rows.data)
            made.objects += objects
            made.rows += count
            made.raw_bytes += size
    return made


def compact(folder: Path, rules: CompactionRules) -> tuple[Report, float]:
    """Compact until nothing is left to do; return the sum of what was done and the seconds."""
    begin = time.perf_counter()
    compactor = Compactor(FolderStore(folder), NoLeases(), rules)
    report = compactor.run(compactor.pieces())
    seconds = time.perf_counter() - begin
    compactor.run(compactor.pieces())
    return report, seconds


def queries() -> dict[str, str]:
    """Return every dashboard visual and named query as SQL."""
    by_id = {data_set.identifier: data_set for data_set in DATA_SETS}
    visuals = read_definition(operations.definition()).visuals
    found = {f"visual {item.visual_id}": visual_sql(item, by_id[item.data_set]) for item in visuals}
    for query in catalog.named_queries():
        found[f"query {query.name}"] = query.sql(lake_bucket="b", database="crowdlens")
    week = "day >= date_format(current_date - INTERVAL '6' DAY, '%Y-%m-%d')"
    for view in ("zone_counts_by_hour", "line_crossings_by_hour", "data_quality"):
        found[f"7 days of {view}"] = f"SELECT * FROM {view} WHERE {week}"  # noqa: S608 - names of ours
    return found


@dataclass
class Cost:
    """What a query read."""

    seconds: float
    scanned: int
    files: int
    json_bytes: float
    days: int


def ask(made: Generated, sql: str, now: datetime) -> Cost:
    """Ask once and return the cost."""
    lake = CountingLake(made.folder)
    begin = time.perf_counter()
    result = LocalAthena(lake, now=lambda: now).query(sql)
    seconds = time.perf_counter() - begin
    weight = sum(made.json_bytes.get(item, 0.0) for item in lake.read)
    return Cost(
        seconds, result.data_scanned_bytes, result.files_scanned, weight, len({day for _, day in lake.read})
    )


def size_of(folder: Path, prefix: str) -> tuple[int, int]:
    """Return objects and bytes under `prefix`."""
    sizes = [path.stat().st_size for path in (folder / prefix).rglob("*.parquet")]
    return len(sizes), sum(sizes)


def scan_report(cameras: int, days: int) -> tuple[list[str], dict[str, Cost]]:
    """Return the lines of one lake, and the steady costs by query."""
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="crowdlens-bench-") as temporary:
        made = generate(Path(temporary), cameras, days, now)
        raw = {name: ask(made, sql, now) for name, sql in queries().items()}
        folded, seconds = compact(made.folder, FOLD_ALL)
        compact(made.folder, STEADY)
        left = size_of(made.folder, "raw")
        steady = {name: ask(made, sql, now) for name, sql in queries().items()}
        compact(made.folder, ALL_GONE)
        done = {name: ask(made, sql, now) for name, sql in queries().items()}
        objects, size = size_of(made.folder, "compacted")
    whole = sum(made.json_bytes.values())
    lines = [
        f"\n**{cameras} cameras, {days} days**: {made.rows:,} rows. Raw: {made.objects:,} objects, "
        f"{made.raw_bytes / 1e6:,.1f} MB ({made.raw_bytes / made.rows:.1f} B a row); compacted: "
        f"{objects} objects, {size / 1e6:,.1f} MB ({size / made.rows:.1f} B a row); "
        f"as JSON {whole / 1e6:,.0f} MB. Folded at {folded.rows_read / seconds:,.0f} rows/s and "
        f"{folded.objects_folded / seconds:,.0f} objects/s; "
        f"in the steady state {left[0]} raw objects ({left[1] / 1e6:,.1f} MB) are still there.\n",
        "| query | days read | JSON MB | raw parquet MB (less) | steady state MB (less) "
        "| compacted MB (less) | objects raw → steady | ms raw → steady |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, cost in steady.items():
        before, after = raw[name], done[name]
        weight = before.json_bytes
        lines.append(
            f"| {name} | {before.days} | {weight / 1e6:,.1f} | {_less(before, weight)} "
            f"| {_less(cost, weight)} | {_less(after, weight)} | {before.files:,} → {cost.files:,} "
            f"| {before.seconds * 1000:,.0f} → {cost.seconds * 1000:,.0f} |"
        )
    return lines, steady


def _less(cost: Cost, weight: float) -> str:
    share = 100 * (1 - cost.scanned / weight) if weight else 0.0
    return f"{cost.scanned / 1e6:,.3f} ({share:.2f} %)"


def peak_mebibytes() -> float:
    """Return the most memory this process has had; `getrusage` would begin with its parent's."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def piece_in_this_process(folder: Path, rules: CompactionRules, piece: Piece) -> str:
    """Compact one piece and return what it took as a line of a table."""
    before = peak_mebibytes()
    begin = time.perf_counter()
    report = Compactor(FolderStore(folder), NoLeases(), rules).run([piece])
    seconds = time.perf_counter() - begin
    peak = peak_mebibytes()
    return (
        f"| {report.rows_read:,} | {report.objects_folded:,} | {report.objects_written} "
        f"| {report.bytes_read / 1e6:,.0f} | {report.bytes_written / 1e6:,.0f} "
        f"| {seconds:,.1f} | {report.rows_read / seconds:,.0f} "
        f"| {report.objects_folded / seconds:,.0f} | {peak:,.0f} "
        f"| {(peak - before) * 1048576 / report.rows_read:,.0f} |"
    )


def piece_report(rows: int, object_rows: list[int]) -> list[str]:
    """Return the table of one table and day of `rows`, in small and in big raw objects."""
    cameras = max(1, rows // 8640)
    lines = [
        "| rows | raw objects | objects written | MB read | MB written | s | rows/s | objects/s "
        "| peak RSS MB | B of memory a row |",
        "| ---: " * 10 + "|",
    ]
    now = datetime.now(UTC)
    for each in object_rows:
        with tempfile.TemporaryDirectory(prefix="crowdlens-bench-") as temporary:
            day = days_until(now, 2)[0]
            made = day_rows(TABLES["zone_counts"], cameras, day, np.random.default_rng(1))
            write_objects(Path(temporary), made, each, int(now.timestamp() * 1000) + 86_400_000)
            command = [
                sys.executable,
                __file__,
                "--one-piece",
                temporary,
                day.strftime("%Y-%m-%d"),
                str(rows),
            ]
            lines.append(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())
    return lines


def main() -> None:
    """Generate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=8)
    parser.add_argument("--cameras", type=int, nargs="*", default=[1, 10])
    parser.add_argument("--piece-rows", type=int, default=2_000_000)
    parser.add_argument("--object-rows", type=int, nargs="*", default=[100, 5000])
    parser.add_argument("--one-piece", nargs=3, metavar=("FOLDER", "DAY", "ROWS"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one_piece:
        folder, day, rows = arguments.one_piece
        rules = CompactionRules(piece_rows=int(rows), target_bytes=512 * 1024)
        sys.stdout.write(piece_in_this_process(Path(folder), rules, Piece("zone_counts", day)) + "\n")
        return
    if arguments.piece_rows:
        sys.stdout.write("\n".join(piece_report(arguments.piece_rows, arguments.object_rows)) + "\n")
    for cameras in arguments.cameras:
        lines, _ = scan_report(cameras, arguments.days)
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
