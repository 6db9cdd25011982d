from __future__ import annotations

import json
from typing import Any

import pytest

from lambdas.rds_loader.notifications import NotificationError, ObjectCreated, parse_notification


def record(key: str = "raw/tracks/day%3D2026-11-21/a.parquet", **changes: Any) -> dict[str, Any]:
    return {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "lake"}, "object": {"key": key, "size": 1, "eTag": "abc"}},
        **changes,
    }


def parse(*records: Any) -> list[ObjectCreated]:
    return parse_notification(json.dumps({"Records": list(records)}))


def test_a_key_is_decoded_from_its_form() -> None:
    (created,) = parse(record())
    assert created == ObjectCreated("lake", "raw/tracks/day=2026-11-21/a.parquet", "abc")
    assert parse(record("a+b%2Bc"))[0].key == "a b+c"


def test_several_objects_come_in_one_and_one_object_once() -> None:
    assert [one.key for one in parse(record("a"), record("b"), record("a"))] == ["a", "b"]


@pytest.mark.parametrize(
    "name", ["ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload", "s3:ObjectCreated:Copy"]
)
def test_every_way_to_create_an_object_counts(name: str) -> None:
    assert len(parse(record(eventName=name))) == 1


def test_other_events_name_no_object() -> None:
    assert parse(record(eventName="ObjectRemoved:Delete")) == []


def test_the_test_event_of_a_new_subscription_names_no_object() -> None:
    body = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "lake", "RequestId": "1"}
    assert parse_notification(json.dumps(body)) == []


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="empty"),
        pytest.param("nothing", id="text"),
        pytest.param("[]", id="list"),
        pytest.param("{}", id="no records"),
        pytest.param('{"Records": {}}', id="records of another type"),
        pytest.param('{"Records": [7]}', id="record of another type"),
        pytest.param('{"Records": [{"eventName": "ObjectCreated:Put"}]}', id="no object"),
        pytest.param(json.dumps({"Records": [record(s3=[])]}), id="object of another type"),
        pytest.param(
            json.dumps({"Records": [record(s3={"bucket": {"name": 1}, "object": {"key": "k"}})]}),
            id="bucket is a number",
        ),
    ],
)
def test_anything_else_is_an_error_and_no_crash(body: str) -> None:
    with pytest.raises(NotificationError):
        parse_notification(body)


def test_the_version_of_an_object_in_a_versioned_bucket_is_kept() -> None:
    stored = {"key": "raw/gaps/day%3D2025-11-21/a.parquet", "eTag": "e", "versionId": "v1"}
    record = {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "lake"}, "object": stored}}
    (created,) = parse_notification(json.dumps({"Records": [record]}))
    assert (created.etag, created.version_id) == ("e", "v1")
