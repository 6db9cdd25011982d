from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contract.envelope import decode_message, encode_message
from contract.tables import TABLES, ZONE_COUNTS
from lambdas.lake_writer.columns import build_tables
from lambdas.shared.lake_parquet import LakeObjectError, decode_parquet, decode_parts, encode_parquet, rows_in
from lambdas.shared.lake_schema import LakeSchemaError, arrow_schema


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_table_comes_back_as_it_went(table: Any, make_records: Any) -> None:
    body = encode_message("seoul-1", "jetson-7", make_records(table.name, count=5))
    (rows,) = build_tables([decode_message(body)])
    again = decode_parquet(encode_parquet(rows.data, table), table, "here")
    assert again.schema == arrow_schema(table)
    assert again.to_pylist() == rows.data.to_pylist()


@pytest.mark.parametrize("rows_per_part", [1, 3, 7, 8])
def test_an_object_in_parts_is_the_same_object(make_records: Any, rows_per_part: int) -> None:
    body = whole_object(make_records, count=7)
    parts = list(decode_parts(body, ZONE_COUNTS, "here", rows_per_part))
    assert max(map(len, parts)) <= rows_per_part
    assert rows_in(body, "here") == sum(map(len, parts)) == 7
    assert pa.concat_tables(parts).to_pylist() == decode_parquet(body, ZONE_COUNTS, "here").to_pylist()


def test_a_damaged_object_has_no_first_part(make_records: Any) -> None:
    body = bytearray(whole_object(make_records, count=7))
    body[-1000] ^= 0x10
    with pytest.raises(LakeObjectError, match="here is damaged"):
        next(decode_parts(bytes(body), ZONE_COUNTS, "here", 1))


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


def whole_object(make_records: Any, count: int = 5) -> bytes:
    (rows,) = build_tables([decode_message(encode_message("s", "d", make_records(count=count)))])
    return encode_parquet(rows.data, ZONE_COUNTS)


def test_any_byte_that_is_not_as_it_was_written_is_noticed(make_records: Any) -> None:
    body = whole_object(make_records)
    checksum = range(body.rindex(b"crowdlens_crc32"), body.rindex(b"crowdlens_crc32") + 25)
    # Where the checksum's own name is hit, nothing else is.
    for place in set(range(0, len(body), 7)) - set(checksum):
        damaged = body[:place] + bytes([body[place] ^ 0x10]) + body[place + 1 :]
        with pytest.raises(LakeObjectError, match=r"x is damaged: its checksum is"):
            decode_parquet(damaged, ZONE_COUNTS, "x")


def test_an_object_of_old_without_a_checksum_is_read(make_records: Any) -> None:
    data = decode_parquet(whole_object(make_records), ZONE_COUNTS, "x")
    buffer = io.BytesIO()
    pq.write_table(data, buffer)
    assert decode_parquet(buffer.getvalue(), ZONE_COUNTS, "x").equals(data)


@pytest.mark.parametrize(
    ("column", "values", "sentence"),
    [
        pytest.param(
            "zone", ["x" * 65], "the length of zone_counts.zone is 65: expected 0 to 64", id="long text"
        ),
        pytest.param("occupancy_mean", [float("nan")], "occupancy_mean is not finite", id="no number"),
        pytest.param(
            "event_time", [2**62], "event_time is 4611686018427387904: expected 0 to", id="far away"
        ),
    ],
)
def test_values_beyond_their_limits_are_refused(
    column: str, values: list[Any], sentence: str, make_records: Any
) -> None:
    data = decode_parquet(whole_object(make_records), ZONE_COUNTS, "x").slice(0, 1)
    place = data.column_names.index(column)
    other = pa.array(values).cast(data.schema.field(column).type)
    buffer = io.BytesIO()
    pq.write_table(data.set_column(place, data.schema.field(column), other), buffer)
    with pytest.raises(LakeSchemaError, match=sentence):
        decode_parquet(buffer.getvalue(), ZONE_COUNTS, "x")


def test_a_column_that_is_there_twice_is_refused(make_records: Any) -> None:
    data = decode_parquet(whole_object(make_records), ZONE_COUNTS, "x")
    buffer = io.BytesIO()
    pq.write_table(data.append_column("zone", data.column("zone")), buffer)
    with pytest.raises(LakeSchemaError, match="zone is there 2 times: expected once"):
        decode_parquet(buffer.getvalue(), ZONE_COUNTS, "x")
