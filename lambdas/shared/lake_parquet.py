"""Parquet as the lake keeps it: snappy, plain logical types, statistics on every column."""

from __future__ import annotations

import io
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from contract.columns import Column, ColumnType
from contract.errors import CrowdLensError
from contract.tables import Table
from lambdas.shared.lake_schema import conform

COMPRESSION: Final = "snappy"
"""AWS's managed pandas layer builds arrow without zstd."""
SAMPLED_ROWS: Final = 256
"""So many rows, spread evenly, show whether the numbers of a column repeat."""
_ROWS_PER_BATCH: Final = 32_768
"""How many rows arrow encodes at a time; its own 1,024 cost a tenth of the whole."""


class LakeObjectError(CrowdLensError):
    """Raised when the bytes of a lake object are no parquet."""


def encode_parquet(data: pa.Table, table: Table) -> bytes:
    """Return `data`, rows of `table` with text as strings or dictionaries, as the bytes of a parquet file.

    The same rows give the same bytes: no times, no file names, no arrow schema (which would make readers
    see dictionaries instead of text). Every page carries a checksum, which `decode_parquet` compares.
    """
    buffer = pa.BufferOutputStream()
    pq.write_table(
        _required(data, table),
        buffer,
        compression=COMPRESSION,
        store_schema=False,
        write_page_checksum=True,
        write_batch_size=_ROWS_PER_BATCH,
        use_dictionary=_dictionary_columns(data, table),  # type: ignore[arg-type]  # the stubs know only bool
    )
    return buffer.getvalue().to_pybytes()


def decode_parquet(body: bytes, table: Table, where: str) -> pa.Table:
    """Return the rows of a parquet file in the schema of `table`.

    `where` names the object in errors. Raises `LakeObjectError` when it is no parquet and
    `LakeSchemaError` when a column does not fit.
    """
    try:
        # The file alone decides: no folder-name partitions, no pandas metadata.
        data = pq.ParquetFile(io.BytesIO(body)).read()
    except (pa.ArrowException, OSError) as error:
        raise LakeObjectError(f"{where} is no readable parquet file: {error}") from error
    return conform(data, table)


def _required(data: pa.Table, table: Table) -> pa.Table:
    """Return `data` with a schema that says which columns have no nulls: these are written quicker."""
    nullable = {column.name: column.nullable for column in table.columns}
    fields = [field.with_nullable(nullable.get(field.name, True)) for field in data.schema]
    return pa.Table.from_arrays(data.columns, schema=pa.schema(fields))


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
