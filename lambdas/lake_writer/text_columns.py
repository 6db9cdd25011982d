"""Columns of text: runs of blocks → one arrow dictionary array, each distinct text checked once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.columns import Column
from contract.tables import CLOCK_QUALITIES
from lambdas.lake_writer.cells import Form, Run, UnfitColumnError, check_types, runs_of
from lambdas.lake_writer.number_columns import flat_indices
from lambdas.lake_writer.number_text import NumberReader

Indices = npt.NDArray[np.int64]


class _Positions(dict[Any, int]):
    """Gives each new value the next number; a null is -1."""

    def __init__(self) -> None:
        super().__init__({None: -1})

    def __missing__(self, value: Hashable) -> int:
        position = self[value] = len(self) - 1
        return position

    def of(self, values: Sequence[Any]) -> Indices:
        """Return the numbers of `values`."""
        return np.array(list(map(self.__getitem__, values)), np.int64)

    def texts(self) -> list[Any]:
        """Return the values by their numbers."""
        return [value for value in self if value is not None]


def text_array(column: Column, encoded: Sequence[Any], rows: list[int], reader: NumberReader) -> Any:
    """Return a column, sent as `encoded` by blocks of so many `rows`, as a dictionary array.

    Its texts are in order, and none is there that no row has. Raises ValueError or TypeError when a text
    does not fit.
    """
    positions = _Positions()
    runs = runs_of(column, encoded, rows)
    parts = [_indices(column, run, positions, reader) for run in runs]
    indices = parts[0] if len(parts) == 1 else np.concatenate(parts)
    texts = positions.texts()
    _check(column, texts, indices)
    if any(run.form is Form.DICTIONARY for run in runs):
        return _without_unused(indices, texts)
    return _ordered(indices, texts)


def constant_texts(values: Sequence[str | None], rows: list[int]) -> Any:
    """Return `values`, which need no check, each on as many rows as `rows` says, as a dictionary array."""
    positions = _Positions()
    indices = positions.of(values)
    return _ordered(indices, positions.texts(), rows)


def rebuilt(array: Any) -> Any:
    """Return a dictionary array with its texts in order and without those that no row has."""
    return _without_unused(array.indices.fill_null(-1).to_numpy(), array.dictionary.to_pylist())


def _check(column: Column, texts: list[Any], indices: Indices) -> None:
    check_types(column, texts)
    if texts and max(map(len, texts)) > column.maximum_length:
        raise UnfitColumnError(column.name)
    if not column.nullable and int(indices.min()) < 0:
        raise UnfitColumnError(column.name)
    if column.name == "clock_quality" and set(texts) - set(CLOCK_QUALITIES):
        raise UnfitColumnError(column.name)


def _without_unused(indices: Indices, texts: list[str]) -> Any:
    is_used = np.zeros(len(texts) + 1, bool)
    is_used[indices] = True
    if is_used[:-1].all():
        return _ordered(indices, texts)
    numbers = np.full(len(texts) + 1, -1, np.int64)
    used = np.flatnonzero(is_used[:-1])
    numbers[used] = np.arange(len(used))
    return _ordered(numbers[indices], [texts[position] for position in used.tolist()])


def _ordered(indices: Indices, texts: list[str], rows: list[int] | None = None) -> Any:
    """Return the array with its texts in order; with `rows`, each index stands on so many."""
    order = sorted(range(len(texts)), key=texts.__getitem__)
    # An index of -1, a null, finds the last.
    numbers = np.full(len(texts) + 1, -1, np.int32)
    numbers[order] = np.arange(len(texts), dtype=np.int32)
    placed = numbers[indices] if rows is None else np.repeat(numbers[indices], rows)
    mask = placed < 0
    places: Any = pa.array(placed, mask=mask) if mask.any() else pa.array(placed)
    return pa.DictionaryArray.from_arrays(places, pa.array([texts[place] for place in order], pa.string()))


def _indices(column: Column, run: Run, positions: _Positions, reader: NumberReader) -> Indices:
    if run.form is Form.CONSTANT:
        return np.repeat(positions.of(run.first), run.rows)
    if run.form is Form.VALUES:
        return positions.of(list(chain.from_iterable(run.first)))
    if run.form is Form.DICTIONARY:
        return _of_dictionaries(column, run, positions, reader)
    raise UnfitColumnError(column.name)


def _of_dictionaries(column: Column, run: Run, positions: _Positions, reader: NumberReader) -> Indices:
    numbers = positions.of(list(chain.from_iterable(run.first)))
    if not column.nullable and (numbers < 0).any():
        raise UnfitColumnError(column.name)
    sizes = np.array([len(one) for one in run.first], np.int64)
    local = flat_indices(column, run, reader)
    found: Indices = numbers[local + np.repeat(np.cumsum(sizes) - sizes, run.rows)]
    return found
