"""A publisher that is killed after the queue accepted a batch and before it was acknowledged.

Arguments: spool path, file that stands for the queue, batches to send before the kill.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from contract.envelope import PackedMessage
from edge_components.publisher.publisher import Publisher
from edge_components.publisher.sender import SendResult
from edge_components.publisher.settings import PublisherSettings
from edge_components.runtime.spool import Spool


class MortalSender:
    def __init__(self, queue: Path, batches_to_live: int) -> None:
        self._queue = queue
        self._batches_to_live = batches_to_live

    def send(self, messages: Sequence[PackedMessage]) -> SendResult:
        with self._queue.open("a", encoding="utf-8") as file:
            file.writelines(message.body + "\n" for message in messages)
        self._batches_to_live -= 1
        if self._batches_to_live == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return SendResult(list(range(len(messages))))


def main() -> None:
    spool_path, queue, batches_to_live = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    settings = PublisherSettings(
        spool=spool_path,
        site="seoul-1",
        device="jetson-7",
        queue_url="http://127.0.0.1/queue",
        maximum_rows_per_batch=40,
        maximum_messages_per_second=1e6,
    )
    spool = Spool(spool_path, device="jetson-7")
    Publisher(settings, spool, MortalSender(queue, batches_to_live), stop=threading.Event()).flush()


main()
