"""Rows of a table → the parquet objects they become: one for each UTC day, sorted for pruning."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.lake import day_of, raw_key
from lambdas.lake_writer.columns import TableRows
from lambdas.lake_writer.text_columns import rebuilt
from lambdas.shared.lake_parquet import encode_parquet

Integers = npt.NDArray[np.int64]
_DAY_MILLISECONDS = 86_400_000
PARQUET_CONTENT_TYPE = "application/vnd.apache.parquet"


@dataclass(frozen=True)
class Upload:
    """An object to put; it stands for the messages with `digests`, which are done only when it is stored."""

    key: str
    body: bytes
    content_type: str
    digests: frozenset[str]
    rows: int


def raw_objects(rows: TableRows, digests: Sequence[str]) -> Iterator[Upload]:
    """Yield the objects of `rows`, each sorted by camera and event time.

    `digests` are those of the messages, by the positions in `rows.sources`. An object's name is made of the
    bodies with rows in it, so a batch delivered again replaces its own objects with the same bytes.
    """
    times: Integers = rows.data.column("event_time").cast(pa.int64()).to_numpy()
    days = times // _DAY_MILLISECONDS
    keys = _sort_keys(rows.data, times, days)
    data, sources = rows.data, rows.sources
    if not (keys[1:] >= keys[:-1]).all():
        order = np.argsort(keys, kind="stable")
        places: Any = pa.array(order)
        data, sources, days = data.take(places), sources[order], days[order]
    starts = np.flatnonzero(np.diff(days, prepend=days[0] - 1)).tolist()
    for start, end in zip(starts, [*starts[1:], len(days)], strict=True):
        part = data if end - start == len(days) else _trimmed(data.slice(start, end - start))
        members = frozenset(digests[position] for position in np.unique(sources[start:end]))
        yield _upload(rows, part, day_of(int(days[start]) * _DAY_MILLISECONDS), members)


def object_name(table: str, day: str, digests: frozenset[str]) -> str:
    """Return the name of the object with the rows of `table` and `day` from the bodies with `digests`."""
    text = "\n".join((table, day, *sorted(digests)))
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def _upload(rows: TableRows, part: pa.Table, day: str, digests: frozenset[str]) -> Upload:
    name = object_name(rows.table.name, day, digests)
    return Upload(
        raw_key(rows.table.name, day, name),
        encode_parquet(part, rows.table),
        PARQUET_CONTENT_TYPE,
        digests,
        part.num_rows,
    )


def _sort_keys(data: pa.Table, times: Integers, days: Integers) -> Integers:
    """Return one number a row that orders rows by day, camera (none first) and time of day.

    17 bits hold the days until 2100, 19 more cameras than a batch has bytes for, 27 a day's milliseconds.
    """
    cameras: Any = data.column("camera").combine_chunks()
    # The texts of a dictionary are in order, so that its indices are too.
    ranks: npt.NDArray[np.int32] = cameras.indices.fill_null(-1).to_numpy()
    return (days << 46) | ((ranks.astype(np.int64) + 1) << 27) | (times - days * _DAY_MILLISECONDS)


def _trimmed(part: pa.Table) -> pa.Table:
    """Return `part` with dictionaries of its own: else its bytes would depend on the rows of other days."""
    columns = [
        rebuilt(column.combine_chunks()) if pa.types.is_dictionary(column.type) else column
        for column in part.columns
    ]
    return pa.table(columns, names=part.column_names)
