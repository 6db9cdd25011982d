from __future__ import annotations

from typing import Any

import pyarrow as pa

from contract.envelope import decode_message, encode_message
from contract.lake import parse_raw_key
from contract.tables import ZONE_COUNTS
from lambdas.lake_writer.columns import build_tables
from lambdas.lake_writer.objects import Upload, raw_objects
from lambdas.shared.lake_parquet import decode_parquet

MIDNIGHT = 1_795_219_200_000
"""2026-11-21T00:00:00Z."""
SECOND = 1000


def objects_of(*messages: Any) -> dict[str, Upload]:
    """The objects of messages (each a list of records), by day."""
    decoded = [decode_message(encode_message("s", "d", records)) for records in messages]
    (rows,) = build_tables(decoded)
    uploads = list(raw_objects(rows, [f"digest-{index}" for index in range(len(messages))]))
    return {parse_raw_key(upload.key)[1]: upload for upload in uploads}


def column(upload: Upload, name: str) -> list[Any]:
    return decode_parquet(upload.body, ZONE_COUNTS, upload.key).column(name).to_pylist()


def test_rows_on_both_sides_of_midnight_utc_lie_in_two_objects(make_records: Any) -> None:
    records = make_records(count=4, start_ms=MIDNIGHT - 2, step_ms=1)
    objects = objects_of(records)
    assert {day: upload.rows for day, upload in objects.items()} == {"2026-11-20": 2, "2026-11-21": 2}
    assert column(objects["2026-11-20"], "sequence") == [1, 2]
    assert column(objects["2026-11-21"], "sequence") == [3, 4]


def test_rows_are_sorted_by_camera_and_time(make_records: Any) -> None:
    late = make_records(camera="b", start_ms=MIDNIGHT + 10 * SECOND, count=2, step_ms=-5 * SECOND)
    early = make_records(camera="a", start_ms=MIDNIGHT + 50 * SECOND, count=2, step_ms=-50 * SECOND)
    device = make_records(camera=None, start_ms=MIDNIGHT + 99 * SECOND, count=1)
    (upload,) = objects_of(late, early, device).values()
    times = decode_parquet(upload.body, ZONE_COUNTS, "x").column("event_time").cast(pa.int64()).to_pylist()
    assert column(upload, "camera") == [None, "a", "a", "b", "b"]
    assert [(time - MIDNIGHT) // SECOND for time in times] == [99, 0, 50, 5, 10]


def test_an_object_stands_for_the_messages_with_rows_in_it(make_records: Any) -> None:
    objects = objects_of(
        make_records(start_ms=MIDNIGHT - 10, step_ms=0),
        make_records(start_ms=MIDNIGHT - 1, count=2, step_ms=1, camera="other"),
        make_records(start_ms=MIDNIGHT + 10, step_ms=0, camera="third"),
    )
    assert objects["2026-11-20"].digests == {"digest-0", "digest-1"}
    assert objects["2026-11-21"].digests == {"digest-1", "digest-2"}


def test_a_batch_that_comes_again_makes_the_same_objects(make_records: Any) -> None:
    messages = [make_records(camera=name, start_ms=MIDNIGHT - 20 * SECOND, count=5) for name in "cab"]
    again = objects_of(*messages)
    assert objects_of(*messages) == again


def test_an_object_depends_on_nothing_but_the_messages_in_it(make_records: Any) -> None:
    mine = make_records(start_ms=MIDNIGHT, step_ms=0, camera="mine")
    before = make_records(start_ms=MIDNIGHT - 1, step_ms=0, camera="before", zone="elsewhere")
    decoded = [decode_message(encode_message("s", "d", records)) for records in (before, mine)]
    (together,) = build_tables(decoded)
    (alone,) = build_tables(decoded[1:])
    with_other_day = [upload for upload in raw_objects(together, ["x", "y"]) if "11-21" in upload.key]
    assert with_other_day == list(raw_objects(alone, ["y"]))


def test_other_messages_make_another_name(make_records: Any) -> None:
    def name(digest: str) -> str:
        (rows,) = build_tables([decode_message(encode_message("s", "d", make_records()))])
        (upload,) = raw_objects(rows, [digest])
        return upload.key

    assert name("one") != name("two")
