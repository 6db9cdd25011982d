"""The publisher as a component: its configuration, what of it changes live, and its status."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from contract.errors import CrowdLensError
from edge_components.publisher.publisher import Publisher
from edge_components.publisher.sender import QueueSender, Sender, make_client, region_of
from edge_components.publisher.settings import PROFILES, PublisherSettings
from edge_components.runtime.component import ComponentContext
from edge_components.runtime.component_config import Fields
from edge_components.runtime.device_folders import DeviceFolders
from edge_components.runtime.spool import FileLock, Spool, SpoolError, publisher_lock

logger = logging.getLogger(__name__)

KEYS = ("queueUrl", "profile", "maximumMessagesPerSecond")
_UNNAMED = "device"
"""Stands for the device's name until the process knows it."""
_FAILURES_TO_TELL = 3
"""A single failed send is no news: networks are like that."""

SenderFactory = Callable[[str, "str | None"], Sender]


def make_sender(queue_url: str, region: str | None) -> Sender:
    """Return what sends to the queue; raises `QueueClientError`."""
    return QueueSender(queue_url, lambda: make_client(region or region_of(queue_url)))


class PublisherComponent:
    """Sends what waits in the device's spool; profile, rate and queue change live."""

    name = "publisher"

    def __init__(self, region: str | None = None, sender_factory: SenderFactory = make_sender) -> None:
        self._region = region
        self._sender_factory = sender_factory
        self._publisher: Publisher | None = None
        self._thread: threading.Thread | None = None

    def settings(self, configuration: Mapping[str, Any]) -> PublisherSettings:
        """Return the settings of `configuration`, with the site of the settings folder."""
        fields = Fields(configuration)
        fields.check_known(KEYS)
        folders = DeviceFolders.of(configuration)
        return PublisherSettings(
            spool=folders.spool,
            site=folders.site(),
            device=_UNNAMED,
            queue_url=fields.text("queueUrl"),
            profile=PROFILES[fields.one_of("profile", sorted(PROFILES), "live")],
            maximum_messages_per_second=fields.real(
                "maximumMessagesPerSecond", 20.0, minimum=0.01, maximum=1000
            ),
        )

    def start(self, settings: PublisherSettings, context: ComponentContext) -> None:
        """Open the spool and send on a thread; raises `CrowdLensError`."""
        self._settings = settings
        self._context = context
        own = self._own(settings)
        sender = self._sender_factory(settings.queue_url, self._region)
        self._lock: FileLock = publisher_lock(own.spool)
        self._spool = Spool(own.spool, device=own.device)
        self._publisher = Publisher(own, self._spool, sender, stop=context.stop)
        logger.info("publisher started", extra={"spool": str(own.spool), "queue_url": own.queue_url})
        context.status.details_from(self._details)
        context.status.report("running")
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._thread.start()

    def apply(self, settings: PublisherSettings) -> bool:
        """Take another profile, rate or queue; another site or spool takes a new process."""
        now = self._settings
        publisher = self._publisher
        if publisher is None or (settings.site, settings.spool) != (now.site, now.spool):
            return False
        is_other_queue = settings.queue_url != now.queue_url
        sender = self._sender_factory(settings.queue_url, self._region) if is_other_queue else None
        publisher.change(self._own(settings), sender)
        self._settings = settings
        return True

    def _own(self, settings: PublisherSettings) -> PublisherSettings:
        """Return `settings` with this device's name and spool."""
        return replace(settings, device=self._context.thing_name, spool=self._context.folders.spool)

    def stop(self) -> None:
        """Wait for the last flush; a send that hangs is left, and sent again after the next start."""
        if self._thread is None:
            return
        self._context.stop.set()
        self._thread.join()
        self._spool.close()
        self._lock.release()

    def _run(self) -> None:
        publisher = self._publisher
        assert publisher is not None  # noqa: S101 - `start` has made it
        try:
            publisher.run()
        except CrowdLensError as error:
            self._context.fail(str(error))
        except Exception as error:  # a mistake of ours must not leave a process that does nothing
            self._context.fail(f"the publisher failed: {type(error).__name__}: {error}")
            raise

    def _details(self) -> dict[str, Any]:
        publisher = self._publisher
        assert publisher is not None  # noqa: S101 - the status asks from `start` on
        progress = publisher.progress
        self._report(publisher.failures_in_a_row, progress.last_failure)
        return {
            "spool": self._spool_details(publisher),
            "sent_records": progress.records,
            "sent_messages": progress.messages,
            "refused_messages": progress.refused,
            "seconds_since_accepted": publisher.seconds_since_accepted,
            "failures_in_a_row": publisher.failures_in_a_row,
            "last_failure": progress.last_failure,
        }

    def _spool_details(self, publisher: Publisher) -> dict[str, Any]:
        try:
            records, size_bytes = self._spool.waiting()
            maximum_bytes = self._spool.maximum_bytes
            dropped = self._spool.counts().dropped
        except SpoolError as error:
            return {"problem": str(error)}
        return {
            "waiting_records": records,
            "waiting_bytes": size_bytes,
            "maximum_bytes": maximum_bytes,
            "share": round(size_bytes / maximum_bytes, 4),
            "held_records": publisher.held_records,
            "dropped_records": dropped,
        }

    def _report(self, failures: int, last_failure: str | None) -> None:
        """Say that records wait for the cloud once that has lasted."""
        if failures < _FAILURES_TO_TELL:
            self._context.status.report("running")
        else:
            reason = f"the queue took nothing in {failures} tries: {last_failure}"
            self._context.status.report("waiting", reason)
