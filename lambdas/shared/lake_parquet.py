"""Parquet as the lake keeps it: snappy, plain logical types, statistics on every column."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contract.columns import Column, ColumnType
from contract.errors import CrowdLensError
from contract.tables import Table
from lambdas.shared.lake_schema import check_values, conform

COMPRESSION: Final = "snappy"
"""AWS's managed pandas layer builds arrow without zstd."""
SAMPLED_ROWS: Final = 256
"""So many rows, spread evenly, show whether the numbers of a column repeat."""
_CRC_KEY: Final = "crowdlens_crc32"
_NO_CRC: Final = b"00000000"
_CRC_PLACE: Final = _CRC_KEY.encode() + bytes([0x18, len(_NO_CRC)])
"""How thrift writes a key and begins its value: the next field, text of so many bytes."""
_TAIL_BYTES: Final = 65_536
"""The place lies in the last few hundred bytes of the footer."""
_READ_ERRORS: Final = (
    pa.ArrowException, OSError, ValueError, TypeError, KeyError, IndexError, OverflowError, MemoryError,
)  # fmt: skip
"""What arrow raises over bytes that are no parquet, or are parquet no more."""
_ROWS_PER_BATCH: Final = 32_768
"""How many rows arrow encodes at a time; its own 1,024 cost a tenth of the whole."""


class LakeObjectError(CrowdLensError):
    """Raised when the bytes of a lake object are no parquet, or not as they were written."""


def encode_parquet(data: pa.Table, table: Table) -> bytes:
    """Return `data`, rows of `table` with text as strings or dictionaries, as the bytes of a parquet file.

    The same rows give the same bytes: no times, no file names, no arrow schema (which would make readers
    see dictionaries instead of text). The footer holds a CRC-32
    of the whole file, zeros in its own place, which `decode_parquet` compares; so has every page, for others.
    """
    buffer = pa.BufferOutputStream()
    required = _required(data, table)
    with pq.ParquetWriter(
        buffer,
        required.schema,
        compression=COMPRESSION,
        store_schema=False,
        write_page_checksum=True,
        write_batch_size=_ROWS_PER_BATCH,
        use_dictionary=_dictionary_columns(data, table),  # type: ignore[arg-type]  # the stubs know only bool
    ) as writer:
        writer.write_table(required)
        writer.add_key_value_metadata({_CRC_KEY: _NO_CRC.decode()})
    return _with_crc(buffer.getvalue())


def decode_parquet(body: bytes, table: Table, where: str) -> pa.Table:
    """Return the rows of a parquet file in the schema of `table`: all of them or none.

    `where` names the object in errors. Raises `LakeObjectError` when it is no parquet or is damaged, and
    `LakeSchemaError` when a column does not fit.
    """
    parts = list(decode_parts(body, table, where))
    return pa.concat_tables(parts) if len(parts) != 1 else parts[0]


def decode_parts(
    body: bytes, table: Table, where: str, rows_per_part: int | None = None
) -> Iterator[pa.Table]:
    """Yield what `decode_parquet` returns in parts of at most `rows_per_part` rows: one by one in memory.

    An error may come after parts that were sound. An empty object has one part without rows.
    """
    _check_crc(body, where)
    file = _opened(body, where)
    if rows_per_part is None or file.metadata.num_rows <= rows_per_part:
        yield _sound(file.read, table, where)
        return
    batches = file.iter_batches(batch_size=rows_per_part, use_threads=False)
    while (batch := _next(batches, where)) is not None:
        yield _sound(partial(pa.Table.from_batches, [batch]), table, where)


def rows_in(body: bytes, where: str) -> int:
    """Return how many rows a parquet file says that it holds; raises `LakeObjectError`."""
    return int(_opened(body, where).metadata.num_rows)


def _opened(body: bytes, where: str) -> pq.ParquetFile:
    try:
        # The file alone decides: no folder-name partitions, no pandas metadata.
        return pq.ParquetFile(io.BytesIO(body), page_checksum_verification=True)
    except _READ_ERRORS as error:
        raise _unreadable(where, error) from error


def _next(batches: Iterator[pa.RecordBatch], where: str) -> pa.RecordBatch | None:
    try:
        return next(batches, None)
    except _READ_ERRORS as error:
        raise _unreadable(where, error) from error


def _sound(read: Callable[[], pa.Table], table: Table, where: str) -> pa.Table:
    try:
        data = read()
        data.validate(full=True)
    except _READ_ERRORS as error:
        raise _unreadable(where, error) from error
    rows = conform(data, table)
    check_values(rows, table)
    return rows


def _unreadable(where: str, error: BaseException) -> LakeObjectError:
    return LakeObjectError(f"{where} is no readable parquet file: {str(error)[:500]}")


def _with_crc(written: pa.Buffer) -> bytes:
    """Return the bytes of a file with its CRC-32 in the place its footer keeps for it."""
    body = memoryview(written)
    tail_start = max(0, len(body) - _TAIL_BYTES)
    start = bytes(body[tail_start:]).rfind(_CRC_PLACE) + tail_start + len(_CRC_PLACE)
    return b"".join((body[:start], b"%08x" % zlib.crc32(body), body[start + len(_NO_CRC) :]))


def _check_crc(body: bytes, where: str) -> None:
    """Raise `LakeObjectError` when a byte is not as it was written; objects of old do not say."""
    start = body.rfind(_CRC_PLACE) + len(_CRC_PLACE)
    if start < len(_CRC_PLACE):
        return
    rest = zlib.crc32(_NO_CRC, zlib.crc32(memoryview(body)[:start]))
    found = zlib.crc32(memoryview(body)[start + len(_NO_CRC) :], rest)
    if body[start : start + len(_NO_CRC)] != b"%08x" % found:
        raise LakeObjectError(
            f"{where} is damaged: its checksum is {found:08x}, not the one it was written with"
        )


def _required(data: pa.Table, table: Table) -> pa.Table:
    """Return `data` with a schema that says which columns have no nulls: these are written quicker."""
    nullable = {column.name: column.nullable for column in table.columns}
    schema = pa.schema([field.with_nullable(nullable.get(field.name, True)) for field in data.schema])
    return pa.Table.from_arrays(data.columns, schema=schema)


def _dictionary_columns(data: pa.Table, table: Table) -> list[str]:
    """Return the columns whose values repeat: these take less room, and less time, as a dictionary."""
    return [column.name for column in table.columns if _repeats(data, column)]


def _repeats(data: pa.Table, column: Column) -> bool:
    if column.type is ColumnType.TEXT:
        return column.name != "record_id"
    if column.type is ColumnType.INTEGER:
        return column.name != "sequence"
    if column.type is not ColumnType.REAL or data.num_rows == 0:
        return False
    step = -(-data.num_rows // SAMPLED_ROWS)
    places: Any = pa.array(range(0, data.num_rows, step))
    sample = data.column(column.name).take(places)
    return 2 * int(pc.count_distinct(sample, "all").as_py()) <= len(sample)
