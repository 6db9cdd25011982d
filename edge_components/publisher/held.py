"""Records that only a newer release can send: counted now and then, and said in the log once."""

from __future__ import annotations

import logging
import time

from edge_components.runtime.spool import Spool

logger = logging.getLogger(__name__)


class HeldRecords:
    """Knows how many records of tables or columns that are unknown here wait; counts at most so often."""

    def __init__(self, spool: Spool, *, interval_seconds: float) -> None:
        self._spool = spool
        self._interval_seconds = interval_seconds
        self._counted_at: float | None = None
        self._held: dict[str, int] = {}
        self._told: set[str] = set()

    @property
    def records(self) -> int:
        """How many there are."""
        now = time.monotonic()
        if self._counted_at is None or now - self._counted_at >= self._interval_seconds:
            self._counted_at, self._held = now, self._spool.held()
            self._tell()
        return sum(self._held.values())

    def _tell(self) -> None:
        new = self._held.keys() - self._told
        if new:
            self._told |= new
            logger.warning("records of a newer release wait for it", extra={"held": dict(self._held)})
