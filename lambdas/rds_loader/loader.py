"""One raw lake object → MySQL, in one transaction with its row in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, timedelta

from pymysql.cursors import Cursor

from contract.errors import CrowdLensError
from contract.lake import parse_raw_key
from contract.tables import TABLES, ZONE_COUNTS
from lambdas.rds_loader.notifications import ObjectCreated, parse_notification
from lambdas.rds_loader.repository import LedgerEntry, advance_live, loaded_etag, record_load, upsert_rows
from lambdas.shared.lake_parquet import decode_parquet
from lambdas.shared.lake_store import LakeStore
from lambdas.shared.mysql import Database, DatabaseUnavailableError
from lambdas.shared.sqs import SqsRecord

LIVE_CLOCK_TOLERANCE = timedelta(minutes=10)
"""How far ahead of its arrival in the lake a record may lie and still be live."""


class WrongBucketError(CrowdLensError):
    """Raised when a notification names another bucket than the lake's."""


@dataclass(frozen=True)
class LoadResult:
    """What became of an object; `rows` is 0 when it was `skipped` because MySQL has it already."""

    key: str
    rows: int
    skipped: bool


@dataclass
class BatchResult:
    """What became of a batch of notifications; `errors` has a class name and a sentence for each failure."""

    objects: int = 0
    objects_skipped: int = 0
    rows: int = 0
    failed_message_ids: list[str] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)


class Loader:
    """Loads raw objects of the lake into MySQL."""

    def __init__(self, store: LakeStore, database: Database) -> None:
        self._store = store
        self._database = database

    def load_batch(self, records: Sequence[SqsRecord]) -> BatchResult:
        """Load every object that `records` name; a message whose object fails is named in the result.

        When MySQL cannot be reached the rest of the batch fails at once, rather than wait for it each time.
        """
        result = BatchResult()
        for position, record in enumerate(records):
            try:
                for created in parse_notification(record.body):
                    self._count(self.load(created), result)
            except CrowdLensError as error:
                result.errors.append((type(error).__name__, str(error)))
                result.failed_message_ids.append(record.message_id)
                if isinstance(error, DatabaseUnavailableError):
                    result.failed_message_ids.extend(rest.message_id for rest in records[position + 1 :])
                    break
        return result

    def load(self, created: ObjectCreated) -> LoadResult:
        """Load the object, unless the ledger has it in this very form.

        Raises a `CrowdLensError` when the object cannot be read or MySQL fails; nothing of it is then in
        MySQL, and it may be loaded again.
        """
        if created.bucket != self._store.bucket:
            raise WrongBucketError(f"bucket is {created.bucket!r}: expected {self._store.bucket!r}")
        table_name, day, _ = parse_raw_key(created.key)
        if created.etag is not None and created.etag == self._loaded_etag(created.key):
            return LoadResult(created.key, 0, skipped=True)
        table = TABLES[table_name]
        stored = self._store.get(created.key)
        data = decode_parquet(stored.body, table, created.key)
        entry = LedgerEntry(created.key, stored.etag, table_name, day, data.num_rows, len(stored.body))
        not_after = stored.last_modified.astimezone(UTC).replace(tzinfo=None) + LIVE_CLOCK_TOLERANCE

        def write(cursor: Cursor) -> bool:
            if loaded_etag(cursor, entry.object_key) == entry.etag:
                return False
            upsert_rows(cursor, table, data)
            if table is ZONE_COUNTS:
                advance_live(cursor, data, not_after)
            record_load(cursor, entry)
            return True

        written = self._database.run(write)
        return LoadResult(created.key, data.num_rows if written else 0, skipped=not written)

    def close(self) -> None:
        """Close the connection to MySQL; the next load makes a new one."""
        self._database.close()

    @staticmethod
    def _count(loaded: LoadResult, result: BatchResult) -> None:
        result.rows += loaded.rows
        if loaded.skipped:
            result.objects_skipped += 1
        else:
            result.objects += 1

    def _loaded_etag(self, key: str) -> str | None:
        return self._database.run(lambda cursor: loaded_etag(cursor, key))
