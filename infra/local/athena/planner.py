"""Which partitions and columns a query needs, asked from DuckDB's own optimiser.

The query is explained over empty tables of the same columns; the conditions that reach a scan are then
tried on each day. Whatever is not understood keeps the day: pruning may only ever leave out what no row of
the answer can come from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from infra.local.athena.definitions import Partition, TableDefinition
from infra.local.athena.expand import physical_name
from infra.local.athena.lake import DayFilter

_OPTIONAL = "optional: "
_FOUND_WHILE_RUNNING = re.compile(r"Dynamic Filter \([^()]*\)")
# Over empty tables the first two would conclude that there is nothing to scan; the third would read once what
# Athena reads, and charges for, once a mention.
_PLANNING_SETTINGS = "SET disabled_optimizers = 'statistics_propagation,empty_result_pullup,common_subplan'"
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class ScanNeed:
    """What one scan of a table reads: its columns, those of its conditions among them.

    Every row it hands on fulfils each of `conditions`.
    """

    columns: frozenset[str]
    conditions: tuple[exp.Expr, ...]


def needs(
    connection: duckdb.DuckDBPyConnection, sql: str, tables: Mapping[str, TableDefinition]
) -> dict[str, list[ScanNeed]]:
    """Return every scan that the DuckDB query `sql` makes of each of `tables`, by table name.

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
    found: dict[str, list[ScanNeed]] = {}
    for scan in _scans(json.loads(plan)):
        scanned = by_physical.get(str(scan["Table"]).rpartition(".")[2].strip('"'))
        if scanned is not None:
            found.setdefault(scanned.name, []).append(_need(scan, scanned))
    return found


def day_filter(
    connection: duckdb.DuckDBPyConnection, need: ScanNeed, partition: Partition, last_day: str
) -> DayFilter:
    """Return which partitions hold rows for the scan, of the projected ones until `last_day`."""
    name = partition.column.name
    wanted = [
        condition.sql(dialect="duckdb")
        for condition in need.conditions
        if {column.name for column in condition.find_all(exp.Column)} == {name}
    ]
    condition = " AND ".join(f"({text})" for text in wanted) or "TRUE"
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


def _need(scan: Mapping[str, Any], table: TableDefinition) -> ScanNeed:
    columns = set(_as_list(scan.get("Projections")))
    conditions = []
    for text in _as_list(scan.get("Filters")):
        condition = _parsed(_FOUND_WHILE_RUNNING.sub("TRUE", text.replace(_OPTIONAL, "")))
        if condition is not None:
            conditions += _conjuncts(condition)
        # The plan does not list a column that is only compared, but it is read all the same.
        columns.update(_WORD.findall(text) if condition is None else _columns_of(condition))
    known = {column.name for column in table.all_columns}
    return ScanNeed(frozenset(columns & known), tuple(conditions))


def _conjuncts(condition: exp.Expr) -> list[exp.Expr]:
    plain = condition.unnest()
    if isinstance(plain, exp.And):
        return [*_conjuncts(plain.left), *_conjuncts(plain.right)]
    return [plain]


def _columns_of(condition: exp.Expr) -> set[str]:
    return {column.name for column in condition.find_all(exp.Column)}


def _as_list(value: object) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _parsed(text: str) -> exp.Expr | None:
    try:
        return sqlglot.parse_one(text, read="duckdb")
    except sqlglot.errors.SqlglotError:
        return None
