"""Lake objects → MySQL: each once, in one transaction with its row in the ledger."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from contract.errors import CrowdLensError
from contract.lake import compacted_day_prefix, is_compacted, table_and_day
from lambdas.rds_loader import live
from lambdas.rds_loader.ledger import LedgerEntry, claim, loaded_etags
from lambdas.rds_loader.maintenance import MaintenanceResult, maintain
from lambdas.rds_loader.notifications import ObjectCreated, parse_notification
from lambdas.rds_loader.objects import (
    ObjectStore,
    RowsGoneError,
    WrongBucketError,
    check_object,
    read_objects,
)
from lambdas.rds_loader.repository import PreparedObject, write_group
from lambdas.shared.lake_store import LakeObjectMissingError
from lambdas.shared.mysql import DEADLOCK_ERRORS, Database, DatabaseError, DatabaseUnavailableError
from lambdas.shared.sqs import SqsRecord

__all__ = ["BatchResult", "LoadResult", "Loader", "WrongBucketError"]

OBJECTS_ASKED_AT_ONCE = 50
ROWS_PER_TRANSACTION = 50_000
"""A group ends with the object that reaches this; small objects then share the wait for one commit."""
SETTLE_SECONDS = 60.0


@dataclass(frozen=True)
class LoadResult:
    """What became of an object.

    `rows` is 0 when it was `skipped`, because MySQL has it already, and when an `error` kept it out; then
    nothing of it is in MySQL, and it may be loaded again. `from_compacted` is of a raw object that was gone,
    and whose rows came with the compacted objects of its day.
    """

    key: str
    rows: int
    skipped: bool
    error: CrowdLensError | None = None
    from_compacted: bool = False


@dataclass
class BatchResult:
    """What became of a batch of notifications; `errors` has a class name and a sentence for each failure."""

    objects: int = 0
    objects_skipped: int = 0
    objects_from_compacted: int = 0
    rows: int = 0
    failed_message_ids: list[str] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)


def utc_now() -> datetime:
    """Return the time as naive UTC, as MySQL keeps it."""
    return datetime.now(tz=UTC).replace(tzinfo=None)


class Loader:
    """Loads objects of the lake into MySQL, over one connection."""

    def __init__(
        self, store: ObjectStore, database: Database, *, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._store = store
        self._database = database
        self._clock = clock
        self._settled_at: float | None = None

    def load_batch(self, records: Sequence[SqsRecord]) -> BatchResult:
        """Load every object that `records` name; a message whose object fails is named in the result.

        When MySQL cannot be reached the rest of the batch fails at once, rather than wait for it each time.
        """
        result = BatchResult()
        named: dict[str, list[ObjectCreated]] = {}
        for record in records:
            try:
                named[record.message_id] = parse_notification(record.body)
            except CrowdLensError as error:
                self._fail(result, record.message_id, error)
        loaded = self.load_many(dict.fromkeys(created for some in named.values() for created in some))
        for one in loaded.values():
            result.rows += one.rows
            result.objects_skipped += one.skipped
            result.objects_from_compacted += one.from_compacted
            result.objects += not one.skipped and one.error is None
        for message_id, wanted in named.items():
            failure = next(filter(None, (loaded[created].error for created in wanted)), None)
            if failure is not None:
                self._fail(result, message_id, failure)
        if named:
            self._settle_now_and_then(result)
        return result

    def load(self, created: ObjectCreated) -> LoadResult:
        """Load the object, unless the ledger has it in this very form.

        Raises a `CrowdLensError` when the object cannot be read or MySQL fails; nothing of it is then in
        MySQL, and it may be loaded again.
        """
        loaded = self.load_many([created])[created]
        if loaded.error is not None:
            raise loaded.error
        return loaded

    def load_many(self, wanted: Iterable[ObjectCreated]) -> dict[ObjectCreated, LoadResult]:
        """Load objects, several to a transaction, and return what became of each.

        One that fails keeps no other out. When MySQL cannot be reached, all that are left fail at once.
        """
        results: dict[ObjectCreated, LoadResult] = {}
        remaining = list(wanted)
        for start in range(0, len(remaining), OBJECTS_ASKED_AT_ONCE):
            part = remaining[start : start + OBJECTS_ASKED_AT_ONCE]
            try:
                self._load_part(part, results)
            except DatabaseUnavailableError as error:
                for created in remaining[start:]:
                    results.setdefault(created, LoadResult(created.key, 0, skipped=False, error=error))
                break
            except DatabaseError as error:
                for created in part:
                    results.setdefault(created, LoadResult(created.key, 0, skipped=False, error=error))
        return results

    def maintain(self) -> MaintenanceResult:
        """Bring live state to the present and remove what MySQL no longer keeps; raises `DatabaseError`."""
        return maintain(self._database, self._clock())

    def close(self) -> None:
        """Close the connection to MySQL; the next load makes a new one."""
        self._database.close()

    def _load_part(self, part: Sequence[ObjectCreated], results: dict[ObjectCreated, LoadResult]) -> None:
        known = self._known(part)
        results.update({created: LoadResult(created.key, 0, skipped=True) for created in known})
        for group in _groups(self._readable([one for one in part if one not in known], results)):
            results.update(self._write(group))
        self._load_gone(part, results)

    def _readable(
        self, wanted: Sequence[ObjectCreated], results: dict[ObjectCreated, LoadResult]
    ) -> Iterator[tuple[ObjectCreated, PreparedObject]]:
        """Yield the objects that can be read; of the others, `results` says why not."""
        for created, found in read_objects(self._store, wanted):
            if isinstance(found, CrowdLensError):
                results[created] = LoadResult(created.key, 0, skipped=False, error=found)
            else:
                yield created, found

    def _load_gone(self, part: Sequence[ObjectCreated], results: dict[ObjectCreated, LoadResult]) -> None:
        """Load what holds the rows of raw objects that are gone, also as a version: their day, compacted."""
        gone: dict[tuple[str, str], list[ObjectCreated]] = {}
        for created in part:
            if isinstance(results[created].error, LakeObjectMissingError) and not is_compacted(created.key):
                gone.setdefault(table_and_day(created.key), []).append(created)
        for (table, day), lost in gone.items():
            rows, error = self._load_compacted(table, day)
            for created in lost:
                if error is None:
                    self._claim_empty(created)
                results[created] = LoadResult(created.key, rows, False, error, from_compacted=error is None)
                rows = 0

    def _load_compacted(self, table: str, day: str) -> tuple[int, CrowdLensError | None]:
        """Load the compacted objects of a day that the ledger lacks; return their rows, or what failed."""
        rows = 0
        try:
            listed = list(self._store.keys(compacted_day_prefix(table, day)))
        except CrowdLensError as error:
            return 0, error
        if not listed:
            return 0, RowsGoneError(
                f"a raw object of {table}, day {day}, is gone from {self._store.bucket}, its version too, "
                "and no compacted object of that day is there: expected one that holds its rows"
            )
        for key, etag, _ in listed:
            # One at a time: a compacted object may hold two million rows.
            created = ObjectCreated(self._store.bucket, key, etag)
            loaded = self.load_many([created])[created]
            if loaded.error is not None:
                return rows, loaded.error
            rows += loaded.rows
        return rows, None

    def _claim_empty(self, created: ObjectCreated) -> None:
        """Write the ledger row of an object that others brought, so that nobody looks for it again."""
        if created.etag is not None:
            entry = LedgerEntry(created.key, created.etag, *table_and_day(created.key), 0, 0)
            self._database.run(lambda cursor: claim(cursor, entry))

    def _known(self, part: Sequence[ObjectCreated]) -> set[ObjectCreated]:
        """Return those that the ledger has in the form that the notification names; they need no reading."""
        named: set[ObjectCreated] = set()
        for created in part:
            if created.etag is not None and _is_of_the_lake(self._store, created):
                named.add(created)
        if not named:
            return named
        keys = {created.key for created in named}
        etags = self._database.run(lambda cursor: loaded_etags(cursor, keys))
        return {created for created in named if etags.get(created.key) == created.etag}

    def _write(
        self, group: Sequence[tuple[ObjectCreated, PreparedObject]]
    ) -> dict[ObjectCreated, LoadResult]:
        prepared = [found for _, found in group]
        try:
            new = self._database.run(lambda cursor: write_group(cursor, prepared, self._clock()))
        except DatabaseUnavailableError:
            raise
        except CrowdLensError as error:
            locked = isinstance(error, DatabaseError) and error.code in DEADLOCK_ERRORS
            if len(group) > 1 and not locked:
                # One of them does not fit; the others need not wait for it.
                return {key: value for one in group for key, value in self._write([one]).items()}
            # Locked for all attempts: one by one they would outwait the function's time.
            return {created: LoadResult(created.key, 0, skipped=False, error=error) for created, _ in group}
        return {
            created: LoadResult(created.key, found.rows if created.key in new else 0, created.key not in new)
            for created, found in group
        }

    def _settle_now_and_then(self, result: BatchResult) -> None:
        due = self._settled_at is None or time.monotonic() - self._settled_at >= SETTLE_SECONDS
        if not due:
            return
        try:
            self._database.run(lambda cursor: live.settle(cursor, self._clock()))
            self._settled_at = time.monotonic()
        except DatabaseError as error:
            # The objects of the batch are loaded: the next batch settles.
            result.errors.append((type(error).__name__, str(error)))

    @staticmethod
    def _fail(result: BatchResult, message_id: str, error: CrowdLensError) -> None:
        result.failed_message_ids.append(message_id)
        result.errors.append((type(error).__name__, str(error)))


def _is_of_the_lake(store: ObjectStore, created: ObjectCreated) -> bool:
    try:
        check_object(store, created)
    except CrowdLensError:
        return False
    return True


def _groups(
    readable: Iterable[tuple[ObjectCreated, PreparedObject]],
) -> Iterator[list[tuple[ObjectCreated, PreparedObject]]]:
    """Yield objects that share a transaction; one key comes once a group, since a ledger row is one's."""
    group: list[tuple[ObjectCreated, PreparedObject]] = []
    for created, prepared in readable:
        rows = sum(found.rows for _, found in group)
        if group and (rows >= ROWS_PER_TRANSACTION or any(one.key == created.key for one, _ in group)):
            yield group
            group = []
        group.append((created, prepared))
    if group:
        yield group
