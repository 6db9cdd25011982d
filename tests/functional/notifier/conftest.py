"""The notifier's table with true conditional writes, SNS that may fail, and a clock that is told the time."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contract.alerts import Alert
from lambdas.notifier.batches import Batches
from lambdas.notifier.notifier import Notifier, Taken
from lambdas.notifier.rule_book import RuleBook
from lambdas.notifier.sender import PublishError, Sender, SendResult
from lambdas.notifier.silences import take_report
from lambdas.notifier.store import Document, Key, Stored
from lambdas.notifier.texts import Message
from lambdas.shared.control_table import ControlTableUnavailableError

NOON = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
"""Noon in Seoul."""


class MemoryStore:
    """Documents in memory; `before_write` may let others work, or fail, just before a write is judged."""

    def __init__(self) -> None:
        self.items: dict[Key, tuple[Document, int]] = {}
        self.before_write: Callable[[Key], None] = lambda key: None
        self.reads = self.writes = 0
        self.expires_at: dict[Key, int | None] = {}

    def read(self, key: Key) -> Stored | None:
        self.reads += 1
        found = self.items.get(key)
        return None if found is None else Stored(key, copy.deepcopy(found[0]), found[1])

    def write(
        self, key: Key, document: Mapping[str, Any], version: int | None, expires_at: int | None
    ) -> bool:
        self.before_write(key)
        self.writes += 1
        stored = self.items.get(key)
        if (None if stored is None else stored[1]) != version:
            return False
        self.items[key] = copy.deepcopy(dict(document)), (version or 0) + 1
        self.expires_at[key] = expires_at
        return True

    def forget_expired(self, now: datetime) -> None:
        """Remove what the table would have removed by itself."""
        for key, expires_at in self.expires_at.items():
            if expires_at is not None and expires_at < now.timestamp():
                self.items.pop(key, None)

    def delete(self, key: Key) -> None:
        self.items.pop(key, None)

    def query(self, partition: str, up_to: str | None = None) -> Iterator[Stored]:
        self.reads += 1
        keys = sorted(key for key in self.items if key.partition == partition)
        for key in keys:
            if up_to is None or key.sort <= up_to:
                stored = self.read(key)
                assert stored is not None
                yield stored


@dataclass
class MemoryTopic:
    """Messages that were taken, as (site, language, message); `down` refuses, `lossy` takes and times out."""

    taken: list[tuple[str, str, Message]] = field(default_factory=list)
    down: bool = False
    on_publish: Callable[[], None] = lambda: None

    def publish(self, site: str, language: str, message: Message) -> str:
        self.on_publish()
        if self.down:
            raise PublishError("SNS did not answer: it is down")
        self.taken.append((site, language, message))
        return f"message-{len(self.taken)}"

    def of(self, language: str) -> list[Message]:
        return [message for _, spoken, message in self.taken if spoken == language]


@dataclass
class Desk:
    """A notifier on a table of its own; `now` is its clock."""

    store: MemoryStore = field(default_factory=MemoryStore)
    topic: MemoryTopic = field(default_factory=MemoryTopic)
    now: datetime = NOON
    languages: tuple[str, ...] = ("ko", "en")

    def __post_init__(self) -> None:
        self.book = RuleBook(self.store, clock=self._seconds)

    def _seconds(self) -> float:
        return self.now.timestamp()

    def notifier(self) -> Notifier:
        return Notifier(self.store, self.book, lambda: self.now)

    def sender(self) -> Sender:
        return Sender(
            Batches(self.store), self.topic, self.languages, "https://map.example.org", clock=lambda: self.now
        )

    def take(self, *alerts: Alert) -> Taken:
        """Take alerts as the function does: what is due is sent at once."""
        taken = self.notifier().take(alerts)
        self.sender().send(taken.due.values())
        return taken

    def report(self, report: Any) -> Taken:
        taken = take_report(self.store, self.notifier(), report)
        self.sender().send(taken.due.values())
        return taken

    def pass_time(self, **time: float) -> SendResult:
        """Let time pass, then send what is due."""
        self.now += timedelta(**time)
        return self.sender().send_due()

    def subjects(self, language: str = "en") -> list[str]:
        return [message.subject for message in self.topic.of(language)]


def _alert(**given: Any) -> Alert:
    at = given.pop("at", NOON)
    started = given.pop("started", at)
    values = {
        "event": "crowding-1",
        "kind": "crowding",
        "phase": "start",
        "site": "seoul-1",
        "device": "jetson-7",
        "camera": "plaza-1",
        "time_zone": "Asia/Seoul",
        "zone": "entrance",
        "value": 13.0,
        "threshold": 12.0,
        "peak_value": 13.0,
        "started_ms": round(started.timestamp() * 1000),
        "at_ms": round(at.timestamp() * 1000),
    }
    return Alert(**{**values, **given})


@pytest.fixture
def alert() -> Callable[..., Alert]:
    """A factory of alerts: a crowd at noon in Seoul unless it is told otherwise."""
    return _alert


@pytest.fixture
def desk() -> Desk:
    """A notifier on an empty table."""
    return Desk()


@pytest.fixture
def new_desk() -> Callable[[], Desk]:
    """A factory of notifiers, each on an empty table."""
    return Desk


@pytest.fixture
def unavailable() -> ControlTableUnavailableError:
    """What the store raises when DynamoDB does not answer."""
    return ControlTableUnavailableError("DynamoDB is away")
