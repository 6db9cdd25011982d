"""What a record costs on the device while the spool fills up: storing, reading, sending."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

from bench_spool import window_of_records
from growth_table import SCALES, Growth

from contract.envelope import PackedMessage
from edge_components.publisher.publisher import Publisher
from edge_components.publisher.sender import SendResult
from edge_components.publisher.settings import PublisherSettings
from edge_components.runtime.spool import Spool

WINDOW_RECORDS = 13
_APPENDS = 40
_FILL_WINDOWS = 250


class Backlog:
    """A spool in which so many records wait, all the time."""

    def __init__(self, folder: Path, records: int) -> None:
        self.path = folder / f"spool-{records}.sqlite"
        self.spool = Spool(self.path, device="jetson-7")
        self._records, self._window = records, 0
        self.fill()

    def fill(self) -> None:
        """Bring it back to its size; this is not timed."""
        while (missing := self._records - self.spool.counts().waiting) >= WINDOW_RECORDS:
            windows = min(_FILL_WINDOWS, missing // WINDOW_RECORDS)
            self._append(windows)

    def _append(self, windows: int) -> None:
        numbers = range(self._window, self._window + windows)
        self.spool.append([record for number in numbers for record in window_of_records(number)])
        self._window += windows

    def store(self) -> tuple[float, int]:
        """Store windows as a camera does, each in a commit of its own."""
        some = [window_of_records(self._window + number) for number in range(_APPENDS)]
        began = time.perf_counter()
        for records in some:
            self.spool.append(records)
        return time.perf_counter() - began, _APPENDS * WINDOW_RECORDS

    def publish(self) -> tuple[float, int]:
        """Read, pack, send to nobody and acknowledge on the disk what one read gives."""
        self.fill()
        stop = threading.Event()
        settings = PublisherSettings(
            spool=self.path,
            site="seoul-1",
            device="jetson-7",
            queue_url="http://127.0.0.1:1/queue",
            maximum_messages_per_second=1e9,
        )
        publisher = Publisher(settings, self.spool, _Nobody(stop), stop=stop)
        began = time.perf_counter()
        publisher.flush()
        return time.perf_counter() - began, publisher.progress.records

    def start(self) -> tuple[float, int]:
        """Open the spool as a process that starts does; a start is not a matter of rows."""
        began = time.perf_counter()
        Spool(self.path, device="jetson-7").close()
        return time.perf_counter() - began, 1


class _Nobody:
    """A queue that takes everything at once, and asks for no more than one read."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def send(self, messages: Sequence[PackedMessage]) -> SendResult:
        self._stop.set()
        return SendResult(list(range(len(messages))))


def device_growth(folder: Path, base_records: int) -> list[Growth]:
    """Return the kinds of work on spools in which 1, 10 and 100 times `base_records` wait."""
    backlogs = [Backlog(folder, base_records * scale) for scale in SCALES]
    sizes = [f"{base_records * scale:,} waiting" for scale in SCALES]
    return [
        Growth("spool: a window of 13 records a commit", sizes, [one.store for one in backlogs]),
        Growth("publisher: read, pack, acknowledge", sizes, [one.publish for one in backlogs]),
        Growth("spool: opening it (µs in all)", sizes, [one.start for one in backlogs]),
    ]
