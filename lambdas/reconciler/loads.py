"""MySQL's half: which raw objects its ledger lacks, and the message that announces one again.

S3's notifications may get lost. The message is the one S3 would have sent: `rds_loader` skips an object
that it has, so one announced twice changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote_plus

from botocore.exceptions import BotoCoreError, ClientError

from contract.errors import WorkFailedError
from contract.mysql import first_kept_day
from lambdas.reconciler.store import Listed

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_SQS_BATCH: Final = 10


class AnnounceError(WorkFailedError):
    """Raised when the load queue did not take a message; the object is announced again later."""


class LoadLedger(Protocol):
    """What MySQL says about objects; raises a `CrowdLensError` when it does not answer."""

    def etags(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the ETags of those objects that are in MySQL."""

    def rows(self, table: str, day: str) -> int:
        """Return how many rows the objects of a table and day brought that MySQL did not have."""


def unloaded(ledger: LoadLedger, items: Sequence[Listed]) -> list[Listed]:
    """Return the objects that MySQL does not have in this very version."""
    etags = ledger.etags([item.key for item in items]) if items else {}
    return [item for item in items if etags.get(item.key) != item.etag]


def is_kept(table: str, day: str, today: date) -> bool:
    """Return whether MySQL keeps the rows of a table and day."""
    return day >= first_kept_day(table, today)


@dataclass(frozen=True)
class LoadQueue:
    """The queue that `rds_loader` empties."""

    client: SQSClient
    url: str
    bucket: str
    version_of: Callable[[Listed], str | None] = lambda _: None
    """Says by which version an object can be read when the compactor has taken its key away."""

    def announce(self, items: Sequence[Listed]) -> None:
        """Send the notification of each object; raises `AnnounceError` when some were not taken."""
        for start in range(0, len(items), _SQS_BATCH):
            entries: list[Any] = [
                {"Id": str(number), "MessageBody": notification(self.bucket, item, self.version_of(item))}
                for number, item in enumerate(items[start : start + _SQS_BATCH])
            ]
            try:
                answer = self.client.send_message_batch(QueueUrl=self.url, Entries=entries)
            except (ClientError, BotoCoreError) as error:
                raise AnnounceError(f"the load queue did not answer: {error}") from error
            if answer.get("Failed"):
                raise AnnounceError(f"the load queue refused {len(answer['Failed'])} messages")


def notification(bucket: str, item: Listed, version_id: str | None = None) -> str:
    """Return S3's notification that an object was created, as far as `rds_loader` reads it.

    Its form: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    """
    stored = {"key": quote_plus(item.key, safe="/"), "size": item.size, "eTag": item.etag}
    if version_id is not None:
        stored["versionId"] = version_id
    record = {
        "eventVersion": "2.1",
        "eventSource": "crowdlens:reconciler",
        "eventTime": item.last_modified.astimezone(UTC).isoformat(),
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": bucket}, "object": stored},
    }
    return json.dumps({"Records": [record]}, separators=(",", ":"))
