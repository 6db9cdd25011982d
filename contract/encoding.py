"""How one column of a block is written as JSON, smallest form first.

A column of n values is one of::

    [1, 5, 2]                          the values
    {"k": "person"}                    the same value on every row
    {"d": ["in", "out"], "i": [0, 1]}  distinct values and an index a row
    {"b": 100, "s": [5, 5, 4]}         first value and the steps between rows (n - 1 of them)
    {"b": 100, "s": 1}                 first value and one constant step
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise, repeat
from typing import Any

from contract.columns import Column, ColumnType
from contract.errors import CrowdLensError
from contract.records import INTEGER_LIMIT, TIMESTAMP_MAXIMUM_MILLISECONDS, Value, check_value

_STEPPED = (ColumnType.INTEGER, ColumnType.TIMESTAMP)
_PYTHON_TYPES: dict[ColumnType, frozenset[type]] = {
    ColumnType.TEXT: frozenset({str}),
    ColumnType.INTEGER: frozenset({int}),
    ColumnType.REAL: frozenset({int, float}),
    ColumnType.BOOLEAN: frozenset({bool}),
    ColumnType.TIMESTAMP: frozenset({int}),
}


class ColumnEncodingError(CrowdLensError):
    """Raised when an encoded column cannot be read; the text names the column and what is wrong."""


@dataclass(frozen=True)
class DictionaryValues:
    """A column as its distinct values and one index into them for each row (None for a null)."""

    distinct: list[Value]
    indices: list[int]


def encode_column(column: Column, values: Sequence[Value]) -> Any:
    """Return `values` in the smallest form above; real numbers are rounded to the column's decimals."""
    if column.type is ColumnType.REAL:
        values = [None if value is None else round(value, column.decimals) for value in values]  # type: ignore[arg-type]
    first = values[0]
    if all(value == first for value in values):
        return {"k": first}
    if column.type in _STEPPED and None not in values:
        steps = [after - before for before, after in pairwise(values)]  # type: ignore[operator]
        return {"b": first, "s": steps[0] if len(set(steps)) == 1 else steps}
    if column.type is ColumnType.TEXT:
        distinct = list(dict.fromkeys(values))
        if len(distinct) * 2 <= len(values):
            position = {value: index for index, value in enumerate(distinct)}
            return {"d": distinct, "i": [position[value] for value in values]}
    return list(values)


def decode_column(column: Column, encoded: Any, rows: int) -> list[Value] | DictionaryValues:
    """Return the column's values, checked; text in dictionary form stays a dictionary.

    Raises `ColumnEncodingError` when the form, the number of rows or a value is wrong.
    """
    if isinstance(encoded, dict):
        decoded = _decode_form(column, encoded, rows)
    elif isinstance(encoded, list):
        decoded = encoded
    else:
        raise ColumnEncodingError(
            f"column {column.name} is {type(encoded).__name__}: expected a list or an object"
        )
    length = len(decoded.indices) if isinstance(decoded, DictionaryValues) else len(decoded)
    if length != rows:
        raise ColumnEncodingError(f"column {column.name} has {length} values: expected {rows}")
    if isinstance(encoded, dict) and "k" in encoded:
        # One value stands on every row: it is looked at once.
        _check_values(column, [encoded["k"]])
    else:
        _check_values(column, decoded.distinct if isinstance(decoded, DictionaryValues) else decoded)
    return decoded


def expand(decoded: list[Value] | DictionaryValues) -> list[Value]:
    """Return a decoded column as one plain value a row."""
    if isinstance(decoded, DictionaryValues):
        return [decoded.distinct[index] for index in decoded.indices]
    return decoded


def _decode_form(column: Column, form: dict[str, Any], rows: int) -> list[Value] | DictionaryValues:
    keys = set(form)
    if keys == {"k"}:
        return (
            DictionaryValues([form["k"]], [0] * rows)
            if column.type is ColumnType.TEXT
            else [form["k"]] * rows
        )
    if keys == {"d", "i"}:
        return _decode_dictionary(column, form["d"], form["i"])
    if keys == {"b", "s"} and column.type in _STEPPED:
        return _decode_steps(column, form["b"], form["s"], rows)
    raise ColumnEncodingError(
        f"column {column.name} has the form {sorted(map(str, keys))}: expected k, d and i, or b and s"
    )


def _decode_dictionary(column: Column, distinct: Any, indices: Any) -> DictionaryValues:
    if not isinstance(distinct, list) or not isinstance(indices, list):
        raise ColumnEncodingError(f"column {column.name} has a dictionary that is no list")
    if set(map(type, indices)) - {int} or (indices and not 0 <= min(indices) <= max(indices) < len(distinct)):
        raise ColumnEncodingError(
            f"column {column.name} has an index outside its {len(distinct)} distinct values"
        )
    return DictionaryValues(distinct, indices)


def _decode_steps(column: Column, base: Any, steps: Any, rows: int) -> list[Value]:
    if type(steps) is int:
        steps = list(repeat(steps, rows - 1))
    if type(base) is not int or not isinstance(steps, list) or set(map(type, steps)) - {int}:
        raise ColumnEncodingError(f"column {column.name} has steps that are no whole numbers")
    return list(accumulate(chain((base,), steps)))


def _check_values(column: Column, values: Sequence[Any]) -> None:
    """Check a whole column at C speed, and value by value only to say which one is wrong."""
    kinds = set(map(type, values))
    if column.nullable:
        kinds.discard(type(None))
    if not kinds - _PYTHON_TYPES[column.type] and _within_range(column, values):
        return
    for row, value in enumerate(values):
        check_value(column, value, f"{column.name}[{row}]")


def _within_range(column: Column, values: Sequence[Any]) -> bool:
    present: list[Any] = [value for value in values if value is not None]
    if not present:
        return True
    if column.type is ColumnType.TEXT:
        return max(map(len, present)) <= column.maximum_length and "".join(present).isascii()
    if column.type is ColumnType.TIMESTAMP:
        return bool(min(present) >= 0 and max(present) <= TIMESTAMP_MAXIMUM_MILLISECONDS)
    if column.type is ColumnType.INTEGER:
        return bool(min(present) >= -INTEGER_LIMIT and max(present) < INTEGER_LIMIT)
    return column.type is ColumnType.BOOLEAN or _sum_is_finite(present)


def _sum_is_finite(values: Sequence[float]) -> bool:
    """Return whether the sum is finite, which it is not when a value is not (or when values are huge)."""
    try:
        return math.isfinite(sum(values))
    except OverflowError:
        return False
