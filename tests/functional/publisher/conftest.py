"""A publisher with a queue in memory, for the tests of what it does under pressure."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from contract.envelope import PackedMessage
from contract.records import Record
from edge_components.publisher.back_off import BackOff
from edge_components.publisher.publisher import Publisher
from edge_components.publisher.sender import SendResult
from edge_components.publisher.settings import PublisherSettings
from edge_components.runtime.spool import Spool

NOON_MS = 1_795_176_000_000


@pytest.fixture
def make_status() -> Callable[..., Record]:
    def make(index: int, *, event_time_ms: int | None = None, quality: str = "synced") -> Record:
        values = {"state": "ok", "previous_state": None, "frames_per_second": None, "detail": f"{index}"}
        at_ms = NOON_MS + index if event_time_ms is None else event_time_ms
        return Record("camera_status", "plaza-1", None, "Asia/Seoul", at_ms, quality, values)

    return make


@pytest.fixture
def open_spool(tmp_path: Path) -> Iterator[Callable[..., Spool]]:
    opened: list[Spool] = []

    def make(**options: object) -> Spool:
        opened.append(Spool(tmp_path / "spool.sqlite", device="jetson-7", **options))  # type: ignore[arg-type]
        return opened[-1]

    yield make
    for spool in opened:
        spool.close()


@pytest.fixture
def make_spool_at() -> Iterator[Callable[..., Spool]]:
    opened: list[Spool] = []

    def make(path: Path, **options: object) -> Spool:
        opened.append(Spool(path, device="jetson-7", **options))  # type: ignore[arg-type]
        return opened[-1]

    yield make
    for spool in opened:
        spool.close()


@pytest.fixture
def publish_with() -> Callable[..., Publisher]:
    """Return a maker of publishers that wait for nothing: ``publish_with(spool, answer, **settings)``."""

    class Answering:
        def __init__(self, answer: Callable[[Sequence[PackedMessage]], SendResult]) -> None:
            self.send = answer

    def make(spool: Spool, answer: Callable[..., SendResult], **changes: object) -> Publisher:
        values = {
            "spool": spool.path,
            "site": "seoul-1",
            "device": "jetson-7",
            "queue_url": "http://127.0.0.1/queue",
            "maximum_messages_per_second": 1e6,
            **changes,
        }
        return Publisher(
            PublisherSettings(**values),  # type: ignore[arg-type]
            spool,
            Answering(answer),
            stop=threading.Event(),
            back_off=BackOff(base_seconds=0.001, maximum_seconds=0.001),
        )

    return make
