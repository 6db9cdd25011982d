"""Columns of numbers, truth values and times: runs of blocks → one arrow array, checked as a whole."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contract.columns import Column, ColumnType
from contract.records import INTEGER_LIMIT, TIMESTAMP_MAXIMUM_MILLISECONDS
from lambdas.lake_writer.cells import (
    Form,
    Run,
    UnfitColumnError,
    check_lengths,
    check_types,
    check_whole,
    runs_of,
)
from lambdas.lake_writer.number_text import NumberReader

Integers = npt.NDArray[np.int64]


def number_array(column: Column, encoded: Sequence[Any], rows: list[int], reader: NumberReader) -> Any:
    """Return a column, sent as `encoded` by blocks of so many `rows`, as int64 (times too), float64 or bool.

    Raises ValueError, TypeError or OverflowError (arrow's errors are of these) when a value does not fit.
    """
    parts = [_READERS[run.form](column, run, reader) for run in runs_of(column, encoded, rows)]
    whole = parts[0] if len(parts) == 1 else pa.concat_arrays(parts)
    _check_limits(column, whole)
    if column.name == "sequence":
        _check_range(column, whole, 1, INTEGER_LIMIT - 1)
    return whole


def flat_indices(column: Column, run: Run, reader: NumberReader) -> Integers:
    """Return the indices of a run of dictionaries, checked; in each block they count from its first value."""
    indices = _flat(column, run.second, run.rows, reader)
    sizes = np.repeat(np.array([len(distinct) for distinct in run.first], np.int64), run.rows)
    if not ((indices >= 0) & (indices < sizes)).all():
        raise UnfitColumnError(column.name)
    return indices


def _arrow_kind(column: Column) -> Any:
    if column.type is ColumnType.REAL:
        return pa.float64()
    return pa.bool_() if column.type is ColumnType.BOOLEAN else pa.int64()


def _of_values(column: Column, run: Run, reader: NumberReader) -> Any:
    del reader
    return _listed(column, list(chain.from_iterable(run.first)))


def _of_constants(column: Column, run: Run, reader: NumberReader) -> Any:
    del reader
    distinct = _listed(column, run.first)
    if distinct.null_count == len(run.first):
        return pa.nulls(sum(run.rows), distinct.type)
    return distinct.take(pa.array(np.repeat(np.arange(len(run.first)), run.rows)))


def _listed(column: Column, values: list[Any]) -> Any:
    if column.type is ColumnType.BOOLEAN:
        # Of numbers arrow takes 1.0 for whole and true for real; as a truth value it takes nothing else.
        return pa.array(values, pa.bool_())
    check_types(column, values)
    if column.type is not ColumnType.REAL:
        return pa.array(values, _arrow_kind(column))
    try:
        return pa.array(values, pa.float64())
    except pa.ArrowInvalid:
        # JSON may write a real number without a point, and arrow refuses whole numbers above 2**53.
        return pa.array([None if value is None else float(value) for value in values], pa.float64())


def _of_numbers(column: Column, run: Run, reader: NumberReader) -> Any:
    if column.type is ColumnType.BOOLEAN:
        raise UnfitColumnError(column.name)
    if column.type is ColumnType.REAL or any(b"n" in text for text in run.first):
        return reader.numbers(run.first, run.rows, _arrow_kind(column))
    return pa.array(reader.whole_numbers(run.first, run.rows))


def _of_step(column: Column, run: Run, reader: NumberReader) -> Any:
    del reader
    for base, step, count in zip(run.first, run.second, run.rows, strict=True):
        _check_reach(column, abs(base) + abs(step) * count)
    rows = np.array(run.rows, np.int64)
    steps = np.repeat(np.array(run.second, np.int64), rows)
    starts = np.cumsum(rows) - rows
    # At a block's first row stands what leads there from the last row of the block before.
    bases = np.array(run.first, np.int64)
    steps[starts[1:]] = bases[1:] - (bases + np.array(run.second, np.int64) * (rows - 1))[:-1]
    steps[0] = bases[0]
    return pa.array(np.cumsum(steps))


def _of_steps(column: Column, run: Run, reader: NumberReader) -> Any:
    rows = np.array(run.rows, np.int64)
    starts = np.cumsum(rows) - rows
    steps = _flat(column, run.second, [count - 1 for count in run.rows], reader)
    if len(steps):
        furthest = max(abs(int(steps.min())), abs(int(steps.max()))) * int(rows.max())
        _check_reach(column, furthest + max(map(abs, run.first)))
    values = np.empty(int(rows.sum()), np.int64)
    is_step = np.ones(len(values), bool)
    is_step[starts] = False
    values[is_step] = steps
    values[starts] = 0
    # The sum over all blocks may wrap round, which a difference of two sums undoes.
    sums = np.cumsum(values)
    return pa.array(sums + np.repeat(np.array(run.first, np.int64) - sums[starts], rows))


def _of_dictionaries(column: Column, run: Run, reader: NumberReader) -> Any:
    """Return numbers sent as a dictionary: no device does, and every one of them is read all the same."""
    distinct = _listed(column, list(chain.from_iterable(run.first)))
    # Also those that no row has; but only a sequence that a row has must be 1 or more.
    _check_limits(column, distinct)
    sizes = np.array([len(one) for one in run.first], np.int64)
    places = flat_indices(column, run, reader) + np.repeat(np.cumsum(sizes) - sizes, run.rows)
    return distinct.take(pa.array(places))


def _flat(column: Column, parts: list[Any], counts: list[int], reader: NumberReader) -> Integers:
    """Return the whole numbers of `parts`, which are all number texts or all lists."""
    if isinstance(parts[0], bytes):
        return reader.whole_numbers(parts, counts)
    check_lengths(column, parts, counts)
    flat = list(chain.from_iterable(parts))
    check_whole(column, flat)
    return np.array(flat, np.int64)


def _check_reach(column: Column, furthest: int) -> None:
    """Raise when a sum could leave 64 bits: numpy would wrap round without a word."""
    if furthest >= INTEGER_LIMIT:
        raise UnfitColumnError(column.name)


_READERS: dict[Form, Callable[[Column, Run, NumberReader], Any]] = {
    Form.CONSTANT: _of_constants,
    Form.VALUES: _of_values,
    Form.NUMBERS: _of_numbers,
    Form.STEP: _of_step,
    Form.STEPS: _of_steps,
    Form.DICTIONARY: _of_dictionaries,
}


def _check_limits(column: Column, values: Any) -> None:
    if values.null_count and not column.nullable:
        raise UnfitColumnError(column.name)
    if column.type is ColumnType.REAL:
        _check_range(column, values, -sys.float_info.max, sys.float_info.max)
    elif column.type is ColumnType.TIMESTAMP:
        _check_range(column, values, 0, TIMESTAMP_MAXIMUM_MILLISECONDS)


def _check_range(column: Column, values: Any, lowest: float, highest: float) -> None:
    found: Any = pc.min_max(values).as_py()
    if found["min"] is not None and not lowest <= found["min"] <= found["max"] <= highest:
        raise UnfitColumnError(column.name)
