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

from athena import catalog
from infra.local.athena import translation, utility_statements
from infra.local.athena.definitions import (
    Definitions,
    TableDefinition,
    ViewDefinition,
    parse_one,
    parse_table,
)
from infra.local.athena.errors import AthenaQueryError, Fault, not_supported
from infra.local.athena.expand import physical_name
from infra.local.athena.lake import Lake
from infra.local.athena.parameters import Parameter, bind, literal_of
from infra.local.athena.planner import ScanNeed, day_filter, needs
from infra.local.athena.row_groups import row_group_filter
from infra.local.athena.scan import Reading, Scanner
from infra.local.athena.spelling import check_spelling
from infra.local.athena.translation import Translation, translated
from infra.local.athena.values import athena_type

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
        known = translation.SHARED.get(text, self.database, self.definitions)
        if known is not None:
            return self._select(known, begin, started)
        utility = utility_statements.answer(text, self.definitions, self.database)
        if utility is not None:
            columns, rows = utility
            return QueryResult(columns, ("string",) * len(columns), rows, statement_type="UTILITY")
        if not is_table_definition(text):
            check_spelling(text)
        statement = parse_one(text)
        if isinstance(statement, exp.Query):
            made = translation.SHARED.make(text, statement, self.database, self.definitions)
            return self._select(made, begin, started)
        self._define(statement, text)
        return QueryResult((), (), [], statement_type="DDL")

    def table(self, sql: str) -> pa.Table:
        """Return the answer to one SELECT as an Arrow table; raises `AthenaQueryError`.

        For who keeps an answer and asks of it again: millions of rows need not become Python values.
        """
        made = translation.SHARED.get(sql, self.database, self.definitions)
        if made is None:
            check_spelling(sql)
            statement = parse_one(sql)
            if not isinstance(statement, exp.Query):
                raise not_supported("anything but a SELECT here")
            made = translation.SHARED.make(sql, statement, self.database, self.definitions)
        return self._answer(made, None)[0]

    def check_syntax(self, sql: str) -> None:
        """Raise `AthenaQueryError` when `sql` does not parse; says nothing about names and types."""
        text = sql.strip().removesuffix(";")
        known = translation.SHARED.get(text, self.database, self.definitions)
        if known is not None or utility_statements.is_utility(text):
            return
        if not is_table_definition(text):
            check_spelling(text)
        parse_one(text)

    def view_columns(self, name: str) -> list[tuple[str, str]]:
        """Return the columns of a view with their Athena types."""
        result = self.query(f'SELECT * FROM "{name}" LIMIT 0')  # noqa: S608 - quoted, and the whitelist holds
        return list(zip(result.columns, result.types, strict=True))

    def _select(
        self, made: Translation, begin: float, started: Callable[[Interrupt], None] | None
    ) -> QueryResult:
        table, scanned, files = self._answer(made, started)
        columns = tuple(_column_name(name) for name in table.column_names)
        types = tuple(
            athena_type(name, field.type) for name, field in zip(columns, table.schema, strict=True)
        )
        milliseconds = round((time.perf_counter() - begin) * 1000)
        return QueryResult(columns, types, _rows(table), scanned, files, milliseconds)

    def _answer(
        self, made: Translation, started: Callable[[Interrupt], None] | None
    ) -> tuple[pa.Table, int, int]:
        now = self._now()
        try:
            with _connection() as connection:
                if started is not None:
                    started(connection.interrupt)
                scanned, files = self._attach(connection, made, now)
                return connection.sql(made.sql(now)).to_arrow_table(), scanned, files
        except duckdb.Error as error:
            raise _wrapped(error) from error

    def _attach(
        self, connection: duckdb.DuckDBPyConnection, made: Translation, now: datetime
    ) -> tuple[int, int]:
        scanned = files = 0
        needed = needs(connection, made.planning_sql(now), made.tables)
        for name, table in made.tables.items():
            if name not in needed:
                connection.register(physical_name(name), table.arrow_schema().empty_table())
                continue
            readings = [_reading(connection, need, table, now) for need in needed[name]]
            scan = self._scanner.scan(table, readings)
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
        translated(query, self.definitions, self.database)
        view = ViewDefinition(name, text, query)
        self.definitions.put_view(view, replace=bool(statement.args.get("replace")))


@functools.cache
def _catalogue_definitions(bucket: str, database: str) -> Definitions:
    """Return the committed statements as they are: that each of them holds is for the tests to say."""
    found = Definitions()
    for statement in catalog.statements():
        text = statement.sql(lake_bucket=bucket, database=database)
        parsed = parse_one(text)
        if statement.kind is catalog.Kind.TABLE and isinstance(parsed, exp.Create):
            found.add_table(parse_table(parsed), if_not_exists=True)
        elif isinstance(parsed.expression, exp.Query):
            found.put_view(ViewDefinition(statement.name, text, parsed.expression), replace=True)
    return found


def _reading(
    connection: duckdb.DuckDBPyConnection, need: ScanNeed, table: TableDefinition, now: datetime
) -> Reading:
    partition = table.partition
    if partition is None:
        return Reading(need.columns, set)
    last_day = (now + timedelta(days=partition.days_ahead)).strftime("%Y-%m-%d")
    rows = row_group_filter(need.conditions, table)
    return Reading(need.columns, day_filter(connection, need, partition, last_day), rows)


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
