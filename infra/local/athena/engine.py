"""Answers Athena SQL from the parquet objects of a lake."""

from __future__ import annotations

import functools
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot import exp
from sqlglot.schema import MappingSchema

from athena import catalog
from infra.local.athena import utility_statements
from infra.local.athena.definitions import (
    Definitions,
    TableDefinition,
    ViewDefinition,
    parse_one,
    parse_table,
)
from infra.local.athena.errors import AthenaQueryError, Fault, not_supported
from infra.local.athena.expand import Expansion, physical_name
from infra.local.athena.lake import DayFilter, Lake, LocalFolderLake
from infra.local.athena.parameters import Parameter, bind, literal_of
from infra.local.athena.planner import Need, day_filter, needs
from infra.local.athena.scan import Scanner
from infra.local.athena.spelling import check_spelling
from infra.local.athena.translate import bind_local_time, bind_now, to_duckdb
from infra.local.athena.type_rules import resolve
from infra.local.athena.values import athena_type
from infra.local.athena.whitelist import check_query

_THREADS = 2
_MEMORY_LIMIT = "2GB"
_FAULTS = (
    (duckdb.InterruptException, Fault.CANCELLED),
    (duckdb.BinderException, Fault.SYNTAX),
    (duckdb.ConversionException, Fault.GENERIC),
    (duckdb.Error, Fault.GENERIC),
)
_UNNAMED = re.compile(r"_col_(\d+)")


@dataclass(frozen=True)
class QueryResult:
    """An answer: column names, Athena type names, rows of Python values, and what it cost.

    Times are naive UTC datetimes. `statement_type` is DML, DDL or UTILITY, as Athena says.
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    data_scanned_bytes: int = 0
    files_scanned: int = 0
    engine_milliseconds: int = 0
    statement_type: str = "DML"


Interrupt = Callable[[], None]


class LocalAthena:
    """The database over one lake; safe to use from several threads.

    Begins with the tables and views of the `athena` package unless `with_catalog` is false. `now` gives the
    present, for tests.
    """

    def __init__(
        self,
        lake: Lake,
        database: str = "crowdlens",
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        with_catalog: bool = True,
    ) -> None:
        self.lake = lake
        self.database = database.lower()
        self.definitions = Definitions()
        self._scanner = Scanner(lake)
        self._now = now
        if with_catalog:
            self.definitions = _catalogue_definitions(lake.bucket, self.database).copy()

    def query(
        self,
        sql: str,
        parameters: Sequence[Parameter] = (),
        *,
        started: Callable[[Interrupt], None] | None = None,
    ) -> QueryResult:
        """Return the answer to one statement.

        `started` is given a function that interrupts the query from another thread. Raises
        `AthenaQueryError` for whatever Athena would refuse, and for what is outside the whitelist.
        """
        begin = time.perf_counter()
        text = sql.strip().removesuffix(";")
        if parameters:
            text = bind(text, [literal_of(value) for value in parameters])
        utility = utility_statements.answer(text, self.definitions, self.database)
        if utility is not None:
            columns, rows = utility
            return QueryResult(columns, ("string",) * len(columns), rows, statement_type="UTILITY")
        if not is_table_definition(text):
            check_spelling(text)
        statement = parse_one(text)
        if isinstance(statement, exp.Query):
            return self._select(statement, begin, started)
        self._define(statement, text)
        return QueryResult((), (), [], statement_type="DDL")

    def check_syntax(self, sql: str) -> None:
        """Raise `AthenaQueryError` when `sql` does not parse; says nothing about names and types."""
        text = sql.strip().removesuffix(";")
        if utility_statements.is_utility(text):
            return
        if not is_table_definition(text):
            check_spelling(text)
        parse_one(text)

    def view_columns(self, name: str) -> list[tuple[str, str]]:
        """Return the columns of a view with their Athena types."""
        result = self.query(f'SELECT * FROM "{name}" LIMIT 0')  # noqa: S608 - quoted, and the whitelist holds
        return list(zip(result.columns, result.types, strict=True))

    def _select(
        self, query: exp.Query, begin: float, started: Callable[[Interrupt], None] | None
    ) -> QueryResult:
        now = self._now()
        sql, expansion = self._translated(query, now)
        try:
            with _connection() as connection:
                if started is not None:
                    started(connection.interrupt)
                scanned, files = self._attach(connection, sql, expansion, now)
                table = connection.sql(sql).to_arrow_table()
        except duckdb.Error as error:
            raise _wrapped(error) from error
        columns = tuple(_column_name(name) for name in table.column_names)
        types = tuple(
            athena_type(name, field.type) for name, field in zip(columns, table.schema, strict=True)
        )
        milliseconds = round((time.perf_counter() - begin) * 1000)
        return QueryResult(columns, types, _rows(table), scanned, files, milliseconds)

    def _translated(self, query: exp.Query, now: datetime) -> tuple[str, Expansion]:
        check_query(query)
        expansion = Expansion(self.database, self.definitions.tables(), self.definitions.views())
        expanded = bind_local_time(bind_now(expansion.expand(query), now))
        schema = MappingSchema(dialect="athena")
        for table in expansion.used.values():
            columns = {column.name: column.athena_type for column in table.all_columns}
            schema.add_table(
                exp.Table(this=exp.to_identifier(physical_name(table.name), quoted=True)),
                columns,
                dialect="athena",
            )
        return to_duckdb(resolve(expanded, schema)), expansion

    def _attach(
        self, connection: duckdb.DuckDBPyConnection, sql: str, expansion: Expansion, now: datetime
    ) -> tuple[int, int]:
        scanned = files = 0
        needed = needs(connection, sql, expansion.used)
        for name, table in expansion.used.items():
            need = needed.get(name)
            if need is None:
                connection.register(physical_name(name), table.arrow_schema().empty_table())
                continue
            scan = self._scanner.scan(table, need.columns, _days(connection, need, table, now))
            connection.register(physical_name(name), scan.dataset)
            scanned += scan.data_scanned_bytes
            files += scan.files
        return scanned, files

    def _define(self, statement: exp.Expr, text: str) -> None:
        if isinstance(statement, exp.Create) and statement.kind == "TABLE" and is_table_definition(text):
            self.definitions.add_table(
                parse_table(statement), if_not_exists=bool(statement.args.get("exists"))
            )
        elif isinstance(statement, exp.Create) and statement.kind == "VIEW":
            self._create_view(statement, text)
        elif isinstance(statement, exp.Drop) and statement.kind == "VIEW":
            for table in statement.args["tables"]:
                self.definitions.drop_view(table.name.lower(), if_exists=bool(statement.args.get("exists")))
        else:
            raise not_supported(f"the statement {text.split(maxsplit=1)[0].upper()}")

    def _create_view(self, statement: exp.Create, text: str) -> None:
        query, name = statement.expression, statement.this.name.lower()
        if not isinstance(query, exp.Query) or not isinstance(statement.this, exp.Table):
            raise not_supported("CREATE VIEW with a list of columns")
        if any(table.name.lower() == name and not table.db for table in _outer_tables(query)):
            raise AthenaQueryError(Fault.GENERIC, f"View '{name}' reads itself")
        self._translated(query, self._now())
        view = ViewDefinition(name, text, query)
        self.definitions.put_view(view, replace=bool(statement.args.get("replace")))


@functools.cache
def _catalogue_definitions(bucket: str, database: str) -> Definitions:
    # Checking every view takes a good part of a second; its outcome hangs on these two names alone.
    empty = LocalAthena(LocalFolderLake("", bucket), database, with_catalog=False)
    for statement in catalog.statements():
        empty.query(statement.sql(lake_bucket=bucket, database=database))
    return empty.definitions


def _days(
    connection: duckdb.DuckDBPyConnection, need: Need, table: TableDefinition, now: datetime
) -> DayFilter:
    if table.partition is None:
        return set
    last_day = (now + timedelta(days=table.partition.days_ahead)).strftime("%Y-%m-%d")
    return day_filter(connection, need, table.partition, last_day)


def is_table_definition(text: str) -> bool:
    """Return whether `text` is Hive DDL for an external table, whose spelling is not Trino's."""
    return re.match(r"CREATE\s+EXTERNAL\s+TABLE\b", text, re.I) is not None


