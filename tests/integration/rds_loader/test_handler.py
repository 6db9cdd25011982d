"""The loader between a lake (moto's S3) and a real MariaDB."""

from __future__ import annotations

import json
import random
from contextlib import closing, suppress
from typing import Any

import pyarrow as pa
import pymysql
import pytest

from contract.envelope import decode_message, encode_message
from contract.tables import TABLES
from lambdas.lake_writer.columns import build_tables
from lambdas.rds_loader import bulk
from lambdas.rds_loader import handler as module
from lambdas.shared.lake_parquet import encode_parquet

BUCKET = "crowdlens-lake"
NOON_MILLISECONDS = 1_763_726_400_000


@pytest.mark.parametrize("table", list(TABLES))
def test_every_value_of_every_table_arrives(lake: Any, table: str, make_records: Any) -> None:
    records = make_records(table, count=5)
    (key,) = lake.put(records)
    assert lake.load(key) == 0
    columns = [column.name for column in TABLES[table].columns]
    rows = lake.query(f"SELECT * FROM `{table}` ORDER BY sequence")  # noqa: S608
    (expected,) = build_tables([decode_message(encode_message("seoul-1", "jetson-7", records))])
    assert [dict(zip(columns, row, strict=True)) for row in rows] == expected.data.to_pylist()
    assert lake.query("SELECT object_key, table_name, rows_in_object FROM load_ledger") == [(key, table, 5)]


def test_the_same_object_again_is_skipped(lake: Any, make_records: Any) -> None:
    (key,) = lake.put(make_records())
    etag = lake.s3.head_object(Bucket=BUCKET, Key=key)["ETag"].strip('"')
    lake.load(key)
    before = lake.query("SELECT loaded_at FROM load_ledger")
    assert lake.load(key, etag=etag) == 0
    assert lake.load(key, key) == 0
    assert lake.query("SELECT loaded_at FROM load_ledger") == before


def test_a_known_object_is_not_even_read(lake: Any, make_records: Any) -> None:
    (key,) = lake.put(make_records())
    etag = lake.s3.head_object(Bucket=BUCKET, Key=key)["ETag"].strip('"')
    lake.load(key)
    lake.s3.delete_object(Bucket=BUCKET, Key=key)
    assert lake.load(key, etag=etag) == 0


def test_the_same_record_in_two_objects_is_one_row(lake: Any, make_records: Any) -> None:
    (first,) = lake.put(make_records(count=4))
    (second,) = lake.put(make_records(count=4), make_records(count=2, first_sequence=5))
    assert lake.load(first, second) == 0
    assert lake.query("SELECT COUNT(*) FROM zone_counts") == [(6,)]


def test_any_order_and_any_repetition_give_the_same_content(lake: Any, make_records: Any) -> None:
    keys = [
        key
        for step in range(6)
        for key in lake.put(
            make_records(count=3, start_ms=NOON_MILLISECONDS - step * 10_000, first_sequence=1 + 3 * step)
            + make_records("tracks", count=3 + step)
        )
    ]
    contents = []
    for seed in range(3):
        chance = random.Random(seed)
        order = [*keys, *chance.sample(keys, 5)]
        chance.shuffle(order)
        lake.empty()
        assert lake.load(*order) == 0
        contents.append(lake.content())
    assert contents[0] == contents[1] == contents[2]
    assert len(contents[0]["zone_counts"]) == 18


def live_rows(lake: Any) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = lake.query("SELECT occupancy_last, sequence, record_id FROM zone_live")
    return found


LIVE = {"zone": "hall", "object_class": "person"}


@pytest.mark.parametrize("order", ["forward", "backward"])
def test_live_state_moves_forward_only(lake: Any, order: str, make_records: Any) -> None:
    (older,) = lake.put(make_records(count=1, occupancy_last=5, first_sequence=9, **LIVE))
    (newer,) = lake.put(
        make_records(count=1, start_ms=NOON_MILLISECONDS + 1, occupancy_last=7, epoch="f" * 12, **LIVE)
    )
    lake.load(*([older, newer] if order == "forward" else [newer, older]))
    assert [row[:2] for row in live_rows(lake)] == [(7, 1)]


@pytest.mark.parametrize("order", ["forward", "backward"])
@pytest.mark.parametrize("tie", ["sequence", "record id"])
def test_a_tie_in_time_is_decided_alike_in_any_order(
    lake: Any, order: str, tie: str, make_records: Any
) -> None:
    later = {"first_sequence": 2} if tie == "sequence" else {"epoch": "f" * 12}
    (one,) = lake.put(make_records(count=1, occupancy_last=1, **LIVE))
    (two,) = lake.put(make_records(count=1, occupancy_last=2, **LIVE, **later))
    lake.load(*([one, two] if order == "forward" else [two, one]))
    assert [row[0] for row in live_rows(lake)] == [2]


