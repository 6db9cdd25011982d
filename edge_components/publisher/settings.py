"""What a publisher must know, checked when it is made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from contract.envelope import MAXIMUM_BODY_BYTES
from contract.errors import CrowdLensError
from contract.identity import check_identifier

SQS_BATCH_ENTRIES = 10
SQS_BATCH_BYTES = 1024 * 1024
"""A batch, like a message, holds at most 1 MiB (SQS quotas)."""
_BATCH_MARGIN_BYTES = 16 * 1024


class PublisherSettingsError(CrowdLensError):
    """Raised when a publisher is started with a value it cannot work with."""


@dataclass(frozen=True)
class Profile:
    """How soon records leave: `flush_seconds` at the latest, the ledger every `ledger_seconds`."""

    flush_seconds: float
    ledger_seconds: float


PROFILES = {"live": Profile(5.0, 60.0), "economy": Profile(60.0, 300.0)}


@dataclass(frozen=True)
class PublisherSettings:
    """Settings of one publisher process; raises `PublisherSettingsError` for a bad value."""

    spool: Path
    site: str
    device: str
    queue_url: str
    profile: Profile = PROFILES["live"]
    maximum_messages_per_second: float = 20.0
    maximum_rows_per_batch: int = 8_000
    maximum_body_bytes: int = MAXIMUM_BODY_BYTES
    maximum_batch_bytes: int = SQS_BATCH_BYTES - _BATCH_MARGIN_BYTES
    back_off_base_seconds: float = 0.5
    back_off_maximum_seconds: float = 60.0
    last_flush_seconds: float = 3.0
    progress_seconds: float = 30.0
    hold_unsynced_seconds: float = 600.0
    refused_seconds: float = 600.0

    def __post_init__(self) -> None:
        check_identifier("site", self.site)
        check_identifier("device", self.device)
        if not _names_a_queue(self.queue_url):
            raise PublisherSettingsError(
                f"queue_url is {self.queue_url!r}: expected a URL like "
                "https://sqs.eu-west-1.amazonaws.com/123456789012/crowdlens-ingest"
            )
        self._check_numbers()

    def _check_numbers(self) -> None:
        for name in ("maximum_messages_per_second", "back_off_base_seconds", "back_off_maximum_seconds"):
            value = getattr(self, name)
            if not value > 0:
                raise PublisherSettingsError(f"{name} is {value}: expected a number above 0")


def _names_a_queue(url: str) -> bool:
    try:
        parts = urlsplit(url)
        # Reading the port raises ValueError where it is no number up to 65535.
        has_port_zero = parts.port == 0
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and not has_port_zero
        and bool(parts.path.strip("/"))
    )
