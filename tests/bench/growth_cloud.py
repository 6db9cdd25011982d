"""What a row costs in the functions: `lake_writer` by the batch, `rds_loader` by the object and the table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace

import pyarrow as pa
from bench_lake_writer import MemoryStore as LakeInMemory
from bench_lake_writer import batch_of
from bench_rds_loader import MemoryStore, of_epoch, rows_of, server_like_rds
from growth_table import SCALES, Growth, Measure

from contract.lake import raw_key
from contract.tables import TABLES, Table
from infra.local.mariadb import MariaDb
from infra.local.mariadb_software import find_software
from infra.local.run_directory import RunDirectory
from lambdas.lake_writer.writer import LakeWriter
from lambdas.migrations.runner import apply_migrations
from lambdas.rds_loader.loader import Loader
from lambdas.rds_loader.notifications import ObjectCreated
from lambdas.shared.lake_parquet import encode_parquet
from lambdas.shared.mysql import Connector, Database
from lambdas.shared.settings import mysql_settings

_MESSAGES = (1, 10, 96)
"""96 full messages are as much as an event may hold."""
_TABLE = "zone_counts"


def lake_writer_growth() -> list[Growth]:
    """Return `lake_writer` at batches of 1, 10 and 96 full messages, for two tables."""
    kinds = []
    for name in ("zone_counts", "tracks"):
        batches = [batch_of(TABLES[name], 1, None, messages, quiet=False) for messages in _MESSAGES]

        def measure(position: int, batches: list[list[object]] = batches) -> Measure:  # type: ignore[assignment]
            def write() -> tuple[float, int]:
                began = time.perf_counter()
                result = LakeWriter(LakeInMemory()).write(batches[position])  # type: ignore[arg-type]
                return time.perf_counter() - began, result.rows

            return write

        sizes = [f"{len(batch)} message{'s' if len(batch) > 1 else ''}" for batch in batches]
        kinds.append(Growth(f"lake_writer, {name}", sizes, [measure(one) for one in range(len(SCALES))]))
    return kinds


class Projection:
    """A MariaDB of its own, set up as RDS is, and a loader into its one table."""

    def __init__(self, exits: ExitStack) -> None:
        self._table: Table = TABLES[_TABLE]
        self._store = MemoryStore()
        self._boots = 0
        software = find_software(may_get=False)
        run = exits.enter_context(RunDirectory())
        mariadb = MariaDb.start(run, replace(software, server=server_like_rds(software.server, run.path)))
        exits.callback(mariadb.process.stop)
        settings = mysql_settings(mariadb.server.environment())
        with closing(Connector(settings).connect()) as connection:
            apply_migrations(connection)
        self._connection = exits.enter_context(closing(Connector(settings).connect()))
        connector = Connector(settings, statement_seconds=600)
        database = Database(settings, connect=connector.connect)
        self._loader = exits.enter_context(closing(Loader(self._store, database)))  # type: ignore[arg-type]

    def load(self, data: pa.Table) -> tuple[float, int]:
        """Load rows that the table does not have; what is timed begins with the notification."""
        self._boots += 1
        key = raw_key(self._table.name, "2026-11-21", f"{self._boots:012x}")
        self._store.objects[key] = encode_parquet(of_epoch(data, f"{self._boots:012x}"), self._table)
        began = time.perf_counter()
        loaded = self._loader.load(ObjectCreated("lake", key, None))
        seconds = time.perf_counter() - began
        del self._store.objects[key]
        return seconds, loaded.rows

    def load_and_forget(self, data: pa.Table) -> tuple[float, int]:
        """Load, and delete the rows afterwards, so that the table keeps its size."""
        measured = self.load(data)
        with self._connection.cursor() as cursor:
            newest = f"jetson-7:{self._boots:012x}:%"
            cursor.execute(f"DELETE FROM `{_TABLE}` WHERE record_id LIKE %s", (newest,))  # noqa: S608
        self._connection.commit()
        return measured

    def fill(self, data: pa.Table, rows: int) -> None:
        """Load until the table holds `rows`."""
        for start in range(0, rows, data.num_rows):
            self.load(data.slice(0, min(data.num_rows, rows - start)))


@contextmanager
def rds_loader_growth(base_rows: int) -> Iterator[list[Growth]]:
    """Give `rds_loader` at objects and at tables of 1, 10 and 100 times.

    Raises `MariaDbUnavailableError` where there is none.
    """
    with ExitStack() as exits:
        data = rows_of(TABLES[_TABLE], 20_000)
        tables = [Projection(exits) for _ in SCALES]
        for table, scale in zip(tables, SCALES, strict=True):
            table.fill(data, base_rows * scale)
        objects = [data.slice(0, data.num_rows * scale // SCALES[-1]) for scale in SCALES]
        yield [
            Growth(
                "rds_loader: an object of 20,000 rows into a table",
                [f"{base_rows * scale:,} rows" for scale in SCALES],
                [_loading(table, data) for table in tables],
            ),
            Growth(
                f"rds_loader: an object into a table of {base_rows * 10:,} rows",
                [f"{rows.num_rows:,} rows" for rows in objects],
                [_loading(tables[1], rows) for rows in objects],
            ),
        ]


def _loading(table: Projection, data: pa.Table) -> Callable[[], tuple[float, int]]:
    return lambda: table.load_and_forget(data)
