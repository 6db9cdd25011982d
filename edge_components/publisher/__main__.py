"""``python -m edge_components.publisher``: the publisher as a process of its own.

Without arguments, started by Greengrass, it is a component that reads its configuration there.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Sequence

from contract.errors import CrowdLensError
from edge_components.publisher.arguments import parse, parse_settings
from edge_components.publisher.component import PublisherComponent
from edge_components.publisher.publisher import Publisher
from edge_components.publisher.sender import QueueSender, make_client, region_of
from edge_components.runtime.component import run_component
from edge_components.runtime.ipc import in_greengrass
from edge_components.runtime.logs import configure_logging
from edge_components.runtime.processes import stop_on_signals
from edge_components.runtime.spool import Spool, publisher_lock

logger = logging.getLogger(__name__)

_GRACE_SECONDS = 0.5


class _Worker(threading.Thread):
    """Runs the publisher beside the main thread, which must stay free to obey a signal during a slow send."""

    def __init__(self, publisher: Publisher, stop: threading.Event) -> None:
        super().__init__(name="publisher", daemon=True)
        self._publisher = publisher
        self._stop_asked = stop
        self.error: Exception | None = None
        self.finished = False

    def run(self) -> None:
        try:
            self._publisher.run()
            self.finished = True
        except Exception as error:  # noqa: BLE001 - the main thread reports it
            self.error = error
        finally:
            self._stop_asked.set()


def main(argv: Sequence[str] | None = None) -> int:
    """Run until a signal; return the exit status: 0 stopped, 1 failed while running, 2 could not start."""
    if argv is None and len(sys.argv) == 1 and in_greengrass():
        return run_component(PublisherComponent(os.environ.get("AWS_REGION")))
    parser, arguments = parse(argv)
    configure_logging(arguments.log_level)
    stop = threading.Event()
    with stop_on_signals(stop):
        try:
            settings = parse_settings(arguments)
            region = arguments.region or region_of(settings.queue_url)
            sender = QueueSender(settings.queue_url, lambda: make_client(region))
            spool = Spool(settings.spool, device=settings.device)
            lock = publisher_lock(settings.spool)
        except CrowdLensError as error:
            parser.exit(2, f"publisher: {error}\n")
        worker = _Worker(Publisher(settings, spool, sender, stop=stop), stop)
        logger.info(
            "publisher started", extra={"spool": str(settings.spool), "queue_url": settings.queue_url}
        )
        worker.start()
        stop.wait()
        worker.join(settings.last_flush_seconds + _GRACE_SECONDS)
    if worker.is_alive():
        logger.warning("publisher stopped in the middle of a send; it will be sent again")
        # The thread may sit in a socket for half a minute; what it did not acknowledge stays in the spool.
        os._exit(0)
    spool.close()
    lock.release()
    return _status(worker)


def _status(worker: _Worker) -> int:
    if worker.error is not None:
        # Only what no sentence explains is a mistake of ours and shows where it happened.
        unexpected = None if isinstance(worker.error, CrowdLensError) else worker.error
        logger.error("publisher failed", extra={"error": str(worker.error)}, exc_info=unexpected)
    return 0 if worker.finished else 1


if __name__ == "__main__":
    sys.exit(main())
