"""Columns of a record table being laid out, and the arrow tables that lake_writer encodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contract.columns import Column, ColumnType
from contract.identity import record_id
from contract.tables import IDENTITY_COLUMNS, TABLES, Table
from lambdas.lake_writer.columns import TableRows
from lambdas.shared.lake_schema import arrow_type

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_CODED = ("scene_version", "time_zone", "clock_quality")


@dataclass(frozen=True)
class Origin:
    """Where rows come from: the same for all rows of a part."""

    site: str
    device: str
    camera: str | None
    stream: str


@dataclass(frozen=True)
class Part:
    """Rows (N,) of one origin, in the order in which they were made.

    `numbers` are numeric columns, NaN for null; `texts` are text columns as codes and the texts they stand
    for, -1 for null.
    """

    origin: Origin
    times_ms: Integers
    epochs: tuple[Integers, Sequence[str]]
    sequences: Integers
    numbers: Mapping[str, Floats]
    texts: Mapping[str, tuple[Integers, Sequence[str]]]

    def __len__(self) -> int:
        return len(self.times_ms)

    def select(self, chosen: npt.NDArray[Any]) -> Part:
        """Return the rows at `chosen`, a mask or places."""
        return Part(
            self.origin,
            self.times_ms[chosen],
            (self.epochs[0][chosen], self.epochs[1]),
            self.sequences[chosen],
            {name: values[chosen] for name, values in self.numbers.items()},
            {name: (codes[chosen], texts) for name, (codes, texts) in self.texts.items()},
        )


@dataclass
class Vocabulary:
    """Codes (N,) of several parts brought to one list of texts."""

    codes: list[Integers] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    _places: dict[str, int] = field(default_factory=dict)

    def add(self, codes: Integers, texts: Sequence[str]) -> None:
        """Take in the codes of a part."""
        places = np.array([*(self._place(text) for text in texts), -1], np.int64)
        self.codes.append(places[codes])

    def array(self) -> Any:
        """Return a dictionary array whose texts are in order, as lake_writer needs them."""
        order = sorted(range(len(self.texts)), key=self.texts.__getitem__)
        ranks = np.empty(len(self.texts) + 1, np.int32)
        ranks[order] = np.arange(len(order))
        ranks[-1] = -1
        indices = ranks[np.concatenate(self.codes)]
        codes: Any = pa.array(indices, mask=indices < 0)
        return pa.DictionaryArray.from_arrays(
            codes, pa.array([self.texts[place] for place in order], pa.string())
        )

    def _place(self, text: str) -> int:
        if text not in self._places:
            self._places[text] = len(self.texts)
            self.texts.append(text)
        return self._places[text]


def table_rows(table_name: str, parts: Sequence[Part]) -> TableRows:
    """Return the rows of all `parts` as lake_writer has them after reading a batch of messages."""
    table = TABLES[table_name]
    arrays = {column.name: _column(column, parts) for column in table.columns if column.name != "record_id"}
    arrays["record_id"] = _record_ids(parts)
    names = [column.name for column in table.columns]
    data = pa.Table.from_arrays([arrays[name] for name in names], names=names)
    return TableRows(table, data, np.zeros(data.num_rows, np.int64))


def _column(column: Column, parts: Sequence[Part]) -> Any:
    if column.type is ColumnType.TEXT:
        return _text_column(column, parts)
    if column.name in ("event_time", "sequence"):
        values = [part.times_ms if column.name == "event_time" else part.sequences for part in parts]
        return pa.array(np.concatenate(values)).cast(arrow_type(column))
    numbers = np.concatenate([part.numbers.get(column.name, np.full(len(part), np.nan)) for part in parts])
    missing = np.isnan(numbers)
    if column.type is ColumnType.REAL:
        return pa.array(numbers, mask=missing)
    whole = np.where(missing, 0, numbers).astype(np.int64)
    return pa.array(whole, mask=missing).cast(arrow_type(column))


def _text_column(column: Column, parts: Sequence[Part]) -> Any:
    vocabulary = Vocabulary()
    for part in parts:
        vocabulary.add(*_codes(column, part))
    return vocabulary.array()


def _codes(column: Column, part: Part) -> tuple[Integers, Sequence[str]]:
    if column.name == "epoch":
        return part.epochs
    if column in IDENTITY_COLUMNS and column.name not in _CODED:
        text: str | None = getattr(part.origin, column.name)
        return np.full(len(part), 0 if text is not None else -1, np.int64), [] if text is None else [text]
    return part.texts.get(column.name, (np.full(len(part), -1, np.int64), []))


def _record_ids(parts: Sequence[Part]) -> Any:
    prefixes = Vocabulary()
    for part in parts:
        origin, (codes, epochs) = part.origin, part.epochs
        prefixes.add(
            codes, [record_id(origin.device, epoch, origin.stream, 0).removesuffix("0") for epoch in epochs]
        )
    sequences = np.concatenate([part.sequences for part in parts])
    return pc.binary_join_element_wise(
        prefixes.array().cast(pa.string()), pa.array(sequences).cast(pa.string()), ""
    )


def own_columns(table: Table) -> list[str]:
    """Return the names of a table's own columns."""
    return [column.name for column in table.own_columns]
