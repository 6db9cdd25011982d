"""A function for the poller: says no to messages as their bodies ask, and records the others in S3."""

from __future__ import annotations

import os
from typing import Any

import boto3


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    client = boto3.client("s3")
    failures = []
    if any(record["body"] == "crash" for record in event["Records"]):
        raise RuntimeError("asked to crash")
    assert context.get_remaining_time_in_millis() > 0
    for record in event["Records"]:
        times = record["attributes"]["ApproximateReceiveCount"]
        sender = record["attributes"]["SenderId"]
        if record["body"] == "fail" or (record["body"] == "fail once" and times == "1"):
            failures.append({"itemIdentifier": record["messageId"]})
            continue
        key = f"seen/{record['body']}/{times}/{sender}"
        client.put_object(Bucket=os.environ["LAKE_BUCKET"], Key=key, Body=b"")
    return {"batchItemFailures": failures}
