"""The function with the registry behind it: settings, metrics and log lines of both modes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from contract.envelope import encode_message
from lambdas.lake_writer import handler as module
from lambdas.lake_writer.identity_report import MentionedLately
from lambdas.shared.original_senders import OriginalSenders
from lambdas.shared.quarantine import Quarantined
from lambdas.shared.registry import DeviceRegistry
from lambdas.shared.sqs import SENT_BACK_ATTRIBUTE

BUCKET, TABLE = "crowdlens-lake", "crowdlens-control"
MINE, FOREIGN = "a" * 64, "b" * 64


@pytest.fixture
def s3(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("LAKE_BUCKET", BUCKET)
    monkeypatch.setenv("CONTROL_TABLE", TABLE)
    monkeypatch.setenv("IDENTITY_MODE", "enforce")
    client: Any = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
    DeviceRegistry(TABLE, dynamodb).enrol("jetson-7", "seoul-1", MINE)
    monkeypatch.setattr(module, "mentioned", MentionedLately())
    module.lake_writer.cache_clear()
    yield client
    module.lake_writer.cache_clear()


def invoke(*messages: tuple[str, str], sent_back: bool = False) -> list[str]:
    """Deliver (body, session) pairs as m0, m1, … and return the ids to deliver again."""
    attribute = {SENT_BACK_ATTRIBUTE: {"stringValue": "identity", "dataType": "String"}} if sent_back else {}
    records = [
        {
            "messageId": f"m{index}",
            "body": body,
            "attributes": {"SenderId": f"AROA:{session}", "SentTimestamp": "1795262400000"},
            "messageAttributes": attribute,
            "eventSourceARN": "arn:aws:sqs:ap-northeast-2:1:ingest",
        }
        for index, (body, session) in enumerate(messages)
    ]
    answer = module.handler({"Records": records}, None)
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


def kept(s3: Any) -> list[Quarantined]:
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="quarantine/").get("Contents", [])
    bodies = [s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read() for item in listed]
    return [Quarantined.from_bytes(body, "x") for body in bodies]


def raw(s3: Any) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET, Prefix="raw/").get("Contents", [])]


def metrics_in(output: str) -> dict[str, float]:
    (line,) = [json.loads(line) for line in output.splitlines() if "_aws" in line]
    return {name: value[0] for name, value in line.items() if name.startswith("identity_")}


def test_impostors_are_kept_counted_and_mentioned_once(
    s3: Any,
    make_records: Any,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    bodies = [encode_message("seoul-1", "jetson-7", make_records(count=count)) for count in (1, 2, 3)]
    unknown = encode_message("seoul-1", "jetson-9", make_records())
    assert invoke((bodies[0], MINE), (bodies[1], FOREIGN), (bodies[2], FOREIGN), (unknown, MINE)) == []
    assert len(raw(s3)) == 1
    assert sorted((one.error, one.device) for one in kept(s3)) == [
        ("Impostor", "jetson-7"),
        ("Impostor", "jetson-7"),
        ("UnknownDevice", "jetson-9"),
    ]
    assert metrics_in(capsys.readouterr().out) == {
        "identity_impostors": 2.0,
        "identity_unknown_devices": 1.0,
        "identity_blocked_devices": 0.0,
        "identity_unchecked": 0.0,
        "identity_held": 0.0,
    }
    lines = [record for record in caplog.records if record.message == "sender does not match device"]
    assert sorted((vars(line)["device"], vars(line)["error"]) for line in lines) == [
        ("jetson-7", "Impostor"),
        ("jetson-9", "UnknownDevice"),
    ]


def test_a_table_that_is_gone_keeps_every_message_for_retry(
    s3: Any, dynamodb: Any, make_records: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    dynamodb.delete_table(TableName=TABLE)
    body = encode_message("seoul-1", "jetson-7", make_records())
    assert invoke((body, MINE), ("no message", FOREIGN)) == ["m0"]
    assert raw(s3) == []
    assert [one.error for one in kept(s3)] == ["MessageError"]
    assert metrics_in(capsys.readouterr().out)["identity_held"] == 1.0


def test_what_is_sent_back_after_enrolment_is_written(s3: Any, dynamodb: Any, make_records: Any) -> None:
    body = encode_message("seoul-1", "jetson-9", make_records())
    invoke((body, FOREIGN))
    (refused,) = kept(s3)
    OriginalSenders(TABLE, dynamodb).remember(refused.body_sha256, str(refused.sender_id))
    DeviceRegistry(TABLE, dynamodb).enrol("jetson-9", "seoul-1", FOREIGN)
    assert invoke((body, "operator"), sent_back=True) == []
    assert len(raw(s3)) == 1
    assert len(kept(s3)) == 1


def test_without_a_control_table_nobody_is_checked(
    s3: Any, make_records: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CONTROL_TABLE")
    monkeypatch.setenv("IDENTITY_MODE", "observe")
    assert invoke((encode_message("seoul-1", "nobody", make_records()), FOREIGN)) == []
    assert len(raw(s3)) == 1
