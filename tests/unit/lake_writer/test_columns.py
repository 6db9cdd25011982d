from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from contract.envelope import decode_message, encode_message
from contract.tables import TABLES
from lambdas.lake_writer.columns import build_tables


def expected_row(stored: Any, site: str, device: str) -> dict[str, Any]:
    """What the lake must hold for a record, built row by row and so another way than the code."""
    record = stored.record
    return {
        "record_id": stored.record_id(device),
        "site": site,
        "device": device,
        "camera": record.camera,
        "epoch": stored.epoch,
        "stream": stored.stream,
        "sequence": stored.sequence,
        "scene_version": record.scene_version,
        "time_zone": record.time_zone,
        "event_time": record.event_time_ms,
        "clock_quality": record.clock_quality,
        **record.values,
    }


def rows_of(data: pa.Table) -> list[dict[str, Any]]:
    times = [index for index, field in enumerate(data.schema) if pa.types.is_timestamp(field.type)]
    for index in times:
        data = data.set_column(index, data.column_names[index], data.column(index).cast(pa.int64()))
    return data.to_pylist()


@pytest.mark.parametrize("camera", ["plaza-1", None], ids=["of a camera", "of the device"])
@pytest.mark.parametrize("table", list(TABLES))
def test_a_message_becomes_the_rows_that_were_sent(table: str, camera: str | None, make_records: Any) -> None:
    records = make_records(table, count=7, camera=camera)
    (rows,) = build_tables([decode_message(encode_message("seoul-1", "jetson-7", records))])
    assert rows_of(rows.data) == [expected_row(stored, "seoul-1", "jetson-7") for stored in records]


def test_blocks_of_many_messages_are_one_table_that_knows_its_sources(make_records: Any) -> None:
    first = make_records(count=2, camera="a") + make_records("gaps", count=1, camera=None)
    second = make_records(count=3, camera="b", first_sequence=9)
    messages = [decode_message(encode_message("s", f"d{n}", one)) for n, one in enumerate((first, second))]
    tables = {rows.table.name: rows for rows in build_tables(messages)}
    assert set(tables) == {"zone_counts", "gaps"}
    counts = tables["zone_counts"]
    assert counts.sources.tolist() == [0, 0, 1, 1, 1]
    sent = [(stored, f"d{n}") for n, one in enumerate((first[:2], second)) for stored in one]
    assert rows_of(counts.data) == [expected_row(stored, "s", device) for stored, device in sent]


def test_one_row_is_enough(make_records: Any) -> None:
    (rows,) = build_tables([decode_message(encode_message("s", "d", make_records(count=1)))])
    assert rows.data.num_rows == 1


def test_no_message_is_no_table() -> None:
    assert build_tables([]) == []


def test_whole_numbers_in_a_real_column_become_real(make_records: Any) -> None:
    document = json.loads(encode_message("s", "d", make_records(count=2)))
    document["blocks"][0]["columns"]["occupancy_mean"] = [2**60, 1.5]
    (rows,) = build_tables([decode_message(json.dumps(document))])
    assert rows.data.column("occupancy_mean").to_pylist() == [float(2**60), 1.5]


def test_text_that_no_file_can_hold_is_an_error_to_be_caught(make_records: Any) -> None:
    message = decode_message(encode_message("s", "d", make_records(count=2)))
    # The contract refuses it; should it ever get through, it must not take a batch with it.
    message.blocks[0].columns["zone"] = ["hall", "\ud800"]
    with pytest.raises(ValueError, match="surrogates not allowed"):
        build_tables([message])
