"""Tables and views of the local database, made by the same statements that Athena gets."""

from __future__ import annotations

import itertools
import re
import threading
from dataclasses import dataclass

import pyarrow as pa
import sqlglot
from sqlglot import exp

from infra.local.athena.errors import AthenaQueryError, Fault, not_supported

_ARROW_OF_HIVE: dict[str, pa.DataType] = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "int": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("ms"),
    "date": pa.date32(),
}
_ATHENA_OF_HIVE = {"string": "varchar", "int": "integer"}
_DUCKDB_OF_HIVE = {"string": "VARCHAR", "timestamp": "TIMESTAMP_MS"}
JSON_SERDE = "org.apache.hive.hcatalog.data.JsonSerDe"
_CHANGES = itertools.count(1)
_TEMPLATE = re.compile(r"([a-z_]+)=\$\{([a-z_]+)\}/?$")
_RANGE_START = re.compile(r"\s*(\d{4}-\d{2}-\d{2})\s*,")
_RANGE_END = re.compile(r",\s*NOW\s*(?:\+\s*(\d+)\s*DAYS?)?\s*$")


@dataclass(frozen=True)
class ColumnDefinition:
    """A column with its Hive type."""

    name: str
    hive_type: str
    comment: str = ""

    @property
    def arrow_type(self) -> pa.DataType:
        """The type the column is read as."""
        return _ARROW_OF_HIVE[self.hive_type]

    @property
    def athena_type(self) -> str:
        """The type's name in query results."""
        return _ATHENA_OF_HIVE.get(self.hive_type, self.hive_type)

    @property
    def duckdb_type(self) -> str:
        """The type's name in DuckDB."""
        return _DUCKDB_OF_HIVE.get(self.hive_type, self.hive_type.upper())


@dataclass(frozen=True)
class Partition:
    """One date partition, computed by projection.

    `directory_key` is the name in the folders (``day`` of ``day=2026-11-21``); days before `first_day` or
    more than `days_ahead` after today are not projected, hence not seen.
    """

    column: ColumnDefinition
    directory_key: str
    first_day: str
    days_ahead: int


@dataclass(frozen=True)
class TableDefinition:
    """An external table: of parquet by day, or without a `partition` of JSON, one object a line."""

    name: str
    columns: tuple[ColumnDefinition, ...]
    partition: Partition | None
    location: str
    comment: str
    parameters: dict[str, str]

    @property
    def all_columns(self) -> tuple[ColumnDefinition, ...]:
        """Data columns, then the partition column, as `SELECT *` shows them."""
        return (*self.columns, *self.partition_columns)

    @property
    def partition_columns(self) -> tuple[ColumnDefinition, ...]:
        """The partition column, if there is one."""
        return () if self.partition is None else (self.partition.column,)

    @property
    def prefix(self) -> str:
        """The location without its bucket."""
        return self.location.removeprefix("s3://").partition("/")[2]

    def arrow_schema(self) -> pa.Schema:
        """Return the schema the objects are read with: what they lack is null."""
        return pa.schema([(column.name, column.arrow_type) for column in self.all_columns])


@dataclass(frozen=True)
class ViewDefinition:
    """A view: its text as it was given and its query."""

    name: str
    text: str
    query: exp.Query


