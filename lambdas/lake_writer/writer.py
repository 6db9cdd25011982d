"""One SQS batch into the lake: a message is done when every object with a row of it is stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain

from lambdas.lake_writer.build import build_or_refuse, portions
from lambdas.lake_writer.clock import largest_offset
from lambdas.lake_writer.identity import IdentityCheck, IdentityGate
from lambdas.lake_writer.inbox import UNKNOWN_TABLE, Readable, Refusal, group_deliveries, read_deliveries
from lambdas.lake_writer.objects import Upload, raw_objects
from lambdas.lake_writer.quarantine import quarantine_objects
from lambdas.shared.lake_store import LakeStore, LakeStoreError
from lambdas.shared.sqs import SqsRecord

__all__ = ["LakeWriter", "WriteResult", "build_or_refuse"]
MAXIMUM_UPLOADS_AT_ONCE = 8


@dataclass
class WriteResult:
    """What became of a batch. `rows` and `objects` count what is stored; `rows_failed` will come again.

    `clock_offset_milliseconds` is the largest that a device told, whichever its sign; None when none told.
    """

    messages: int
    rows: int = 0
    rows_failed: int = 0
    objects: int = 0
    failed_message_ids: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    store_errors: list[str] = field(default_factory=list)
    identity: IdentityCheck = field(default_factory=IdentityCheck)
    clock_offset_milliseconds: float | None = None

    @property
    def quarantined(self) -> int:
        """The number of messages kept in quarantine (or tried to be)."""
        return sum(len(refusal.delivery.records) for refusal in self.refusals)


class LakeWriter:
    """Writes batches of messages into the lake."""

    def __init__(self, store: LakeStore, gate: IdentityGate | None = None) -> None:
        """Write to `store` what passes `gate`: everything, when there is none."""
        self._store = store
        self._gate = gate

    def write(self, records: Sequence[SqsRecord]) -> WriteResult:
        """Store every row of `records` and quarantine what cannot be read; raises for neither.

        A message with a row in an object that S3 did not take is in `failed_message_ids`; its other rows may
        be in the lake already and come again, which readers are built for.
        """
        deliveries = group_deliveries(records)
        readable, refused = read_deliveries(deliveries)
        identity = self._gate.check(readable) if self._gate else IdentityCheck(list(readable))
        # What does not pass is kept whole or comes again: no other reason may take its place.
        refused = [one for one in refused if one.delivery.digest not in identity.stopped]
        result = WriteResult(len(records), refusals=[*refused, *identity.refusals], identity=identity)
        failed = identity.held | self._write_rows(identity.passed, result)
        kept = chain.from_iterable(map(quarantine_objects, result.refusals))
        failed |= self._upload_all(kept, result)
        for delivery in deliveries:
            if delivery.digest in failed:
                result.failed_message_ids.extend(record.message_id for record in delivery.records)
        return result

    def _write_rows(self, readable: Sequence[Readable], result: WriteResult) -> set[str]:
        failed: set[str] = set()
        for portion in portions(readable):
            tables, written, unbuildable = build_or_refuse(portion)
            result.clock_offset_milliseconds = largest_offset(tables, result.clock_offset_milliseconds)
            # A message refused whole is not also refused for its unknown tables.
            whole = {(UNKNOWN_TABLE, one.delivery.digest) for one in unbuildable}
            result.refusals = [
                one for one in result.refusals if (one.error, one.delivery.digest) not in whole
            ] + unbuildable
            digests = [item.delivery.digest for item in written]
            failed |= self._upload_all((one for rows in tables for one in raw_objects(rows, digests)), result)
        return failed

    def _upload_all(self, uploads: Iterable[Upload], result: WriteResult) -> set[str]:
        failed: set[str] = set()
        with ThreadPoolExecutor(MAXIMUM_UPLOADS_AT_ONCE) as pool:
            # One object is on its way while the next is encoded.
            under_way = [(upload, pool.submit(self._upload, upload)) for upload in uploads]
            for upload, future in under_way:
                error = future.result()
                if error is None:
                    result.objects += 1
                    result.rows += upload.rows
                else:
                    failed |= upload.digests
                    result.rows_failed += upload.rows
                    result.store_errors.append(str(error))
        return failed

    def _upload(self, upload: Upload) -> LakeStoreError | None:
        try:
            self._store.put(upload.key, upload.body, content_type=upload.content_type)
        except LakeStoreError as error:
            return error
        return None
