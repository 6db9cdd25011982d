from __future__ import annotations

import io
from typing import Any

import pyarrow.parquet as pq
import pytest

from contract.envelope import decode_message, encode_message
from contract.tables import TABLES, ZONE_COUNTS
from lambdas.lake_writer.columns import build_tables
from lambdas.shared.lake_parquet import LakeObjectError, decode_parquet, encode_parquet
from lambdas.shared.lake_schema import arrow_schema


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_table_comes_back_as_it_went(table: Any, make_records: Any) -> None:
    body = encode_message("seoul-1", "jetson-7", make_records(table.name, count=5))
    (rows,) = build_tables([decode_message(body)])
    again = decode_parquet(encode_parquet(rows.data, table), table, "here")
    assert again.schema == arrow_schema(table)
    assert again.to_pylist() == rows.data.to_pylist()


def test_any_reader_sees_plain_text_and_snappy(make_records: Any) -> None:
    (rows,) = build_tables([decode_message(encode_message("s", "d", make_records(count=5)))])
    file = pq.ParquetFile(io.BytesIO(encode_parquet(rows.data, ZONE_COUNTS)))
    # Athena and old readers know no arrow schema: what is in the file itself must do.
    assert file.schema_arrow.types == arrow_schema(ZONE_COUNTS).types
    chunk = file.metadata.row_group(0)
    assert {chunk.column(index).compression for index in range(chunk.num_columns)} == {"SNAPPY"}
    assert all(chunk.column(index).is_stats_set for index in range(chunk.num_columns))


@pytest.mark.parametrize("body", [b"", b"PAR1", b"not parquet at all", b"PAR1" + bytes(100) + b"PAR1"])
def test_bytes_that_are_no_parquet_are_named(body: bytes) -> None:
    with pytest.raises(LakeObjectError, match=r"raw/x\.parquet is no readable parquet file"):
        decode_parquet(body, ZONE_COUNTS, "raw/x.parquet")
