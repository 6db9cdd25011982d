"""Parquet as the lake keeps it: snappy, plain logical types, statistics on every column."""

from __future__ import annotations

import io
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from contract.columns import ColumnType
from contract.errors import CrowdLensError
from contract.tables import Table
from lambdas.shared.lake_schema import conform

COMPRESSION: Final = "snappy"
"""AWS's managed pandas layer builds arrow without zstd."""


class LakeObjectError(CrowdLensError):
    """Raised when the bytes of a lake object are no parquet."""


def encode_parquet(data: pa.Table, table: Table) -> bytes:
    """Return `data`, rows of `table` with text as strings or dictionaries, as the bytes of a parquet file.

    The same rows give the same bytes: no times, no file names, no arrow schema (which would make readers
    see dictionaries instead of text).
    """
    buffer = io.BytesIO()
    pq.write_table(
        data,
        buffer,
        compression=COMPRESSION,
        store_schema=False,
        use_dictionary=_dictionary_columns(table),  # type: ignore[arg-type]  # the stubs know only bool
    )
    return buffer.getvalue()


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


def _dictionary_columns(table: Table) -> list[str]:
    """Text repeats and is worth a dictionary, except the record id, which never repeats."""
    return [
        column.name
        for column in table.columns
        if column.type is ColumnType.TEXT and column.name != "record_id"
    ]
