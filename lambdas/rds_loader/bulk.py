"""The rows of an object into their table: LOAD DATA LOCAL where the server takes it, INSERT where not.

Both keep a row whose record id is there already, so that loading again changes nothing, and both lock rows in
the order of their key, so that two loaders of the same rows wait for each other instead of dead-locking.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
from pymysql.cursors import Cursor

from contract.mysql import insert_parts, load_statement
from contract.tables import Table
from lambdas.rds_loader.rows import in_key_order
from lambdas.rds_loader.text import lines, literal_rows
from lambdas.shared.mysql import SchemaMismatchError
from lambdas.shared.mysql_rows import load_rows

ROWS_PER_LOAD: Final = 50_000
"""Each row that is there already gives a warning; MySQL counts 65,535 of them."""
BYTES_PER_INSERT: Final = 768 * 1024
"""Past this a longer statement is no faster; it stays below 1 MiB, any server's packet limit."""
_DUPLICATE_KEY: Final = 1062


def upsert_rows(cursor: Cursor, table: Table, data: pa.Table) -> int:
    """Write the rows of `data` into the record table; return how many were not there already.

    Those that were stay as they are.

    Raises `SchemaMismatchError` when a value does not fit its column, and `pymysql.MySQLError`.
    """
    ordered, rows_new = in_key_order(data), 0
    for start in range(0, ordered.num_rows, ROWS_PER_LOAD):
        part = ordered.slice(start, ROWS_PER_LOAD)
        if load_rows(cursor, load_statement(table), lines(part, table.columns)):
            rows_new += cursor.rowcount
            _check_warnings(cursor, table, part.num_rows)
        else:
            rows_new += _insert(cursor, table, part)
    return rows_new


def _insert(cursor: Cursor, table: Table, data: pa.Table) -> int:
    before, after = (text.encode() for text in insert_parts(table))
    rows_new = 0
    for rows in literal_rows(data, table.columns, BYTES_PER_INSERT):
        statement = b"%b%b%b" % (before, rows, after)
        cursor.execute(statement)  # type: ignore[call-overload]  # the driver takes bytes, its stubs do not
        # A row that stays as it is counts 0.
        rows_new += cursor.rowcount
    return rows_new


def _check_warnings(cursor: Cursor, table: Table, rows: int) -> None:
    """Raise `SchemaMismatchError` unless each warning is of a row that was there already.

    LOCAL turns errors into warnings: a text that is too long is cut, a missing value becomes zero.
    """
    if cursor.warning_count == rows - cursor.rowcount:
        return
    cursor.execute("SHOW WARNINGS")
    for level, code, message in cursor.fetchall():
        if level != "Note" and code != _DUPLICATE_KEY:
            raise SchemaMismatchError(
                f"table {table.name} in MySQL does not take a value of the contract: {message}; "
                "expected every file of lambdas/migrations/sql to be applied",
                int(code),
            )
