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
"""After this no more totals are begun; the last may take `hour_totals.STATEMENT_SECONDS` more."""


@dataclass
class MaintenanceResult:
    """Rows removed from each table; `finished` is False when time ran out with old rows or totals left."""

    removed: dict[str, int] = field(default_factory=dict)
    finished: bool = True
    totals: hours.TotalsResult = field(default_factory=hours.TotalsResult)


def maintain(
    database: Database, now: datetime, *, monotonic: Callable[[], float] = time.monotonic
) -> MaintenanceResult:
    """Settle live state as of `now` (naive UTC), remove what MySQL no longer keeps, and make hour totals.

    Whole UTC days before `first_kept_day` go from the oldest, in transactions of `ROWS_PER_DELETE` rows, for
    at most `PRUNE_SECONDS`. They go first, whatever becomes of the totals: no total is made of an hour of
    those days. Then hours that are over get their totals, for `TOTALS_SECONDS`. Raises `DatabaseError`; what
    was done until then stays done.
    """
    database.run(lambda cursor: live.settle(cursor, now))
    result = MaintenanceResult()
    result.finished = _prune(database, now, result.removed, monotonic() + PRUNE_SECONDS, monotonic)
    deadline = monotonic() + TOTALS_SECONDS
    result.totals = hours.make_due_totals(database, now, deadline=deadline, monotonic=monotonic)
    result.finished = result.finished and result.totals.finished
    return result


def _prune(
    database: Database,
    now: datetime,
    removed: dict[str, int],
    deadline: float,
    monotonic: Callable[[], float],
) -> bool:
    """Remove what MySQL no longer keeps, counted by table; return whether nothing is left."""
    for table, statement, parameters in _deletions(now):
        gone = ROWS_PER_DELETE
        while gone == ROWS_PER_DELETE:
            if monotonic() > deadline:
                return False
            gone = database.run(lambda cursor: cursor.execute(statement, parameters))  # noqa: B023
            removed[table] = removed.get(table, 0) + gone
    return True


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
