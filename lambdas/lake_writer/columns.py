"""Blocks of many messages → one arrow table a record table, column by column, never row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contract.columns import Column, ColumnType
from contract.identity import record_id
from contract.tables import HEADER_COLUMNS, Table
from lambdas.lake_writer.cells import MISSING
from lambdas.lake_writer.inbox import AnyBlock, AnyMessage
from lambdas.lake_writer.number_columns import number_array
from lambdas.lake_writer.number_text import NumberReader, first_number
from lambdas.lake_writer.text_columns import constant_texts, text_array


@dataclass(frozen=True)
class TableRows:
    """Rows of one table.

    `data` has the table's columns (text as dictionaries, the record id as strings); `sources` (int64, shape
    (rows,)) is the position of the message that brought each row.
    """

    table: Table
    data: pa.Table
    sources: npt.NDArray[np.int64]


class _Placed(NamedTuple):
    """A block and the message it came in."""

    message: AnyMessage
    position: int
    block: AnyBlock


def build_tables(messages: Sequence[AnyMessage], reader: NumberReader | None = None) -> list[TableRows]:
    """Return the rows of all `messages`, a `TableRows` for each table that has any.

    Blocks come by camera and the time of their first row, so that the rows are mostly in the lake's order.
    Raises ValueError, TypeError, OverflowError (arrow's errors are of these) or a `CrowdLensError` when a
    value is not one the contract allows. Which message it is in, and how to say it, is for
    `contract.envelope.decode_message` to find.
    """
    by_table: dict[str, list[_Placed]] = {}
    for position, message in enumerate(messages):
        for block in message.blocks:
            by_table.setdefault(block.table.name, []).append(_Placed(message, position, block))
    reader = reader or NumberReader()
    return [_build(sorted(placed, key=_order), reader) for placed in by_table.values()]


def _order(placed: _Placed) -> tuple[str, int]:
    block = placed.block
    return block.camera or "", _first_time(block.columns.get("event_time"))


def _first_time(encoded: Any) -> int:
    """Return the time of the first row where it is easily found: only the order of blocks hangs on it."""
    first: Any = None
    if isinstance(encoded, dict):
        first = encoded.get("b", encoded.get("k"))
    elif isinstance(encoded, bytes):
        first = first_number(encoded)
    elif isinstance(encoded, list) and encoded:
        first = encoded[0]
    return first if type(first) is int else 0


def _build(placed: list[_Placed], reader: NumberReader) -> TableRows:
    table = placed[0].block.table
    rows = [one.block.rows for one in placed]
    arrays = {
        column.name: _row_column(
            column, [one.block.columns.get(column.name, MISSING) for one in placed], rows, reader
        )
        for column in table.row_columns
    }
    arrays |= _header_columns(placed, rows, arrays["sequence"])
    sources = np.repeat(np.array([one.position for one in placed], np.int64), rows)
    names = [column.name for column in table.columns]
    return TableRows(table, pa.Table.from_arrays([arrays[name] for name in names], names=names), sources)


def _row_column(column: Column, encoded: list[Any], rows: list[int], reader: NumberReader) -> Any:
    if column.type is ColumnType.TEXT:
        return text_array(column, encoded, rows, reader)
    numbers = number_array(column, encoded, rows, reader)
    return numbers.cast(pa.timestamp("ms")) if column.type is ColumnType.TIMESTAMP else numbers


def _header_columns(placed: list[_Placed], rows: list[int], sequences: Any) -> dict[str, Any]:
    """Return what a block says once, on every row of it."""
    values: dict[str, list[str | None]] = {
        "site": [one.message.site for one in placed],
        "device": [one.message.device for one in placed],
        "camera": [one.block.camera for one in placed],
        "epoch": [one.block.epoch for one in placed],
        "stream": [one.block.stream for one in placed],
    }
    # What is the same in every record id of a block; the sequence is put behind it.
    prefixes: list[str | None] = [
        record_id(one.message.device, one.block.epoch, one.block.stream, 0).removesuffix("0")
        for one in placed
    ]
    arrays = {name: constant_texts(values[name], rows) for name in HEADER_COLUMNS - {"record_id"}}
    whole = constant_texts(prefixes, rows).cast(pa.string())
    arrays["record_id"] = pc.binary_join_element_wise(whole, sequences.cast(pa.string()), "")
    return arrays
