"""Digests of content: equal when the rows are equal to the byte, whichever way they came.

A digest is the SHA-256 of all rows in the order of the key, each as the line `lambdas.rds_loader.text.lines`
writes. Left out: `load_ledger`, which says which objects brought the rows and when (compaction changes the
objects, never the rows); `schema_migrations` and `projection_state`, which say when work was done.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
from pymysql.cursors import SSCursor

from contract.columns import Column
from contract.mysql import first_kept_day
from contract.tables import TABLES
from lambdas.rds_loader import live
from lambdas.rds_loader.text import lines
from lambdas.shared.lake_schema import arrow_type

if TYPE_CHECKING:
    from lambdas.shared.mysql import Connection

ROWS_AT_ONCE: Final = 10_000
EVERY_DAY: Final = "1970-01-01"
LEFT_OUT: Final = {
    "load_ledger": "names the objects that brought the rows, and when; compaction changes the objects",
    "schema_migrations": "says when each migration was applied",
    "projection_state": "says until when live state is settled",
}


@dataclass(frozen=True)
class Digest:
    """How many rows a table holds and the SHA-256 of them, as hexadecimal digits."""

    table: str
    rows: int
    sha256: str


@dataclass(frozen=True)
class Projected:
    """A table whose content follows from the lake: its columns and its key."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]


PROJECTED: Final = (
    *(Projected(table.name, table.columns, ("record_id",)) for table in TABLES.values()),
    Projected(
        live.TABLE_NAME,
        tuple(
            replace(column, nullable=False) if column.name == "camera" else column for column in live.COLUMNS
        ),
        live.KEY,
    ),
)


def first_days(today: date, *, every_day: bool) -> dict[str, str]:
    """Return the first UTC day of each table that is compared: what MySQL keeps, or all there is."""
    kept = {name: EVERY_DAY if every_day else first_kept_day(name, today) for name in TABLES}
    return {**kept, live.TABLE_NAME: kept["zone_counts"]}


def begin_snapshot(connection: Connection) -> None:
    """Make all reads that follow on `connection` see one instant."""
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")


def table_digest(connection: Connection, table: Projected, first_day: str) -> Digest:
    """Return the digest of the rows of a table in MySQL from `first_day` on; raises `pymysql.MySQLError`."""
    return digest_of(table, mysql_rows(connection, table, first_day))


def digest_of(table: Projected, parts: Iterator[pa.Table] | Sequence[pa.Table]) -> Digest:
    """Return the digest of rows that come in the order of the table's key."""
    summed, rows = hashlib.sha256(), 0
    for part in parts:
        if part.num_rows:
            summed.update(lines(part, table.columns))
        rows += part.num_rows
    return Digest(table.name, rows, summed.hexdigest())


def mysql_rows(
    connection: Connection, table: Projected, first_day: str, *, last_day: str | None = None
) -> Iterator[pa.Table]:
    """Yield the rows of a table in MySQL by key, of UTC days from `first_day` (to `last_day`).

    They stream: memory holds `ROWS_AT_ONCE`. Raises `pymysql.MySQLError`.
    """
    listed = ", ".join(f"`{column.name}`" for column in table.columns)
    order = ", ".join(f"`{name}`" for name in table.key)
    statement = f"SELECT {listed} FROM `{table.name}` WHERE `event_time` >= %s"  # noqa: S608 - names of ours
    parameters = [first_day]
    if last_day is not None:
        statement += " AND `event_time` < %s"
        parameters.append(_day_after(last_day))
    with connection.cursor(SSCursor) as cursor:
        cursor.execute(f"{statement} ORDER BY {order}", parameters)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield _arrow(rows, table.columns)


def _day_after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def _arrow(rows: Sequence[tuple[Any, ...]], columns: Sequence[Column]) -> pa.Table:
    arrays: list[Any] = []
    for column, values in zip(columns, zip(*rows, strict=True), strict=True):
        # The driver reads TINYINT as a number.
        listed = (
            [None if value is None else bool(value) for value in values] if _is_boolean(column) else values
        )
        arrays.append(pa.array(listed, arrow_type(column)))
    return pa.Table.from_arrays(arrays, names=[column.name for column in columns])


def _is_boolean(column: Column) -> bool:
    return column.arrow_type == "bool"
