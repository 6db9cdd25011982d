"""One piece: some objects of a table and day → the compacted objects that hold their rows, and the proof."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field

import pyarrow as pa

from contract.errors import CrowdLensError
from contract.lake import CompactedObject
from contract.tables import TABLES
from lambdas.compactor.covers import Cover, Version
from lambdas.compactor.encoding import NewerObjectError, decode_rows, encode_rows
from lambdas.compactor.folding import BucketRows, Folded, fold, joined
from lambdas.compactor.report import Report
from lambdas.compactor.store import READS_AT_ONCE, Listed, ObjectStore
from lambdas.shared.lake_parquet import LakeObjectError
from lambdas.shared.lake_schema import LakeSchemaError
from lambdas.shared.lake_store import LakeObjectMissingError

PARQUET_CONTENT_TYPE = "application/vnd.apache.parquet"
_JOINED_AT_ONCE = 256
_LEFT_ALONE = (LakeObjectError, LakeSchemaError, NewerObjectError, LakeObjectMissingError)


class FoldError(CrowdLensError):
    """Raised when the rows that came out are not those that went in."""


@dataclass
class Inputs:
    """What was read for a piece."""

    versions: list[Version] = field(default_factory=list)
    rows: int = 0
    _parts: list[pa.Table] = field(default_factory=list)
    _small: list[pa.Table] = field(default_factory=list)

    def add(self, item: Listed, data: pa.Table) -> None:
        """Add the rows of one more object."""
        self.versions.append(Version(item.key, item.etag, data.num_rows))
        self.rows += data.num_rows
        self._small.append(data)
        if len(self._small) == _JOINED_AT_ONCE:
            self._join()

    def take_parts(self) -> list[pa.Table]:
        """Return the rows, those read last first, and forget them."""
        self._join()
        parts, self._parts = self._parts[::-1], []
        return parts

    def _join(self) -> None:
        if self._small:
            self._parts.append(joined(self._small[::-1]))
            self._small = []


class PieceWork:
    """Reads and writes pieces of one table and day; what it did is added to `report`."""

    def __init__(self, store: ObjectStore, table: str, day: str, report: Report) -> None:
        self._store = store
        self._table = TABLES[table]
        self._day = day
        self._report = report

    def read(self, items: Sequence[Listed], limit_rows: int) -> Inputs:
        """Return the rows of `items`, in their order, up to the object with which they reach `limit_rows`.

        Objects that cannot be folded are named in the report and left out. Raises `LakeStoreError`.
        """
        inputs = Inputs()
        # Closed here, whatever happens: its threads must not outlive the work, as they would in a traceback.
        with closing(self._fetch_ahead(items)) as fetching:
            for item, fetched in fetching:
                try:
                    data = decode_rows(fetched.result(), self._table, item.key)
                except _LEFT_ALONE as error:
                    self._report.skipped[item.key] = str(error)
                    continue
                inputs.add(item, data)
                self._report.bytes_read += item.size
                if inputs.rows >= limit_rows:
                    break
        return inputs

    def write(self, inputs: Inputs, buckets: int) -> Cover:
        """Store the rows of `inputs` as compacted objects and return the cover to be written after them.

        Takes the rows of `inputs` away, for memory. Raises `FoldError`, `EncodingError` or
        `LakeStoreError`; what is stored by then holds nothing that is not elsewhere.
        """
        # Newest first: of a record that came twice, the row stays that the newer writer made.
        folded = fold(inputs.take_parts(), buckets) if inputs.rows else Folded([], 0)
        written = sum(rows.data.num_rows for rows in folded.buckets)
        if written + folded.duplicates != inputs.rows:
            raise FoldError(f"{written} rows and {folded.duplicates} repeated ones: expected {inputs.rows}")
        origin = _digest([[item.key, item.etag] for item in sorted(inputs.versions)])
        outputs = [self._write(rows, buckets, origin) for rows in folded.buckets]
        self._report.rows_read += inputs.rows
        self._report.rows_written += written
        self._report.duplicates += folded.duplicates
        return Cover(self._table.name, self._day, tuple(sorted(inputs.versions)), tuple(sorted(outputs)))

    def _write(self, rows: BucketRows, buckets: int, origin: str) -> Version:
        body = encode_rows(rows.data, self._table)
        # Made of its origin, too: an output is never one of the objects it came from, whatever they hold.
        digest = _digest([origin, hashlib.sha256(body).hexdigest()])
        count = rows.data.num_rows
        key = CompactedObject(self._table.name, self._day, rows.bucket, buckets, count, digest).key
        etag = self._store.put_new(key, body, PARQUET_CONTENT_TYPE)
        self._report.objects_written += 1
        self._report.bytes_written += len(body)
        return Version(key, etag, count)

    def _fetch_ahead(self, items: Sequence[Listed]) -> Generator[tuple[Listed, Future[bytes]], None, None]:
        """Yield each item with its body to be; the next ones are on their way while one is used.

        Only the requests are given to threads: decoding small objects in several is slower than in one.
        """
        with ThreadPoolExecutor(READS_AT_ONCE, thread_name_prefix="compact-read") as pool:
            waiting: deque[tuple[Listed, Future[bytes]]] = deque()
            try:
                for item in items:
                    waiting.append((item, pool.submit(self._store.get, item.key, item.etag)))
                    if len(waiting) > READS_AT_ONCE:
                        yield waiting.popleft()
                yield from waiting
            finally:
                for _, fetched in waiting:
                    fetched.cancel()


def _digest(document: object) -> str:
    return hashlib.sha256(json.dumps(document).encode()).hexdigest()[:40]
