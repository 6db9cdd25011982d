"""`load_ledger` of MySQL as one who reads it sees it: which objects are in, and how many rows they brought.

`reconciler` asks. Where it can reach MySQL it asks itself; on AWS it is outside the VPC and has `rds_loader`
ask, by an event that `question_of_etags` or `question_of_rows` makes and `answer` answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pymysql.cursors import Cursor

from contract.errors import CrowdLensError
from lambdas.shared.mysql import Database

TASK: Final = "ledger"
"""The ``task`` of an event that asks."""
KEYS_AT_ONCE: Final = 1_000


class QuestionError(CrowdLensError):
    """Raised for an event that asks for nothing that the ledger knows."""


class MySqlLedger:
    """`load_ledger` in MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def etags(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the ETags of those objects that are in MySQL."""
        found: dict[str, str] = {}
        for start in range(0, len(keys), KEYS_AT_ONCE):
            part = list(keys[start : start + KEYS_AT_ONCE])
            found |= self._database.run(_etags_of(part))
        return found

    def rows(self, table: str, day: str) -> int:
        """Return how many rows the objects of a table and day brought that MySQL did not have."""

        def work(cursor: Cursor) -> int:
            cursor.execute(
                "SELECT COALESCE(SUM(COALESCE(rows_new, rows_in_object)), 0) FROM load_ledger "
                "WHERE table_name = %s AND day = %s",
                (table, day),
            )
            row = cursor.fetchone()
            return int(row[0]) if row else 0

        return self._database.run(work)


def _etags_of(keys: list[str]) -> Callable[[Cursor], dict[str, str]]:
    def work(cursor: Cursor) -> dict[str, str]:
        marks = ", ".join(["%s"] * len(keys))
        cursor.execute(
            f"SELECT object_key, etag FROM load_ledger WHERE object_key IN ({marks})",  # noqa: S608 - marks only
            keys,
        )
        return {str(key): str(etag) for key, etag in cursor.fetchall()}

    return work


def question_of_etags(keys: Sequence[str]) -> dict[str, Any]:
    """Return the event that asks for the ETags of at most `KEYS_AT_ONCE` objects."""
    return {"task": TASK, "etags": list(keys)}


def question_of_rows(table: str, day: str) -> dict[str, Any]:
    """Return the event that asks how many rows a table and day brought."""
    return {"task": TASK, "rows": {"table": table, "day": day}}


def answer(ledger: MySqlLedger, event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `ledger` knows, under the name it was asked by; raises `QuestionError`, `DatabaseError`."""
    keys, rows = event.get("etags"), event.get("rows")
    if isinstance(keys, list) and all(isinstance(key, str) for key in keys):
        return {"etags": ledger.etags(keys)}
    if isinstance(rows, Mapping) and isinstance(rows.get("table"), str) and isinstance(rows.get("day"), str):
        return {"rows": ledger.rows(rows["table"], rows["day"])}
    raise QuestionError(
        f"a question to the ledger has {sorted(event)}: expected etags, or rows of a table and day"
    )
