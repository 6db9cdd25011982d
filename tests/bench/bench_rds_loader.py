"""Rows a second of `rds_loader` beside LOAD DATA LOCAL of the same rows and the original's way.

Run: ``python tests/bench/bench_rds_loader.py [--rounds 9] [--rows 20000] [--growth 2000000]``. Every way
puts the same rows into the same empty table and takes turns with the others in each round; medians, with the
spread from the slowest to the fastest round. S3 is a dictionary. Uses the local stack's private MariaDB with
a log and memory as on a small RDS instance, waiting for the disk at each commit as RDS does.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from contract.columns import Column, ColumnType
from contract.lake import raw_key
from contract.mysql import column_list, upsert_statement
from contract.tables import TABLES, Table
from infra.local.mariadb import MariaDb
from infra.local.mariadb_software import MariaDbUnavailableError, find_software
from infra.local.run_directory import RunDirectory
from lambdas.migrations.runner import apply_migrations
from lambdas.rds_loader.loader import Loader
from lambdas.rds_loader.notifications import ObjectCreated
from lambdas.rds_loader.rows import mysql_values
from lambdas.shared.lake_parquet import encode_parquet
from lambdas.shared.lake_schema import arrow_schema
from lambdas.shared.lake_store import LakeObject
from lambdas.shared.mysql import Connector, Database
from lambdas.shared.settings import MySQLSettings, mysql_settings

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SINGLE_ROWS = 400
SMALL_OBJECTS, SMALL_ROWS = 100, 30
EPOCH = "0123456789ab"
LIKE_RDS = (
    "--innodb-log-file-size=1G",
    "--innodb-buffer-pool-size=1G",
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-flush-method=fsync",
    "--innodb-doublewrite=ON",
)


class MemoryStore:
    """An S3 that costs nothing, so that only our own work is measured."""

    bucket = "lake"

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def get(self, key: str) -> LakeObject:
        return LakeObject(self.objects[key], str(hash(key)), NOW)


def rows_of(table: Table, rows: int, *, cameras: int = 4) -> pa.Table:
    """Return rows with values as varied as a real scene's, in the order in which a device makes them."""
    chance = random.Random(2)
    arrays = [pa.array(_values(column, rows, cameras, chance)) for column in table.columns]
    cast = [array.cast(field.type) for array, field in zip(arrays, arrow_schema(table), strict=True)]
    return pa.Table.from_arrays(cast, schema=arrow_schema(table))


