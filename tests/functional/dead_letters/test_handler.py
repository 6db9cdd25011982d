"""Dead letters against S3 as moto plays it: each kept whole, with what can be known of it."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from contract.envelope import encode_message
from infra.ingest_settings import LAKE_WRITER
from lambdas.dead_letters import handler as module
from lambdas.dead_letters.diagnosis import DEAD_LETTER_SUFFIX
from lambdas.shared.lake_store import LakeStore, LakeStoreError

BUCKET = "crowdlens-lake"
DEAD_LETTER_ARN = "arn:aws:sqs:ap-northeast-2:1:ingest-dead-letters"
ATTRIBUTES = {
    "SenderId": "AROA:jetson-7",
    "SentTimestamp": "1795262400000",
    "ApproximateReceiveCount": "6",
    "ApproximateFirstReceiveTimestamp": "1795262401500",
    "DeadLetterQueueSourceArn": "arn:aws:sqs:ap-northeast-2:1:ingest",
}


@pytest.fixture
def s3(moto_aws: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("LAKE_BUCKET", BUCKET)
    client: Any = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
    module.lake_store.cache_clear()
    yield client
    module.lake_store.cache_clear()


def invoke(*bodies: str, attributes: dict[str, str] | None = None, **more: Any) -> list[str]:
    records = [
        {
            "messageId": f"m{index}",
            "body": body,
            "attributes": ATTRIBUTES if attributes is None else attributes,
            "eventSourceARN": DEAD_LETTER_ARN,
            **more,
        }
        for index, body in enumerate(bodies)
    ]
    answer = module.handler({"Records": records}, None)
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


def kept(s3: Any) -> list[dict[str, Any]]:
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="quarantine/").get("Contents", [])
    return [json.loads(s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read()) for item in listed]


def test_a_device_message_is_kept_with_all_that_is_known(s3: Any, make_records: Any) -> None:
    body = encode_message("seoul-1", "jetson-7", make_records(count=4))
    attribute = {"stringValue": "1", "dataType": "String"}
    assert invoke(body, messageAttributes={"crowdlens_sent_back": attribute}) == []
    (letter,) = kept(s3)
    assert (letter["kind"], letter["source"], letter["error"]) == ("dead_letter", "dead_letters", "GivenUp")
    assert letter["body"] == body
    assert letter["queue_arn"] == "arn:aws:sqs:ap-northeast-2:1:ingest"
    assert (letter["receive_count"], letter["sender_id"]) == (6, "AROA:jetson-7")
    assert letter["received_at"] == "2026-11-21T12:00:00.000+00:00"
    assert letter["first_received_at"] == "2026-11-21T12:00:01.500+00:00"
    assert (letter["device"], letter["tables"]) == ("jetson-7", ["zone_counts"])
    assert letter["message_attributes"] == {"crowdlens_sent_back": "1"}
    assert letter["reason"] == (
        "ingest gave the message up, received 6 times, the first at 2026-11-21T12:00:01+00:00; it can be "
        "read: device jetson-7, 4 zone_counts, so the log of the queue's function says what failed"
    )


def notification(key: str) -> str:
    stored = {"bucket": {"name": BUCKET}, "object": {"key": key}}
    return json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "s3": stored}]})


@pytest.mark.parametrize(
    ("body", "error", "says", "tables"),
    [
        pytest.param(
            notification("raw/tracks/day%3D2026-11-21/a.parquet"),
            "GivenUp",
            "a notification about tracks",
            ["tracks"],
            id="a notification of a raw object",
        ),
        pytest.param(notification("other"), "GivenUp", "no lake object", [], id="of another object"),
        pytest.param("not json", "JSONDecodeError", "cannot be read", [], id="text"),
        pytest.param("", "JSONDecodeError", "cannot be read", [], id="nothing"),
        pytest.param("[1]", "MessageError", "expected an object", [], id="a list"),
        pytest.param("[" * 100_000, "RecursionError", "cannot be read", [], id="nested past any stack"),
        pytest.param('{"crowdlens": 0}', "MessageError", "schema version", [], id="no header"),
        pytest.param('"\\ud800"', "MessageError", "cannot be read", [], id="half a surrogate pair"),
        pytest.param('{"Records": [1, {"s3": 2}]}', "GivenUp", "no lake object", [], id="strange records"),
    ],
)
def test_any_body_is_kept_with_a_reason(s3: Any, body: str, error: str, says: str, tables: list[str]) -> None:
    assert invoke(body) == []
    (letter,) = kept(s3)
    assert (letter["body"], letter["error"], letter["tables"]) == (body, error, tables)
    assert says in letter["reason"]


def test_the_queue_is_known_by_its_name_when_sqs_does_not_say(s3: Any) -> None:
    assert LAKE_WRITER.dead_letter_queue_name == LAKE_WRITER.queue_name + DEAD_LETTER_SUFFIX
    assert invoke("x", attributes={"SentTimestamp": "1795262400000"}) == []
    (letter,) = kept(s3)
    assert letter["queue_arn"] == "arn:aws:sqs:ap-northeast-2:1:ingest"
    assert (letter["receive_count"], letter["first_received_at"]) == (None, None)


def test_delivered_again_it_is_kept_once(s3: Any) -> None:
    invoke("x", "y")
    invoke("x", "y")
    assert len(kept(s3)) == 2


def test_a_failed_copy_leaves_its_message_in_the_dead_letter_queue(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = LakeStore.put

    def refuse_m1(self: LakeStore, key: str, body: bytes, *, content_type: str) -> None:
        if "/m1-" in key:
            raise LakeStoreError(f"object {key} could not be written: SlowDown")
        put(self, key, body, content_type=content_type)

    monkeypatch.setattr(LakeStore, "put", refuse_m1)
    assert invoke("x", "y", "z") == ["m1"]
    assert sorted(letter["body"] for letter in kept(s3)) == ["x", "z"]


def test_a_bucket_that_is_gone_leaves_all(s3: Any) -> None:
    s3.delete_bucket(Bucket=BUCKET)
    assert invoke("x", "y") == ["m0", "m1"]


def test_dead_letters_are_counted_and_named_in_the_log(
    s3: Any, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    invoke("x", "y")
    lines = [vars(record) for record in caplog.records]
    assert [line["message"] for line in lines] == ["dead letter quarantined"] * 2
    (metrics,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert (metrics["dead_letters"], metrics["dead_letters_failed"]) == ([2.0], [0.0])


def test_an_empty_event_is_no_failure(s3: Any) -> None:
    assert invoke() == []
