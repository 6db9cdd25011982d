"""What keeps the projection small and present: old rows go, live state catches up with the clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from contract.mysql import first_kept_day
from contract.tables import TABLES
from lambdas.rds_loader import hours, live
from lambdas.shared.mysql import Database

ROWS_PER_DELETE: Final = 5_000
"""Short transactions, so that no loader waits long for a row that is going."""
PRUNE_SECONDS: Final = 30.0
"""When the time is up the rest waits for the next run; a function has 60 s."""
TOTALS_SECONDS: Final = 15.0


@dataclass
class MaintenanceResult:
    """Rows removed from each table; `finished` is False when time ran out with old rows left."""

    removed: dict[str, int] = field(default_factory=dict)
    finished: bool = True


def maintain(
    database: Database, now: datetime, *, monotonic: Callable[[], float] = time.monotonic
) -> MaintenanceResult:
    """Settle live state as of `now` (naive UTC), make hour totals, and remove what MySQL no longer keeps.

    Hours that are over get their totals before their rows go, for at most `TOTALS_SECONDS`. Whole UTC days
    before `first_kept_day` go from the oldest, in transactions of `ROWS_PER_DELETE` rows; all of it ends
    after `PRUNE_SECONDS`. Raises `DatabaseError`; what was done until then stays done.
    """
    database.run(lambda cursor: live.settle(cursor, now))
    began = monotonic()
    finished = hours.make_due_totals(database, now, deadline=began + TOTALS_SECONDS, monotonic=monotonic)
    deadline = began + PRUNE_SECONDS
    result = MaintenanceResult(finished=finished)
    for table, statement, parameters in _deletions(now):
        removed = ROWS_PER_DELETE
        while removed == ROWS_PER_DELETE:
            if monotonic() > deadline:
                result.finished = False
                return result
            removed = database.run(lambda cursor: cursor.execute(statement, parameters))  # noqa: B023
            result.removed[table] = result.removed.get(table, 0) + removed
    return result


def _deletions(now: datetime) -> list[tuple[str, str, tuple[object, ...]]]:
    """Return what to delete: table, statement, parameters."""
    today = now.date()
    live_day = first_kept_day("zone_counts", today)
    found: list[tuple[str, str, tuple[object, ...]]] = [
        (live.TABLE_NAME, _by_time(live.TABLE_NAME), (live_day,))
    ]
    found += [
        (table, f"{statement} LIMIT {ROWS_PER_DELETE}", values)
        for table, statement, values in hours.deletions(now)
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
