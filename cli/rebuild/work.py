"""The rebuild itself: drop, make anew, load every object that the ledger lacks until it lacks none."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from cli.rebuild.guards import LAKE_MARK, REBUILD_MARK, RebuildError, lake_mark
from cli.rebuild.lake import Lake, ListedObject, list_objects
from cli.rebuild.rows import DayRows, forget_lost, square_sums
from contract.tables import TABLES
from lambdas.migrations.runner import apply_migrations
from lambdas.rds_loader import hours, live
from lambdas.rds_loader.ledger import loaded_etags
from lambdas.rds_loader.loader import Loader, LoadResult
from lambdas.shared.lake_store import LakeObjectMissingError
from lambdas.shared.mysql import Database, DatabaseUnavailableError

if TYPE_CHECKING:
    from lambdas.shared.mysql import Connection

DROPPED: Final = ("schema_migrations", "projection_state", *TABLES, live.TABLE_NAME, "load_ledger")
"""What the lake can give back, and nothing else: whatever people typed in stays.

First goes the memory of migrations and of a rebuild, so that one cut off here begins anew and migrations
make every table again: each of their files is safe to repeat. The ledger goes last and comes back after the
tables: a loader that is at work meanwhile finds both of one kind, or fails and is called again.
"""
OBJECTS_AT_ONCE: Final = 50
_TIMES_GONE: Final = 3
_KEYS_AT_ONCE: Final = 1_000
_DROP_WAIT_SECONDS: Final = 30


@dataclass
class Progress:
    """How far a rebuild is.

    `failed` has a sentence for each object that could not be loaded; `gone` counts how often an object was
    listed and then not there.
    """

    objects: int = 0
    objects_total: int = 0
    rows: int = 0
    day: str = ""
    resumed: bool = False
    seconds: float = 0.0
    failed: dict[str, str] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)


def begin(connection: Connection, now: datetime, lake_name: str) -> None:
    """Drop and make the projection, to be loaded from the lake of this name.

    The marks are written last, so that a rebuild cut off before them drops again, and removed by `finish`.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION lock_wait_timeout = %s", (_DROP_WAIT_SECONDS,))
        for name in DROPPED:
            cursor.execute(f"DROP TABLE IF EXISTS `{name}`")
    apply_migrations(connection)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO projection_state (name, value_time) VALUES (%s, %s), (%s, %s)",
            (REBUILD_MARK, now, lake_mark(lake_name), now),
        )
    connection.commit()


@dataclass(frozen=True)
class Rebuild:
    """The loading half of a rebuild, after `begin`; `report` is told after every group of objects."""

    lake: Lake
    database: Database
    loader: Loader
    first_days: Mapping[str, str]
    report: Callable[[Progress], None]
    progress: Progress

    def load_missing(self) -> None:
        """Load every object of the lake that the ledger lacks, newest days first, until it lacks none.

        The lake is listed again after each round, because the compactor may fold an object away between its
        listing and its reading: its rows are then in a compacted object, which the next round finds. Raises
        `RebuildError` when MySQL is away, and at the end when objects that are there could not be loaded;
        what was loaded until then stays.
        """
        started, progress = time.monotonic(), self.progress
        while missing := self._missing():
            progress.objects_total = progress.objects + len(missing)
            for start in range(0, len(missing), OBJECTS_AT_ONCE):
                part = missing[start : start + OBJECTS_AT_ONCE]
                for result in self.loader.load_many([listed.created for listed in part]).values():
                    _note(result, progress)
                progress.day, progress.seconds = part[-1].day, time.monotonic() - started
                self.report(progress)
        for key, reason in progress.failed.items():
            raise RebuildError(
                f"{len(progress.failed)} objects could not be loaded, the first is {key}: {reason}; the "
                "others are in MySQL, and the command run again tries these once more"
            )

    def forget_lost(self) -> list[DayRows]:
        """Have `load_missing` load again the days whose rows are fewer than the ledger says; return these."""
        return forget_lost(self.database, self._listed(), self.first_days)

    def square_sums(self) -> None:
        """Make the ledger's sums the numbers of rows again."""
        square_sums(self.database, self.first_days)

    def finish(self, now: datetime) -> None:
        """Settle live state as of `now` (naive UTC), make hour totals, and take the marks away."""
        self.database.run(lambda cursor: live.settle(cursor, now))
        # What the map calls usual is right again at once, not after the schedule's next runs.
        hours.make_due_totals(self.database, now, deadline=math.inf)
        self.database.run(
            lambda cursor: cursor.execute(
                "DELETE FROM projection_state WHERE name = %s OR name LIKE %s",
                (REBUILD_MARK, f"{LAKE_MARK}%"),
            )
        )

    def _missing(self) -> list[ListedObject]:
        listed = self._listed()
        known = self._known([one.created.key for one in listed])
        missing = [
            one
            for one in listed
            if known.get(one.created.key) != one.created.etag and one.created.key not in self.progress.failed
        ]
        # Newest days first: the live map is right again within the first seconds.
        missing.sort(key=lambda one: one.created.key)
        return sorted(missing, key=lambda one: one.day, reverse=True)

    def _listed(self) -> list[ListedObject]:
        tables = TABLES.values()
        return [
            one for table in tables for one in list_objects(self.lake, table, self.first_days[table.name])
        ]

    def _known(self, keys: Sequence[str]) -> dict[str, str]:
        known: dict[str, str] = {}
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            part = keys[start : start + _KEYS_AT_ONCE]
            known.update(self.database.run(partial(loaded_etags, object_keys=part)))
        return known


def _note(result: LoadResult, progress: Progress) -> None:
    if result.error is None:
        progress.objects += 1
        progress.rows += result.rows
        return
    if isinstance(result.error, DatabaseUnavailableError):
        raise RebuildError(f"{result.error}; run the command again to go on") from result.error
    if isinstance(result.error, LakeObjectMissingError):
        progress.gone[result.key] = progress.gone.get(result.key, 0) + 1
        if progress.gone[result.key] < _TIMES_GONE:
            return
    progress.failed[result.key] = str(result.error)
