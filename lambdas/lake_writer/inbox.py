"""From an SQS batch to messages: each body read once, what cannot be read set apart with the reason."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from contract.encoding import expand
from contract.envelope import Block, Message, decode_message
from contract.errors import CrowdLensError
from lambdas.shared.sqs import SqsRecord

MAXIMUM_DAYS_PER_MESSAGE = 100
"""Every UTC day of a message becomes an object: one message must not be able to ask for thousands."""
_DAY_MILLISECONDS = 86_400_000


class TooManyDaysError(CrowdLensError):
    """Raised when the rows of one message lie on more UTC days than an honest outage could explain."""


@dataclass(frozen=True)
class Delivery:
    """A body and every SQS message of the batch that carries it; `digest` is the body's SHA-256."""

    digest: str
    records: tuple[SqsRecord, ...]

    @property
    def body(self) -> str:
        """The body, the same in all of `records`."""
        return self.records[0].body


@dataclass(frozen=True)
class Readable:
    """A delivery and the message in it."""

    delivery: Delivery
    message: Message


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
    """Return what can be read and what must go to quarantine; never raises for a bad body.

    A newer device's message with tables unknown here is in both: its known rows are written, and the
    whole body is kept.
    """
    readable: list[Readable] = []
    refused: list[Refusal] = []
    for delivery in deliveries:
        try:
            message = decode_message(delivery.body)
            _check_days(message)
        # A body that trips our own reader must still end in quarantine, not in an endless loop.
        except (CrowdLensError, ValueError, TypeError, OverflowError) as error:
            refused.append(refusal(delivery, error))
            continue
        if message.unknown_tables:
            refused.append(Refusal(delivery, "UnknownTable", _unknown_tables_reason(message)))
        readable.append(Readable(delivery, message))
    return readable, refused


def refusal(delivery: Delivery, error: Exception) -> Refusal:
    """Return the refusal of `delivery` because of `error`."""
    return Refusal(delivery, type(error).__name__, str(error)[:1000])


def _unknown_tables_reason(message: Message) -> str:
    listed = ", ".join(f"{name[:64]} ({rows} rows)" for name, rows in sorted(message.unknown_tables.items()))
    return f"schema version {message.schema_version} has tables that are unknown here: {listed}"[:1000]


def _check_days(message: Message) -> None:
    days: set[int] = set()
    for block in message.blocks:
        days |= _days(block)
    if len(days) > MAXIMUM_DAYS_PER_MESSAGE:
        raise TooManyDaysError(
            f"the rows lie on {len(days)} UTC days: expected at most {MAXIMUM_DAYS_PER_MESSAGE}"
        )


def _days(block: Block) -> set[int]:
    times = [int(value or 0) for value in expand(block.columns["event_time"])]
    first, last = min(times) // _DAY_MILLISECONDS, max(times) // _DAY_MILLISECONDS
    if last - first <= 1:
        return {first, last}
    return {time // _DAY_MILLISECONDS for time in times}
