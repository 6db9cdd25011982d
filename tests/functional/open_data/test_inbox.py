"""A file is dropped into the inbox bucket: S3 as moto plays it, and the event that S3 sends."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from lambdas.open_data.bucket import BucketError
from lambdas.open_data.inbox import Inbox, Taken
from lambdas.open_data.settings import OpenDataSettings, open_data_settings
from lambdas.shared.settings import SettingError

PARKS = "공원명,면적\n가,10\n나,20.5\n".encode("cp949")


@pytest.fixture
def inbox(buckets: Any) -> Inbox:
    return Inbox(OpenDataSettings("lake", largest_bytes=100_000), buckets.client)


def only(taken: list[Taken]) -> Taken:
    (one,) = taken
    return one


def test_a_file_becomes_rows_a_quarantine_and_a_report(buckets: Any, inbox: Inbox, wifi: bytes) -> None:
    taken = only(inbox.take_event(buckets.drop("inbox/무료 와이파이+1.csv", wifi)))
    assert (taken.outcome, taken.fields["rows"], taken.fields["accepted"], taken.fields["quarantined"]) == (
        "loaded", 3, 2, 1,
    )  # fmt: skip
    (data,) = buckets.lake("open_data/free_wifi/day=")
    body = buckets.client.get_object(Bucket="lake", Key=data)["Body"].read()
    rows = pq.read_table(io.BytesIO(body)).to_pylist()
    assert [(row["series"], row["source_file"], row["source_line"]) for row in rows] == [
        ("무료 와이파이+1", "inbox/무료 와이파이+1.csv", 2),
        ("무료 와이파이+1", "inbox/무료 와이파이+1.csv", 4),
    ]
    (quarantine,) = buckets.lake("open_data_quarantine/")
    assert json.loads(buckets.text(quarantine))["reasons"] == ["latitude_outside_korea"]
    assert sorted(key.rpartition(".")[2] for key in buckets.lake("open_data_reports/")) == ["html", "json"]


def test_an_event_that_repeats_replaces_the_same_objects(buckets: Any, inbox: Inbox, wifi: bytes) -> None:
    event = buckets.drop("inbox/seoul/a.csv", wifi)
    inbox.take_event(event)
    first = buckets.lake()
    inbox.take_event(event)
    assert buckets.lake() == first


def test_an_unknown_data_set_is_proposed_then_confirmed(buckets: Any, inbox: Inbox) -> None:
    event = buckets.drop("inbox/parks.csv", PARKS)
    proposed = only(inbox.take_event(event))
    assert proposed.outcome == "proposed"
    assert buckets.lake("open_data/") == []
    profile = buckets.text(proposed.fields["proposal"])
    buckets.client.put_object(Bucket="inbox", Key="profiles/parks.yaml", Body=profile.encode())
    loaded = only(inbox.take_event(event))
    assert (loaded.outcome, loaded.fields["data_set"], loaded.fields["accepted"]) == ("loaded", "parks", 2)


def test_a_wrong_profile_is_told_and_stops_nothing(buckets: Any, inbox: Inbox, wifi: bytes) -> None:
    buckets.client.put_object(Bucket="inbox", Key="profiles/broken.yaml", Body=b"a: [")
    taken = only(inbox.take_event(buckets.drop("inbox/a.csv", wifi)))
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
    buckets: Any, inbox: Inbox, content: bytes, sentence: str
) -> None:
    taken = only(inbox.take_event(buckets.drop("inbox/a.csv", content)))
    assert taken.outcome == "refused"
    (key,) = buckets.lake()
    assert json.loads(buckets.text(key))["refused"].startswith(sentence)


@pytest.mark.parametrize(
    "key",
    [
        pytest.param("inbox/gone.csv", id="gone"),
        pytest.param("profiles/parks.yaml", id="not in the inbox"),
        pytest.param("inbox/folder/", id="a folder"),
    ],
)
def test_what_is_no_file_of_the_inbox_is_skipped(buckets: Any, inbox: Inbox, key: str) -> None:
    assert only(inbox.take_event(buckets.event_of(key))).outcome == "skipped"
    assert buckets.lake() == []


def test_other_events_name_nothing(buckets: Any, inbox: Inbox) -> None:
    assert inbox.take_event({"Service": "Amazon S3", "Event": "s3:TestEvent"}) == []
    assert inbox.take_event(buckets.event_of("inbox/a.csv", "ObjectRemoved:Delete")) == []


def test_when_s3_fails_the_event_is_to_be_tried_again(
    buckets: Any, inbox: Inbox, wifi: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = buckets.drop("inbox/a.csv", wifi)

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
