"""The tables: complete, described in two languages, unable to hold a picture."""

from __future__ import annotations

import pytest

from contract.columns import Column, ColumnType
from contract.lake import LakeKeyError, day_of, parse_raw_key, raw_key
from contract.records import Record, RecordError, Value, check_record, check_value
from contract.tables import SCHEMA_VERSION, TABLES, Table

EVERY_COLUMN = [
    pytest.param(table, column, id=f"{table.name}.{column.name}")
    for table in TABLES.values()
    for column in table.columns
]


def test_the_tables_of_the_architecture_are_there() -> None:
    assert sorted(TABLES) == [
        "camera_status",
        "classifications",
        "device_health",
        "events",
        "gaps",
        "line_crossings",
        "stream_ledger",
        "tracks",
        "zone_counts",
    ]


@pytest.mark.parametrize(("table", "column"), EVERY_COLUMN)
def test_every_column_says_what_it_is(table: Table, column: Column) -> None:
    assert column.english
    assert any("가" <= letter <= "힣" for letter in column.korean), f"{table.name}.{column.name}"
    assert 1 <= column.added_in <= SCHEMA_VERSION
    assert column.added_in == 1 or column.nullable, "a column added later must be nullable"


@pytest.mark.parametrize(("table", "column"), EVERY_COLUMN)
def test_no_column_could_hold_a_picture(table: Table, column: Column) -> None:
    # The smallest JPEG that shows a face takes more than 500 bytes; the longest text is 200 characters.
    assert column.type is not ColumnType.TEXT or column.maximum_length <= 200


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_no_row_could_hold_a_picture_in_its_texts_or_numbers(table: Table) -> None:
    # A thumbnail of 16 x 16 grey pixels needs 256 numbers; all texts together hold less than a small JPEG.
    numbers = [column for column in table.columns if column.type is not ColumnType.TEXT]
    assert len(numbers) <= 32
    own_texts = [column for column in table.own_columns if column.type is ColumnType.TEXT]
    assert sum(column.maximum_length for column in own_texts) <= 500


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"\xff\xd8\xff\xe0", id="bytes"),
        pytest.param(bytearray(16), id="byte array"),
        pytest.param([0, 1, 2], id="list"),
        pytest.param({"pixels": [1]}, id="mapping"),
        pytest.param("/9j/" + "A" * 600, id="a JPEG as text"),
    ],
)
def test_no_column_takes_anything_a_picture_could_be(value: object) -> None:
    for table in TABLES.values():
        for column in table.columns:
            with pytest.raises(RecordError, match=f"{column.name} is"):
                check_value(column, value, column.name)


@pytest.mark.parametrize(("table", "column"), EVERY_COLUMN)
def test_no_column_is_named_like_the_lakes_partition(table: Table, column: Column) -> None:
    # Hive forbids a column and a partition of one name.
    assert column.name != "day"


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_column_names_are_unique(table: Table) -> None:
    names = [column.name for column in table.columns]
    assert len(names) == len(set(names))


def status(**changes: Value) -> Record:
    values: dict[str, Value] = {"state": "ok", **changes}
    return Record("camera_status", "plaza-1", "v1", "Asia/Seoul", 1_700_000_000_000, "synced", values)


def test_a_record_may_leave_out_what_may_be_null() -> None:
    check_record(status())


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param({"state": None}, "camera_status.state is missing", id="missing"),
        pytest.param({"state": 5}, "camera_status.state is 5: expected text", id="number for text"),
        pytest.param({"state": "x" * 17}, "expected text of at most 16 characters", id="too long"),
        pytest.param({"frames_per_second": float("inf")}, "expected a finite number", id="infinite"),
        pytest.param({"frames_per_second": True}, "expected a number", id="truth value for number"),
        pytest.param({"picture": "…"}, "camera_status.picture is not a column", id="unknown column"),
    ],
)
def test_a_wrong_record_is_refused_at_birth(changes: dict[str, Value], sentence: str) -> None:
    with pytest.raises(RecordError) as caught:
        check_record(status(**changes))
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("milliseconds", "day"),
    [
        pytest.param(0, "1970-01-01", id="a clock that never was set"),
        pytest.param(1_709_164_799_999, "2024-02-28", id="last millisecond of a day"),
        pytest.param(1_709_164_800_000, "2024-02-29", id="leap day"),
    ],
)
def test_days_are_utc_days(milliseconds: int, day: str) -> None:
    assert day_of(milliseconds) == day


def test_raw_keys_are_read_as_they_are_written() -> None:
    assert parse_raw_key(raw_key("tracks", "2026-11-21", "0f-1")) == ("tracks", "2026-11-21", "0f-1")


@pytest.mark.parametrize(
    "key",
    ["raw/pictures/day=2026-11-21/a.parquet", "raw/tracks/a.parquet", "quarantine/day=2026-11-21/a.json"],
)
def test_other_keys_are_refused(key: str) -> None:
    with pytest.raises(LakeKeyError, match="expected raw/"):
        parse_raw_key(key)
