"""What keeps the projection small and present: old rows go, live state catches up with the clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from contract.mysql import first_kept_day
from contract.tables import TABLES
from lambdas.rds_loader import live
from lambdas.shared.mysql import Database

ROWS_PER_DELETE: Final = 5_000
"""Short transactions, so that no loader waits long for a row that is going."""
PRUNE_SECONDS: Final = 30.0
"""When the time is up the rest waits for the next run; a function has 60 s."""


@dataclass
class MaintenanceResult:
    """Rows removed from each table; `finished` is False when time ran out with old rows left."""

    removed: dict[str, int] = field(default_factory=dict)
    finished: bool = True


def maintain(
    database: Database, now: datetime, *, monotonic: Callable[[], float] = time.monotonic
) -> MaintenanceResult:
    """Settle live state as of `now` (naive UTC) and remove what MySQL no longer keeps of each table.

    Removes whole UTC days before `first_kept_day`, from the oldest, in transactions of `ROWS_PER_DELETE`
    rows, for at most `PRUNE_SECONDS`. Raises `DatabaseError`; what was removed until then stays removed.
    """
    database.run(lambda cursor: live.settle(cursor, now))
    deadline = monotonic() + PRUNE_SECONDS
    result = MaintenanceResult()
    for table, statement, parameters in _deletions(now):
        removed = ROWS_PER_DELETE
        while removed == ROWS_PER_DELETE:
            if monotonic() > deadline:
                result.finished = False
                return result
            removed = database.run(lambda cursor: cursor.execute(statement, parameters))  # noqa: B023
            result.removed[table] = result.removed.get(table, 0) + removed
    return result


def _deletions(now: datetime) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return what to delete: table, statement, parameters."""
    today = now.date()
    live_day = first_kept_day("zone_counts", today)
    found: list[tuple[str, str, tuple[str, ...]]] = [
        (live.TABLE_NAME, _by_time(live.TABLE_NAME), (live_day,))
    ]
    for name in TABLES:
        first = first_kept_day(name, today)
        found.append((name, _by_time(name), (first,)))
        ledger = f"DELETE FROM load_ledger WHERE table_name = %s AND day < %s LIMIT {ROWS_PER_DELETE}"  # noqa: S608
        found.append(("load_ledger", ledger, (name, first)))
    return found


def _by_time(table: str) -> str:
    return (
        f"DELETE FROM `{table}` WHERE event_time < %s "  # noqa: S608 - a name of ours
        f"ORDER BY event_time LIMIT {ROWS_PER_DELETE}"
    )
