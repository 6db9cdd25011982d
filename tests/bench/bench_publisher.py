"""Publisher messages and records a second beside a bare boto3 loop and one message a record, in one run.

Run: ``python tests/bench/bench_publisher.py [--rounds 5]``. Prints a table of medians and spreads over
interleaved rounds against MiniStack's SQS on this machine. The publisher reads a spool, packs, sends, and
acknowledges on disk; the bare loop sends bodies that were packed beforehand, ten a call; the third way is the
original's: one record, one message, one call.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench_spool import window_of_records

from contract.envelope import PackedMessage, encode_message, pack_messages
from contract.records import StoredRecord
from edge_components.publisher.publisher import Publisher
from edge_components.publisher.sender import QueueSender, batches, make_client
from edge_components.publisher.settings import PublisherSettings
from edge_components.runtime.spool import Spool
from infra.local.ministack import MiniStack
from infra.local.run_directory import RunDirectory

WINDOWS = 4_000
SINGLE_RECORDS = 400
BATCH_BYTES = 1_000_000
STEP_BYTES = 64 * 1024


@dataclass
class Contestant:
    """A way to send; `work` returns how many messages and records it sent, and their bytes."""

    name: str
    work: Callable[[], tuple[int, int, int]]
    messages_per_second: list[float] = field(default_factory=list)
    records_per_second: list[float] = field(default_factory=list)
    records_per_step: float = 0.0

    def round(self) -> None:
        started = time.perf_counter()
        messages, records, size_bytes = self.work()
        seconds = time.perf_counter() - started
        self.messages_per_second.append(messages / seconds)
        self.records_per_second.append(records / seconds)
        steps = messages if size_bytes <= messages * STEP_BYTES else -(-size_bytes // STEP_BYTES)
        self.records_per_step = records / steps


class Bench:
    """The same records, sent in three ways to one queue that is emptied in between."""

    def __init__(self, folder: Path, endpoint_queue: str, region: str) -> None:
        self._queue_url, self._region = endpoint_queue, region
        self._client = make_client(region)
        self._spool = Spool(folder / "spool.sqlite", device="jetson-7")
        self._records: list[StoredRecord] = []

    def fill(self) -> None:
        """Append the records anew; this is not timed."""
        for start in range(0, WINDOWS, 100):
            stored = self._spool.append([r for w in range(start, start + 100) for r in window_of_records(w)])
            if len(self._records) < WINDOWS * 13:
                self._records += stored
        self._client.purge_queue(QueueUrl=self._queue_url)

    def publisher(self) -> tuple[int, int, int]:
        settings = PublisherSettings(
            spool=self._spool.path,
            site="seoul-1",
            device="jetson-7",
            queue_url=self._queue_url,
            maximum_messages_per_second=1e9,
        )
        sender = QueueSender(self._queue_url, lambda: make_client(self._region))
        publisher = Publisher(settings, self._spool, sender, stop=threading.Event())
        publisher.flush()
        done = publisher.progress
        return done.messages, done.records, done.bytes

    def bare_loop(self) -> Callable[[], tuple[int, int, int]]:
        packed = pack_messages("seoul-1", "jetson-7", self._records)
        chunks = list(batches(packed, maximum_bytes=BATCH_BYTES))

        def send() -> tuple[int, int, int]:
            for batch in chunks:
                self._send(batch)
            size_bytes = sum(len(message.body.encode()) for message in packed)
            return len(packed), len(self._records), size_bytes

        return send

    def pack_and_send(self) -> tuple[int, int, int]:
        """The bare loop with the packing: what a program without a spool would do."""
        packed = pack_messages("seoul-1", "jetson-7", self._records)
        for batch in batches(packed, maximum_bytes=BATCH_BYTES):
            self._send(batch)
        return len(packed), len(self._records), sum(len(message.body.encode()) for message in packed)

    def one_by_one(self) -> tuple[int, int, int]:
        size_bytes = 0
        for stored in self._records[:SINGLE_RECORDS]:
            body = encode_message("seoul-1", "jetson-7", [stored])
            self._client.send_message(QueueUrl=self._queue_url, MessageBody=body)
            size_bytes += len(body.encode())
        return SINGLE_RECORDS, SINGLE_RECORDS, size_bytes

    def _send(self, batch: list[PackedMessage]) -> None:
        entries = [{"Id": str(n), "MessageBody": message.body} for n, message in enumerate(batch)]
        self._client.send_message_batch(QueueUrl=self._queue_url, Entries=entries)  # type: ignore[arg-type]

    def close(self) -> None:
        self._spool.close()


def table(contestants: list[Contestant]) -> list[str]:
    bare = statistics.median(contestants[1].records_per_second)
    lines = [
        "| what | messages/s | records/s (min to max) | against the bare loop | records a billed step |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for one in contestants:
        rates = one.records_per_second
        middle = statistics.median(rates)
        lines.append(
            f"| {one.name} | {statistics.median(one.messages_per_second):,.0f} "
            f"| {middle:,.0f} ({min(rates):,.0f} to {max(rates):,.0f}) | {middle / bare:.2f} "
            f"| {one.records_per_step:,.0f} |"
        )
    return lines


def measure(folder: Path, queue_url: str, rounds: int) -> list[str]:
    bench = Bench(folder, queue_url, os.environ["AWS_DEFAULT_REGION"])
    bench.fill()
    contestants = [
        Contestant("publisher: read, pack, send, acknowledge on disk", bench.publisher),
        Contestant("bare boto3 loop: packed bodies, ten a call", bench.bare_loop()),
        Contestant("bare boto3 loop that packs: no spool, no acknowledgement", bench.pack_and_send),
        Contestant("one record, one message, one call", bench.one_by_one),
    ]
    for turn in range(rounds):
        if turn:
            bench.fill()
        for contestant in contestants:
            contestant.round()
    bench.close()
    return table(contestants)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with RunDirectory() as run, tempfile.TemporaryDirectory() as name:
        stack = MiniStack.start(run)
        try:
            os.environ.update(stack.endpoint.environment())
            queue_url = stack.endpoint.sqs().create_queue(QueueName=f"bench-{uuid.uuid4().hex}")["QueueUrl"]
            lines = measure(Path(name), queue_url, arguments.rounds)
        finally:
            stack.process.stop()
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
