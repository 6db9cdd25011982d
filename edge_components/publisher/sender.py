"""Sends packed messages to SQS, within its limits, and says which were accepted."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from contract.envelope import PackedMessage
from contract.errors import CrowdLensError
from edge_components.publisher.settings import SQS_BATCH_ENTRIES

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

logger = logging.getLogger(__name__)

_AWS_HOST = re.compile(r"sqs\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
_EXPIRED = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSecurity",
        "UnrecognizedClientException",
    }
)
_NO_CREDENTIALS = frozenset(
    {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "MetadataRetrievalError"}
)
"""A client keeps the credentials it was made with, also none: it must be made anew once there are some."""
_NO_CONNECTION = frozenset(
    {
        "ConnectTimeoutError",
        "CredentialsNotReadyError",
        "EndpointConnectionError",
        "ProxyConnectionError",
        "QueueClientError",
    }
)
_REFUSALS = 4
"""The hundreds of the HTTP status codes with which a server refuses a call."""
_BATCH_REFUSED = frozenset(
    {
        "InvalidMessageContents",
        "BatchRequestTooLong",
        "AWS.SimpleQueueService.BatchRequestTooLong",
        "InvalidParameterValue",
    }
)
"""Refusals of a whole call that one message may be to blame for."""


class QueueClientError(CrowdLensError):
    """Raised when the AWS settings of the environment make no SQS client."""


class CredentialsNotReadyError(QueueClientError):
    """Raised when whoever hands out credentials does not do so now, as while a device starts."""


@dataclass(frozen=True)
class SendResult:
    """Positions of the accepted messages, and why the others were not (code or error name: how many).

    `refused` are the positions of messages that the queue calls the sender's fault, `untaken` those of others
    that are certainly not in the queue either: no connection was made, or the queue refused the call.
    """

    accepted: list[int]
    failures: dict[str, int] = field(default_factory=dict)
    refused: tuple[int, ...] = ()
    untaken: tuple[int, ...] = ()


class Sender(Protocol):
    """Sends a batch once; never raises for an outage, the result tells."""

    def send(self, messages: Sequence[PackedMessage]) -> SendResult:
        """Send one batch of at most ten messages."""
        ...


def region_of(queue_url: str) -> str | None:
    """Return the region in an AWS queue URL, or None for any other URL."""
    match = _AWS_HOST.fullmatch(urlsplit(queue_url).hostname or "")
    return match[1] if match else None


def make_client(region: str | None) -> SQSClient:
    """Return a client of the default credential chain that leaves retrying to the publisher.

    Refreshing credentials (Greengrass's token exchange among them) is botocore's work. Raises
    `QueueClientError` for a region, profile or endpoint that nothing can be sent with, and
    `CredentialsNotReadyError` for what passes.
    """
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, CredentialRetrievalError, MetadataRetrievalError

    config = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 1}, tcp_keepalive=True)
    try:
        client = boto3.session.Session(region_name=region).client("sqs", config=config)
        _check_endpoint(client.meta.endpoint_url)
    except (CredentialRetrievalError, MetadataRetrievalError) as error:
        raise CredentialsNotReadyError(f"no credentials yet: {error}") from error
    except (BotoCoreError, ValueError) as error:
        raise QueueClientError(
            f"the AWS settings make no SQS client ({str(error).rstrip('.')}): expected a region and, where "
            "AWS_ENDPOINT_URL is set, a URL like http://127.0.0.1:4566"
        ) from error
    return client


def _check_endpoint(url: str) -> None:
    """Refuse what botocore would stumble over at the first send only; a bad port raises ValueError too."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or parts.port == 0:
        raise ValueError(f"Invalid endpoint: {url}")


class QueueSender:
    """Sends to one queue with a client it makes at once, and again when credentials expired.

    Raises `QueueClientError`, when it is made, for settings that make no client; credentials may come later.
    """

    def __init__(self, queue_url: str, client_factory: Callable[[], SQSClient]) -> None:
        self._queue_url = queue_url
        self._client_factory = client_factory
        self._client: SQSClient | None = None
        try:
            self._client = client_factory()
        except CredentialsNotReadyError as error:
            logger.warning("no credentials yet", extra={"error": str(error)})

    def send(self, messages: Sequence[PackedMessage]) -> SendResult:
        """Send one batch; an outage, a throttle or a refusal of single messages is in the result."""
        from botocore.exceptions import BotoCoreError, ClientError

        entries = [
            {"Id": str(position), "MessageBody": message.body} for position, message in enumerate(messages)
        ]
        try:
            if self._client is None:
                self._client = self._client_factory()
            answer = self._client.send_message_batch(QueueUrl=self._queue_url, Entries=entries)  # type: ignore[arg-type]
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "ClientError")
            if code in _EXPIRED:
                self._client = None
            if code in _BATCH_REFUSED:
                return self._one_by_one(messages, code)
            return _none_taken(code, len(messages), certainly=_is_refusal(error.response))
        except (BotoCoreError, QueueClientError) as error:
            name = type(error).__name__
            if name in _NO_CREDENTIALS:
                self._client = None
            return _none_taken(name, len(messages), certainly=_never_left(name, str(error)))
        failed = answer.get("Failed", [])
        return SendResult(
            [int(entry["Id"]) for entry in answer.get("Successful", [])],
            dict(Counter(entry["Code"] for entry in failed)),
            tuple(int(entry["Id"]) for entry in failed if entry.get("SenderFault")),
        )

    def _one_by_one(self, messages: Sequence[PackedMessage], code: str) -> SendResult:
        """Find the message that a whole call was refused for."""
        if len(messages) == 1:
            return SendResult([], {code: 1}, (0,))
        single = [self.send([message]) for message in messages]
        failures = sum((Counter(result.failures) for result in single), Counter[str]())
        return SendResult(
            [position for position, result in enumerate(single) if result.accepted],
            dict(failures),
            tuple(position for position, result in enumerate(single) if result.refused),
            tuple(position for position, result in enumerate(single) if result.untaken),
        )


def _none_taken(reason: str, messages: int, *, certainly: bool) -> SendResult:
    return SendResult([], {reason: messages}, untaken=tuple(range(messages)) if certainly else ())


def _is_refusal(response: Mapping[str, Any]) -> bool:
    """Return whether the queue said no, as to a signature of 1970; its own errors leave that open."""
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return status // 100 == _REFUSALS


def _never_left(error_name: str, text: str) -> bool:
    """Return whether no byte of a message was sent: to a clock of 1970, no certificate is valid yet."""
    is_handshake = error_name == "SSLError" and "CERTIFICATE_VERIFY_FAILED" in text
    return is_handshake or error_name in _NO_CONNECTION | _NO_CREDENTIALS


def batches(
    messages: Sequence[PackedMessage], *, maximum_bytes: int, maximum_entries: int = SQS_BATCH_ENTRIES
) -> Iterator[list[PackedMessage]]:
    """Cut `messages`, in order, into batches within both limits of SQS."""
    batch: list[PackedMessage] = []
    batch_bytes = 0
    for message in messages:
        size_bytes = len(message.body.encode("utf-8"))
        if batch and (len(batch) == maximum_entries or batch_bytes + size_bytes > maximum_bytes):
            yield batch
            batch, batch_bytes = [], 0
        batch.append(message)
        batch_bytes += size_bytes
    if batch:
        yield batch
