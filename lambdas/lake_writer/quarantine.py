"""What is refused is kept: the original body with the reason, where a person or a command finds it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from contract.lake import quarantine_key
from lambdas.lake_writer.inbox import Refusal
from lambdas.lake_writer.objects import Upload
from lambdas.shared.sqs import SqsRecord

FORMAT_VERSION = 1
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")


def quarantine_objects(refusal: Refusal) -> Iterator[Upload]:
    """Yield one object for each SQS message of a refused delivery: its sender may be what matters."""
    for record in refusal.delivery.records:
        # Time and name come from the queue, so a redelivery replaces the same object.
        name = f"{_UNSAFE.sub('_', record.message_id)[:64]}-{refusal.delivery.digest[:16]}"
        yield Upload(
            quarantine_key(record.sent_at.strftime("%Y-%m-%d"), name),
            _document(refusal, record),
            "application/json",
            frozenset({refusal.delivery.digest}),
            0,
        )


def _document(refusal: Refusal, record: SqsRecord) -> bytes:
    document = {
        "quarantine": FORMAT_VERSION,
        "source": "lake_writer",
        "error": refusal.error,
        "reason": refusal.reason,
        "received_at": record.sent_at.isoformat(timespec="milliseconds"),
        "message_id": record.message_id,
        "sender_id": record.sender_id,
        "body_sha256": refusal.delivery.digest,
        "body": record.body,
    }
    # ASCII escapes keep even half a surrogate pair, which UTF-8 cannot hold.
    return json.dumps(document, ensure_ascii=True, indent=1).encode("ascii")
