"""`lake_writer` on one core beside a bare pyarrow encode of the same rows, and dicts → arrow → parquet.

Run: ``.venv/bin/python tests/bench/bench_lake_writer.py [--rounds 7]``. All ways take turns in
each round; medians, and the spread between the quarters. S3 is a dictionary. Bare is `pq.write_table` with
its own defaults and snappy over plain arrow columns that are already in the lake's order and row groups; the
naive way starts from a list of dicts that somebody else has already parsed. The rows are as random as numbers
can be, which is the worst for the reading of text; "quiet scene" has the repetition of a real one.
"""

from __future__ import annotations

import argparse
import gc
import io
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from contract.columns import ColumnType
from contract.envelope import pack_messages
from contract.records import Record, StoredRecord
from contract.tables import TABLES, Table
from lambdas.lake_writer.inbox import group_deliveries, read_deliveries
from lambdas.lake_writer.writer import LakeWriter, build_or_refuse
from lambdas.shared.lake_parquet import decode_parquet, encode_parquet
from lambdas.shared.sqs import SqsRecord

START_MS = 1_763_726_400_000
EVENT_BYTES = 6_000_000
SHAPES = (
    # label, table, cameras of a device, rows a message (None: as many as fit), messages, quiet
    ("zone_counts, 1 camera, full 6 MB event", "zone_counts", 1, None, 96, False),
    ("zone_counts, 8 cameras, full 6 MB event", "zone_counts", 8, None, 96, False),
    ("zone_counts, 1 camera, quiet scene, full event", "zone_counts", 1, None, 96, True),
    ("tracks, 1 camera, full 6 MB event", "tracks", 1, None, 96, False),
    ("tracks, 8 cameras, full 6 MB event", "tracks", 8, None, 96, False),
    ("tracks, 1 camera, 10 full messages", "tracks", 1, None, 10, False),
    ("tracks, 1 camera, 1 full message", "tracks", 1, None, 1, False),
    ("tracks, 2 cameras, 90 messages of 12 rows", "tracks", 2, 12, 90, False),
)


class MemoryStore:
    """An S3 that costs nothing, so that only our own work is measured."""

    bucket = "lake"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put(self, key: str, body: bytes, *, content_type: str) -> None:
        del content_type
        self.objects[key] = body


def records_of(
    table: Table, rows: int, cameras: int, chance: random.Random, *, quiet: bool
) -> list[StoredRecord]:
    """Return rows of `cameras` cameras in turns."""
    made: list[StoredRecord] = []
    for row in range(rows):
        camera, number = f"camera-{row % cameras}", row // cameras
        values = {
            column.name: _value(column.name, column.type, chance, quiet) for column in table.own_columns
        }
        record = Record(table.name, camera, "v1", "Asia/Seoul", START_MS + number * 1000, "synced", values)
        made.append(StoredRecord(record, "0123456789ab", f"{camera}/{table.name}", 1 + number))
    return made


def _value(name: str, kind: ColumnType, chance: random.Random, quiet: bool) -> Any:
    if kind is ColumnType.TEXT:
        return f"{name}-{chance.randrange(4)}"
    if kind is ColumnType.BOOLEAN:
        return chance.random() < 0.01
    if name == "window_seconds":
        return 10.0
    if kind is ColumnType.REAL:
        return chance.randrange(24) / 4 if quiet else chance.uniform(0, 500)
    return min(chance.randrange(12), chance.randrange(12)) if quiet else chance.randrange(200)


def batch_of(
    table: Table, cameras: int, per_message: int | None, messages: int, *, quiet: bool
) -> list[SqsRecord]:
    """Return so many messages, fewer when they would not fit into a Lambda event."""
    chance = random.Random(1)
    rows = messages * (per_message or 1100)
    records = records_of(table, rows, cameras, chance, quiet=quiet)
    step = per_message or len(records)
    bodies: list[str] = []
    for start in range(0, len(records), step):
        bodies.extend(
            packed.body for packed in pack_messages("seoul-1", "jetson-7", records[start : start + step])
        )
        if len(bodies) >= messages:
            break
    batch: list[SqsRecord] = []
    room = EVENT_BYTES
    for body in bodies[:messages]:
        room -= len(body)
        if room >= 0:
            batch.append(SqsRecord(f"m{len(batch)}", body, None, datetime.now(tz=UTC)))
    return batch


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def write(*cells: object) -> None:
    sys.stdout.write(f"| {' | '.join(map(str, cells))} |\n")
    sys.stdout.flush()


