"""The rows of MySQL's tables against what its ledger says that objects brought, by table and UTC day."""

from __future__ import annotations

from datetime import date, timedelta

from pymysql.cursors import Cursor

from lambdas.shared.load_ledger import MySqlLedger


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
