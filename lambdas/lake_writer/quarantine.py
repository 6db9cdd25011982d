"""What is refused is kept: the original body with the reason, where a person or a command finds it."""

from __future__ import annotations

from collections.abc import Iterator

from lambdas.lake_writer.identity import IdentityFault
from lambdas.lake_writer.inbox import Refusal
from lambdas.lake_writer.objects import Upload
from lambdas.shared.quarantine import QUARANTINE_CONTENT_TYPE, Quarantined, QuarantineKind, about
from lambdas.shared.sqs import SqsRecord

_IDENTITY_ERRORS = frozenset(fault.value for fault in IdentityFault)


def quarantine_objects(refusal: Refusal) -> Iterator[Upload]:
    """Yield one object for each SQS message of a refused delivery: its sender may be what matters."""
    device, tables = about(refusal.delivery.body)
    for record in refusal.delivery.records:
        kept = _document(refusal, record, device, tables)
        digests = frozenset({refusal.delivery.digest})
        yield Upload(kept.key, kept.to_bytes(), QUARANTINE_CONTENT_TYPE, digests, 0)


def _document(
    refusal: Refusal, record: SqsRecord, device: str | None, tables: tuple[str, ...]
) -> Quarantined:
    is_identity = refusal.error in _IDENTITY_ERRORS
    return Quarantined(
        kind=QuarantineKind.IDENTITY if is_identity else QuarantineKind.REFUSED,
        source="lake_writer",
        error=refusal.error,
        reason=refusal.reason,
        sent_at=record.sent_at,
        message_id=record.message_id,
        sender_id=record.sender_id,
        body=record.body,
        queue_arn=record.queue_arn,
        device=device,
        tables=tables,
        message_attributes=record.message_attributes,
    )