def _values(column: Column, rows: int, cameras: int, chance: random.Random) -> list[Any]:
    start = (NOW - timedelta(days=1)).replace(tzinfo=None)
    identity: dict[str, Callable[[int], Any]] = {
        "record_id": lambda row: f"jetson-7:{EPOCH}:camera-{row % cameras}/x:{1 + row // cameras}",
        "device": lambda _: "jetson-7",
        "camera": lambda row: f"camera-{row % cameras}",
        "epoch": lambda _: EPOCH,
        "stream": lambda row: f"camera-{row % cameras}/x",
        "sequence": lambda row: 1 + row // cameras,
        "event_time": lambda row: start + timedelta(seconds=row // cameras),
        "clock_quality": lambda _: "synced",
        "time_zone": lambda _: "Asia/Seoul",
    }
    kinds: dict[ColumnType, Callable[[int], Any]] = {
        ColumnType.TEXT: lambda _: f"{column.name}-{chance.randrange(4)}"[: column.maximum_length],
        ColumnType.REAL: lambda _: round(chance.uniform(0, 500), column.decimals),
        ColumnType.BOOLEAN: lambda _: chance.random() < 0.01,
        ColumnType.INTEGER: lambda _: chance.randrange(200),
        ColumnType.TIMESTAMP: lambda row: start + timedelta(seconds=row),
    }
    make = identity.get(column.name, kinds[column.type])
    return [make(row) for row in range(rows)]


def of_epoch(data: pa.Table, epoch: str) -> pa.Table:
    """Return the same rows as another boot of the device would have made them."""
    for name in ("record_id", "epoch"):
        changed: Any = pc.replace_substring(data.column(name), EPOCH, epoch)
        data = data.set_column(data.column_names.index(name), name, changed)
    return data.cast(pa.schema([pa.field(field.name, field.type) for field in data.schema]))


class Bench:
    """One table of one server, and the ways to fill it."""

    def __init__(self, settings: MySQLSettings, table: Table, rows: int, folder: Path) -> None:
        self.table, self.rows, self.settings = table, rows, settings
        self.data = rows_of(table, rows)
        self.plain = self.data.cast(pa.schema([pa.field(f.name, f.type) for f in self.data.schema]))
        self.store = MemoryStore()
        self.whole = self._put("whole", self.data)
        self.small = [
            self._put(f"small-{start}", self.data.slice(start, SMALL_ROWS))
            for start in range(0, min(rows, SMALL_OBJECTS * SMALL_ROWS), SMALL_ROWS)
        ]
        self.connection = Connector(settings, statement_seconds=600, local_rows=False).connect()
        # The driver's own way of LOAD DATA LOCAL, from a file.
        self.driver = _plain_connection(settings)
        self.file = folder / f"{table.name}.csv"
        self._write_csv()
        self.loader = self._loader(local_rows=True)
        self.inserting = self._loader(local_rows=False)

    def _loader(self, *, local_rows: bool) -> Loader:
        connector = Connector(self.settings, local_rows=local_rows)
        return Loader(self.store, Database(self.settings, connect=connector.connect))

    def _put(self, name: str, data: pa.Table) -> ObjectCreated:
        key = raw_key(self.table.name, NOW.date().isoformat(), name)
        self.store.objects[key] = encode_parquet(data, self.table)
        return ObjectCreated("lake", key, None)

    def ways(self) -> dict[str, tuple[int, Callable[[], object]]]:
        return {
            "rds_loader": (self.rows, lambda: self.loader.load(self.whole)),
            "rds_loader where LOCAL is off": (self.rows, lambda: self.inserting.load(self.whole)),
            "LOAD DATA LOCAL, file ready": (self.rows, self.load_file),
            "LOAD DATA LOCAL, file written first": (self.rows, self.write_and_load_file),
            "executemany, one commit": (self.rows, self.executemany),
            "insert and commit a row (the original)": (SINGLE_ROWS, self.row_by_row),
            f"rds_loader, objects of {SMALL_ROWS} rows": (self._small_rows, self.small_together),
            "the same, an object a transaction": (self._small_rows, self.small_alone),
        }

    @property
    def _small_rows(self) -> int:
        return sum(min(SMALL_ROWS, self.rows - n * SMALL_ROWS) for n in range(len(self.small)))

    def empty(self) -> None:
        with self.connection.cursor() as cursor:
            for name in (self.table.name, "load_ledger", "zone_live"):
                cursor.execute(f"TRUNCATE TABLE `{name}`")

    def small_together(self) -> None:
        self.loader.load_many(self.small)

    def small_alone(self) -> None:
        for created in self.small:
            self.loader.load(created)

    def executemany(self) -> None:
        (rows,) = mysql_values(self.data, self.table.columns, self.rows)
        with self.connection.cursor() as cursor:
            cursor.executemany(upsert_statement(self.table), rows)
        self.connection.commit()

    def _write_csv(self) -> None:
        text: dict[str, Any] = {column.name: self._as_csv(column) for column in self.table.columns}
        pyarrow.csv.write_csv(pa.table(text), self.file, pyarrow.csv.WriteOptions(include_header=False))

    def _as_csv(self, column: Column) -> Any:
        values = self.data[column.name]
        if column.type is ColumnType.TIMESTAMP:
            return values.cast(pa.string())
        return values.cast(pa.int8()) if column.type is ColumnType.BOOLEAN else values

    def write_and_load_file(self) -> None:
        self._write_csv()
        self.load_file()

    def load_file(self) -> None:
        with self.driver.cursor() as cursor:
            cursor.execute(
                f"LOAD DATA LOCAL INFILE '{self.file}' INTO TABLE `{self.table.name}` CHARACTER SET utf8mb4 "
                f"FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ({column_list(self.table)})"
            )
        self.driver.commit()

    def row_by_row(self) -> None:
        (rows, *_) = mysql_values(self.data, self.table.columns, SINGLE_ROWS)
        statement = upsert_statement(self.table)
        with self.connection.cursor() as cursor:
            for row in rows:
                cursor.execute(statement, row)
                self.connection.commit()

    def close(self) -> None:
        for one in (self.connection, self.driver, self.loader, self.inserting):
            one.close()


def _plain_connection(settings: MySQLSettings) -> Any:
    import pymysql

    return pymysql.connect(
        host=settings.host,
        port=settings.port,
        user=settings.user,
        password=settings.password.encode(),
        database=settings.database,
        charset="utf8mb4",
        local_infile=True,
        ssl_disabled=True,
    )


def measure(
    ways: dict[str, tuple[int, Callable[[], object]]], rounds: int, before: Callable[[], None]
) -> Any:
    """Return the rows a second of each way in each round, the ways taking turns."""
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, (rows, work) in ways.items():
            before()
            start = time.perf_counter()
            work()
            if turn:  # The first round warms up.
                speeds[name].append(rows / (time.perf_counter() - start))
    return speeds


def write(*cells: object) -> None:
    sys.stdout.write(f"| {' | '.join(map(str, cells))} |\n")
    sys.stdout.flush()


def compare(settings: MySQLSettings, table: Table, rows: int, rounds: int, folder: Path) -> None:
    bench = Bench(settings, table, rows, folder)
    try:
        speeds = measure(bench.ways(), rounds, bench.empty)
    finally:
        bench.close()
    write(f"{table.name}, {len(table.columns)} columns", "rows", "rows/s", "spread", "rds_loader against it")
    write("---", "---:", "---:", "---:", "---:")
    ours = speeds["rds_loader"]
    for way, found in speeds.items():
        # Of each round, so that what slows the machine down for a while slows both.
        ratio = statistics.median(one / other for one, other in zip(ours, found, strict=True))
        spread = f"{min(found):,.0f} to {max(found):,.0f}"
        write(way, f"{bench.ways()[way][0]:,}", f"{statistics.median(found):,.0f}", spread, f"{ratio:.2f}x")
    sys.stdout.write("\n")


def grow(settings: MySQLSettings, table: Table, rows: int, largest: int, rounds: int) -> None:
    """Show how the speed changes while the table grows to 100 times its size."""
    data, store = rows_of(table, rows), MemoryStore()
    connector = Connector(settings, statement_seconds=600)
    loader = Loader(store, Database(settings, connect=connector.connect))
    write(f"{table.name} holds", "rds_loader rows/s", "LOAD DATA LOCAL rows/s", "ratio")
    write("---:", "---:", "---:", "---:")
    held, boots = 0, iter(range(10**6))
    with (
        closing(loader),
        closing(_plain_connection(settings)) as driver,
        tempfile.TemporaryDirectory() as folder,
    ):
        with driver.cursor() as cursor:
            cursor.execute(f"TRUNCATE TABLE `{table.name}`")
        for size in (largest // 100, largest // 10, largest):
            while held < size:
                held += _fill(loader, store, table, data, f"{next(boots):012x}")
            ours, bare = [], []
            for _ in range(rounds):
                ours.append(rows / _seconds(lambda: _fill(loader, store, table, data, f"{next(boots):012x}")))
                file = Path(folder) / "rows.csv"
                _write_plain_csv(of_epoch(data, f"{next(boots):012x}"), table, file)
                bare.append(rows / _seconds(lambda file=file: _load(driver, table, file)))  # type: ignore[misc]
                held += 2 * rows
            ratio = statistics.median(one / other for one, other in zip(ours, bare, strict=True))
            median = statistics.median
            write(f"{size:,}", f"{median(ours):,.0f}", f"{median(bare):,.0f}", f"{ratio:.2f}")
    sys.stdout.write("\n")


def _fill(loader: Loader, store: MemoryStore, table: Table, data: pa.Table, epoch: str) -> int:
    key = raw_key(table.name, NOW.date().isoformat(), epoch)
    store.objects[key] = encode_parquet(of_epoch(data, epoch), table)
    loaded = loader.load(ObjectCreated("lake", key, None))
    del store.objects[key]
    return loaded.rows


def _write_plain_csv(data: pa.Table, table: Table, file: Path) -> None:
    text: dict[str, Any] = {}
    for column in table.columns:
        values: Any = data[column.name]
        is_time, is_flag = column.type is ColumnType.TIMESTAMP, column.type is ColumnType.BOOLEAN
        text[column.name] = values.cast(pa.string() if is_time else pa.int8() if is_flag else values.type)
    pyarrow.csv.write_csv(pa.table(text), file, pyarrow.csv.WriteOptions(include_header=False))


def _load(driver: Any, table: Table, file: Path) -> None:
    with driver.cursor() as cursor:
        cursor.execute(
            f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE `{table.name}` CHARACTER SET utf8mb4 "
            f"FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ({column_list(table)})"
        )
    driver.commit()


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def server_like_rds(server: Path, folder: Path) -> Path:
    """Return a program that starts `server` with `LIKE_RDS` after the stack's options: the last counts."""
    script = folder / "mariadbd-like-rds"
    script.write_text(f'#!/bin/sh\nexec "{server}" "$@" {" ".join(LIKE_RDS)}\n', encoding="utf-8")
    script.chmod(0o700)
    return script


def fsyncs_a_second(folder: Path) -> float:
    """Return how often this disk writes a byte for good in a second."""
    with (folder / "probe").open("wb") as file:
        start, count = time.perf_counter(), 0
        while time.perf_counter() - start < 1:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
            count += 1
    return count / (time.perf_counter() - start)


def main() -> None:
    """Measure the loader."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--rows", type=int, default=20_000, help="rows of one object")
    parser.add_argument(
        "--growth", type=int, default=0, help="largest table, for the growth from 1 to 100 times"
    )
    arguments = parser.parse_args()
    pa.set_cpu_count(1)
    try:
        software = find_software(may_get=False)
    except MariaDbUnavailableError as error:
        sys.stdout.write(f"{error}\n")
        return
    with RunDirectory() as run:
        mariadb = MariaDb.start(run, replace(software, server=server_like_rds(software.server, run.path)))
        try:
            settings = mysql_settings(mariadb.server.environment())
            with closing(Connector(settings).connect()) as connection:
                apply_migrations(connection)
            for name in ("zone_counts", "tracks"):
                compare(settings, TABLES[name], arguments.rows, arguments.rounds, run.temporary)
            if arguments.growth:
                grow(settings, TABLES["zone_counts"], arguments.rows, arguments.growth, 5)
        finally:
            mariadb.process.stop()
        fsyncs = fsyncs_a_second(run.temporary)
    sys.stdout.write(
        f"This disk does {fsyncs:,.0f} fsyncs a second; the server waits for one at each commit.\n"
    )


if __name__ == "__main__":
    main()
