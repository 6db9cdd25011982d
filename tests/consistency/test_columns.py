"""One list of columns: the contract's. The lake, Glue, QuickSight and MySQL are derived from it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from contract.columns import Column, ColumnType
from contract.mysql import column_definition
from contract.tables import HEADER_COLUMNS, SCHEMA_VERSION, TABLES
from lambdas.migrations.render import first_version, record_tables_sql
from lambdas.migrations.runner import read_migrations
from lambdas.migrations.statements import split_statements
from lambdas.rds_loader import live
from lambdas.shared.lake_schema import arrow_schema, arrow_type

EVERY_TABLE = pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
# Written out by hand on purpose: what a type is called in each system is decided here a second time.
SPELLINGS = {
    ColumnType.TEXT: (pa.string(), "string", "STRING", r"VARCHAR\(\d+\)"),
    ColumnType.INTEGER: (pa.int64(), "bigint", "INTEGER", "BIGINT"),
    ColumnType.REAL: (pa.float64(), "double", "DECIMAL", "DOUBLE"),
    ColumnType.BOOLEAN: (pa.bool_(), "boolean", "BOOLEAN", r"TINYINT\(1\)"),
    ColumnType.TIMESTAMP: (pa.timestamp("ms"), "timestamp", "DATETIME", r"DATETIME\(3\)"),
}
CATALOGUE = Path(__file__).parents[2] / "athena" / "tables"
_COLUMN_LINE = re.compile(r"^\s+`(\w+)` (\S+) (NULL|NOT NULL)", re.MULTILINE)


def migrated_columns() -> dict[str, dict[str, str]]:
    """What the migration files make of each table: the definition of each column."""
    tables: dict[str, dict[str, str]] = {}
    for migration in read_migrations():
        for statement in split_statements(migration.sql, migration.name):
            name = re.search(r"`(\w+)`", statement)
            assert name is not None
            columns = tables.setdefault(name[1], {})
            for column, kind, null in _COLUMN_LINE.findall(statement):
                columns[column] = f"`{column}` {kind} {null}"
            for definition in re.findall(r"ADD COLUMN (`\w+` \S+ (?:NOT )?NULL)", statement):
                columns[definition.split("`")[1]] = definition
    return tables


@pytest.mark.parametrize("kind", list(ColumnType), ids=lambda kind: kind.value)
def test_each_type_is_spelled_alike_everywhere(kind: ColumnType) -> None:
    column = Column("x", kind, "x", "x")
    arrow, glue, quicksight, mysql = SPELLINGS[kind]
    assert arrow_type(column) == arrow
    assert (column.glue_type, column.quicksight_type) == (glue, quicksight)
    assert re.fullmatch(mysql, column.mysql_type)


@EVERY_TABLE
def test_the_lake_has_the_columns_of_the_contract(table: Any) -> None:
    assert [(field.name, field.type, field.nullable) for field in arrow_schema(table)] == [
        (column.name, SPELLINGS[column.type][0], column.nullable) for column in table.columns
    ]


@EVERY_TABLE
def test_the_catalogue_has_the_columns_of_the_contract(table: Any) -> None:
    statement = (CATALOGUE / f"{table.name}.sql").read_text(encoding="utf-8")
    listed = re.findall(r"^    `(\w+)` (\w+)", statement, re.MULTILINE)
    assert listed == [(column.name, SPELLINGS[column.type][1]) for column in table.columns]
    # Hive takes no partition with the name of a column.
    assert "PARTITIONED BY (`day` string" in statement
    assert "day" not in {column.name for column in table.columns}


@EVERY_TABLE
def test_the_migrations_make_the_columns_of_the_contract(table: Any) -> None:
    assert migrated_columns()[table.name] == {
        column.name: column_definition(column) for column in table.columns
    }


def test_the_first_migration_is_what_the_contract_writes() -> None:
    assert read_migrations()[0].sql == record_tables_sql()


def test_the_live_table_is_made_of_columns_of_zone_counts() -> None:
    columns = migrated_columns()[live.TABLE_NAME]
    expected = {column.name: column_definition(column) for column in live.COLUMNS}
    # A primary key takes no null: a count without a camera has an empty one here.
    expected["camera"] = "`camera` VARCHAR(64) NOT NULL"
    assert columns == expected


@EVERY_TABLE
def test_a_column_of_a_later_version_may_be_null(table: Any) -> None:
    """Devices of the version before do not send it, and old parquet does not hold it."""
    for column in table.columns:
        assert 1 <= column.added_in <= SCHEMA_VERSION
        assert column.nullable or column in first_version(table).columns


@EVERY_TABLE
def test_names_are_plain_and_unique(table: Any) -> None:
    names = [column.name for column in table.columns]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name) for name in names)
    assert set(names) >= HEADER_COLUMNS


@EVERY_TABLE
def test_no_column_could_hold_a_picture(table: Any) -> None:
    for column in table.columns:
        assert column.type in SPELLINGS
        assert column.type is not ColumnType.TEXT or column.maximum_length <= 200
