"""Batches: what one message tells, gathered until it is due, sent by one at a time, kept to answer what was.

A batch takes entries while it is open. Whoever sends it closes it first, for good, so what is in it is what
is sent, and an entry that came too late is refused and goes elsewhere. A claim on sending ends by itself:
what died on the way is sent by the next one.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lambdas.notifier.entries import Entry
from lambdas.notifier.store import Document, Key, Store, change

BATCH_PREFIX: Final = "alert_batch#"
DUE_PARTITION: Final = "alert_due"
DETAILED_ENTRIES: Final = 60
"""So many are kept with all that is known of them: a message names fewer."""
MAXIMUM_BYTES: Final = 330_000
"""DynamoDB holds 400 KB an item; some 2,400 silences of devices."""
KEPT_SECONDS: Final = 16 * 86_400
"""SQS may deliver a message again for 14 days."""
CLAIM_SECONDS: Final = 150
"""Longer than the function may run: a claim that is over has nobody behind it."""
GIVE_UP_SECONDS: Final = 86_400
"""News of yesterday's crowd helps nobody; the event itself is in the lake."""
_ORPHANED_SECONDS: Final = 3_600
OPEN, CLOSED, SENT, GIVEN_UP = "open", "closed", "sent", "given_up"


class Claim(enum.Enum):
    """What became of an attempt to claim a batch for sending."""

    MINE = "mine"
    NOT_YET = "not_yet"
    """It is not due, or another is sending it."""
    DONE = "done"
    """It was sent or given up, or there was nothing to send."""


@dataclass(frozen=True)
class BatchName:
    """One batch of a site, and from when on (UTC milliseconds) it is to be sent."""

    site: str
    name: str
    due_ms: int

    @property
    def key(self) -> Key:
        """Where it is stored."""
        return Key(f"{BATCH_PREFIX}{self.site}", self.name)

    @property
    def due_key(self) -> Key:
        """Where it stands in the list of what waits."""
        return Key(DUE_PARTITION, f"{self.due_ms:013d}#{self.site}#{self.name}")


@dataclass
class Batch:
    """A batch that was claimed: its entries in order, and the languages it was told in already."""

    name: BatchName
    entries: list[Entry]
    sent: Mapping[str, str] = field(default_factory=dict)


class Batches:
    """The batches in a store; every method raises `ControlTableUnavailableError`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, batch: BatchName, entries: Mapping[str, Entry], now_ms: int) -> set[str]:
        """Put `entries` into an open batch; return the ids of those that it does not hold after that.

        The same entry again changes nothing, also when the batch was sent.
        """
        expires_at = max(batch.due_ms, now_ms) // 1000 + KEPT_SECONDS
        # First: one cut off here leaves a batch that somebody finds.
        change(
            self._store, batch.due_key, lambda known: (None if known is not None else {}, None), expires_at
        )

        def put(known: Document | None) -> tuple[Document | None, set[str]]:
            document = known or {"state": OPEN, "due_ms": batch.due_ms, "entries": {}, "sent": {}}
            missing = [name for name in entries if name not in document["entries"]]
            if not missing:
                return None, set()
            taken = _fill(document, missing, entries)
            return (document if taken else None), set(missing[taken:])

        return change(self._store, batch.key, put, expires_at)

    def holds(self, site: str, name: str, entry_id: str) -> bool:
        """Return whether a batch has an entry."""
        stored = self._store.read(Key(f"{BATCH_PREFIX}{site}", name))
        return stored is not None and entry_id in stored.document["entries"]

    def is_open(self, site: str, name: str) -> bool:
        """Return whether a batch still takes entries."""
        stored = self._store.read(Key(f"{BATCH_PREFIX}{site}", name))
        return stored is not None and stored.document["state"] == OPEN

    def due(self, until_ms: int) -> Iterator[BatchName]:
        """Yield what is due until then, the longest waiting first; reads nothing else."""
        for stored in self._store.query(DUE_PARTITION, f"{until_ms:013d}~"):
            due_ms, site, name = stored.key.sort.split("#", 2)
            yield BatchName(site, name, int(due_ms))

    def claim(self, batch: BatchName, owner: str, now_ms: int) -> tuple[Claim, Batch | None]:
        """Close a batch and take it for sending."""

        def take(document: Document | None) -> tuple[Document | None, tuple[Claim, Batch | None]]:
            if document is None:
                # Listed, and not made yet: whoever lists it may be about to.
                orphaned = now_ms - batch.due_ms > _ORPHANED_SECONDS * 1000
                return None, (Claim.DONE if orphaned else Claim.NOT_YET, None)
            if document["state"] in (SENT, GIVEN_UP):
                return None, (Claim.DONE, None)
            claim = document.get("claim")
            if claim is not None and claim["owner"] != owner and claim["until_ms"] > now_ms:
                return None, (Claim.NOT_YET, None)
            document["state"] = CLOSED
            document["claim"] = {"owner": owner, "until_ms": now_ms + CLAIM_SECONDS * 1000}
            entries = [Entry.of_document(*one) for one in document["entries"].items()]
            return document, (Claim.MINE, Batch(batch, entries, dict(document["sent"])))

        return change(self._store, batch.key, take, self._expiry(now_ms))

    def note_sent(self, batch: BatchName, owner: str, language: str, message_id: str, now_ms: int) -> None:
        """Note that a batch was told in a language."""

        def note(document: Document) -> None:
            document["sent"][language] = message_id

        self._as_owner(batch, owner, note, now_ms)

    def finish(self, batch: BatchName, owner: str, now_ms: int, *, given_up: bool = False) -> None:
        """Note that a batch is done, and keep of its entries only who they were."""

        def done(document: Document) -> None:
            document |= {"state": GIVEN_UP if given_up else SENT, "claim": None}
            document["entries"] = dict.fromkeys(document["entries"], 0)

        self._as_owner(batch, owner, done, now_ms)
        self._store.delete(batch.due_key)

    def let_go(self, batch: BatchName, owner: str, now_ms: int) -> None:
        """Give up the claim, so that the next one may try at once."""
        self._as_owner(batch, owner, lambda document: document.update(claim=None), now_ms)

    def forget_due(self, batch: BatchName) -> None:
        """Take a batch that is done from the list of what waits."""
        self._store.delete(batch.due_key)

    def _as_owner(self, batch: BatchName, owner: str, do: Any, now_ms: int) -> None:
        def under_claim(document: Document | None) -> tuple[Document | None, None]:
            claim = None if document is None else document.get("claim")
            if document is None or claim is None or claim["owner"] != owner:
                return None, None
            do(document)
            return document, None

        change(self._store, batch.key, under_claim, self._expiry(now_ms))

    @staticmethod
    def _expiry(now_ms: int) -> int:
        return now_ms // 1000 + KEPT_SECONDS


def _fill(document: Document, missing: Sequence[str], entries: Mapping[str, Entry]) -> int:
    """Put as many of `missing` into a batch as it still takes; return how many that was."""
    if document["state"] != OPEN:
        return 0
    held, used = document["entries"], _bytes(document)
    for number, name in enumerate(missing):
        kept = entries[name].as_document(slim=len(held) >= DETAILED_ENTRIES)
        used += _bytes({name: kept})
        if used > MAXIMUM_BYTES:
            return number
        held[name] = kept
    return len(missing)


def _bytes(document: Document) -> int:
    """Return the size of a document as the table counts it."""
    return len(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())