def test_a_clock_years_ahead_does_not_stop_the_live_map(lake: Any, make_records: Any) -> None:
    keys = lake.put(make_records(count=1, start_ms=4_000_000_000_000, occupancy_last=99, **LIVE))
    keys += lake.put(make_records(count=1, first_sequence=2, occupancy_last=3, **LIVE))
    assert lake.load(*keys) == 0
    assert [row[0] for row in live_rows(lake)] == [3]
    assert lake.query("SELECT COUNT(*) FROM zone_counts") == [(2,)]


def test_a_notification_may_name_several_objects_or_none(lake: Any, make_records: Any) -> None:
    keys = lake.put(make_records() + make_records("tracks"))
    test_event = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET})
    assert lake.load_bodies(test_event, lake.notification(*keys)) == []
    assert lake.query("SELECT COUNT(*) FROM load_ledger") == [(2,)]


def test_one_bad_message_stops_no_other(lake: Any, make_records: Any) -> None:
    (key,) = lake.put(make_records())
    bodies = [
        "no json",
        lake.notification("raw/zone_counts/day=2026-11-21/gone.parquet"),
        lake.notification("raw/moods/day=2026-11-21/x.parquet"),
        lake.notification(key, bucket="another"),
        lake.notification(key),
    ]
    assert lake.load_bodies(*bodies) == ["m0", "m1", "m2", "m3"]
    assert lake.query("SELECT COUNT(*) FROM zone_counts") == [(3,)]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        pytest.param(b"no parquet", "is no readable parquet file", id="no parquet"),
        pytest.param(None, "zone_counts.zone is int64: expected string", id="wrong column"),
    ],
)
def test_an_object_that_does_not_fit_names_itself_and_leaves_nothing(
    lake: Any, body: bytes | None, sentence: str, make_records: Any, caplog: pytest.LogCaptureFixture
) -> None:
    (key,) = lake.put(make_records())
    if body is None:
        (rows,) = build_tables([decode_message(encode_message("s", "d", make_records()))])
        index = rows.data.column_names.index("zone")
        wrong = rows.data.set_column(index, "zone", pa.array([1, 2, 3], pa.int64()))
        body = encode_parquet(wrong, TABLES["zone_counts"])
    lake.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    assert lake.load(key) == 1
    assert sentence in str([vars(record).get("reason") for record in caplog.records])
    assert lake.query("SELECT COUNT(*) FROM load_ledger") == [(0,)]


def test_an_error_half_way_leaves_nothing_of_the_object(
    lake: Any, make_records: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (key,) = lake.put(make_records(count=20))
    monkeypatch.setattr(bulk, "ROWS_PER_LOAD", 5)
    with closing(lake.server.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("ALTER TABLE zone_live DROP COLUMN suspect")
    assert lake.load(key) == 1
    assert lake.query("SELECT COUNT(*) FROM zone_counts") == [(0,)]
    with closing(lake.server.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("ALTER TABLE zone_live ADD COLUMN suspect TINYINT(1) NOT NULL AFTER density_per_m2")
    assert lake.load(key) == 0
    assert lake.query("SELECT COUNT(*) FROM zone_counts") == [(20,)]


def test_an_object_replaced_under_its_key_is_loaded_again(lake: Any, make_records: Any) -> None:
    (key,) = lake.put(make_records(count=2))
    lake.load(key)
    (other,) = lake.put(make_records(count=5))
    body = lake.s3.get_object(Bucket=BUCKET, Key=other)["Body"].read()
    lake.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    assert lake.load(key) == 0
    assert lake.query("SELECT rows_in_object FROM load_ledger") == [(5,)]
    assert lake.query("SELECT COUNT(*) FROM zone_counts") == [(5,)]


def test_a_connection_killed_by_the_server_is_made_anew(lake: Any, make_records: Any) -> None:
    first, second = (lake.put(make_records(camera=name))[0] for name in "ab")
    assert lake.load(first) == 0
    (own,) = lake.query("SELECT CONNECTION_ID()")
    for (thread,) in lake.query("SELECT id FROM information_schema.processlist"):
        if thread != own[0]:
            # A thread may be gone already.
            with suppress(pymysql.MySQLError):
                lake.query(f"KILL {thread}")
    assert lake.load(second) == 0
    assert lake.query("SELECT COUNT(*) FROM zone_counts") == [(6,)]


def test_a_server_that_is_away_fails_the_whole_batch_at_once(
    lake: Any, make_records: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [lake.put(make_records(camera=name))[0] for name in "abc"]
    monkeypatch.setenv("MYSQL_PORT", "1")
    module.loader.cache_clear()
    module.database.cache_clear()
    assert lake.load(*keys) == 3
    monkeypatch.undo()
