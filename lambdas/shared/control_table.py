"""The DynamoDB table `control`: partition key `pk`, sort key `sk`, `expires_at` (epoch seconds) as its TTL.

It holds the device registry (`registry.py`), the original senders of messages that were sent back
(`original_senders.py`), leases and the reconciler's memory. A prefix of `pk` tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from contract.errors import WorkFailedError

DEFAULT_CONTROL_TABLE: Final = "crowdlens-control"
PARTITION_KEY: Final = "pk"
SORT_KEY: Final = "sk"
EXPIRY_ATTRIBUTE: Final = "expires_at"
_CLIENT_CONFIG = Config(
    # Short: whoever asks holds messages of a batch meanwhile, and asks again with the next.
    connect_timeout=2,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 3},
)


class ControlTableUnavailableError(WorkFailedError):
    """Raised when the control table did not answer; what depends on it must wait, not guess."""


def control_client(region: str | None = None) -> Any:
    """Return a DynamoDB client with short time-outs; boto3 honours AWS_ENDPOINT_URL."""
    return boto3.client("dynamodb", region_name=region, config=_CLIENT_CONFIG)


@contextmanager
def control_errors(what: str) -> Iterator[None]:
    """Turn what DynamoDB raises while doing `what` into `ControlTableUnavailableError`.

    A condition that did not hold is an answer, not an outage: it stays the `ClientError` it is.
    """
    try:
        yield
    except ClientError as error:
        if is_condition_failure(error):
            raise
        raise ControlTableUnavailableError(f"{what} failed: {error}") from error
    except BotoCoreError as error:
        raise ControlTableUnavailableError(f"{what} failed: {error}") from error


def is_condition_failure(error: ClientError) -> bool:
    """Return whether `error` says that the condition of a write did not hold."""
    return error.response.get("Error", {}).get("Code") == "ConditionalCheckFailedException"
