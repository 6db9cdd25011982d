"""Arrow rows in the order and the form that MySQL wants them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

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
    """Return the row of each key that is last in the order of `order_columns`, ordered by key.

    The key columns hold no nulls.
    """
    order: Any = [(name, "ascending") for name in (*key_columns, *order_columns)]
    ordered = data.sort_by(order)
    if ordered.num_rows < 2:
        return ordered
    another: Any = pa.array([False] * (ordered.num_rows - 1))
    for name in key_columns:
        column: Any = ordered.column(name).combine_chunks()
        different: Any = pc.not_equal(column.slice(1), column.slice(0, len(column) - 1))
        another = pc.or_(another, different)
    is_last = pa.chunked_array([another, pa.array([True])])
    return ordered.filter(is_last)


def in_key_order(data: pa.Table) -> pa.Table:
    """Return `data` by record id: two loaders then lock rows in the same order, and pages fill in order."""
    return data.sort_by([("record_id", "ascending")])


def without_repeats(data: pa.Table) -> pa.Table:
    """Return `data` by record id, each record once: its rows are equal wherever they lie."""
    return latest_rows(data, ("record_id",), ())


def _values(data: ColumnData, column: Column) -> list[Any]:
    if column.type is ColumnType.TIMESTAMP:
        return data.cast(pa.string()).to_pylist()
    return data.to_pylist()
