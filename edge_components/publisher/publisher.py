"""The loop that empties the spool into the queue."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from contract.envelope import PackedMessage, pack_messages
from contract.errors import DiskFullError
from contract.records import StoredRecord
from edge_components.publisher.back_off import BackOff
from edge_components.publisher.sender import Sender, batches
from edge_components.publisher.settings import PublisherSettings
from edge_components.runtime.spool import Spool, SpoolBusyError, SpooledRow

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
"""How often the spool is asked whether a full message waits."""
_FIRST_GUESS_BYTES_PER_ROW = 60.0
_GUESS_WEIGHT = 0.3


@dataclass
class Progress:
    """What this process has done so far."""

    records: int = 0
    messages: int = 0
    bytes: int = 0
    failures: Counter[str] = field(default_factory=Counter)


class Publisher:
    """Reads the spool, packs, sends, and acknowledges exactly what the queue accepted.

    A crash between sending and acknowledging sends those records again under the same ids, which every later
    step ignores; nothing is acknowledged that was not accepted.
    """

    def __init__(
        self,
        settings: PublisherSettings,
        spool: Spool,
        sender: Sender,
        *,
        stop: threading.Event,
        back_off: BackOff | None = None,
    ) -> None:
        self._settings = settings
        self._spool = spool
        self._sender = sender
        self._stop = stop
        self._back_off = back_off or BackOff(
            base_seconds=settings.back_off_base_seconds, maximum_seconds=settings.back_off_maximum_seconds
        )
        self._bytes_per_row = _FIRST_GUESS_BYTES_PER_ROW
        self.progress = Progress()
        self._logged_at = self._ledger_at = time.monotonic()
        # What an earlier process left behind is sent at once.
        self._flushed_at = self._logged_at - settings.profile.flush_seconds

    def run(self) -> None:
        """Publish until told to stop, then flush once more for a few seconds and leave the rest."""
        while not self._stop.is_set():
            try:
                self._turn()
            except (DiskFullError, SpoolBusyError) as error:
                # Both pass; a damaged file does not, and ends the process so that a restart sets it aside.
                logger.error("spool not usable", extra={"error": str(error)})  # noqa: TRY400 - its text says all
                self._stop.wait(self._back_off.fail())
            self._stop.wait(LOOK_SECONDS)
        self._last_flush()
        self._log_progress("publisher stopped")

    def _turn(self) -> None:
        self._ledger_when_due()
        if self._flush_is_due():
            self.flush()
        self._log_when_due()

    def flush(self, *, deadline: float | None = None) -> bool:
        """Send what waits until nothing does; return False when a failure, a stop or the deadline ended it.

        After a failure it waits its back-off and returns: the next turn reads the same rows again.
        """
        self._flushed_at = time.monotonic()
        self._spool.clock.refresh()
        self._spool.restamp()
        ending = deadline is not None
        while ending or not self._stop.is_set():
            rows = self._spool.read(maximum_rows=self._settings.maximum_rows_per_batch)
            if not rows:
                return True
            if not self._send_rows(rows, deadline):
                return False
            self._log_when_due()
            if len(rows) < self._settings.maximum_rows_per_batch:
                return True
        return False

    def _send_rows(self, rows: Sequence[SpooledRow], deadline: float | None) -> bool:
        # A record's identity finds its row again: packing regroups records by stream.
        row_ids = {_identity(row.stored): row.row_id for row in rows}
        messages = self._pack([row.stored for row in rows])
        for batch in batches(messages, maximum_bytes=self._settings.maximum_batch_bytes):
            if deadline is not None and time.monotonic() >= deadline:
                return False
            started = time.monotonic()
            if not self._send_batch(batch, row_ids):
                if deadline is None:
                    self._stop.wait(self._back_off.fail())
                return False
            self._back_off.succeed()
            if deadline is None and self._pause(len(batch), time.monotonic() - started):
                return False
        return True

    def _pack(self, records: Sequence[StoredRecord]) -> list[PackedMessage]:
        messages = pack_messages(
            self._settings.site,
            self._settings.device,
            records,
            maximum_bytes=self._settings.maximum_body_bytes,
        )
        size_bytes = sum(len(message.body) for message in messages)
        self._bytes_per_row += _GUESS_WEIGHT * (size_bytes / len(records) - self._bytes_per_row)
        return messages

    def _send_batch(self, batch: list[PackedMessage], row_ids: dict[tuple[str, str, int], int]) -> bool:
        result = self._sender.send(batch)
        accepted = [batch[position] for position in result.accepted]
        if accepted:
            records = [record for message in accepted for record in message.records]
            self._spool.acknowledge([row_ids[_identity(record)] for record in records])
            self.progress.records += len(records)
            self.progress.messages += len(accepted)
            self.progress.bytes += sum(len(message.body.encode("utf-8")) for message in accepted)
        if len(accepted) == len(batch):
            return True
        self.progress.failures.update(result.failures)
        logger.warning(
            "messages not accepted",
            extra={
                "messages": len(batch) - len(accepted),
                "accepted": len(accepted),
                "reasons": result.failures,
                "failures_in_a_row": self._back_off.failures + 1,
            },
        )
        return False

    def _pause(self, messages: int, took_seconds: float) -> bool:
        """Hold the sending rate; return whether a stop was asked for meanwhile."""
        spare_seconds = messages / self._settings.maximum_messages_per_second - took_seconds
        return self._stop.wait(max(0.0, spare_seconds)) if spare_seconds > 0 else self._stop.is_set()

    def _flush_is_due(self) -> bool:
        waiting_rows, _ = self._spool.waiting()
        if not waiting_rows:
            return False
        full = waiting_rows * self._bytes_per_row >= self._settings.maximum_body_bytes
        return full or time.monotonic() - self._flushed_at >= self._settings.profile.flush_seconds

    def _ledger_when_due(self) -> None:
        if time.monotonic() - self._ledger_at >= self._settings.profile.ledger_seconds:
            self._ledger_at = time.monotonic()
            self._spool.write_ledger()

    def _last_flush(self) -> None:
        deadline = time.monotonic() + self._settings.last_flush_seconds
        try:
            self._spool.write_ledger()
            self.flush(deadline=deadline)
        except (DiskFullError, SpoolBusyError) as error:
            logger.warning("last flush given up", extra={"error": str(error)})

    def _log_when_due(self) -> None:
        if time.monotonic() - self._logged_at >= self._settings.progress_seconds:
            self._logged_at = time.monotonic()
            self._log_progress("publisher progress")

    def _log_progress(self, message: str) -> None:
        waiting_rows, waiting_bytes = self._spool.waiting()
        logger.info(
            message,
            extra={
                "sent_records": self.progress.records,
                "sent_messages": self.progress.messages,
                "sent_bytes": self.progress.bytes,
                "failures": dict(self.progress.failures),
                "failures_in_a_row": self._back_off.failures,
                "waiting_records": waiting_rows,
                "waiting_bytes": waiting_bytes,
            },
        )


def _identity(stored: StoredRecord) -> tuple[str, str, int]:
    return stored.epoch, stored.stream, stored.sequence
