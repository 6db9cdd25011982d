"""Arrow rows → the values MySQL takes, column by column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from contract.columns import Column, ColumnType
from lambdas.shared.lake_schema import ColumnData


def mysql_values(
    data: pa.Table, columns: Sequence[Column], rows_per_chunk: int
) -> Iterator[list[tuple[Any, ...]]]:
    """Yield `columns` of the rows of `data` as tuples, at most `rows_per_chunk` at a time.

    Times are text like ``2026-11-21 01:02:03.456``, which MySQL and MariaDB read as naive UTC.
    """
    for start in range(0, data.num_rows, rows_per_chunk):
        part = data.slice(start, rows_per_chunk)
        yield list(zip(*(_values(part.column(column.name), column) for column in columns), strict=True))


def latest_rows(data: pa.Table, key_columns: Sequence[str], order_columns: Sequence[str]) -> pa.Table:
    """Return the row of each key that is last in the order of `order_columns`, ordered by key."""
    ascending: Any = [(name, "ascending") for name in order_columns]
    ordered = data.sort_by(ascending)
    keys = zip(*(ordered.column(name).to_pylist() for name in key_columns), strict=True)
    last = {key: position for position, key in enumerate(keys)}
    positions = [last[key] for key in sorted(last, key=str)]
    return ordered.take(pa.array(positions, pa.int64()))


def in_key_order(data: pa.Table) -> pa.Table:
    """Return `data` by record id: two loaders then lock rows in the same order, and pages fill in order."""
    return data.sort_by([("record_id", "ascending")])


def _values(data: ColumnData, column: Column) -> list[Any]:
    if column.type is ColumnType.TIMESTAMP:
        return data.cast(pa.string()).to_pylist()
    return data.to_pylist()
