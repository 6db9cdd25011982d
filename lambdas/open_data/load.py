"""One file, from its bytes to parquet, quarantine and report, in bounded memory."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lambdas.open_data.changes import Changes
from lambdas.open_data.convert import Account, Converter, Origin
from lambdas.open_data.header import Header, choose_profile, find_header, first_records
from lambdas.open_data.kinds import open_reader
from lambdas.open_data.profile import Profile
from lambdas.open_data.rows import BadRow, Batch, Reader, RefusedFileError, Source

COMPRESSION: Final = "snappy"
"""AWS's managed pandas layer builds arrow without zstd."""
GROUP_ROWS = 131_072
GROUP_BYTES = 48 << 20
SHOWN_BAD_ROWS = 100
DIGESTED_BYTES = 1 << 20


@dataclass(frozen=True)
class Found:
    """A file opened: its reader, and the profile and header that fit it; neither when it is unknown."""

    reader: Reader
    records: Batch
    profile: Profile | None
    header: Header | None


@dataclass(frozen=True)
class Loaded:
    """What became of a file: where its parquet and quarantine lie, and everything that the report says."""

    profile: Profile
    header: Header
    origin: Origin
    source: Source
    account: Account
    changes: Changes
    statistics: Statistics
    shown_bad_rows: tuple[BadRow, ...]
    digest: str
    source_bytes: int
    parquet: Path | None
    quarantine: Path | None


class Statistics:
    """How full each column is, and what it holds, over all accepted rows."""

    def __init__(self, profile: Profile) -> None:
        self.filled: Counter[str] = Counter()
        self.lowest: dict[str, Any] = {}
        self.highest: dict[str, Any] = {}
        self.counts: dict[tuple[str, ...], Counter[tuple[Any, ...]]] = {
            view.by: Counter() for view in profile.counts
        }
        self._ranged = [column.name for column in profile.columns if column.type not in ("text", "yes_no")]

    def add(self, table: pa.Table) -> None:
        """Add rows."""
        import pyarrow.compute as pc

        for name in table.column_names:
            self.filled[name] += table.num_rows - table.column(name).null_count
        for name in self._ranged:
            found: Any = pc.min_max(table.column(name)).as_py()
            if found["min"] is not None:
                self.lowest[name] = min(self.lowest.get(name, found["min"]), found["min"])
                self.highest[name] = max(self.highest.get(name, found["max"]), found["max"])
        for by, counter in self.counts.items():
            counter.update(_counts([table.column(name) for name in by]))


def _counts(columns: Sequence[Any]) -> dict[tuple[Any, ...], int]:
    """Return how often each combination of values is there; Arrow's own grouping is slow to load."""
    encoded = [column.combine_chunks().dictionary_encode(null_encoding="encode") for column in columns]
    codes = np.zeros(len(columns[0]), np.int64)
    for one in encoded:
        codes = codes * len(one.dictionary) + one.indices.to_numpy()
    combined, numbers = np.unique(codes, return_counts=True)
    values: list[list[Any]] = []
    for one in reversed(encoded):
        combined, places = np.divmod(combined, len(one.dictionary))
        values.insert(0, one.dictionary.take(pa.array(places)).to_pylist())
    return dict(zip(zip(*values, strict=True), numbers.tolist(), strict=True))


def look_at(stream: BinaryIO, profiles: Sequence[Profile], chosen: Profile | None = None) -> Found:
    """Return what a seekable stream holds; with `chosen`, that profile is believed.

    Raises `RefusedFileError`, `EncodingError`, and `HeaderError` when the header of its profile is not there.
    """
    reader = open_reader(stream)
    records = first_records(reader)
    if not any(any(cells) for cells in records.cells):
        raise RefusedFileError("the file has no rows: expected a header and rows below it")
    profile = chosen or choose_profile(records, profiles)
    header = None if profile is None else find_header(records, profile)
    return Found(reader, records, profile, header)


