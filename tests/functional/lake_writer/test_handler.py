"""The function against S3 as moto plays it: events in, objects out."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest
from moto import mock_aws

from contract.envelope import encode_message
from contract.tables import SCHEMA_VERSION
from lambdas.lake_writer import handler as module
from lambdas.shared.lake_store import LakeStore, LakeStoreError

BUCKET = "crowdlens-lake"
SENT = "1795262400000"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "ap-northeast-2",
        "LAKE_BUCKET": BUCKET,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"}
        )
        module.lake_writer.cache_clear()
        yield client
        module.lake_writer.cache_clear()


def invoke(*bodies: str) -> list[str]:
    """Deliver `bodies` as messages m0, m1, … and return the ids to deliver again."""
    attributes = {"SenderId": "AROA:jetson-7", "SentTimestamp": SENT}
    records = [
        {"messageId": f"m{index}", "body": body, "attributes": attributes}
        for index, body in enumerate(bodies)
    ]
    answer = module.handler({"Records": records}, None)
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


def objects(s3: Any) -> dict[str, bytes]:
    listed = s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return {item["Key"]: s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read() for item in listed}


def lake_rows(s3: Any) -> list[dict[str, Any]]:
    raw = [body for key, body in objects(s3).items() if key.startswith("raw/")]
    return [row for body in raw for row in pq.ParquetFile(io.BytesIO(body)).read().to_pylist()]


def quarantined(s3: Any) -> list[dict[str, Any]]:
    return [json.loads(body) for key, body in objects(s3).items() if key.startswith("quarantine/")]


def test_good_messages_become_raw_objects_by_table_and_day(s3: Any, make_records: Any) -> None:
    body = encode_message("seoul-1", "jetson-7", make_records() + make_records("tracks", count=4))
    assert invoke(body) == []
    assert sorted(key.rsplit("/", 1)[0] for key in objects(s3)) == [
        "raw/tracks/day=2025-11-21",
        "raw/zone_counts/day=2025-11-21",
    ]
    assert len(lake_rows(s3)) == 7


def test_a_bad_message_is_kept_with_its_reason_and_stops_no_other(s3: Any, make_records: Any) -> None:
    assert invoke("not a message", encode_message("s", "d", make_records())) == []
    (kept,) = quarantined(s3)
    assert len(lake_rows(s3)) == 3
    assert kept["body"] == "not a message"
    assert kept["reason"].startswith("the body is no JSON")
    assert (kept["error"], kept["source"]) == ("MessageError", "lake_writer")
    assert (kept["message_id"], kept["sender_id"]) == ("m0", "AROA:jetson-7")
    assert kept["received_at"] == "2026-11-21T12:00:00.000+00:00"
    assert any(key.startswith("quarantine/day=2026-11-21/m0-") for key in objects(s3))


def test_a_value_no_file_can_hold_stops_no_other_message(s3: Any, make_records: Any) -> None:
    document = json.loads(encode_message("s", "bad", make_records()))
    document["blocks"][0]["columns"]["zone"] = {"k": "\ud800"}
    good = encode_message("s", "good", make_records())
    assert invoke(json.dumps(document), good) == []
    assert {row["device"] for row in lake_rows(s3)} == {"good"}
    (kept,) = quarantined(s3)
    assert json.loads(kept["body"]) == document


def test_a_newer_device_loses_nothing(s3: Any, make_records: Any) -> None:
    document = json.loads(encode_message("s", "d", make_records()))
    document["crowdlens"] = SCHEMA_VERSION + 1
    document["blocks"].append({"table": "moods", "camera": "c", "rows": 5, "columns": {}})
    document["blocks"][0]["columns"]["mood"] = {"k": "glad"}
    assert invoke(json.dumps(document)) == []
    assert len(lake_rows(s3)) == 3
    (kept,) = quarantined(s3)
    assert "moods (5 rows)" in kept["reason"]


def test_a_batch_delivered_again_changes_no_object(s3: Any, make_records: Any) -> None:
    bodies = [
        encode_message("s", "d", make_records(camera=name, start_ms=1_795_219_190_000)) for name in "abc"
    ]
    invoke(*bodies, "bad")
    before = objects(s3)
    invoke(*bodies, "bad")
    assert objects(s3) == before
    assert len(before) == 3


def test_a_body_twice_in_a_batch_is_written_once(s3: Any, make_records: Any) -> None:
    body = encode_message("s", "d", make_records())
    assert invoke(body, body) == []
    assert len(lake_rows(s3)) == 3


def test_an_empty_event_is_no_failure(s3: Any) -> None:
    assert invoke() == []
    assert objects(s3) == {}


def test_s3_failing_for_one_object_returns_exactly_the_messages_in_it(
    s3: Any, make_records: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = LakeStore.put

    def refuse_tracks(self: LakeStore, key: str, body: bytes, *, content_type: str) -> None:
        if "/tracks/" in key:
            raise LakeStoreError(f"object {key} could not be written: SlowDown")
        put(self, key, body, content_type=content_type)

    monkeypatch.setattr(LakeStore, "put", refuse_tracks)
    mixed = encode_message("s", "mixed", make_records() + make_records("tracks"))
    tracks = encode_message("s", "tracks-only", make_records("tracks"))
    counts = encode_message("s", "counts-only", make_records())
    assert sorted(invoke(mixed, counts, tracks, tracks)) == ["m0", "m2", "m3"]
    monkeypatch.setattr(LakeStore, "put", put)
    assert invoke(mixed, tracks) == []
    ids = {row["record_id"] for row in lake_rows(s3)}
    assert len(ids) == 3 * 2 + 3 + 3


def test_a_bad_message_whose_quarantine_fails_comes_again(s3: Any, make_records: Any) -> None:
    s3.delete_bucket(Bucket=BUCKET)
    assert sorted(invoke("bad", encode_message("s", "d", make_records()))) == ["m0", "m1"]


def test_the_log_line_counts_what_happened(
    s3: Any, make_records: Any, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    invoke("bad", encode_message("s", "d", make_records()))
    refused, written = (vars(record) for record in caplog.records)
    assert (refused["message"], refused["error"]) == ("message quarantined", "MessageError")
    assert written["message"] == "batch written"
    names = ("messages", "rows", "objects", "messages_quarantined", "messages_failed")
    assert [written[name] for name in names] == [2, 3, 2, 1, 0]
    (metrics,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert [metrics[name] for name in names] == [[2.0], [3.0], [2.0], [1.0], [0.0]]


@pytest.mark.parametrize(
    ("offsets", "sent"),
    [
        pytest.param([3.0, -1500.0, None], [1500.0], id="the largest, whichever its sign"),
        pytest.param([None, None], None, id="nobody told"),
    ],
)
def test_the_largest_clock_offset_of_a_batch_is_measured(
    offsets: list[float | None],
    sent: list[float] | None,
    s3: Any,
    make_records: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = [
        encode_message("s", f"d{at}", make_records("device_health", clock_offset_milliseconds=offset))
        for at, offset in enumerate(offsets)
    ]
    invoke(*told, encode_message("s", "d", make_records()))
    (metrics,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert metrics.get("clock_offset_milliseconds") == sent
