"""The quarantine document: a message nobody could use, its original body, and why it is here."""

from __future__ import annotations

import enum
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote_plus

from contract.errors import CrowdLensError
from contract.identity import InvalidNameError, check_identifier
from contract.lake import LakeKeyError, parse_raw_key, quarantine_key

FORMAT_VERSION: Final = 1
QUARANTINE_CONTENT_TYPE: Final = "application/json"
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
_TABLE = re.compile(r"[A-Za-z0-9_]{1,64}")


class QuarantineDocumentError(CrowdLensError):
    """Raised when an object under the quarantine prefix is none of our documents."""


class QuarantineKind(enum.Enum):
    """Why a message is in quarantine."""

    REFUSED = "refused"
    """It could not be read, or not wholly."""
    IDENTITY = "identity"
    """Its sender may not speak for the device it names."""
    DEAD_LETTER = "dead_letter"
    """It was received as often as its queue allows, and never handled."""


@dataclass(frozen=True)
class Quarantined:
    """A message in quarantine.

    `source` is the function that put it there, `error` the class of the fault and `reason` a sentence.
    `sent_at` is when the queue took it, `queue_arn` the queue it came from (None in documents of old).
    `device` and `tables` are what the body says it is about. The last three are of dead letters.
    """

    kind: QuarantineKind
    source: str
    error: str
    reason: str
    sent_at: datetime
    message_id: str
    sender_id: str | None
    body: str
    queue_arn: str | None = None
    device: str | None = None
    tables: tuple[str, ...] = ()
    message_attributes: Mapping[str, str] = field(default_factory=dict)
    receive_count: int | None = None
    first_received_at: datetime | None = None

    @property
    def body_sha256(self) -> str:
        """The SHA-256 of the body, 64 hexadecimal digits."""
        return hashlib.sha256(self.body.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def key(self) -> str:
        """Where the document lies; day and name come from the queue, so a second delivery replaces it."""
        kind = "" if self.kind is QuarantineKind.REFUSED else f"-{self.kind.value}"
        name = f"{_UNSAFE.sub('_', self.message_id)[:64]}-{self.body_sha256[:16]}{kind}"
        return quarantine_key(self.sent_at.strftime("%Y-%m-%d"), name)

    def to_bytes(self) -> bytes:
        """Return the document as JSON."""
        document = {
            "quarantine": FORMAT_VERSION,
            "kind": self.kind.value,
            "source": self.source,
            "error": self.error,
            "reason": self.reason,
            "received_at": _iso(self.sent_at),
            "message_id": self.message_id,
            "sender_id": self.sender_id,
            "queue_arn": self.queue_arn,
            "device": self.device,
            "tables": list(self.tables),
            "message_attributes": dict(self.message_attributes),
            "receive_count": self.receive_count,
            "first_received_at": _iso(self.first_received_at),
            "body_sha256": self.body_sha256,
            "body": self.body,
        }
        # ASCII escapes keep even half a surrogate pair, which UTF-8 cannot hold.
        return json.dumps(document, ensure_ascii=True, indent=1).encode("ascii")

    @classmethod
    def from_bytes(cls, content: bytes, where: str) -> Quarantined:
        """Return the document in `content`; raises `QuarantineDocumentError`, naming `where`, for others.

        A document without `kind` is of before kinds were told apart: refused by `lake_writer`.
        """
        try:
            document = json.loads(content)
            found = cls._from_document(document)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise QuarantineDocumentError(f"{where} is no quarantine document: {error!r}") from error
        if document.get("body_sha256") != found.body_sha256:
            raise QuarantineDocumentError(
                f"{where}: body_sha256 does not fit the body: expected an unchanged one"
            )
        return found

    @classmethod
    def _from_document(cls, document: Mapping[str, Any]) -> Quarantined:
        sender, queue, device = (document.get(name) for name in ("sender_id", "queue_arn", "device"))
        count, first = document.get("receive_count"), document.get("first_received_at")
        return cls(
            kind=QuarantineKind(document.get("kind", QuarantineKind.REFUSED.value)),
            source=str(document["source"]),
            error=str(document["error"]),
            reason=str(document["reason"]),
            sent_at=datetime.fromisoformat(document["received_at"]),
            message_id=str(document["message_id"]),
            sender_id=None if sender is None else str(sender),
            body=str(document["body"]),
            queue_arn=None if queue is None else str(queue),
            device=None if device is None else str(device),
            tables=tuple(map(str, document.get("tables", ()))),
            message_attributes={str(k): str(v) for k, v in document.get("message_attributes", {}).items()},
            receive_count=None if count is None else int(count),
            first_received_at=None if first is None else datetime.fromisoformat(first),
        )


def about(body: str) -> tuple[str | None, tuple[str, ...]]:
    """Return the device and the tables that a device's message or an S3 notification is about.

    Only looks, never judges: what is missing or strange is left out, and nothing is raised.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None, ()
    if not isinstance(document, dict):
        return None, ()
    tables = {*_tables_of_blocks(document.get("blocks")), *_tables_of_objects(document.get("Records"))}
    try:
        device = check_identifier("device", document.get("device"))
    except InvalidNameError:
        return None, tuple(sorted(tables))
    return device, tuple(sorted(tables))


def _tables_of_blocks(blocks: Any) -> set[str]:
    named = [block.get("table") for block in _dicts(blocks)]
    return {name for name in named if isinstance(name, str) and _TABLE.fullmatch(name)}


def _tables_of_objects(records: Any) -> set[str]:
    tables: set[str] = set()
    for record in _dicts(records):
        try:
            tables.add(parse_raw_key(unquote_plus(str(record["s3"]["object"]["key"])))[0])
        except (KeyError, TypeError, LakeKeyError):
            continue
    return tables


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds")
