"""The two buckets of public data, played by moto, and the messages that S3 would send."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote_plus

import boto3
import pytest

HEADER = "설치장소명,설치시도명,서비스제공사명,와이파이SSID,위도,경도"
GOOD = "시청,서울특별시,KT,WiFi,37.5663,126.9779"
BAD = "섬,서울특별시,KT,WiFi,3.75663,126.9779"
WIFI = "\r\n".join((HEADER, GOOD, BAD, GOOD, "")).encode("cp949")


class Buckets:
    """The inbox and the lake."""

    def __init__(self) -> None:
        self.client: Any = boto3.client("s3")
        for name in ("inbox", "lake"):
            self.client.create_bucket(
                Bucket=name, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"}
            )

    def drop(self, key: str, content: bytes) -> dict[str, Any]:
        """Put an object and return the event for it."""
        self.client.put_object(Bucket="inbox", Key=key, Body=content)
        return self.event_of(key)

    def event_of(self, key: str, name: str = "ObjectCreated:Put") -> dict[str, Any]:
        """Return S3's event; it writes keys as in a form."""
        return {
            "Records": [
                {"eventName": name, "s3": {"bucket": {"name": "inbox"}, "object": {"key": quote_plus(key)}}}
            ]
        }

    def message(self, event: dict[str, Any] | str, identifier: str = "m1") -> dict[str, Any]:
        """Return an event of SQS with one message."""
        body = event if isinstance(event, str) else json.dumps(event)
        return {"Records": [{"messageId": identifier, "body": body, "attributes": {}}]}

    def lake(self, prefix: str = "") -> list[str]:
        """Return the keys below `prefix`."""
        listed = self.client.list_objects_v2(Bucket="lake", Prefix=prefix)
        return [item["Key"] for item in listed.get("Contents", [])]

    def text(self, key: str) -> str:
        """Return an object of the lake as text."""
        return str(self.client.get_object(Bucket="lake", Key=key)["Body"].read().decode())

    def refusal(self) -> str:
        """Return the one sentence in the lake that says why a file was refused."""
        (key,) = self.lake()
        assert key.startswith("open_data_reports/refused/day=")
        return str(json.loads(self.text(key))["refused"])


@pytest.fixture
def buckets(moto_aws: None) -> Buckets:
    """Both buckets, empty."""
    return Buckets()


@pytest.fixture
def wifi() -> bytes:
    """Three rows in EUC-KR, one of them off the coast."""
    return WIFI
