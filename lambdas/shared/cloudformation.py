"""The answer that CloudFormation waits for: without one a deployment would stand for an hour.

Its form: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

LONGEST_REASON = 1_000
_ATTEMPTS = 4
_TIMEOUT_SECONDS = 10.0


def response(event: Mapping[str, Any], physical_id: str, reason: str | None) -> dict[str, Any]:
    """Return the answer to `event`: success without a `reason`, failure with one."""
    return {
        "Status": "SUCCESS" if reason is None else "FAILED",
        "Reason": (reason or "done")[:LONGEST_REASON],
        "PhysicalResourceId": event.get("PhysicalResourceId") or physical_id,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }


def send(url: str, answer: Mapping[str, Any], *, sleep: Callable[[float], None] = time.sleep) -> None:
    """PUT `answer` to the address that CloudFormation gave; raises OSError when it cannot be reached."""
    body = json.dumps(answer).encode()
    for attempt in range(1, _ATTEMPTS + 1):
        # The address is signed for an empty content type.
        request = urllib.request.Request(url, body, {"Content-Type": ""}, method="PUT")  # noqa: S310 - CloudFormation's
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS):  # noqa: S310 - as above
                return
        except OSError:
            if attempt == _ATTEMPTS:
                raise
        sleep(2.0**attempt)