def measure_speed(rounds: int) -> None:
    """Print a row for each shape."""
    write("one core", "messages", "rows", "lake_writer rows/s (quarters)", "bare rows/s", "ours / bare",
          "dicts → arrow → parquet rows/s", "ours / dicts", "bytes a row: ours", "bare")  # fmt: skip
    write(*["---"] * 10)
    for label, name, cameras, per_message, messages, quiet in SHAPES:
        table = TABLES[name]
        batch = batch_of(table, cameras, per_message, messages, quiet=quiet)
        readable, _ = read_deliveries(group_deliveries(batch))
        (built,) = build_or_refuse(readable)[0]
        ours_bytes = encode_parquet(built.data, table)
        plain = decode_parquet(ours_bytes, table, "here").sort_by(
            [("camera", "ascending"), ("event_time", "ascending")]
        )
        dictionaries, schema, rows = plain.to_pylist(), plain.schema, plain.num_rows
        sizes: dict[str, int] = {}

        def bare(data: pa.Table = plain, sizes: dict[str, int] = sizes) -> None:
            buffer = io.BytesIO()
            pq.write_table(data, buffer, compression="snappy")
            sizes["bare"] = buffer.tell()

        def naive(rows: list[Any] = dictionaries, schema: pa.Schema = schema) -> None:
            pq.write_table(pa.Table.from_pylist(rows, schema=schema), io.BytesIO(), compression="snappy")

        def ours(batch: list[SqsRecord] = batch) -> None:
            result = LakeWriter(MemoryStore()).write(batch)  # type: ignore[arg-type]
            assert not result.refusals

        # What the bench holds is none of anybody's garbage.
        gc.collect()
        gc.freeze()
        times: dict[str, list[float]] = {"ours": [], "bare": [], "naive": []}
        for _ in range(rounds):
            for way, work in (("ours", ours), ("bare", bare), ("naive", naive)):
                times[way].append(seconds(work))
        gc.unfreeze()
        _print_row(
            label, len(batch), rows, times, ours_bytes=len(ours_bytes) / rows, bare_bytes=sizes["bare"] / rows
        )


def _print_row(
    label: str,
    messages: int,
    rows: int,
    times: dict[str, list[float]],
    *,
    ours_bytes: float,
    bare_bytes: float,
) -> None:
    ours, bare, naive = (statistics.median(times[way]) for way in ("ours", "bare", "naive"))
    low, _, high = statistics.quantiles(times["ours"], n=4)
    write(label, messages, f"{rows:,}", f"{rows / ours:,.0f} ({rows / high:,.0f}–{rows / low:,.0f})",
          f"{rows / bare:,.0f}", f"{bare / ours:.2f}", f"{rows / naive:,.0f}", f"{naive / ours:.2f}",
          f"{ours_bytes:.1f}", f"{bare_bytes:.1f}")  # fmt: skip


def measure_memory() -> None:
    """Print what a process grows by when it writes a 6 MB event; each in a process of its own."""
    write("memory of a process", "before", "at most while writing", "grown by")
    write(*["---"] * 4)
    for label, arguments in (
        ("zone_counts, full 6 MB event", ["zone_counts", "1"]),
        ("tracks, full 6 MB event", ["tracks", "1"]),
        ("200 messages that claim 100,000 constant rows each", ["claims", "200"]),
    ):
        command = [sys.executable, __file__, "--memory-of", *arguments]
        before, most = map(
            int, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        )
        write(
            label, f"{before / 1024:.0f} MiB", f"{most / 1024:.0f} MiB", f"{(most - before) / 1024:.0f} MiB"
        )


def print_memory(shape: str, number: int) -> None:
    """Print this process's largest memory (KiB) before and after a batch."""
    if shape == "claims":
        (record,) = batch_of(TABLES["zone_counts"], 1, 1, 1, quiet=False)
        body = record.body.replace('"rows":1', '"rows":100000').replace(
            '"sequence":{"k":1}', '"sequence":{"b":1,"s":1}'
        )
        now = datetime.now(tz=UTC)
        batch = [SqsRecord(f"m{n}", body.replace("jetson-7", f"d{n}"), None, now) for n in range(number)]
    else:
        batch = batch_of(TABLES[shape], 1, None, 96, quiet=False)
    # Making the rows took more memory than writing them does: the batch goes to a process that made none.
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.close(reading)
        with os.fdopen(writing, "w") as pipe:
            pipe.write(" ".join(map(str, _grown(batch))))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        sys.stdout.write(pipe.read())
    os.wait()


def _grown(batch: list[SqsRecord]) -> tuple[int, int]:
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before = _high_water_kib()
    LakeWriter(MemoryStore()).write(batch)  # type: ignore[arg-type]
    return before, _high_water_kib()


def _high_water_kib() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def main() -> None:
    """Measure speed and memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--memory-of", nargs=2)
    arguments = parser.parse_args()
    pa.set_cpu_count(1)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if arguments.memory_of:
        print_memory(arguments.memory_of[0], int(arguments.memory_of[1]))
        return
    measure_speed(arguments.rounds)
    sys.stdout.write("\n")
    measure_memory()


if __name__ == "__main__":
    main()
