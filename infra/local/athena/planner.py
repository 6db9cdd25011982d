"""Which partitions and columns a query needs, asked from DuckDB's own optimiser.

The query is explained over empty tables of the same columns; the conditions that reach a scan are then
tried on each day. Whatever is not understood keeps the day: pruning may only ever leave out what no row of
the answer can come from.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from infra.local.athena.definitions import Partition, TableDefinition
from infra.local.athena.expand import physical_name
from infra.local.athena.lake import DayFilter

_OPTIONAL = "optional: "
# Over empty tables these would conclude that there is nothing to scan.
_PLANNING_SETTINGS = "SET disabled_optimizers = 'statistics_propagation,empty_result_pullup'"


@dataclass
class Need:
    """What the scans of one table read: their columns, and one list of day conditions for each scan."""

    columns: set[str] = field(default_factory=set)
    conditions: list[list[str]] = field(default_factory=list)


def needs(
    connection: duckdb.DuckDBPyConnection, sql: str, tables: Mapping[str, TableDefinition]
) -> dict[str, Need]:
    """Return what the DuckDB query `sql` needs of each of `tables`, by table name.

    Makes and drops empty tables of these names in `connection`.
    """
    for table in tables.values():
        connection.execute(_create_empty(table))
    connection.execute(_PLANNING_SETTINGS)
    (_, plan) = connection.execute(f"EXPLAIN (FORMAT JSON) {sql}").fetchall()[-1]
    connection.execute("SET disabled_optimizers = ''")
    for name in tables:
        connection.execute(f'DROP TABLE "{physical_name(name)}"')
    by_physical = {physical_name(name): table for name, table in tables.items()}
    found: dict[str, Need] = {}
    for scan in _scans(json.loads(plan)):
        scanned = by_physical.get(str(scan["Table"]).rpartition(".")[2].strip('"'))
        if scanned is not None:
            need = found.setdefault(scanned.name, Need())
            need.columns.update(_as_list(scan.get("Projections")))
            names = {column.name for column in scanned.partition_columns}
            need.conditions.append(_day_conditions(scan, names))
    return found


def day_filter(
    connection: duckdb.DuckDBPyConnection, need: Need, partition: Partition, last_day: str
) -> DayFilter:
    """Return which partitions hold rows for the query, of the projected ones until `last_day`."""
    wanted = [" AND ".join(f"({text})" for text in conditions) or "TRUE" for conditions in need.conditions]
    condition = " OR ".join(f"({text})" for text in wanted) or "TRUE"
    name = partition.column.name
    sql = f'SELECT "{name}" FROM (SELECT unnest(CAST(? AS VARCHAR[])) AS "{name}") WHERE {condition}'  # noqa: S608 - conditions of DuckDB's own plan

    def keep(days: Collection[str]) -> set[str]:
        projected = [day for day in days if partition.first_day <= day <= last_day]
        return {row[0] for row in connection.execute(sql, [projected]).fetchall()}

    return keep


def _create_empty(table: TableDefinition) -> str:
    columns = ", ".join(f'"{column.name}" {column.duckdb_type}' for column in table.all_columns)
    return f'CREATE TABLE "{physical_name(table.name)}" ({columns})'


def _scans(nodes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in nodes:
        details = node.get("extra_info", {})
        if "Table" in details:
            yield details
        yield from _scans(node.get("children", []))


def _as_list(value: object) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _day_conditions(scan: Mapping[str, Any], partition: set[str]) -> list[str]:
    found = []
    for text in _as_list(scan.get("Filters")):
        condition = _parsed(text.removeprefix(_OPTIONAL))
        if condition is not None and {column.name for column in condition.find_all(exp.Column)} == partition:
            found.append(condition.sql(dialect="duckdb"))
    return found


def _parsed(text: str) -> exp.Expr | None:
    try:
        return sqlglot.parse_one(text, read="duckdb")
    except sqlglot.errors.SqlglotError:
        return None
