"""The SQL of the loader: record tables, live state and the ledger, all safe to run again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import chain

import pyarrow as pa
from pymysql.cursors import Cursor

from contract.mysql import upsert_statement
from contract.tables import Table
from lambdas.rds_loader import live
from lambdas.rds_loader.rows import in_key_order, latest_rows, mysql_values

ROWS_PER_STATEMENT = 500
"""Past this a longer statement is no faster; 500 rows stay well below 1 MiB, any server's packet limit."""


@dataclass(frozen=True)
class LedgerEntry:
    """One object that is in MySQL; `etag` tells an object from another that replaced it."""

    object_key: str
    etag: str
    table_name: str
    day: str
    rows_in_object: int
    object_bytes: int


def loaded_etag(cursor: Cursor, object_key: str) -> str | None:
    """Return the etag of the object when it was loaded, None when it was not."""
    cursor.execute("SELECT etag FROM load_ledger WHERE object_key = %s", (object_key,))
    row = cursor.fetchone()
    return None if row is None else str(row[0])


def upsert_rows(cursor: Cursor, table: Table, data: pa.Table) -> None:
    """Write the rows of `data` into the record table; rows that are there already stay as they are."""
    for rows in mysql_values(in_key_order(data), table.columns, ROWS_PER_STATEMENT):
        cursor.execute(upsert_statement(table, len(rows)), list(chain.from_iterable(rows)))


def advance_live(cursor: Cursor, zone_counts: pa.Table, not_after: datetime) -> None:
    """Move `zone_live` forward to the latest of `zone_counts`; never back.

    Rows with an event time after `not_after` (naive UTC) come from a clock that runs ahead; they would hold
    the zone's live state until that time has come, so they are left out.
    """
    latest = latest_rows(live.eligible(zone_counts, not_after), live.KEY, live.ORDER)
    for rows in mysql_values(latest, live.COLUMNS, ROWS_PER_STATEMENT):
        cursor.execute(live.upsert_statement(len(rows)), list(chain.from_iterable(rows)))


def record_load(cursor: Cursor, entry: LedgerEntry) -> None:
    """Write the ledger row of a loaded object."""
    cursor.execute(
        "INSERT INTO load_ledger "
        "(object_key, etag, table_name, day, rows_in_object, object_bytes, loaded_at) "
        "VALUES (%s, %s, %s, %s, %s, %s, UTC_TIMESTAMP(3)) "
        "ON DUPLICATE KEY UPDATE etag = VALUES(etag), rows_in_object = VALUES(rows_in_object), "
        "object_bytes = VALUES(object_bytes), loaded_at = VALUES(loaded_at)",
        (
            entry.object_key,
            entry.etag,
            entry.table_name,
            entry.day,
            entry.rows_in_object,
            entry.object_bytes,
        ),
    )
