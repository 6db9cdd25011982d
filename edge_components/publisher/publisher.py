"""The loop that empties the spool into the queue."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain

from contract.envelope import PackedMessage, pack_messages
from contract.errors import DiskFullError
from contract.records import StoredRecord
from contract.tables import CLOCK_SYNCED
from edge_components.publisher.back_off import BackOff
from edge_components.publisher.held import HeldRecords
from edge_components.publisher.progress import Progress, ProgressLog
from edge_components.publisher.refused import RefusedRows
from edge_components.publisher.sender import Sender, SendResult, batches
from edge_components.publisher.settings import PublisherSettings
from edge_components.publisher.turn import Turn
from edge_components.runtime.spool import Spool, SpoolBusyError, SpooledRow

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
"""How often the spool is asked whether a full message waits."""
_FIRST_GUESS_BYTES_PER_ROW = 60.0
_GUESS_WEIGHT = 0.3
_ROWS_RESTAMPED_ON_A_FULL_DISK = 500


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
        self._held = HeldRecords(spool, interval_seconds=settings.progress_seconds)
        self._log = ProgressLog(spool, self.progress, self._held, interval_seconds=settings.progress_seconds)
        self._started_at = self._ledger_at = time.monotonic()
        # What an earlier process left behind is sent at once.
        self._flushed_at = self._started_at - settings.profile.flush_seconds
        self._refused = RefusedRows(settings.refused_seconds)

    @property
    def failures_in_a_row(self) -> int:
        """Failed sends since the last that worked."""
        return self._back_off.failures

    @property
    def held_records(self) -> int:
        """Records that wait for a newer release."""
        return self._held.records

    @property
    def seconds_since_accepted(self) -> float:
        """How long ago the queue last accepted something; since the start where it never did."""
        return self._log.seconds_since_accepted

    def change(self, settings: PublisherSettings, sender: Sender | None = None) -> None:
        """Work by other settings of the same spool, site and device from the next turn on."""
        self._settings = settings
        if sender is not None:
            self._sender = sender

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
        self._log.now("publisher stopped", self._back_off.failures)

    def _turn(self) -> None:
        self._ledger_when_due()
        if self._flush_is_due():
            self.flush()
        self._log.when_due(self._back_off.failures)

    def flush(self, *, deadline: float | None = None) -> bool:
        """Send what waits until nothing does; return False when a failure, a stop or the deadline ended it.

        After a failure it waits its back-off and returns: the next turn reads the same rows again.
        """
        self._flushed_at = time.monotonic()
        ending = deadline is not None
        while ending or not self._stop.is_set():
            # A drain may last for hours: time sync and the ledger do not wait for its end.
            self._spool.clock.refresh()
            hold_unsynced = not self._restamp() or self._hold_unsynced()
            if not ending:
                self._ledger_when_due()
            rows = self._spool.read(
                maximum_rows=self._settings.maximum_rows_per_batch, hold_unsynced=hold_unsynced
            )
            unsuspected, suspects = self._refused.divide(rows, time.monotonic())
            if not unsuspected and not suspects:
                return True
            if not self._send_rows(unsuspected, suspects, deadline):
                return False
            self._log.when_due(self._back_off.failures)
            is_last = len(rows) < self._settings.maximum_rows_per_batch
            if is_last and not self._refused.has_due(time.monotonic()):
                return True
        return False

    def _send_rows(
        self,
        rows: Sequence[SpooledRow],
        suspects: Sequence[Sequence[SpooledRow]],
        deadline: float | None,
    ) -> bool:
        """Send `rows` packed as few messages, and each group of `suspects` in messages of its own."""
        turn = Turn([*rows, *chain.from_iterable(suspects)])
        messages = self._pack([row.stored for row in rows]) if rows else []
        if deadline is None and len(rows) >= self._settings.maximum_rows_per_batch:
            messages = self._full_ones(messages)
        for group in suspects:
            messages += self._packed([row.stored for row in group])
        sent = self._send_messages(messages, turn, deadline)
        self._spool.release(turn.unsent)
        if turn.failed and deadline is None:
            self._stop.wait(self._back_off.fail())
        return sent

    def _send_messages(self, messages: Sequence[PackedMessage], turn: Turn, deadline: float | None) -> bool:
        for batch in batches(messages, maximum_bytes=self._settings.maximum_batch_bytes):
            if deadline is not None and time.monotonic() >= deadline:
                return False
            started = time.monotonic()
            if not self._send_batch(batch, turn):
                turn.failed = True
                return False
            self._back_off.succeed()
            if deadline is None and self._pause(len(batch), time.monotonic() - started):
                return False
        return True

    def _packed(self, records: Sequence[StoredRecord]) -> list[PackedMessage]:
        settings = self._settings
        return pack_messages(
            settings.site, settings.device, records, maximum_bytes=settings.maximum_body_bytes
        )

    def _pack(self, records: Sequence[StoredRecord]) -> list[PackedMessage]:
        messages = self._packed(records)
        size_bytes = sum(len(message.body) for message in messages)
        self._bytes_per_row += _GUESS_WEIGHT * (size_bytes / len(records) - self._bytes_per_row)
        return messages

    def _send_batch(self, batch: list[PackedMessage], turn: Turn) -> bool:
        result = self._sender.send(batch)
        for position, message in enumerate(batch):
            if position not in result.untaken and position not in result.refused:
                turn.may_be_taken(message.records)
        accepted = [batch[position] for position in result.accepted]
        if accepted:
            records = [record for message in accepted for record in message.records]
            accepted_ids = turn.row_ids(records)
            self._spool.acknowledge(accepted_ids)
            self._refused.accept(accepted_ids)
            self.progress.records += len(records)
            self.progress.messages += len(accepted)
            self.progress.bytes += sum(len(message.body.encode("utf-8")) for message in accepted)
            self._log.sent()
        for position in result.refused:
            self.progress.refused += 1
            self._refused.refuse(turn.row_ids(batch[position].records), time.monotonic())
        if len(accepted) == len(batch):
            return True
        self.progress.fail(result.failures)
        self._say_not_accepted(len(batch) - len(accepted), result)
        # What the queue will never take holds up nothing else.
        return len(accepted) + len(result.refused) == len(batch)

    def _say_not_accepted(self, messages: int, result: SendResult) -> None:
        logger.warning(
            "messages not accepted",
            extra={
                "messages": messages,
                "accepted": len(result.accepted),
                "refused": len(result.refused),
                "reasons": result.failures,
                "failures_in_a_row": self._back_off.failures + 1,
            },
        )

    def _full_ones(self, messages: list[PackedMessage]) -> list[PackedMessage]:
        """Leave the last message, often half empty, to the next read: SQS bills by steps of 64 KiB."""
        return messages[:-1] if len(messages) > 1 else messages

    def _restamp(self) -> bool:
        """Move what waits to the time that is known; return False when some of it has to wait longer."""
        try:
            self._spool.restamp()
        except DiskFullError:
            # A few at a time; what is sent of them makes room for the next.
            with suppress(DiskFullError):
                self._spool.restamp_within_reserve(_ROWS_RESTAMPED_ON_A_FULL_DISK)
            return False
        return True

    def _hold_unsynced(self) -> bool:
        """Return whether this boot's unsynced records still wait to be restamped.

        A network often comes up before the time does; what was sent could not be restamped any more.
        """
        waited_seconds = time.monotonic() - self._started_at
        unsynced = self._spool.clock.quality != CLOCK_SYNCED
        return unsynced and waited_seconds < self._settings.hold_unsynced_seconds

    def _pause(self, messages: int, took_seconds: float) -> bool:
        """Hold the sending rate; return whether a stop was asked for meanwhile."""
        spare_seconds = messages / self._settings.maximum_messages_per_second - took_seconds
        return self._stop.wait(max(0.0, spare_seconds)) if spare_seconds > 0 else self._stop.is_set()

    def _flush_is_due(self) -> bool:
        waiting_rows = self._spool.waiting()[0] - self._held.records
        if waiting_rows <= 0:
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
