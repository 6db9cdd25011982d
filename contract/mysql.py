"""MySQL statements derived from the tables, in the intersection of MySQL 8.4 and MariaDB 10.11."""

from __future__ import annotations

from contract.columns import Column
from contract.tables import Table

TABLE_OPTIONS = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"


def column_definition(column: Column) -> str:
    """Return one column of a CREATE TABLE statement."""
    null = "NULL" if column.nullable else "NOT NULL"
    return f"`{column.name}` {column.mysql_type} {null}"


def create_table_statement(table: Table) -> str:
    """Return the CREATE TABLE statement of a record table, keyed by record id."""
    lines = [f"    {column_definition(column)}" for column in table.columns]
    lines.append("    PRIMARY KEY (`record_id`)")
    for columns in table.mysql_indexes:
        listed = ", ".join(f"`{name}`" for name in columns)
        lines.append(f"    KEY `{table.name}_{'_'.join(columns)}` ({listed})")
    body = ",\n".join(lines)
    return f"CREATE TABLE IF NOT EXISTS `{table.name}` (\n{body}\n) {TABLE_OPTIONS}"


def upsert_statement(table: Table, rows: int = 1) -> str:
    """Return an upsert of `rows` rows with one placeholder a column, keyed by record id.

    A record never changes, so a second arrival only writes the same values again.
    """
    names = [column.name for column in table.columns]
    listed = ", ".join(f"`{name}`" for name in names)
    group = "(" + ", ".join(["%s"] * len(names)) + ")"
    return (
        f"INSERT INTO `{table.name}` ({listed}) VALUES {', '.join([group] * rows)} "  # noqa: S608 - names of ours
        "ON DUPLICATE KEY UPDATE `record_id` = VALUES(`record_id`)"
    )
