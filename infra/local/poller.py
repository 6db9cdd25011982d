"""Feeds one function from its queue, or from several, as Lambda's event source mappings do.

``python -m infra.local.poller SETTINGS.json`` with the function's environment variables set. Each function
has a process of its own, as in Lambda: two handlers run at the same time without sharing an interpreter
lock, module globals or environment, and one that dies takes nothing along.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import logging
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from contract.files import write_whole
from infra.local.event_source import (
    LONGEST_WAIT_SECONDS,
    BatchCollector,
    QueueSource,
    delete_messages,
    failed_message_ids,
    record_bytes,
)
from infra.local.invocation import (
    FunctionTimeoutError,
    Handler,
    HandlerNameError,
    lazy_handler,
    load_handler,
    new_context,
    time_limit,
)

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_LOG = logging.getLogger("poller")
_LAZY_NICENESS = 10
_FIRST_BACK_OFF_SECONDS, _LAST_BACK_OFF_SECONDS = 0.2, 5.0


@dataclass(frozen=True)
class PollerSettings:
    """What one poller process is told, as a JSON file."""

    function_name: str
    handler: str
    source: QueueSource
    timeout_seconds: float
    memory_mib: int
    statistics_path: str
    more_sources: tuple[QueueSource, ...] = ()
    """Queues beside `source`, looked at in turn."""
    lazy: bool = False
    """Whether the handler is imported with the first batch, and the process gives way to others."""

    def write(self, path: Path) -> None:
        """Write the settings for a poller to read."""
        path.write_text(json.dumps(dataclasses.asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> PollerSettings:
        """Read what `write` wrote."""
        values = json.loads(path.read_text(encoding="utf-8"))
        more = tuple(QueueSource(**source) for source in values["more_sources"])
        return cls(**(values | {"source": QueueSource(**values["source"]), "more_sources": more}))


@dataclass
class PollerStatistics:
    """What a poller has done so far; messages are counted at each delivery, so redeliveries count again."""

    batches: int = 0
    messages: int = 0
    deleted_messages: int = 0
    failed_messages: int = 0
    failed_batches: int = 0
    largest_event_bytes: int = 0
    handler_seconds: float = 0.0
    running: bool = False
    last_error: str = ""

    def write(self, path: Path) -> None:
        """Write the figures whole, so that a reader never sees a half."""
        write_whole(path, json.dumps(dataclasses.asdict(self)))

    @classmethod
    def read(cls, path: Path) -> PollerStatistics:
        """Read the figures; all zero before the first were written."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return cls()


class Poller:
    """Collects batches and calls the handler with them, one after the other."""

    def __init__(self, settings: PollerSettings, client: SQSClient, handler: Handler) -> None:
        self._settings = settings
        self._client = client
        self._handler = handler
        self._statistics_path = Path(settings.statistics_path)
        self._stopping = False
        self._idle = False
        self._back_off_seconds = _FIRST_BACK_OFF_SECONDS
        sources = (settings.source, *settings.more_sources)
        # One queue's long poll must not keep another's messages waiting.
        wait_seconds = LONGEST_WAIT_SECONDS if len(sources) == 1 else 1
        self._turns = itertools.cycle(
            [BatchCollector(client, source, longest_wait_seconds=wait_seconds) for source in sources]
        )
        self.statistics = PollerStatistics()

    def stop(self, number: int = 0, frame: FrameType | None = None) -> None:
        """End after the batch in hand, or at once when there is none; fit for a signal handler.

        What was received but not handed over comes back to the queue after its visibility time-out.
        """
        del number, frame
        self._stopping = True
        if self._idle:
            raise SystemExit(0)

    def run(self) -> None:
        """Poll until `stop`; a queue that does not answer is tried again, ever more slowly."""
        self.statistics.write(self._statistics_path)
        while not self._stopping:
            try:
                self.poll_once()
                self._back_off_seconds = _FIRST_BACK_OFF_SECONDS
            except (BotoCoreError, ClientError) as error:
                _LOG.warning("the queue does not answer: %s", error)
                self._pause()

    def _pause(self) -> None:
        self._idle = True
        if not self._stopping:
            time.sleep(self._back_off_seconds)
        self._idle = False
        self._back_off_seconds = min(_LAST_BACK_OFF_SECONDS, self._back_off_seconds * 2)

    def poll_once(self) -> None:
        """Wait for one batch, hand it over and delete what succeeded."""
        self._idle = True
        if self._stopping:
            return
        collector = next(self._turns)
        records = collector.collect()
        self._idle = False
        if not records:
            return
        self._note_start(records)
        started = time.monotonic()
        try:
            failed = self._invoke(records)
            done = [record for record in records if record["messageId"] not in failed]
            # Before the deletion: whoever sees an empty queue must see the counts, too.
            self.statistics.failed_messages += len(failed)
            self.statistics.deleted_messages += len(done)
            delete_messages(self._client, collector.source.url, done)
        finally:
            self.statistics.running = False
            self.statistics.handler_seconds += time.monotonic() - started
            self.statistics.write(self._statistics_path)

    def _note_start(self, records: list[dict[str, Any]]) -> None:
        statistics = self.statistics
        statistics.running = True
        statistics.batches += 1
        statistics.messages += len(records)
        size = sum(record_bytes(record) for record in records)
        statistics.largest_event_bytes = max(statistics.largest_event_bytes, size)
        statistics.write(self._statistics_path)

    def _invoke(self, records: list[dict[str, Any]]) -> set[str]:
        """Call the handler and return the ids of the messages that failed: all when it raised."""
        settings = self._settings
        identifiers = [record["messageId"] for record in records]
        context = new_context(
            settings.function_name,
            region=settings.source.region,
            timeout_seconds=settings.timeout_seconds,
            memory_mib=settings.memory_mib,
        )
        try:
            with time_limit(settings.timeout_seconds):
                response = self._handler({"Records": records}, context)
            return failed_message_ids(response, identifiers)
        except (Exception, FunctionTimeoutError) as error:  # noqa: BLE001 - whatever it raises fails its batch
            _LOG.exception("the batch failed")
            self.statistics.failed_batches += 1
            self.statistics.last_error = f"{type(error).__name__}: {error}"[:500]
            return set(identifiers)


def main(arguments: list[str]) -> int:
    """Run the poller described by the settings file named in `arguments`."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)
    settings = PollerSettings.read(Path(arguments[0]))
    if settings.lazy:
        os.nice(_LAZY_NICENESS)
    try:
        handler = lazy_handler(settings.handler) if settings.lazy else load_handler(settings.handler)
    except HandlerNameError as error:
        _LOG.error("%s", error)
        return 2
    poller = Poller(settings, boto3.client("sqs", region_name=settings.source.region), handler)
    signal.signal(signal.SIGTERM, poller.stop)
    _LOG.info("process %d feeds %s", os.getpid(), settings.handler)
    poller.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
