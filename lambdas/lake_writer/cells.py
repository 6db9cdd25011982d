"""The forms a column of a block is sent in, told apart without looking at the values.

Blocks that send a column in the same form make a run, which becomes an array in one go.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain
from typing import Any, NamedTuple

from contract.columns import Column, ColumnType
from contract.encoding import DictionaryValues

SMALL_ROWS = 256
"""Up to here a list a block, joined to its neighbours', is quicker than a run of its own."""
_STEPPED_TYPES = (ColumnType.INTEGER, ColumnType.TIMESTAMP)
_PLAIN_TYPES: dict[ColumnType, frozenset[type]] = {
    ColumnType.TEXT: frozenset({str}),
    ColumnType.INTEGER: frozenset({int}),
    ColumnType.REAL: frozenset({int, float}),
    ColumnType.BOOLEAN: frozenset({bool}),
    ColumnType.TIMESTAMP: frozenset({int}),
}
MISSING: Any = {"k": None}
"""What stands for a column that a message does not have."""


class UnfitColumnError(ValueError):
    """Raised when a column does not hold what its table says; the slow reader finds the words."""


class Form(enum.Enum):
    """What the `first` and `second` of a run are, an entry a block."""

    CONSTANT = enum.auto()
    """The value of every row."""
    VALUES = enum.auto()
    """A list with a value a row."""
    NUMBERS = enum.auto()
    """A number text (see `number_text`) with a value a row."""
    STEP = enum.auto()
    """The first value, and the one step between rows."""
    STEPS = enum.auto()
    """The first value, and a number text or list of the steps."""
    DICTIONARY = enum.auto()
    """A list of distinct values, and a number text or list with an index a row."""


class Run(NamedTuple):
    """A column in blocks that follow one another; all lists have an entry a block."""

    form: Form
    first: list[Any]
    second: list[Any]
    rows: list[int]


def runs_of(column: Column, encoded: Sequence[Any], rows: list[int]) -> list[Run]:
    """Return the runs of a column, whose JSON values in blocks of so many `rows` are `encoded`.

    Raises `UnfitColumnError` when one has none of the forms; values are not looked at.
    """
    run = _uniform(column, encoded, rows)
    return [run] if run else list(_mixed(column, encoded, rows))


def check_types(column: Column, values: Sequence[Any]) -> None:
    """Raise `UnfitColumnError` when a value is of no type the column takes."""
    kinds = set(map(type, values))
    if column.nullable:
        kinds.discard(type(None))
    if kinds - _PLAIN_TYPES[column.type]:
        raise UnfitColumnError(column.name)


def check_whole(column: Column, values: Sequence[Any]) -> None:
    """Raise `UnfitColumnError` when one of `values` is no whole number."""
    if set(map(type, values)) - {int}:
        raise UnfitColumnError(column.name)


def check_lengths(column: Column, lists: Sequence[list[Any]], lengths: Sequence[int]) -> None:
    """Raise `UnfitColumnError` when a list is longer or shorter than it must be."""
    if list(map(len, lists)) != list(lengths):
        raise UnfitColumnError(column.name)


def _uniform(column: Column, encoded: Sequence[Any], rows: list[int]) -> Run | None:
    """Return all blocks as one run, None when they are not of one form."""
    kinds = set(map(type, encoded))
    if len(kinds) != 1:
        return None
    kind = kinds.pop()
    if kind is list:
        check_lengths(column, encoded, rows)
        return Run(Form.VALUES, list(encoded), [], rows)
    if kind is bytes:
        return Run(Form.NUMBERS, list(encoded), [], rows)
    if kind is DictionaryValues:
        encoded = [{"d": one.distinct, "i": one.indices} for one in encoded]
        kind = dict
    shapes = set(map(tuple, encoded)) if kind is dict else set()
    return _uniform_objects(column, encoded, rows, shapes.pop()) if len(shapes) == 1 else None


def _uniform_objects(
    column: Column, encoded: Sequence[Any], rows: list[int], keys: tuple[str, ...]
) -> Run | None:
    if keys == ("k",):
        return Run(Form.CONSTANT, [one["k"] for one in encoded], [], rows)
    if keys == ("b", "s") and column.type in _STEPPED_TYPES:
        bases, steps = [one["b"] for one in encoded], [one["s"] for one in encoded]
        check_whole(column, bases)
        kinds = set(map(type, steps))
        if kinds == {int}:
            return Run(Form.STEP, bases, steps, rows)
        return Run(Form.STEPS, bases, steps, rows) if kinds in ({bytes}, {list}) else None
    if keys == ("d", "i"):
        distinct, indices = [one["d"] for one in encoded], [one["i"] for one in encoded]
        if set(map(type, distinct)) == {list} and set(map(type, indices)) in ({bytes}, {list}):
            return Run(Form.DICTIONARY, distinct, indices, rows)
    return None


def _mixed(column: Column, encoded: Sequence[Any], rows: list[int]) -> Iterator[Run]:
    """Yield the runs of blocks that are not all of one form; small blocks become lists, which go together."""
    levelled = [_as_list(column, one, count) for one, count in zip(encoded, rows, strict=True)]
    start = 0
    for end in range(1, len(levelled) + 1):
        if end < len(levelled) and _go_together(levelled[start], levelled[end]):
            continue
        run = _uniform(column, levelled[start:end], rows[start:end])
        if run is None:
            raise UnfitColumnError(column.name)
        yield run
        start = end


def _go_together(one: Any, other: Any) -> bool:
    # Runs of numbers are worth finding; what else is large and mixed is rare.
    return type(one) is type(other) and isinstance(one, (list, bytes))


def _as_list(column: Column, encoded: Any, rows: int) -> Any:
    """Return what a small block sends as the list of its values where that takes no look at them."""
    if type(encoded) is DictionaryValues:
        return {"d": encoded.distinct, "i": encoded.indices}
    if type(encoded) is not dict or len(encoded) > 2:
        return encoded
    # The order of the keys means nothing.
    encoded = dict(sorted(encoded.items()))
    keys = tuple(encoded)
    if rows > SMALL_ROWS:
        return encoded
    if keys == ("k",):
        return [encoded["k"]] * rows
    if keys == ("b", "s") and column.type in _STEPPED_TYPES:
        return _stepped(column, encoded["b"], encoded["s"], rows) or encoded
    if keys == ("d", "i"):
        return _picked(encoded["d"], encoded["i"]) or encoded
    return encoded


def _stepped(column: Column, base: Any, steps: Any, rows: int) -> list[Any] | None:
    check_whole(column, (base,))
    if type(steps) is int:
        return list(range(base, base + steps * rows, steps)) if steps else [base] * rows
    if isinstance(steps, list):
        check_whole(column, steps)
        return list(accumulate(chain((base,), steps)))
    return None


def _picked(distinct: Any, indices: Any) -> list[Any] | None:
    """Return the value at each index; None when one is outside, or a value (to be checked too) is unused."""
    if isinstance(distinct, list) and isinstance(indices, list) and set(map(type, indices)) == {int}:
        used = set(indices)
        if min(used) == 0 and max(used) == len(distinct) - 1 == len(used) - 1:
            return [distinct[index] for index in indices]
    return None
