"""Copies dead letters into the lake's quarantine; a copy that fails leaves its message where it is."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from lambdas.dead_letters.diagnosis import diagnose, source_arn
from lambdas.shared.lake_store import LakeStore, LakeStoreError
from lambdas.shared.quarantine import QUARANTINE_CONTENT_TYPE, Quarantined, QuarantineKind, about
from lambdas.shared.sqs import SqsRecord

MAXIMUM_UPLOADS_AT_ONCE = 8


@dataclass
class CopyResult:
    """What became of a batch of dead letters."""

    copied: list[Quarantined] = field(default_factory=list)
    failed_message_ids: list[str] = field(default_factory=list)
    store_errors: list[str] = field(default_factory=list)


def copy_to_quarantine(store: LakeStore, records: Sequence[SqsRecord]) -> CopyResult:
    """Store a quarantine document for each of `records`; raises for none of them.

    Delivered again, a message replaces its own document with the same content but for the times it was
    received.
    """
    letters = [quarantined(record) for record in records]
    result = CopyResult()
    with ThreadPoolExecutor(MAXIMUM_UPLOADS_AT_ONCE) as pool:
        for letter, error in zip(letters, pool.map(lambda one: _put(store, one), letters), strict=True):
            if error is None:
                result.copied.append(letter)
            else:
                result.failed_message_ids.append(letter.message_id)
                result.store_errors.append(str(error))
    return result


def quarantined(record: SqsRecord) -> Quarantined:
    """Return the document that keeps the dead letter `record`."""
    diagnosis = diagnose(record)
    device, tables = about(record.body)
    return Quarantined(
        kind=QuarantineKind.DEAD_LETTER,
        source="dead_letters",
        error=diagnosis.error,
        reason=diagnosis.reason,
        sent_at=record.sent_at,
        message_id=record.message_id,
        sender_id=record.sender_id,
        body=record.body,
        queue_arn=source_arn(record),
        device=device,
        tables=tables,
        message_attributes=record.message_attributes,
        receive_count=record.receive_count,
        first_received_at=record.first_received_at,
    )


def _put(store: LakeStore, letter: Quarantined) -> LakeStoreError | None:
    try:
        store.put(letter.key, letter.to_bytes(), content_type=QUARANTINE_CONTENT_TYPE)
    except LakeStoreError as error:
        return error
    return None
