"""The rows of MySQL's tables against what its ledger says that objects brought, by table and UTC day."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from pymysql.cursors import Cursor

from contract.tables import TABLES
from lambdas.shared.load_ledger import MySqlLedger

if TYPE_CHECKING:
    from cli.rebuild.lake import ListedObject
    from lambdas.shared.mysql import Database

_KEYS_AT_ONCE: Final = 1_000
# One statement sees one instant: a loader writes rows and their sum in one transaction.
_BOTH = """SELECT day, SUM(counted), SUM(brought) FROM (
    SELECT DATE(event_time) AS day, COUNT(*) AS counted, 0 AS brought
    FROM `{table}` WHERE event_time >= %s GROUP BY DATE(event_time)
    UNION ALL
    SELECT day, 0, SUM(COALESCE(rows_new, rows_in_object))
    FROM load_ledger WHERE table_name = %s AND day >= %s GROUP BY day
) AS sides GROUP BY day HAVING SUM(counted) <> SUM(brought) ORDER BY day"""
_ADD = (
    "UPDATE load_ledger SET rows_new = COALESCE(rows_new, rows_in_object) + %s "
    "WHERE table_name = %s AND day = %s ORDER BY object_key LIMIT 1"
)


@dataclass(frozen=True)
class DayRows:
    """A table's UTC day: the rows that are in MySQL, and those that its ledger says were brought."""

    table: str
    day: str
    counted: int
    brought: int

    @property
    def lost(self) -> int:
        """How many rows were brought and are not there."""
        return max(0, self.brought - self.counted)


class CountedLedger(MySqlLedger):
    """`load_ledger`, but rows are counted where they lie: a row deleted since is seen.

    A count reads an index of the day: too much for a function that looks every quarter of an hour.
    """

    def rows(self, table: str, day: str) -> int:
        """Return how many rows of a record table and UTC day are in MySQL; raises `DatabaseError`."""
        following = (date.fromisoformat(day) + timedelta(days=1)).isoformat()

        def work(cursor: Cursor) -> int:
            cursor.execute(
                f"SELECT COUNT(*) FROM `{table}` WHERE `event_time` >= %s AND `event_time` < %s",  # noqa: S608
                (day, following),
            )
            row = cursor.fetchone()
            return int(row[0]) if row else 0

        return self._database.run(work)


def forget_lost(
    database: Database, listed: Sequence[ListedObject], first_days: Mapping[str, str]
) -> list[DayRows]:
    """Take the objects of days that lost rows out of the ledger, so that they are loaded again.

    Only objects that the lake has, `listed`, are forgotten. Returns these days; raises `DatabaseError`.
    """
    lost = [one for name in TABLES for one in _unequal(database, name, first_days[name]) if one.lost]
    for one in lost:
        keys = [item.created.key for item in listed if (item.table_name, item.day) == (one.table, one.day)]
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            database.run(partial(_forget, keys=keys[start : start + _KEYS_AT_ONCE]))
    return lost


def square_sums(database: Database, first_days: Mapping[str, str]) -> None:
    """Make the ledger's sum of new rows of each table and day the number of its rows again.

    An object that was taken out of the ledger and loaded again brought nothing new the second time. Raises
    `DatabaseError`.
    """
    for name in TABLES:
        database.run(partial(_square, table=name, first_day=first_days[name]))


def _square(cursor: Cursor, *, table: str, first_day: str) -> None:
    # What a loader adds meanwhile adds to both sides: the difference stays what it is.
    for one in _day_rows(cursor, table=table, first_day=first_day):
        cursor.execute(_ADD, (one.counted - one.brought, table, one.day))


def _unequal(database: Database, table: str, first_day: str) -> list[DayRows]:
    return database.run(partial(_day_rows, table=table, first_day=first_day))


def _day_rows(cursor: Cursor, *, table: str, first_day: str) -> list[DayRows]:
    """Return the days of a table where rows and sum are not equal."""
    cursor.execute(_BOTH.format(table=table), (first_day, table, first_day))
    return [
        DayRows(table, str(day), int(counted), int(brought)) for day, counted, brought in cursor.fetchall()
    ]


def _forget(cursor: Cursor, *, keys: Collection[str]) -> None:
    marks = ", ".join(["%s"] * len(keys))
    cursor.execute(f"DELETE FROM load_ledger WHERE object_key IN ({marks})", list(keys))  # noqa: S608 - marks
