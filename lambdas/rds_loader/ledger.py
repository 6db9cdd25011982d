"""`load_ledger`: which objects of the lake are in MySQL, written in the transaction that loads them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pymysql.cursors import Cursor

_CLAIM = (
    "INSERT INTO load_ledger "
    "(object_key, etag, table_name, day, rows_in_object, object_bytes, loaded_at, rows_new) "
    "VALUES (%s, %s, %s, %s, %s, %s, UTC_TIMESTAMP(3), 0) "
    # From left to right: until the etag is assigned it is the old one. A row that stays as it is counts 0.
    "ON DUPLICATE KEY UPDATE loaded_at = IF(etag = VALUES(etag), loaded_at, VALUES(loaded_at)), "
    "rows_in_object = VALUES(rows_in_object), object_bytes = VALUES(object_bytes), etag = VALUES(etag)"
)
_ADD_NEW = "UPDATE load_ledger SET rows_new = COALESCE(rows_new, 0) + %s WHERE object_key = %s"


@dataclass(frozen=True)
class LedgerEntry:
    """One object that is in MySQL; `etag` tells an object from another that replaced it."""

    object_key: str
    etag: str
    table_name: str
    day: str
    rows_in_object: int
    object_bytes: int


def loaded_etags(cursor: Cursor, object_keys: Collection[str]) -> dict[str, str]:
    """Return the etags of those objects that were loaded."""
    if not object_keys:
        return {}
    marks = ", ".join(["%s"] * len(object_keys))
    cursor.execute(
        f"SELECT object_key, etag FROM load_ledger WHERE object_key IN ({marks})",  # noqa: S608 - marks only
        list(object_keys),
    )
    return {str(key): str(etag) for key, etag in cursor.fetchall()}


def claim(cursor: Cursor, entry: LedgerEntry) -> bool:
    """Write the ledger row of an object before its rows; False when it is there in this very form.

    Another loader of the same object waits here until this transaction ends, and then finds the row.
    """
    fields = (entry.object_key, entry.etag, entry.table_name, entry.day)
    return cursor.execute(_CLAIM, (*fields, entry.rows_in_object, entry.object_bytes)) > 0


def add_new_rows(cursor: Cursor, object_key: str, rows: int) -> None:
    """Note that an object, and those written with it, brought so many rows that MySQL did not have.

    Their sum over a table and day is the number of its rows, however often records repeat in objects.
    """
    if rows:
        cursor.execute(_ADD_NEW, (rows, object_key))