class Definitions:
    """What exists in the database; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tables: dict[str, TableDefinition] = {}
        self._views: dict[str, ViewDefinition] = {}
        self._version = 0

    @property
    def version(self) -> int:
        """A number that no other state of any definitions has; a copy that nobody changed has the same."""
        return self._version

    def copy(self) -> Definitions:
        """Return another database with the same tables and views."""
        other = Definitions()
        with self._lock:
            other._tables, other._views, other._version = dict(self._tables), dict(self._views), self._version
        return other

    def tables(self) -> dict[str, TableDefinition]:
        """Return the external tables by name."""
        with self._lock:
            return dict(self._tables)

    def views(self) -> dict[str, ViewDefinition]:
        """Return the views by name."""
        with self._lock:
            return dict(self._views)

    def add_table(self, table: TableDefinition, *, if_not_exists: bool) -> None:
        """Add a table; raises `AthenaQueryError` when the name is taken and `if_not_exists` is not set."""
        with self._lock:
            if table.name in self._tables or table.name in self._views:
                if if_not_exists and table.name in self._tables:
                    return
                raise AthenaQueryError(Fault.GENERIC, f"{table.name} already exists")
            self._tables[table.name] = table
            self._version = next(_CHANGES)

    def put_view(self, view: ViewDefinition, *, replace: bool) -> None:
        """Add a view; raises `AthenaQueryError` when the name is taken and `replace` is not set."""
        with self._lock:
            if view.name in self._tables or (view.name in self._views and not replace):
                raise AthenaQueryError(Fault.GENERIC, f"{view.name} already exists")
            self._views[view.name] = view
            self._version = next(_CHANGES)

    def drop_view(self, name: str, *, if_exists: bool) -> None:
        """Remove a view; raises `AthenaQueryError` when there is none and `if_exists` is not set."""
        with self._lock:
            if self._views.pop(name, None) is None and not if_exists:
                raise AthenaQueryError(Fault.TABLE_NOT_FOUND, f"View '{name}' does not exist")
            self._version = next(_CHANGES)


def parse_table(statement: exp.Create) -> TableDefinition:
    """Return the table of a CREATE EXTERNAL TABLE statement.

    Raises `AthenaQueryError` when the table is neither parquet partitioned by one projected date nor JSON
    without partitions.
    """
    schema = statement.this
    if not isinstance(schema, exp.Schema):
        raise not_supported("CREATE TABLE AS SELECT")
    name = schema.this.name.lower()
    properties = _properties(statement)
    location = str(properties.pop("location", ""))
    if not location.startswith("s3://"):
        raise not_supported(f"table {name} without a location in S3")
    return TableDefinition(
        name=name,
        columns=tuple(_column(node) for node in schema.expressions),
        partition=_partition(name, statement, properties),
        location=location.rstrip("/") + "/",
        comment=_comment(statement),
        parameters=properties,
    )


def _partition(name: str, statement: exp.Create, properties: dict[str, str]) -> Partition | None:
    partitions = list(statement.find_all(exp.PartitionedByProperty))
    columns = [_column(node) for node in partitions[0].this.expressions] if partitions else []
    serde = statement.find(exp.RowFormatSerdeProperty)
    if not columns and serde is not None and serde.this.name == JSON_SERDE:
        return None
    if len(columns) != 1 or serde is not None:
        raise not_supported(
            f"table {name} that is neither parquet with one partition column nor JSON with none"
        )
    (column,) = columns
    return Partition(
        column,
        _directory_key(name, column.name, properties),
        _range_start(name, column.name, properties),
        _days_ahead(name, column.name, properties),
    )


def _properties(statement: exp.Create) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in statement.find_all(exp.Property):
        if type(node) is exp.Property:
            found[node.name] = node.args["value"].name
        elif isinstance(node, exp.LocationProperty):
            found["location"] = node.this.name
    return found


def _column(node: exp.Expr) -> ColumnDefinition:
    kind = node.args["kind"].sql(dialect="hive").lower()
    if kind not in _ARROW_OF_HIVE:
        raise not_supported(f"column {node.name} of type {kind}")
    comment = node.find(exp.CommentColumnConstraint)
    return ColumnDefinition(node.name.lower(), kind, comment.this.name if comment else "")


def _comment(statement: exp.Create) -> str:
    node = statement.find(exp.SchemaCommentProperty)
    return node.this.name if node else ""


def _directory_key(table: str, partition: str, properties: dict[str, str]) -> str:
    template = properties.get("storage.location.template", f"{partition}=${{{partition}}}/")
    match = _TEMPLATE.search(template)
    if match is None or match[2] != partition:
        raise not_supported(f"table {table} with the storage.location.template {template!r}")
    return match[1]


def _range_start(table: str, partition: str, properties: dict[str, str]) -> str:
    match = _RANGE_START.match(properties.get(f"projection.{partition}.range", ""))
    if match is None or properties.get("projection.enabled") != "true":
        raise not_supported(f"table {table} without a projected range of dates")
    return match[1]


def _days_ahead(table: str, partition: str, properties: dict[str, str]) -> int:
    match = _RANGE_END.search(properties.get(f"projection.{partition}.range", ""))
    if match is None:
        raise not_supported(f"table {table} whose projected range does not end in NOW")
    return int(match[1] or 0)


def parse_one(sql: str) -> exp.Expr:
    """Return the one statement in `sql`; raises `AthenaQueryError` when it does not parse."""
    try:
        statements = sqlglot.parse(sql, read="athena")
    except sqlglot.errors.SqlglotError as error:
        details = getattr(error, "errors", None) or [{}]
        first = details[0]
        where = f"line {first.get('line', 1)}:{first.get('col', 1)}"
        what = first.get("description") or str(error).splitlines()[0]
        raise AthenaQueryError(Fault.SYNTAX, f"{where}: {what}") from error
    if len(statements) != 1 or statements[0] is None:
        raise AthenaQueryError(Fault.SYNTAX, f"line 1:1: expected one statement, found {len(statements)}")
    return statements[0]
