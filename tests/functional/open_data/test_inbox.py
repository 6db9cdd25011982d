"""A file is dropped into the inbox bucket: S3 as moto plays it, and the event that S3 sends."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

import boto3
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from lambdas.open_data.bucket import BucketError
from lambdas.open_data.inbox import Inbox, Taken
from lambdas.open_data.settings import OpenDataSettings, open_data_settings
from lambdas.shared.settings import SettingError

HEADER = "설치장소명,설치시도명,서비스제공사명,와이파이SSID,위도,경도"
GOOD = "시청,서울특별시,KT,WiFi,37.5663,126.9779"
BAD = "섬,서울특별시,KT,WiFi,3.75663,126.9779"
WIFI = "\r\n".join((HEADER, GOOD, BAD, GOOD, "")).encode("cp949")
PARKS = "공원명,면적\n가,10\n나,20.5\n".encode("cp949")


class Buckets:
    """The inbox and the lake."""

    def __init__(self) -> None:
        self.client: Any = boto3.client("s3")
        for name in ("inbox", "lake"):
            self.client.create_bucket(
                Bucket=name, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"}
            )

    def drop(self, key: str, content: bytes) -> Mapping[str, Any]:
        """Put an object and return the event for it; S3 writes keys as in a form."""
        self.client.put_object(Bucket="inbox", Key=key, Body=content)
        return event_of(key)

    def lake(self, prefix: str = "") -> list[str]:
        listed = self.client.list_objects_v2(Bucket="lake", Prefix=prefix)
        return [item["Key"] for item in listed.get("Contents", [])]

    def text(self, key: str) -> str:
        return str(self.client.get_object(Bucket="lake", Key=key)["Body"].read().decode())


def event_of(key: str, name: str = "ObjectCreated:Put") -> dict[str, Any]:
    return {
        "Records": [
            {"eventName": name, "s3": {"bucket": {"name": "inbox"}, "object": {"key": quote_plus(key)}}}
        ]
    }


@pytest.fixture
def buckets(moto_aws: None) -> Buckets:
    return Buckets()


@pytest.fixture
def inbox(buckets: Buckets) -> Inbox:
    return Inbox(OpenDataSettings("lake", largest_bytes=100_000), buckets.client)


def only(taken: list[Taken]) -> Taken:
    (one,) = taken
    return one


def test_a_file_becomes_rows_a_quarantine_and_a_report(buckets: Buckets, inbox: Inbox) -> None:
    taken = only(inbox.take_event(buckets.drop("inbox/무료 와이파이+1.csv", WIFI)))
    assert (taken.outcome, taken.fields["rows"], taken.fields["accepted"], taken.fields["quarantined"]) == (
        "loaded", 3, 2, 1,
    )  # fmt: skip
    (data,) = buckets.lake("open_data/free_wifi/day=")
    body = buckets.client.get_object(Bucket="lake", Key=data)["Body"].read()
    rows = pq.read_table(io.BytesIO(body)).to_pylist()
    assert [(row["series"], row["source_file"], row["source_line"]) for row in rows] == [
        ("무료 와이파이+", "inbox/무료 와이파이+1.csv", 2),
        ("무료 와이파이+", "inbox/무료 와이파이+1.csv", 4),
    ]
    (quarantine,) = buckets.lake("open_data_quarantine/")
    assert json.loads(buckets.text(quarantine))["reasons"] == ["latitude_outside_korea"]
    assert sorted(key.rpartition(".")[2] for key in buckets.lake("open_data_reports/")) == ["html", "json"]


def test_an_event_that_repeats_replaces_the_same_objects(buckets: Buckets, inbox: Inbox) -> None:
    event = buckets.drop("inbox/seoul/a.csv", WIFI)
    inbox.take_event(event)
    first = buckets.lake()
    inbox.take_event(event)
    assert buckets.lake() == first


def test_an_unknown_data_set_is_proposed_then_confirmed(buckets: Buckets, inbox: Inbox) -> None:
    event = buckets.drop("inbox/parks.csv", PARKS)
    proposed = only(inbox.take_event(event))
    assert proposed.outcome == "proposed"
    assert buckets.lake("open_data/") == []
    profile = buckets.text(proposed.fields["proposal"])
    buckets.client.put_object(Bucket="inbox", Key="profiles/parks.yaml", Body=profile.encode())
    loaded = only(inbox.take_event(event))
    assert (loaded.outcome, loaded.fields["data_set"], loaded.fields["accepted"]) == ("loaded", "parks", 2)


def test_a_wrong_profile_is_told_and_stops_nothing(buckets: Buckets, inbox: Inbox) -> None:
    buckets.client.put_object(Bucket="inbox", Key="profiles/broken.yaml", Body=b"a: [")
    taken = only(inbox.take_event(buckets.drop("inbox/a.csv", WIFI)))
    assert taken.outcome == "loaded"
    assert taken.fields["wrong_profiles"][0].startswith("profiles/broken.yaml is no YAML")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"PK\x03\x04" + bytes(90), "the file is a zip archive", id="xlsx"),
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(b"a,b\n" * 30_000, "the file has 120000 bytes: expected at most 100000", id="too large"),
    ],
)
def test_what_is_refused_is_told_in_the_lake(
    buckets: Buckets, inbox: Inbox, content: bytes, sentence: str
) -> None:
    taken = only(inbox.take_event(buckets.drop("inbox/a.csv", content)))
    assert taken.outcome == "refused"
    (key,) = buckets.lake()
    assert json.loads(buckets.text(key))["refused"].startswith(sentence)


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(event_of("inbox/gone.csv"), id="gone"),
        pytest.param(event_of("profiles/parks.yaml"), id="not in the inbox"),
        pytest.param(event_of("inbox/folder/"), id="a folder"),
    ],
)
def test_what_is_no_file_of_the_inbox_is_skipped(
    buckets: Buckets, inbox: Inbox, event: dict[str, Any]
) -> None:
    assert only(inbox.take_event(event)).outcome == "skipped"
    assert buckets.lake() == []


@pytest.mark.parametrize(
    "event",
    [
        pytest.param({"Service": "Amazon S3", "Event": "s3:TestEvent"}, id="S3's test"),
        pytest.param(event_of("inbox/a.csv", "ObjectRemoved:Delete"), id="removed"),
    ],
)
def test_other_events_name_nothing(inbox: Inbox, event: dict[str, Any]) -> None:
    assert inbox.take_event(event) == []


def test_when_s3_fails_the_event_is_to_be_tried_again(
    buckets: Buckets, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = buckets.drop("inbox/a.csv", WIFI)

    def fail(**_: object) -> None:
        raise ClientError({"Error": {"Code": "SlowDown", "Message": "slow down"}}, "PutObject")

    monkeypatch.setattr(buckets.client, "put_object", fail)
    with pytest.raises(BucketError, match="slow down"):
        inbox.take_event(event)


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        pytest.param({}, "LAKE_BUCKET is not set", id="no bucket"),
        pytest.param(
            {"LAKE_BUCKET": "lake", "OPEN_DATA_LARGEST_BYTES": "1 GB"},
            "is '1 GB': expected a whole",
            id="size",
        ),
    ],
)
def test_a_wrong_setting_is_told(environment: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        open_data_settings(environment)


def test_settings_are_read() -> None:
    assert open_data_settings({"LAKE_BUCKET": "lake", "OPEN_DATA_LARGEST_BYTES": "7"}) == OpenDataSettings(
        "lake", 7
    )
