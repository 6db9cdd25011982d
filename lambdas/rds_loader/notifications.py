"""S3 event notifications as they arrive in an SQS body: repeated, out of order, several in one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from contract.errors import CrowdLensError


class NotificationError(CrowdLensError):
    """Raised when a body is no S3 event notification."""


@dataclass(frozen=True)
class ObjectCreated:
    """An object that S3 says was stored; what the notification does not say is None.

    `version_id` still names its bytes when the key is gone: a versioned bucket has them for a while.
    """

    bucket: str
    key: str
    etag: str | None
    version_id: str | None = None


def parse_notification(body: str) -> list[ObjectCreated]:
    """Return the objects that the notification in `body` says were created.

    S3's test event and notifications of other kinds (a deletion) name none. Raises `NotificationError`
    for anything else.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotificationError(f"the notification is no JSON: {error}") from error
    if isinstance(document, dict) and document.get("Event") == "s3:TestEvent":
        return []
    records = document.get("Records") if isinstance(document, dict) else None
    if not isinstance(records, list):
        raise NotificationError(f"the notification has no Records: {body[:200]!r}")
    created = [_object_created(record) for record in records if _is_creation(record)]
    # One object twice in a notification is one object.
    return list(dict.fromkeys(created))


def _is_creation(record: Any) -> bool:
    if not isinstance(record, dict) or not isinstance(record.get("eventName"), str):
        raise NotificationError(f"a record of the notification has no eventName: {str(record)[:200]!r}")
    return bool(record["eventName"].removeprefix("s3:").startswith("ObjectCreated"))


def _object_created(record: dict[str, Any]) -> ObjectCreated:
    try:
        bucket, stored = record["s3"]["bucket"]["name"], record["s3"]["object"]
        key, etag, version_id = stored["key"], stored.get("eTag"), stored.get("versionId")
    except (KeyError, TypeError, AttributeError) as error:
        raise NotificationError(f"a record names no bucket and object: {str(record)[:200]!r}") from error
    if not isinstance(bucket, str) or not isinstance(key, str):
        raise NotificationError(f"a record names no bucket and object: {str(record)[:200]!r}")
    # Keys are form-encoded: "=" comes as "%3D" and a space as "+".
    return ObjectCreated(
        bucket,
        unquote_plus(key),
        str(etag).strip('"') if etag else None,
        str(version_id) if version_id else None,
    )
