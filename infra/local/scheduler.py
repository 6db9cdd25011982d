"""Calls one function again and again, as a schedule of EventBridge does.

``python -m infra.local.scheduler SETTINGS.json`` with the function's environment variables set. The function
is imported when it is first due: a run that ends before that pays next to nothing for it.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from contract.files import write_whole
from infra.local.invocation import FunctionTimeoutError, Handler, lazy_handler, new_context, time_limit

_LOG = logging.getLogger("scheduler")
_NICENESS = 10


@dataclass(frozen=True)
class SchedulerSettings:
    """What one scheduler process is told, as a JSON file; the first call comes after `every_seconds`."""

    function_name: str
    handler: str
    every_seconds: float
    event: dict[str, Any]
    region: str
    timeout_seconds: float
    memory_mib: int
    statistics_path: str

    def write(self, path: Path) -> None:
        """Write the settings for a scheduler to read."""
        path.write_text(json.dumps(dataclasses.asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> SchedulerSettings:
        """Read what `write` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


@dataclass
class SchedulerStatistics:
    """What a scheduler has done so far; `last_answer` is the function's, as JSON."""

    calls: int = 0
    failed_calls: int = 0
    running: bool = False
    handler_seconds: float = 0.0
    last_error: str = ""
    last_answer: str = ""

    def write(self, path: Path) -> None:
        """Write the figures whole, so that a reader never sees a half."""
        write_whole(path, json.dumps(dataclasses.asdict(self)))

    @classmethod
    def read(cls, path: Path) -> SchedulerStatistics:
        """Read the figures; all zero before the first were written."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return cls()


class Scheduler:
    """Calls `handler` every so often; a call that takes longer puts off the next, two never overlap."""

    def __init__(self, settings: SchedulerSettings, handler: Handler) -> None:
        self._settings = settings
        self._handler = handler
        self._path = Path(settings.statistics_path)
        self._stopping = False
        self._idle = False
        self.statistics = SchedulerStatistics()

    def stop(self, number: int = 0, frame: FrameType | None = None) -> None:
        """End after the call in hand, or at once when there is none; fit for a signal handler."""
        del number, frame
        self._stopping = True
        if self._idle:
            raise SystemExit(0)

    def run(self) -> None:
        """Call until `stop`."""
        self.statistics.write(self._path)
        due = time.monotonic()
        while not self._stopping:
            due += self._settings.every_seconds
            self._wait_until(due)
            if not self._stopping:
                self.call_once()
            due = max(due, time.monotonic() - self._settings.every_seconds)

    def _wait_until(self, due: float) -> None:
        self._idle = True
        if not self._stopping:
            time.sleep(max(0.0, due - time.monotonic()))
        self._idle = False

    def call_once(self) -> None:
        """Call the function now; what it raises is logged, and the next call comes all the same."""
        settings, statistics = self._settings, self.statistics
        statistics.calls += 1
        statistics.running = True
        statistics.write(self._path)
        started = time.monotonic()
        context = new_context(
            settings.function_name,
            region=settings.region,
            timeout_seconds=settings.timeout_seconds,
            memory_mib=settings.memory_mib,
        )
        try:
            with time_limit(settings.timeout_seconds):
                answer = self._handler(dict(settings.event), context)
            statistics.last_answer = json.dumps(answer, default=str)
        except (Exception, FunctionTimeoutError) as error:  # noqa: BLE001 - whatever it raises fails its call
            _LOG.exception("the call failed")
            statistics.failed_calls += 1
            statistics.last_error = f"{type(error).__name__}: {error}"[:500]
        finally:
            statistics.running = False
            statistics.handler_seconds += time.monotonic() - started
            statistics.write(self._path)


def main(arguments: list[str]) -> int:
    """Run the scheduler described by the settings file named in `arguments`."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    os.nice(_NICENESS)
    settings = SchedulerSettings.read(Path(arguments[0]))
    scheduler = Scheduler(settings, lazy_handler(settings.handler))
    signal.signal(signal.SIGTERM, scheduler.stop)
    _LOG.info("process %d calls %s every %g s", os.getpid(), settings.handler, settings.every_seconds)
    scheduler.run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