def _outer_tables(query: exp.Query) -> list[exp.Table]:
    names = {cte.alias.lower() for cte in query.find_all(exp.CTE)}
    return [table for table in query.find_all(exp.Table) if table.name.lower() not in names]


@contextmanager
def _connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a database of its own to one query: what does not fit into memory goes to a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="crowdlens-athena-") as folder:
        connection = duckdb.connect(
            ":memory:",
            config={"threads": _THREADS, "memory_limit": _MEMORY_LIMIT, "temp_directory": folder},
        )
        try:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET python_enable_replacements = false")
            connection.execute("SET enable_external_access = false")
            yield connection
        finally:
            connection.close()


def _wrapped(error: duckdb.Error) -> AthenaQueryError:
    text = str(error)
    if "ivision by zero" in text:
        return AthenaQueryError(Fault.DIVISION_BY_ZERO, "Division by zero")
    fault = next(fault for kind, fault in _FAULTS if isinstance(error, kind))
    sentence = "Query cancelled" if fault is Fault.CANCELLED else text.splitlines()[0]
    return AthenaQueryError(fault, sentence)


def _column_name(name: str) -> str:
    # Athena calls the first unnamed column _col0, sqlglot _col_0.
    return _UNNAMED.sub(r"_col\1", name)


def _rows(table: pa.Table) -> list[tuple[Any, ...]]:
    columns = [column.to_pylist() for column in table.columns]
    return list(zip(*columns, strict=True)) if columns else []
