"""One SQS batch into the lake: a message is done when every object with a row of it is stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from lambdas.lake_writer.columns import TableRows, build_tables
from lambdas.lake_writer.identity import IdentityCheck, IdentityGate
from lambdas.lake_writer.inbox import Readable, Refusal, group_deliveries, read_deliveries, refusal
from lambdas.lake_writer.objects import Upload, raw_objects
from lambdas.lake_writer.quarantine import quarantine_objects
from lambdas.shared.lake_store import LakeStore, LakeStoreError
from lambdas.shared.sqs import SqsRecord

MAXIMUM_UPLOADS_AT_ONCE = 8


@dataclass
class WriteResult:
    """What became of a batch. `rows` and `objects` count what is stored; `rows_failed` will come again."""

    messages: int
    rows: int = 0
    rows_failed: int = 0
    objects: int = 0
    failed_message_ids: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    store_errors: list[str] = field(default_factory=list)
    identity: IdentityCheck = field(default_factory=IdentityCheck)

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
        tables, readable, unbuildable = build_or_refuse(identity.passed)
        result = WriteResult(
            len(records), refusals=[*refused, *identity.refusals, *unbuildable], identity=identity
        )
        failed = self._upload_all(list(_uploads(tables, readable, result.refusals)), result) | identity.held
        for delivery in deliveries:
            if delivery.digest in failed:
                result.failed_message_ids.extend(record.message_id for record in delivery.records)
        return result

    def _upload_all(self, uploads: Sequence[Upload], result: WriteResult) -> set[str]:
        failed: set[str] = set()
        with ThreadPoolExecutor(MAXIMUM_UPLOADS_AT_ONCE) as pool:
            for upload, error in zip(uploads, pool.map(self._upload, uploads), strict=True):
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


def build_or_refuse(
    readable: Sequence[Readable],
) -> tuple[list[TableRows], list[Readable], list[Refusal]]:
    """Return the tables of all messages that can be built, those messages, and the refusal of the others.

    Built in one go; only when that fails is each message tried alone, to find the ones to blame.
    """
    try:
        return build_tables([item.message for item in readable]), list(readable), []
    except (ValueError, TypeError, OverflowError):
        good: list[Readable] = []
        refused: list[Refusal] = []
        for item in readable:
            try:
                build_tables([item.message])
                good.append(item)
            except (ValueError, TypeError, OverflowError) as error:
                refused.append(refusal(item.delivery, error))
        return build_tables([item.message for item in good]), good, refused


def _uploads(
    tables: Iterable[TableRows], readable: Sequence[Readable], refusals: Iterable[Refusal]
) -> Iterable[Upload]:
    digests = [item.delivery.digest for item in readable]
    for rows in tables:
        yield from raw_objects(rows, digests)
    for item in refusals:
        yield from quarantine_objects(item)