def load(
    stream: BinaryIO,
    found: Found,
    origin: Origin,
    folder: Path,
    has_time: Callable[[], bool] = lambda: True,
) -> Loaded:
    """Write `rows.parquet` and `quarantine.jsonl` into `folder`; without rows of its kind a file is not made.

    Raises `RefusedFileError`, also when `has_time` says no before the last row; `found` must have a profile.
    """
    if found.profile is None or found.header is None:
        raise RefusedFileError("the data set is unknown: expected a profile")
    stream.seek(0)
    digest = _digest(stream)
    source_bytes = stream.tell()
    found.reader.width = found.header.width
    converter = Converter(found.profile, found.header, origin)
    statistics = Statistics(found.profile)
    shown: list[BadRow] = []
    with _Files(folder, converter.schema, statistics.add) as files:
        for batch in found.reader.batches():
            if not has_time():
                raise RefusedFileError(_too_slow(converter.account, stream, source_bytes))
            table, bad = converter.convert(batch)
            files.add(table, bad)
            shown += bad[: SHOWN_BAD_ROWS - len(shown)]
    return Loaded(
        *(found.profile, found.header, origin, found.reader.source, converter.account, converter.changes),
        *(statistics, tuple(shown), digest, source_bytes, files.parquet, files.quarantine),
    )


def _too_slow(account: Account, stream: BinaryIO, size: int) -> str:
    # What one invocation cannot do, the next cannot either: trying again would only cost.
    return (
        f"the time is over after {account.rows:,} rows ({100 * stream.tell() // max(1, size)} % of the file)"
        ": expected a file that loads within it; split this one, or load it with `crowdlens opendata`"
    )


def _digest(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    while block := stream.read(DIGESTED_BYTES):
        digest.update(block)
    return digest.hexdigest()


class _Files:
    """The two files that grow; rows are gathered into groups of a size that readers like."""

    def __init__(self, folder: Path, schema: pa.Schema, written: Callable[[pa.Table], None]) -> None:
        self.parquet: Path | None = None
        self.quarantine: Path | None = None
        self._folder = folder
        self._schema = schema
        self._written = written
        self._waiting: list[pa.Table] = []
        self._waiting_rows = 0
        self._waiting_bytes = 0
        self._stack = ExitStack()
        self._writer: pq.ParquetWriter | None = None
        self._lines: Any = None

    def __enter__(self) -> _Files:
        return self

    def __exit__(self, *exception: object) -> None:
        with self._stack:
            if exception[0] is None:
                self._flush()

    def add(self, table: pa.Table, bad: Sequence[BadRow]) -> None:
        if table.num_rows:
            self._waiting.append(table)
            self._waiting_rows += table.num_rows
            self._waiting_bytes += table.nbytes
        if self._waiting_rows >= GROUP_ROWS or self._waiting_bytes >= GROUP_BYTES:
            self._flush()
        if bad and self._lines is None:
            self.quarantine = self._folder / "quarantine.jsonl"
            self._lines = self._stack.enter_context(self.quarantine.open("w", encoding="utf-8"))
        for line in _as_json(bad):
            self._lines.write(line)

    def _flush(self) -> None:
        if not self._waiting:
            return
        if self._writer is None:
            self.parquet = self._folder / "rows.parquet"
            writer = pq.ParquetWriter(self.parquet, self._schema, compression=COMPRESSION, store_schema=False)
            self._writer = self._stack.enter_context(writer)
        group = pa.concat_tables(self._waiting)
        self._writer.write_table(group)
        self._written(group)
        self._waiting, self._waiting_rows, self._waiting_bytes = [], 0, 0


def _as_json(bad: Sequence[BadRow]) -> Iterator[str]:
    for row in bad:
        document = {"line": row.line, "reasons": row.reasons, "cells": row.cells}
        yield json.dumps(document, ensure_ascii=False) + "\n"
