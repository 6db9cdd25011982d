"""The lake bucket in memory: answers get lost, notifications repeat, come late, out of order or never."""

# ruff: noqa: N803 - parameters have the names that boto3 gives them
from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from contract.lake import QUARANTINE_PREFIX, RAW_PREFIX
from tests.chaos.simulated_sqs import Queue, Sqs
from tests.chaos.world import World

BUCKET = "lake"


@dataclass(frozen=True)
class Stored:
    """An object and when it was put."""

    body: bytes
    etag: str
    put_at: float


class S3:
    """The client that product code calls."""

    def __init__(self, world: World, sqs: Sqs, notified: Queue) -> None:
        self.objects: dict[str, Stored] = {}
        self._world = world
        self._sqs = sqs
        self._notified = notified

    def lake(self) -> dict[str, Stored]:
        """Return the objects without those in quarantine."""
        return {key: one for key, one in self.objects.items() if not key.startswith(QUARANTINE_PREFIX)}

    def put_object(
        self,
        *,
        Bucket: str,
        Key: str,
        Body: bytes,
        IfNoneMatch: str = "",
        **_: Any,
    ) -> dict[str, Any]:
        def put() -> dict[str, Any]:
            if IfNoneMatch and Key in self.objects:
                raise _refusal("PreconditionFailed", "PutObject")
            etag = hashlib.md5(Body, usedforsecurity=False).hexdigest()
            self.objects[Key] = Stored(bytes(Body), etag, self._world.now)
            if Key.startswith(RAW_PREFIX):
                self._notify(Key, etag)
            return {"ETag": f'"{etag}"'}

        answer: dict[str, Any] = self._call("PutObject", put)
        return answer

    def get_object(self, *, Bucket: str, Key: str, IfMatch: str = "", **_: Any) -> dict[str, Any]:
        def get() -> dict[str, Any]:
            found = self.objects.get(Key)
            if found is None:
                raise _refusal("NoSuchKey", "GetObject")
            if IfMatch.strip('"') not in ("", found.etag):
                raise _refusal("PreconditionFailed", "GetObject")
            return {
                "Body": io.BytesIO(found.body),
                "ETag": f'"{found.etag}"',
                "LastModified": datetime.fromtimestamp(int(found.put_at), tz=UTC),
                "ContentLength": len(found.body),
            }

        answer: dict[str, Any] = self._call("GetObject", get)
        return answer

    def delete_object(self, *, Bucket: str, Key: str, **_: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._call("DeleteObject", lambda: {"Deleted": self.objects.pop(Key, None)})
        return answer

    def head_object(self, *, Bucket: str, Key: str, **_: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._call("HeadObject", lambda: _listed(Key, self.objects[Key]))
        return answer

    def delete_objects(self, *, Bucket: str, Delete: dict[str, Any], **_: Any) -> dict[str, Any]:
        def delete() -> dict[str, Any]:
            errors = []
            for one in Delete["Objects"]:
                found = self.objects.get(one["Key"])
                if found is not None and found.etag == one["ETag"].strip('"'):
                    del self.objects[one["Key"]]
                elif found is not None:
                    errors.append({"Key": one["Key"], "Code": "PreconditionFailed"})
            return {"Errors": errors}

        answer: dict[str, Any] = self._call("DeleteObjects", delete)
        return answer

    def list_objects_v2(
        self,
        *,
        Bucket: str,
        Prefix: str = "",
        Delimiter: str = "",
        **_: Any,
    ) -> dict[str, Any]:
        def found() -> dict[str, Any]:
            keys = sorted(key for key in self.objects if key.startswith(Prefix))
            if Delimiter:
                folders = {
                    key[: key.index(Delimiter, len(Prefix)) + 1]
                    for key in keys
                    if Delimiter in key[len(Prefix) :]
                }
                return {"CommonPrefixes": [{"Prefix": folder} for folder in sorted(folders)]}
            return {"Contents": [_listed(key, self.objects[key]) for key in keys], "IsTruncated": False}

        answer: dict[str, Any] = self._call("ListObjectsV2", found)
        return answer

    def get_paginator(self, operation: str) -> _Pages:
        return _Pages(getattr(self, operation))

    def _notify(self, key: str, etag: str) -> None:
        world = self._world
        if world.fault("s3_forgets", key):
            return
        for _ in range(2 if world.fault("s3_repeats", key) else 1):
            late = world.fault("s3_is_late", key)
            delay = world.dice("notification").uniform(*((5.0, 40.0) if late else (0.05, 1.0)))
            self._sqs.put(self._notified, notification(key, etag), delay_seconds=delay)

    def _call(self, operation: str, work: Callable[[], Any]) -> Any:
        world = self._world
        world.point(f"before {operation}")
        slow = world.fault("s3_is_slow", operation)
        world.sleep(
            world.dice("latency").uniform(10.0, 30.0) if slow else world.dice("latency").uniform(0.01, 0.1)
        )
        who = world.current
        a_dead_letter = who is not None and who.role == "dead_letters"
        refused = a_dead_letter and world.fault("dead_letters_refused", operation)
        if refused or world.is_out("s3") or world.fault("s3_refuses", operation):
            if world.dice("latency").random() < 0.5:
                raise EndpointConnectionError(endpoint_url="https://s3")
            raise ClientError({"Error": {"Code": "SlowDown", "Message": "503"}}, operation)
        answer = work()
        if world.fault("s3_answer_lost", operation):
            raise ReadTimeoutError(endpoint_url="https://s3")
        world.point(f"after {operation}")
        return answer


def _refusal(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, operation)


@dataclass(frozen=True)
class _Pages:
    """A paginator whose only page is all."""

    call: Callable[..., dict[str, Any]]

    def paginate(self, **given: Any) -> Iterator[dict[str, Any]]:
        yield self.call(**given)


def _listed(key: str, stored: Stored) -> dict[str, Any]:
    put_at = datetime.fromtimestamp(int(stored.put_at), tz=UTC)
    return {"Key": key, "ETag": f'"{stored.etag}"', "Size": len(stored.body), "LastModified": put_at}


def notification(key: str, etag: str, bucket: str = BUCKET) -> str:
    """Return the body that S3 sends for a new object."""
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key), "eTag": etag, "size": 1}},
    }
    return json.dumps({"Records": [record]})
