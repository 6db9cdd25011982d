"""MySQL statements derived from the tables, in the intersection of MySQL 8.4 and MariaDB 10.11."""

from __future__ import annotations

from datetime import date, timedelta

from contract.columns import Column
from contract.tables import Table

TABLE_OPTIONS = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
DATABASE = "crowdlens"
LOADER_ACCOUNT = "crowdlens_loader"
"""Who writes the projection: rows, never tables."""
READER_ACCOUNT = "crowdlens_reader"
"""Who only asks."""
PLACES_ACCOUNT = "crowdlens_places"
"""Who writes the places of the live map, and nothing else."""
KEPT_DAYS = {
    "zone_counts": 6,
    "line_crossings": 6,
    "tracks": 2,
    "events": 35,
    "classifications": 2,
    "camera_status": 35,
    "device_health": 6,
    "gaps": 35,
    "stream_ledger": 35,
}
"""Whole UTC days of each table that MySQL keeps beside the current one; the lake keeps everything.

Six days are the live card's last five in any time zone; docs/mysql.md has the
arithmetic.
"""


def first_kept_day(table_name: str, today: date) -> str:
    """Return the oldest UTC day, ``YYYY-MM-DD``, of a record table that MySQL keeps on UTC day `today`."""
    return (today - timedelta(days=KEPT_DAYS[table_name])).isoformat()


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


def column_list(table: Table) -> str:
    """Return the columns of a record table as an SQL list without its parentheses."""
    return ", ".join(f"`{column.name}`" for column in table.columns)


def insert_parts(table: Table) -> tuple[str, str]:
    """Return what stands before and after the rows, written as literals, of an upsert keyed by record id."""
    return (
        f"INSERT INTO `{table.name}` ({column_list(table)}) VALUES ",  # noqa: S608 - names of ours
        " ON DUPLICATE KEY UPDATE `record_id` = VALUES(`record_id`)",
    )


def load_statement(table: Table) -> str:
    """Return the LOAD DATA LOCAL that keeps rows whose record id is there already as they are.

    The lines are tab-separated with MySQL's default escapes. The file name is for the server's log: our
    connection sends rows from memory, whatever file it is asked for.
    """
    return (
        f"LOAD DATA LOCAL INFILE 'crowdlens' IGNORE INTO TABLE `{table.name}` CHARACTER SET utf8mb4 "
        f"({column_list(table)})"
    )


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
