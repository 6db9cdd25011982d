"""Decoded blocks of many messages → one arrow table a record table, column by column, never row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contract.columns import Column, ColumnType
from contract.encoding import DictionaryValues
from contract.envelope import Block, Message
from contract.identity import record_id
from contract.records import Value
from contract.tables import HEADER_COLUMNS, Table
from lambdas.shared.lake_schema import arrow_type


@dataclass(frozen=True)
class TableRows:
    """Rows of one table.

    `data` has the table's columns (text as dictionaries, the record id as strings); `sources` (int64, shape
    (rows,)) is the position of the message that brought each row.
    """

    table: Table
    data: pa.Table
    sources: npt.NDArray[np.int64]


def build_tables(messages: Sequence[Message]) -> list[TableRows]:
    """Return the rows of all `messages`, a `TableRows` for each table that has any.

    Raises ValueError, TypeError or OverflowError (arrow's errors are of these) when a value passed the
    contract's checks but fits no column, such as text with half a surrogate pair.
    """
    builders: dict[str, _TableBuilder] = {}
    for position, message in enumerate(messages):
        for block in message.blocks:
            builder = builders.get(block.table.name)
            if builder is None:
                builder = builders[block.table.name] = _TableBuilder(block.table)
            builder.add(message, block, position)
    return [builder.finish() for builder in builders.values()]


@dataclass
class _TextBuilder:
    """Interns text over all blocks, so that a column becomes one dictionary array."""

    positions: dict[Value, int | None] = field(default_factory=lambda: {None: None})
    indices: list[int | None] = field(default_factory=list)

    def add_constant(self, value: Value, rows: int) -> None:
        self.indices.extend(repeat(self._position(value), rows))

    def add(self, values: list[Value] | DictionaryValues) -> None:
        if isinstance(values, DictionaryValues):
            local = [self._position(value) for value in values.distinct]
            self.indices.extend(map(local.__getitem__, values.indices))
        else:
            self.indices.extend(map(self._position, values))

    def finish(self) -> pa.DictionaryArray[Any, Any]:
        distinct = [value for value in self.positions if value is not None]
        return pa.DictionaryArray.from_arrays(
            pa.array(self.indices, pa.int32()), pa.array(distinct, pa.string())
        )

    def _position(self, value: Value) -> int | None:
        # The null's entry is not counted.
        return self.positions.setdefault(value, len(self.positions) - 1)


class _TableBuilder:
    def __init__(self, table: Table) -> None:
        self._table = table
        self._texts = {
            column.name: _TextBuilder() for column in table.columns if column.type is ColumnType.TEXT
        }
        self._values: dict[str, list[Value]] = {
            column.name: [] for column in table.columns if column.type is not ColumnType.TEXT
        }
        self._sources: list[int] = []
        self._row_columns = [column.name for column in table.row_columns]

    def add(self, message: Message, block: Block, position: int) -> None:
        header = {
            "site": message.site,
            "device": message.device,
            "camera": block.camera,
            "epoch": block.epoch,
            "stream": block.stream,
            # What is the same in every record id of the block; the sequence is put behind it in the end.
            "record_id": record_id(message.device, block.epoch, block.stream, 0).removesuffix("0"),
        }
        for name in HEADER_COLUMNS:
            self._texts[name].add_constant(header[name], block.rows)
        for name in self._row_columns:
            values = block.columns[name]
            if name in self._texts:
                self._texts[name].add(values)
            elif isinstance(values, list):
                self._values[name].extend(values)
        self._sources.extend(repeat(position, block.rows))

    def finish(self) -> TableRows:
        arrays = {column.name: self._array(column) for column in self._table.columns}
        prefixes = arrays["record_id"]
        sequences = arrays["sequence"].cast(pa.string())
        arrays["record_id"] = pc.binary_join_element_wise(prefixes.cast(pa.string()), sequences, "")
        return TableRows(self._table, pa.table(arrays), np.array(self._sources, np.int64))

    def _array(self, column: Column) -> Any:
        if column.name in self._texts:
            return self._texts[column.name].finish()
        values = self._values[column.name]
        if column.type is ColumnType.TIMESTAMP:
            return pa.array(values, pa.int64()).cast(arrow_type(column))
        if column.type is ColumnType.REAL:
            return _reals(values)
        return pa.array(values, arrow_type(column))


def _reals(values: list[Value]) -> Any:
    try:
        return pa.array(values, pa.float64())
    except pa.ArrowInvalid:
        # JSON may write a real number without a point, and arrow refuses whole numbers above 2**53.
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
