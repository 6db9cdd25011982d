"""The agent's turn: every five seconds what is known, every minute or on a change a record in the spool."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from contract.errors import CrowdLensError
from contract.records import Record, Value
from edge_components.fleet_agent.changes import LEAST_SECONDS, ChangeWatch
from edge_components.fleet_agent.gathering import Gathering
from edge_components.fleet_agent.last_hour import LastHour, shown
from edge_components.fleet_agent.reading import Reading
from edge_components.fleet_agent.reports import Means, NetworkRates, health_record
from edge_components.runtime.clock import DeviceClock

logger = logging.getLogger(__name__)

TURN_SECONDS = 5.0
FIRST_REPORT_SECONDS = 5.0
"""Then most slow readers have answered, and the processor's load has had its two readings."""
LAST_HOUR_SECONDS = 60.0


class RecordSink(Protocol):
    """What of a spool the agent uses."""

    def append(self, records: Sequence[Record]) -> object:
        """Store records; raises `CrowdLensError`."""
        ...


class FleetAgent:
    """Gathers, remembers an hour, and reports; `turn` is called every five seconds by one thread."""

    def __init__(
        self,
        gathering: Gathering,
        sink: RecordSink,
        clock: DeviceClock,
        last_hour: LastHour,
        *,
        report_seconds: float = 60.0,
        monotonic_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.report_seconds = report_seconds
        self._gathering, self._sink, self._clock, self._last_hour = gathering, sink, clock, last_hour
        self._monotonic_seconds = monotonic_seconds
        self._started_seconds = monotonic_seconds()
        self._reported_seconds: float | None = None
        self._hour_written_seconds = monotonic_seconds()
        self._watch = ChangeWatch()
        self._means, self._rates, self._turn_rates = Means(), NetworkRates(), NetworkRates()
        self._lock = threading.Lock()
        self._now = Reading()
        self._extra: dict[str, Value] = {}
        self._logged: set[tuple[str, str]] = set()
        self._reports, self._last_changes, self._problem = 0, list[str](), ""

    def run(self, stop: threading.Event) -> None:
        """Take turns until `stop`."""
        while not stop.is_set():
            began = self._monotonic_seconds()
            self.turn()
            stop.wait(max(0.1, TURN_SECONDS - (self._monotonic_seconds() - began)))

    def turn(self) -> bool:
        """Gather once, and report when that is due; return whether a report was stored."""
        self._clock.refresh()
        now_seconds = self._monotonic_seconds()
        reading = self._gathering.gather()
        self._log_what_cannot_be_told(reading)
        with self._lock:
            local = self._turn_rates.since_before(reading.values, now_seconds)
            self._now = Reading({**reading.values, **local}, reading.cannot)
        self._means.add(reading.values)
        self._last_hour.add(self._clock.now_ms(), reading.values)
        self._write_last_hour(now_seconds)
        changes = self._watch.changes(reading.values)
        if not self._is_due(now_seconds, changes):
            return False
        return self._report(reading.values, now_seconds, changes)

    def add_to_next_report(self, values: dict[str, int]) -> None:
        """Put values that are measured once, such as a link's speed, into a report that is due at once."""
        with self._lock:
            self._extra.update(values)

    def details(self) -> dict[str, Any]:
        """Return what the status shows: everything known now, and what this device cannot tell."""
        with self._lock:
            return {
                "health": {name: shown(value) for name, value in self._now.values.items()},
                "cannot": dict(self._now.cannot),
                "reports": self._reports,
                "last_report_changes": self._last_changes,
                "report_problem": self._problem or None,
            }

    def _is_due(self, now_seconds: float, changes: Sequence[str]) -> bool:
        if self._reported_seconds is None:
            return now_seconds - self._started_seconds >= FIRST_REPORT_SECONDS
        since_seconds = now_seconds - self._reported_seconds
        has_news = bool(changes) or bool(self._extra)
        # Half a turn early is better than half a turn late: the loop's rhythm is not the report's.
        return since_seconds >= (LEAST_SECONDS if has_news else self.report_seconds - TURN_SECONDS / 2)

    def _report(self, known: Mapping[str, Value], now_seconds: float, changes: Sequence[str]) -> bool:
        with self._lock:
            extra, self._extra = self._extra, {}
        rates = self._rates.since_before(known, now_seconds)
        values = {**known, **self._means.take(), **rates, **extra}
        record = health_record(values, event_time_ms=self._clock.now_ms(), clock_quality=self._clock.quality)
        self._reported_seconds = now_seconds
        try:
            self._sink.append([record])
        except CrowdLensError as error:
            with self._lock:
                self._extra = {**extra, **self._extra}
            self._failed(str(error))
            return False
        self._watch.told(known)
        with self._lock:
            self._reports, self._last_changes, self._problem = self._reports + 1, list(changes), ""
        return True

    def _failed(self, sentence: str) -> None:
        with self._lock:
            is_news, self._problem = sentence != self._problem, sentence
        if is_news:
            logger.error("health not written", extra={"reason": sentence})

    def _log_what_cannot_be_told(self, reading: Reading) -> None:
        """Log each reason once, not every five seconds."""
        news = {name: reason for name, reason in reading.cannot.items() if (name, reason) not in self._logged}
        if news:
            self._logged.update(news.items())
            logger.info("cannot be told here", extra={"columns": news})

    def _write_last_hour(self, now_seconds: float) -> None:
        if now_seconds - self._hour_written_seconds < LAST_HOUR_SECONDS:
            return
        self._hour_written_seconds = now_seconds
        try:
            self._last_hour.write()
        except OSError as error:
            self._failed(f"the last hour cannot be written: {error.strerror}")
