"""Rows a second of `lake_writer` and `rds_loader` beside what bare libraries do with the same rows.

Run: ``python tests/bench/bench_lambdas.py [--rounds 5] [--no-mysql]``. Prints two markdown tables of medians
over interleaved rounds; S3 is a dictionary. The MySQL half uses the local stack's private MariaDB.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pymysql

from contract.columns import ColumnType
from contract.envelope import pack_messages
from contract.lake import raw_key
from contract.mysql import upsert_statement
from contract.records import Record, StoredRecord
from contract.tables import TABLES, Table
from infra.local.mariadb import MariaDb, MySqlServer
from infra.local.mariadb_software import MariaDbUnavailableError, find_software
from infra.local.run_directory import RunDirectory
from lambdas.lake_writer.inbox import group_deliveries, read_deliveries
from lambdas.lake_writer.writer import LakeWriter, build_or_refuse
from lambdas.migrations.runner import apply_migrations
from lambdas.rds_loader.loader import Loader
from lambdas.rds_loader.notifications import ObjectCreated
from lambdas.rds_loader.rows import mysql_values
from lambdas.shared.lake_parquet import decode_parquet, encode_parquet
from lambdas.shared.lake_store import LakeObject
from lambdas.shared.mysql import Database
from lambdas.shared.settings import mysql_settings
from lambdas.shared.sqs import SqsRecord

START_MS = 1_763_726_400_000
MESSAGES_PER_BATCH = 90
"""What fits into a Lambda event of 6 MB."""
SINGLE_ROWS = 400


class MemoryStore:
    """An S3 that costs nothing, so that only our own work is measured."""

    bucket = "lake"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put(self, key: str, body: bytes, *, content_type: str) -> None:
        del content_type
        self.objects[key] = body

    def get(self, key: str) -> LakeObject:
        return LakeObject(self.objects[key], f"{len(key)}-{key[-12:]}", datetime.now(tz=UTC))


def records_of(table: Table, rows: int, *, cameras: int, chance: random.Random) -> list[StoredRecord]:
    """Return rows with values as varied as a real scene's."""
    made: list[StoredRecord] = []
    for row in range(rows):
        camera = f"camera-{row % cameras}"
        values: dict[str, Any] = {}
        for column in table.own_columns:
            if column.type is ColumnType.TEXT:
                values[column.name] = f"{column.name}-{chance.randrange(4)}"[: column.maximum_length]
            elif column.type is ColumnType.REAL:
                values[column.name] = 10.0 if column.name == "window_seconds" else chance.uniform(0, 500)
            elif column.type is ColumnType.BOOLEAN:
                values[column.name] = chance.random() < 0.01
            else:
                values[column.name] = chance.randrange(200)
        time_ms = START_MS + row // cameras * 1000
        record = Record(table.name, camera, "v1", "Asia/Seoul", time_ms, "synced", values)
        made.append(StoredRecord(record, "0123456789ab", f"{camera}/{table.name}", 1 + row // cameras))
    return made


def batch_of(records: list[StoredRecord], *, records_per_message: int | None = None) -> list[SqsRecord]:
    """Return the records as the messages of an SQS batch, full ones or of a few records each."""
    step = records_per_message or len(records)
    chunks = [records[start : start + step] for start in range(0, len(records), step)]
    bodies = [packed.body for chunk in chunks for packed in pack_messages("seoul-1", "jetson-7", chunk)]
    now = datetime.now(tz=UTC)
    return [SqsRecord(f"m{index}", body, None, now) for index, body in enumerate(bodies)]


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def medians(
    ways: dict[str, tuple[int, Callable[[], object]]],
    rounds: int,
    before: Callable[[], object] = lambda: None,
) -> dict[str, float]:
    """Return the median rows a second of each way, the ways taking turns in every round.

    `before` runs before each way and is not measured.
    """
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, (rows, work) in ways.items():
            before()
            speeds[name].append(rows / seconds(work))
    return {name: statistics.median(values) for name, values in speeds.items()}


def write(*cells: object) -> None:
    sys.stdout.write(f"| {' | '.join(map(str, cells))} |\n")


def measure_lake_writer(rounds: int) -> None:
    write("lake_writer, one core", "rows", "lake_writer rows/s", "arrow → parquet rows/s", "ratio",
          "dicts → arrow → parquet rows/s", "ratio")  # fmt: skip
    write(*["---"] * 7)
    chance = random.Random(1)
    shapes = [
        ("zone_counts, full messages", "zone_counts", 60_000, 8, None),
        ("tracks, full messages", "tracks", 40_000, 8, None),
        ("tracks, 12 rows a message", "tracks", 6_000, 2, 12),
    ]
    for label, name, rows, cameras, per_message in shapes:
        table = TABLES[name]
        records = records_of(table, rows, cameras=cameras, chance=chance)
        batch = batch_of(records, records_per_message=per_message)
        readable, _ = read_deliveries(group_deliveries(batch))
        (built,) = build_or_refuse(readable)[0]
        plain = decode_parquet(encode_parquet(built.data, table), table, "here")
        dictionaries = plain.to_pylist()
        parts = [
            batch[start : start + MESSAGES_PER_BATCH] for start in range(0, len(batch), MESSAGES_PER_BATCH)
        ]

        def ours(parts: list[list[SqsRecord]] = parts) -> None:
            for part in parts:
                LakeWriter(MemoryStore()).write(part)  # type: ignore[arg-type]

        def bare(data: pa.Table = plain) -> None:
            pq.write_table(data, io.BytesIO(), compression="snappy")

        def from_rows(rows: list[Any] = dictionaries, schema: pa.Schema = plain.schema) -> None:
            data = pa.Table.from_pylist(rows, schema=schema)
            pq.write_table(data, io.BytesIO(), compression="snappy")

        speed = medians({"ours": (rows, ours), "bare": (rows, bare), "rows": (rows, from_rows)}, rounds)
        write(label, f"{rows:,}", f"{speed['ours']:,.0f}", f"{speed['bare']:,.0f}",
              f"{speed['ours'] / speed['bare']:.2f}", f"{speed['rows']:,.0f}",
              f"{speed['ours'] / speed['rows']:.2f}")  # fmt: skip


def measure_rds_loader(rounds: int, rows: int) -> None:
    with RunDirectory() as run:
        mariadb = MariaDb.start(run, find_software(may_get=False))
        try:
            speed = _loader_speeds(mariadb.server, run.temporary, rounds, rows)
        finally:
            mariadb.process.stop()
        fsyncs = _fsyncs_a_second(run.temporary / "probe")
    write("rds_loader, tracks", "rows", "rows/s", "rds_loader against it")
    write(*["---"] * 4)
    for way, value in speed.items():
        count = SINGLE_ROWS if way.startswith("insert") else rows
        write(way, f"{count:,}", f"{value:,.0f}", f"{speed['rds_loader'] / value:.2f}x")
    sys.stdout.write(
        f"\nThe server does not wait for the disk (which does {fsyncs:,.0f} fsyncs a second), so the "
        "way that commits each row is measured at its best.\n"
    )


def _loader_speeds(server: MySqlServer, folder: Path, rounds: int, rows: int) -> dict[str, float]:
    settings = mysql_settings(server.environment())
    connection = pymysql.connect(
        host=server.host,
        port=server.port,
        user=server.user,
        password=server.password,
        database=server.database,
        local_infile=True,
        ssl_disabled=True,
    )
    with closing(connection):
        apply_migrations(connection)
        store, database = MemoryStore(), Database(settings)
        bench = LoaderBench(connection, store, Loader(store, database), folder, rows)  # type: ignore[arg-type]
        speed = medians(bench.ways(), rounds, bench.empty)
        database.close()
    return speed


class LoaderBench:
    """The same rows by four ways into the same empty table."""

    def __init__(self, connection: Any, store: MemoryStore, loader: Loader, folder: Path, rows: int) -> None:
        self.connection, self.loader, self.folder, self.rows = connection, loader, folder, rows
        self.table = TABLES["tracks"]
        records = records_of(self.table, rows, cameras=4, chance=random.Random(2))
        readable, _ = read_deliveries(group_deliveries(batch_of(records)))
        (built,) = build_or_refuse(readable)[0]
        self.key = raw_key("tracks", "2025-11-21", "bench")
        body = encode_parquet(built.data, self.table)
        store.objects[self.key] = body
        self.data = decode_parquet(body, self.table, self.key)

    def ways(self) -> dict[str, tuple[int, Callable[[], object]]]:
        return {
            "rds_loader": (self.rows, self.ours),
            "executemany, one commit": (self.rows, self.executemany),
            "LOAD DATA LOCAL, one commit": (self.rows, self.load_data),
            "insert and commit a row": (SINGLE_ROWS, self.row_by_row),
        }

    def empty(self) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute("DELETE FROM tracks")
            cursor.execute("DELETE FROM load_ledger")
        self.connection.commit()

    def ours(self) -> None:
        self.loader.load(ObjectCreated("lake", self.key, None))

    def executemany(self) -> None:
        (rows,) = mysql_values(self.data, self.table.columns, self.rows)
        with self.connection.cursor() as cursor:
            cursor.executemany(upsert_statement(self.table), rows)
        self.connection.commit()

    def load_data(self) -> None:
        path = self.folder / "rows.csv"
        text = pa.table({c.name: self.data[c.name].cast(pa.string()) if c.type is ColumnType.TIMESTAMP
                         else self.data[c.name].cast(pa.int8()) if c.type is ColumnType.BOOLEAN
                         else self.data[c.name] for c in self.table.columns})  # fmt: skip
        pyarrow.csv.write_csv(text, path, pyarrow.csv.WriteOptions(include_header=False))
        with self.connection.cursor() as cursor:
            cursor.execute(f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE tracks CHARACTER SET utf8mb4 "
                           "FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"'")  # fmt: skip
        self.connection.commit()

    def row_by_row(self) -> None:
        (rows, *_) = mysql_values(self.data, self.table.columns, SINGLE_ROWS)
        with self.connection.cursor() as cursor:
            for row in rows:
                cursor.execute(upsert_statement(self.table), row)
                self.connection.commit()


def _fsyncs_a_second(path: Path) -> float:
    with path.open("wb") as file:
        start, count = time.perf_counter(), 0
        while time.perf_counter() - start < 1:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
            count += 1
    return count / (time.perf_counter() - start)


def main() -> None:
    """Measure both functions."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=20_000, help="rows loaded into MySQL a round")
    parser.add_argument("--no-mysql", action="store_true")
    arguments = parser.parse_args()
    available = os.sched_getaffinity(0)
    pa.set_cpu_count(1)
    os.sched_setaffinity(0, {min(available)})
    measure_lake_writer(arguments.rounds)
    if arguments.no_mysql:
        return
    os.sched_setaffinity(0, available)
    sys.stdout.write("\n")
    try:
        measure_rds_loader(arguments.rounds, arguments.rows)
    except MariaDbUnavailableError as error:
        sys.stdout.write(f"{error}\n")


if __name__ == "__main__":
    main()
