"""The function against S3 and DynamoDB as moto plays them: events in, objects and counts out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from lambdas.compactor import handler as module
from lambdas.compactor.compactor import Piece
from lambdas.compactor.event import EventError, event_of, piece_of
from lambdas.compactor.settings import CompactionRules, compactor_settings
from lambdas.compactor.store import Listed, S3ObjectStore
from lambdas.shared import deadline
from lambdas.shared.lake_store import LakeObjectMissingError, LakeStoreError
from lambdas.shared.settings import SettingError

BUCKET = "crowdlens-lake"
TABLE = "crowdlens-control"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "ap-northeast-2",
        "LAKE_BUCKET": BUCKET,
        "CONTROL_TABLE": TABLE,
        "COMPACTOR_RAW_KEEP_HOURS": "0",
        "COMPACTOR_READER_GRACE_HOURS": "0",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"}
        )
        boto3.client("dynamodb").create_table(
            TableName=TABLE,
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        module._clients.cache_clear()
        yield client
        module._clients.cache_clear()


def keys(s3: Any) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def put(s3: Any, lake: Any, numbers: Any, name: str, **options: Any) -> None:
    key, body = lake.raw_object(numbers, name, **options)
    s3.put_object(Bucket=BUCKET, Key=key, Body=body)


class Context:
    aws_request_id = "r-1"

    def __init__(self, milliseconds: int) -> None:
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


def test_a_schedule_folds_all_there_is_and_takes_it_away(s3: Any, lake: Any) -> None:
    put(s3, lake, range(4), "one")
    put(s3, lake, range(2, 6), "two")
    put(s3, lake, range(3), "three", day="2026-11-01")
    counts = module.handler({"source": "aws.events"}, Context(900_000))
    assert (counts["objects_folded"], counts["objects_written"], counts["duplicates"]) == (3, 2, 2)
    assert counts["objects_retired"] == 3
    module.handler({}, Context(900_000))
    assert [key.rpartition("/")[0] for key in keys(s3)] == [
        f"compacted/{lake.TABLE}/day=2026-11-01",
        f"compacted/{lake.TABLE}/day=2026-11-20",
    ]
    found = {
        name for key in keys(s3) for name in lake.ids_in(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    }
    assert found == {lake.id_of(number) for number in range(6)}


def test_an_event_names_one_day(s3: Any, lake: Any) -> None:
    put(s3, lake, range(4), "one")
    put(s3, lake, range(3), "three", day="2026-11-01")
    counts = module.handler({"table": lake.TABLE, "day": "2026-11-01"}, None)
    assert (counts["pieces"], counts["objects_folded"]) == (1, 1)


def test_with_fan_out_each_day_becomes_an_invocation(
    s3: Any, lake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(s3, lake, range(4), "one")
    put(s3, lake, range(3), "three", day="2026-11-01")
    monkeypatch.setenv("COMPACTOR_FAN_OUT_FUNCTION", "crowdlens-compactor")
    sent: list[Piece] = []
    monkeypatch.setattr(
        module, "_dispatcher", lambda name: sent.append if name == "crowdlens-compactor" else None
    )
    counts = module.handler({}, Context(900_000))
    assert sent == [Piece(lake.TABLE, "2026-11-01"), Piece(lake.TABLE, "2026-11-20")]
    assert counts["objects_folded"] == 0
    assert module.handler(event_of(sent[0]), Context(900_000))["objects_folded"] == 1


def test_an_object_that_cannot_be_read_is_counted(s3: Any, lake: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key=f"raw/{lake.TABLE}/day=2026-11-20/bad.parquet", Body=b"no parquet")
    assert module.handler({}, None)["objects_skipped"] == 1
    assert keys(s3) == [f"raw/{lake.TABLE}/day=2026-11-20/bad.parquet"]


def test_little_time_left_begins_nothing(s3: Any, lake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    put(s3, lake, range(4), "one")
    times = iter([0.0, 0.0])
    monkeypatch.setattr(deadline.time, "monotonic", lambda: next(times, 800.0))
    counts = module.handler({}, Context(900_000))
    assert (counts["pieces"], counts["pieces_left"]) == (0, 1)


@pytest.mark.parametrize(
    ("event", "message"),
    [
        pytest.param({"table": "moods", "day": "2026-11-20"}, "table is 'moods'", id="no such table"),
        pytest.param({"table": "tracks"}, "day is None", id="no day"),
        pytest.param({"table": "tracks", "day": "20261120"}, "day is '20261120'", id="day in another form"),
        pytest.param({"table": "tracks", "day": "2026-11-31"}, "day is '2026-11-31'", id="no such day"),
        pytest.param({"table": "tracks", "day": "2026-11-20", "bucket": -1}, "bucket is -1", id="below 0"),
        pytest.param({"bucket": 1}, "table is None", id="a bucket alone"),
    ],
)
def test_half_a_piece_is_refused(event: dict[str, Any], message: str) -> None:
    with pytest.raises(EventError, match=message):
        piece_of(event)


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param(Piece("tracks", "2026-11-20"), id="a day"),
        pytest.param(Piece("tracks", "2026-11-20", 3), id="a bucket"),
    ],
)
def test_a_piece_comes_back_from_its_event(piece: Piece) -> None:
    assert piece_of(event_of(piece)) == piece


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"LAKE_BUCKET": " "}, "LAKE_BUCKET is not set", id="no bucket"),
        pytest.param({"COMPACTOR_PIECE_ROWS": "0"}, "COMPACTOR_PIECE_ROWS is '0'", id="no rows"),
        pytest.param({"COMPACTOR_RAW_KEEP_HOURS": "-1"}, "COMPACTOR_RAW_KEEP_HOURS is '-1'", id="negative"),
        pytest.param(
            {"COMPACTOR_READER_GRACE_HOURS": "nan"}, "COMPACTOR_READER_GRACE_HOURS is 'nan'", id="nan"
        ),
    ],
)
def test_bad_settings_are_told(changes: dict[str, str], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        compactor_settings({"LAKE_BUCKET": "b", **changes})


def test_settings_have_defaults() -> None:
    settings = compactor_settings({"LAKE_BUCKET": "b"})
    assert (settings.control_table, settings.fan_out_function) == ("crowdlens-control", None)
    assert settings.rules == CompactionRules()


def test_the_store_keeps_its_promises(s3: Any) -> None:
    store = S3ObjectStore(BUCKET)
    first = store.put_new("compacted/a", b"1", "text/plain")
    assert store.put_new("compacted/a", b"2", "text/plain") == first
    assert store.get("compacted/a", first) == b"1"
    with pytest.raises(LakeObjectMissingError, match="compacted/a is not as it was listed"):
        store.get("compacted/a", "another")
    with pytest.raises(LakeObjectMissingError):
        store.get("compacted/none", first)
    with pytest.raises(LakeStoreError, match="could not be listed"):
        S3ObjectStore("no-such-bucket").listing("raw/")


def test_days_are_found_without_listing_their_objects(s3: Any) -> None:
    for key in (
        "raw/tracks/day=2026-11-20/a",
        "raw/tracks/day=2026-11-20/b",
        "raw/tracks/day=2025-01-01/c",
        "raw/tracks/x",
    ):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    assert S3ObjectStore(BUCKET).days("raw/tracks/") == ["2025-01-01", "2026-11-20"]


@dataclass
class AnsweringS3:
    """A client whose writes and deletions are answered as S3 does in moments that moto does not play."""

    put_answers: list[str | None] = field(default_factory=list)
    delete_code: str = "AccessDenied"

    def put_object(self, **_: Any) -> dict[str, str]:
        code = self.put_answers.pop(0)
        if code is None:
            return {"ETag": '"written"'}
        raise ClientError({"Error": {"Code": code, "Message": "played"}}, "PutObject")

    def head_object(self, **_: Any) -> dict[str, str]:
        return {"ETag": '"there"'}

    def delete_objects(self, **arguments: Any) -> dict[str, Any]:
        objects = arguments["Delete"]["Objects"]
        return {
            "Errors": [
                {"Key": item["Key"], "Code": self.delete_code, "Message": "played"} for item in objects[:1]
            ]
        }


@pytest.mark.parametrize(
    ("answers", "etag"),
    [
        pytest.param([None], "written", id="nobody else"),
        pytest.param(["PreconditionFailed"], "there", id="another was first"),
        pytest.param(["ConditionalRequestConflict", None], "written", id="another gave up"),
        pytest.param(["ConditionalRequestConflict", "PreconditionFailed"], "there", id="another was quicker"),
        pytest.param(["ConditionalRequestConflict"] * 3, "there", id="others without end"),
    ],
)
def test_two_who_write_one_key_both_go_on(answers: list[str | None], etag: str) -> None:
    store = S3ObjectStore(BUCKET, cast("Any", AnsweringS3(put_answers=answers)))
    assert store.put_new("compacted/x", b"x", "text/plain") == etag


OLD = [Listed(f"raw/{number}", "etag", 1, datetime(2026, 11, 20, tzinfo=UTC)) for number in range(3)]


def test_an_object_that_changed_since_is_left_for_the_next_run() -> None:
    store = S3ObjectStore(BUCKET, cast("Any", AnsweringS3(delete_code="PreconditionFailed")))
    assert store.delete(OLD) == 2


def test_a_deletion_that_is_not_allowed_is_told() -> None:
    store = S3ObjectStore(BUCKET, cast("Any", AnsweringS3(delete_code="AccessDenied")))
    with pytest.raises(LakeStoreError, match="raw/0 could not be deleted: AccessDenied played"):
        store.delete(OLD)


def test_a_piece_that_cannot_be_handed_over_is_a_sentence(s3: Any) -> None:
    dispatch = module._dispatcher("no-such-function")
    with pytest.raises(module.DispatchError, match="could not be handed to no-such-function"):
        dispatch(Piece("tracks", "2026-11-20"))
