"""Rows of many objects → each record once, in the order of compacted objects, by camera bucket."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lambdas.compactor.encoding import trimmed

_SOURCE_COLUMNS = ("site", "camera", "device", "stream", "epoch")
"""With the number and the time these identify a row, exactly as the unique views do."""
_CODE_LIMIT = 2**62
_Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class BucketRows:
    """The rows of the cameras of one bucket, sorted, each record once."""

    bucket: int
    data: pa.Table


@dataclass(frozen=True)
class Folded:
    """What became of the rows: those of each bucket, and how many were there already."""

    buckets: list[BucketRows]
    duplicates: int


def fold(parts: list[pa.Table], buckets: int) -> Folded:
    """Return the rows of `parts` (`decode_rows`) without repetitions, sorted and split into `buckets`.

    Empties `parts`, so that their memory is free while the rows are sorted. Of a repeated record the row of
    the earliest part stays. Sorted by site, camera, device, stream, epoch,
    event time and number.
    """
    data = joined(parts)
    parts.clear()
    source, bucket_of_source = _sources(data, buckets)
    times = data.column("event_time").cast(pa.int64()).to_numpy()
    numbers = data.column("sequence").to_numpy()
    order = np.lexsort((numbers, times, source))
    is_first = np.ones(len(order), bool)
    is_first[1:] = (
        (source[order][1:] != source[order][:-1])
        | (times[order][1:] != times[order][:-1])
        | (numbers[order][1:] != numbers[order][:-1])
    )
    kept = order[is_first]
    is_sorted = len(kept) == len(order) and bool((kept[1:] > kept[:-1]).all())
    rows = data if is_sorted else data.take(pa.array(kept, pa.int64()))
    del data
    return Folded(_split(rows, bucket_of_source[source[kept]]), len(order) - len(kept))


def joined(parts: list[pa.Table]) -> pa.Table:
    """Return the rows of `parts` in one piece of memory: each table by itself takes many times its rows."""
    return pa.concat_tables(parts).unify_dictionaries().combine_chunks()


def bucket_of(site: str | None, camera: str | None, device: str | None, buckets: int) -> int:
    """Return the bucket of a camera, or of a device's own records; the same in every process and version."""
    return zlib.crc32(f"{site}/{camera or device}".encode()) % buckets


def _split(rows: pa.Table, bucket_of_row: _Codes) -> list[BucketRows]:
    if not len(bucket_of_row):
        return []
    starts = np.flatnonzero(np.diff(bucket_of_row, prepend=-1)).tolist()
    ends = [*starts[1:], len(bucket_of_row)]
    return [
        BucketRows(int(bucket_of_row[start]), trimmed(rows.slice(start, end - start)))
        for start, end in zip(starts, ends, strict=True)
    ]


def _sources(data: pa.Table, buckets: int) -> tuple[_Codes, _Codes]:
    """Return each row's source, numbered in the order of buckets and then names, and each source's bucket."""
    code: _Codes = np.zeros(data.num_rows, np.int64)
    size = 1
    for name in _SOURCE_COLUMNS:
        ranks, count = _ranks(data.column(name))
        if size * count > _CODE_LIMIT:
            distinct, code = np.unique(code, return_inverse=True)
            size = len(distinct)
        code = code * count + ranks
        size *= count
    _, first_rows, code = np.unique(code, return_index=True, return_inverse=True)
    bucket = _buckets_of(data.take(pa.array(first_rows, pa.int64())), buckets)
    order = np.argsort(bucket, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return place[code], bucket[order]


def _buckets_of(sources: pa.Table, buckets: int) -> _Codes:
    names = (sources.column(name).to_pylist() for name in ("site", "camera", "device"))
    return np.array(
        [bucket_of(site, camera, device, buckets) for site, camera, device in zip(*names, strict=True)],
        np.int64,
    )


def _ranks(column: Any) -> tuple[_Codes, int]:
    """Return each row's place in the alphabet of a column's values, 0 for null, and the number of places."""
    values = column.combine_chunks()
    names = np.array(values.dictionary.to_pylist(), dtype=object)
    ranks = np.zeros(len(names) + 1, np.int64)
    ranks[np.argsort(names)] = np.arange(1, len(names) + 1)
    # A position of -1 reads the last rank, which stands for null.
    return ranks[values.indices.fill_null(-1).to_numpy()], len(names) + 1
