"""What the publisher did, and how full the spool is: counted, and said in the log."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from edge_components.publisher.held import HeldRecords
from edge_components.runtime.spool import Spool

logger = logging.getLogger(__name__)

PRESSURE_STEPS = (0.5, 0.8, 0.95)
"""Shares of the spool's bound at which a warning is logged; at the bound itself records are dropped."""


@dataclass
class Progress:
    """What this process has done so far; `bytes` are those of the accepted bodies."""

    records: int = 0
    messages: int = 0
    bytes: int = 0
    refused: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    last_failure: str | None = None

    def fail(self, reasons: Mapping[str, int]) -> None:
        """Count failures by their reason."""
        self.failures.update(reasons)
        self.last_failure = next(iter(reasons), self.last_failure)


class ProgressLog:
    """Logs progress every `interval_seconds`, and at once when the spool fills up past a step or empties."""

    def __init__(
        self, spool: Spool, progress: Progress, held: HeldRecords, *, interval_seconds: float
    ) -> None:
        self._spool = spool
        self._held = held
        self._progress = progress
        self._interval_seconds = interval_seconds
        self._logged_at = self._sent_at = time.monotonic()
        self._records_then = 0
        self._step = 0

    def sent(self) -> None:
        """Note that the queue accepted something now."""
        self._sent_at = time.monotonic()

    @property
    def seconds_since_accepted(self) -> float:
        """How long ago the queue last accepted something; since the start where it never did."""
        return round(time.monotonic() - self._sent_at, 1)

    def when_due(self, failures_in_a_row: int) -> None:
        """Log back-pressure when it changed, and progress when its time has come."""
        share = self._share_of_bound()
        step = sum(share >= limit for limit in PRESSURE_STEPS)
        if step != self._step:
            self._say_pressure(share, rising=step > self._step)
            self._step = step
        if time.monotonic() - self._logged_at >= self._interval_seconds:
            self.now("publisher progress", failures_in_a_row)

    def now(self, message: str, failures_in_a_row: int) -> None:
        """Log everything, the rate since the last such line and the time the backlog will take included."""
        elapsed_seconds = max(1e-3, time.monotonic() - self._logged_at)
        rate = (self._progress.records - self._records_then) / elapsed_seconds
        self._logged_at, self._records_then = time.monotonic(), self._progress.records
        waiting_rows, waiting_bytes = self._spool.waiting()
        logger.info(
            message,
            extra={
                "sent_records": self._progress.records,
                "sent_messages": self._progress.messages,
                "sent_bytes": self._progress.bytes,
                "records_per_second": round(rate, 1),
                "refused_messages": self._progress.refused,
                "failures": dict(self._progress.failures),
                "failures_in_a_row": failures_in_a_row,
                "seconds_since_accepted": self.seconds_since_accepted,
                "waiting_records": waiting_rows,
                "waiting_bytes": waiting_bytes,
                "held_records": self._held.records,
                "share_of_bound": round(self._share_of_bound(), 4),
                "dropped_records": self._spool.counts().dropped,
                "backlog_seconds": round(waiting_rows / rate, 1) if rate > 0 else None,
            },
        )

    def _share_of_bound(self) -> float:
        return self._spool.waiting()[1] / self._spool.maximum_bytes

    def _say_pressure(self, share: float, *, rising: bool) -> None:
        waiting_rows, waiting_bytes = self._spool.waiting()
        logger.log(
            logging.WARNING if rising else logging.INFO,
            "spool fills up" if rising else "spool empties",
            extra={
                "share_of_bound": round(share, 4),
                "waiting_records": waiting_rows,
                "waiting_bytes": waiting_bytes,
                "seconds_since_accepted": self.seconds_since_accepted,
            },
        )
