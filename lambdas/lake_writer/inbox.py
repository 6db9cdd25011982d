"""From an SQS batch to messages: each body parsed once, what cannot be read set apart with the reason."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from contract.envelope import Block, Message, decode_message
from contract.errors import CrowdLensError
from contract.outline import EncodedBlock, read_blocks, read_header
from lambdas.lake_writer.number_text import load_document
from lambdas.shared.sqs import SqsRecord

READ_ERRORS = (CrowdLensError, ValueError, TypeError, OverflowError, RecursionError)
"""What a body may make our readers raise: it must end in quarantine, not in an endless loop."""

UNKNOWN_TABLE = "UnknownTable"
"""The error of a message that is written but for tables of a newer schema."""


@dataclass(frozen=True)
class Delivery:
    """A body and every SQS message of the batch that carries it; `digest` is the body's SHA-256."""

    digest: str
    records: tuple[SqsRecord, ...]

    @property
    def body(self) -> str:
        """The body, the same in all of `records`."""
        return self.records[0].body


@dataclass
class EncodedMessage:
    """A message whose frame is right and whose values nobody has looked at.

    `texts` are its number texts, wherever they stand in it.
    """

    schema_version: int
    site: str
    device: str
    blocks: list[EncodedBlock]
    unknown_tables: dict[str, int]
    texts: list[bytes] = field(default_factory=list)


AnyBlock = EncodedBlock | Block
AnyMessage = EncodedMessage | Message
"""A message as it was sent, or as the contract's own reader gives it."""


@dataclass(frozen=True)
class Readable:
    """A delivery and the message in it; its values are checked when they become arrays."""

    delivery: Delivery
    message: AnyMessage

    @property
    def rows(self) -> int:
        """The number of rows the message has in tables known here."""
        return sum(block.rows for block in self.message.blocks)


@dataclass(frozen=True)
class Refusal:
    """A delivery that goes to quarantine: `error` is the class of the mistake, `reason` a sentence."""

    delivery: Delivery
    error: str
    reason: str


def group_deliveries(records: Iterable[SqsRecord]) -> list[Delivery]:
    """Return `records` by body, ordered by digest, so that the same batch always reads the same."""
    by_digest: dict[str, list[SqsRecord]] = {}
    for record in records:
        digest = hashlib.sha256(record.body.encode("utf-8", "surrogatepass")).hexdigest()
        by_digest.setdefault(digest, []).append(record)
    return [Delivery(digest, tuple(by_digest[digest])) for digest in sorted(by_digest)]


def read_deliveries(deliveries: Sequence[Delivery]) -> tuple[list[Readable], list[Refusal]]:
    """Return what has the frame of a message and what must go to quarantine; never raises for a bad body.

    A newer device's message with tables unknown here is in both: its known rows are written, and the
    whole body is kept.
    """
    readable: list[Readable] = []
    refused: list[Refusal] = []
    for delivery in deliveries:
        message = _read(delivery)
        if isinstance(message, Refusal):
            refused.append(message)
            continue
        if message.unknown_tables:
            refused.append(Refusal(delivery, UNKNOWN_TABLE, _unknown_tables_reason(message)))
        readable.append(Readable(delivery, message))
    return readable, refused


def read_slowly(delivery: Delivery) -> Message | Refusal:
    """Return the message as the contract's own reader sees it, or its refusal: this reader has the words."""
    try:
        return decode_message(delivery.body)
    except READ_ERRORS as error:
        return refusal(delivery, error)


def refusal(delivery: Delivery, error: Exception) -> Refusal:
    """Return the refusal of `delivery` because of `error`."""
    return Refusal(delivery, type(error).__name__, str(error)[:1000])


def _read(delivery: Delivery) -> AnyMessage | Refusal:
    try:
        document, texts = load_document(delivery.body, delivery.body.encode("utf-8"))
        header = read_header(document)
        blocks = list(read_blocks(header))
    except READ_ERRORS:
        return read_slowly(delivery)
    return EncodedMessage(
        header.schema_version, header.site, header.device, blocks, header.unknown_tables, texts
    )


def _unknown_tables_reason(message: AnyMessage) -> str:
    listed = ", ".join(f"{name[:64]} ({rows} rows)" for name, rows in sorted(message.unknown_tables.items()))
    return f"schema version {message.schema_version} has tables that are unknown here: {listed}"[:1000]
