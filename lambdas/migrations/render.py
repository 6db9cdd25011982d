"""The tables of the projection as SQL text, derived from the contract.

A migration never changes once it is applied, so 0001 holds the columns of schema version 1 for ever and a
later column comes by a migration of its own; a test holds both equal to the contract.
"""

from __future__ import annotations

from dataclasses import replace

from contract.mysql import create_table_statement
from contract.tables import TABLES, Table

FIRST_SCHEMA_VERSION = 1
HEADER = "-- The record tables of schema version 1, as contract.mysql.create_table_statement writes them."


def first_version(table: Table) -> Table:
    """Return `table` with the columns of schema version 1 alone."""
    own = tuple(column for column in table.own_columns if column.added_in <= FIRST_SCHEMA_VERSION)
    return replace(table, own_columns=own)


def record_tables_sql() -> str:
    """Return the text of 0001_record_tables.sql."""
    statements = [create_table_statement(first_version(table)) for table in TABLES.values()]
    return "\n\n".join([HEADER, *(f"{statement};" for statement in statements)]) + "\n"
