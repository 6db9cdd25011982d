from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from contract.envelope import decode_message, encode_message
from contract.tables import ZONE_COUNTS
from lambdas.lake_writer.columns import build_tables
from lambdas.rds_loader import live
from lambdas.rds_loader.rows import in_key_order, latest_rows, mysql_values

NOON = datetime(2025, 11, 21, 12, tzinfo=UTC).replace(tzinfo=None)


def lake_table(records: Any) -> pa.Table:
    (rows,) = build_tables([decode_message(encode_message("s", "d", records))])
    return rows.data


def test_rows_come_in_chunks_with_times_as_utc_text(make_records: Any) -> None:
    data = lake_table(make_records(count=5, start_ms=1_795_262_400_007, step_ms=1))
    chunks = list(mysql_values(data, ZONE_COUNTS.columns, 2))
    assert [len(chunk) for chunk in chunks] == [2, 2, 1]
    time = [column.name for column in ZONE_COUNTS.columns].index("event_time")
    assert chunks[0][0][time] == "2026-11-21 12:00:00.007"
    assert [len(row) for chunk in chunks for row in chunk] == [len(ZONE_COUNTS.columns)] * 5


def test_rows_are_written_in_the_order_of_their_key(make_records: Any) -> None:
    ids: list[Any] = in_key_order(lake_table(make_records(count=12))).column("record_id").to_pylist()
    assert ids == sorted(ids)


def test_the_latest_of_a_key_is_by_time_then_sequence_then_id() -> None:
    data = pa.table(
        {
            "zone": ["a", "a", "a", "b", "b"],
            "event_time": [5, 9, 9, 1, 1],
            "sequence": [9, 1, 2, 7, 7],
            "record_id": ["r1", "r2", "r3", "x", "y"],
        }
    )
    latest = latest_rows(data, ["zone"], ["event_time", "sequence", "record_id"])
    assert latest.column("record_id").to_pylist() == ["r3", "y"]


def test_a_clock_that_runs_ahead_does_not_hold_the_live_state(make_records: Any) -> None:
    records = make_records(count=3, step_ms=60_000, camera=None)
    rows = live.eligible(lake_table(records), NOON.replace(minute=1))
    assert rows.column("sequence").to_pylist() == [1, 2]
    assert rows.column("camera").to_pylist() == ["", ""]


def test_no_row_is_no_statement() -> None:
    empty = lake_table_without_rows()
    assert list(mysql_values(latest_rows(empty, live.KEY, live.ORDER), live.COLUMNS, 10)) == []


def lake_table_without_rows() -> pa.Table:
    return pa.table({column.name: pa.array([], pa.string()) for column in live.COLUMNS})
