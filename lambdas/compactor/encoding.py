"""Parquet as compacted objects keep it: sorted rows, and of each column as few bytes as Athena can read.

Sorted by camera and number, neighbours hardly differ: numbers and times are kept as differences, record
ids as what differs from the one before (the delta encodings of the parquet format, which Trino, DuckDB and
Arrow read), everything that repeats as a dictionary.
"""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contract.columns import Column, ColumnType
from contract.errors import CrowdLensError
from contract.tables import TABLES, Table
from lambdas.shared.lake_parquet import COMPRESSION, LakeObjectError
from lambdas.shared.lake_schema import arrow_type, conform

ROW_GROUP_ROWS = 131_072
"""A query for one camera reads the groups its name may lie in; a day of 15 cameras fills one."""
_DELTA_TEXT = frozenset({"record_id"})
_DELTA_NUMBERS = frozenset({"sequence", "track"})


class NewerObjectError(CrowdLensError):
    """Raised when an object has a column the contract does not know: folding it would lose the column."""


class EncodingError(CrowdLensError):
    """Raised when what was written does not read back as it was."""


@lru_cache(maxsize=2 * len(TABLES))
def dictionary_columns(table: Table) -> tuple[str, ...]:
    """Return the text columns that repeat: in memory they are dictionaries of 32-bit positions."""
    return tuple(
        column.name
        for column in table.columns
        if column.type is ColumnType.TEXT and column.name not in _DELTA_TEXT
    )


def decode_rows(body: bytes, table: Table, where: str) -> pa.Table:
    """Return the rows of a raw or compacted object, repeating text as dictionaries.

    Raises `LakeObjectError` when it is no parquet, `LakeSchemaError` when a column does not fit, and
    `NewerObjectError` when it has a column that would be lost.
    """
    try:
        data = _opened(body, table).read(use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise LakeObjectError(f"{where} is no readable parquet file: {error}") from error
    unknown = set(data.column_names) - {column.name for column in table.columns}
    if unknown:
        raise NewerObjectError(f"{where} has the column {min(unknown)!r}: expected those of {table.name}")
    if not _is_in_shape(data, table):
        data = _in_shape(conform(data, table), table)
    # Without the file's own marks of what may be null, which differ between writers.
    return pa.table(data.columns, names=data.column_names)


def encode_rows(data: pa.Table, table: Table) -> bytes:
    """Return `data`, sorted rows as `decode_rows` gives them, as a parquet file.

    The bytes are read back and compared before they are returned: raw objects will go for them. Raises
    `EncodingError`.
    """
    buffer = io.BytesIO()
    pq.write_table(
        data,
        buffer,
        compression=COMPRESSION,
        store_schema=False,
        row_group_size=ROW_GROUP_ROWS,
        use_dictionary=[column.name for column in table.columns if _repeats(column)],  # type: ignore[arg-type]  # the stubs know only bool
        column_encoding={
            column.name: encoding for column in table.columns if (encoding := _delta_encoding(column))
        },
    )
    body = buffer.getvalue()
    _check_read_back(body, data, table)
    return body


def trimmed(data: pa.Table) -> pa.Table:
    """Return `data` with dictionaries that hold only what its rows use: parquet writes them whole."""
    columns = [
        pa.chunked_array([_trimmed(column.combine_chunks())])
        if pa.types.is_dictionary(column.type)
        else column
        for column in data.columns
    ]
    return pa.table(columns, names=data.column_names)


def _opened(body: bytes, table: Table) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(io.BytesIO(body), read_dictionary=list(dictionary_columns(table)))
    except KeyError:
        # An object of before a column was added: the reader takes only names that are there.
        return pq.ParquetFile(io.BytesIO(body))


def _trimmed(column: Any) -> Any:
    positions = column.indices
    present = positions.drop_null().to_numpy()
    is_used = np.zeros(len(column.dictionary), bool)
    is_used[present] = True
    used = np.flatnonzero(is_used)
    if len(used) == len(is_used):
        return column
    places = np.zeros(len(is_used), np.int32)
    places[used] = np.arange(len(used), dtype=np.int32)
    return pa.DictionaryArray.from_arrays(
        pa.array(places, pa.int32()).take(positions), column.dictionary.take(pa.array(used, pa.int64()))
    )


def _repeats(column: Column) -> bool:
    return column.type is not ColumnType.BOOLEAN and _delta_encoding(column) is None


def _delta_encoding(column: Column) -> str | None:
    if column.name in _DELTA_TEXT:
        return "DELTA_BYTE_ARRAY"
    if column.name in _DELTA_NUMBERS or column.type is ColumnType.TIMESTAMP:
        return "DELTA_BINARY_PACKED"
    return None


@lru_cache(maxsize=2 * len(TABLES))
def _shape(table: Table) -> list[tuple[str, Any, bool]]:
    """Return each column's name, its type in memory and whether it may be null."""
    repeating = pa.dictionary(pa.int32(), pa.string())
    texts = dictionary_columns(table)
    return [
        (column.name, repeating if column.name in texts else arrow_type(column), column.nullable)
        for column in table.columns
    ]


def _is_in_shape(data: pa.Table, table: Table) -> bool:
    shape = _shape(table)
    return data.column_names == [name for name, _, _ in shape] and all(
        found.type == kind and (may_be_null or not found.null_count)
        for (_, kind, may_be_null), found in zip(shape, data.columns, strict=True)
    )


def _in_shape(data: pa.Table, table: Table) -> pa.Table:
    columns = [
        found.dictionary_encode() if column.name in dictionary_columns(table) else found
        for column, found in zip(table.columns, data.columns, strict=True)
    ]
    return pa.table(columns, names=data.column_names)


def _check_read_back(body: bytes, data: pa.Table, table: Table) -> None:
    found = pq.ParquetFile(io.BytesIO(body), read_dictionary=list(dictionary_columns(table))).read()
    for name in data.column_names:
        # Dictionaries of the two may differ in order: their values are compared.
        kind = pa.string() if name in dictionary_columns(table) else data.column(name).type
        if not found.column(name).cast(kind).equals(data.column(name).cast(kind)):
            raise EncodingError(f"{table.name}.{name} did not read back as it was written")
