"""Runs slow readers on threads of their own, so that a driver or a program that hangs holds nothing up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from contract.errors import CrowdLensError
from edge_components.fleet_agent.reading import Reader, Reading

_LATE_SECONDS = 20.0
"""So long after it was due, a reading that has not come is no reading any more."""


class BackgroundReader:
    """Asks `reader` on a thread whenever it is due; `read` returns the last answer at once."""

    every_seconds = 5.0

    def __init__(self, reader: Reader, monotonic_seconds: Callable[[], float] = time.monotonic) -> None:
        self.name, self.columns = reader.name, reader.columns
        self._reader = reader
        self._monotonic_seconds = monotonic_seconds
        self._lock = threading.Lock()
        self._answer = Reading()
        self._answered_seconds = monotonic_seconds()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def read(self) -> Reading:
        """Return the last answer, or why there is none when it is overdue."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"read {self.name}", daemon=True)
            self._thread.start()
        with self._lock:
            overdue = self._monotonic_seconds() - self._answered_seconds - self._reader.every_seconds
            if overdue > _LATE_SECONDS:
                return Reading({}, dict.fromkeys(self.columns, f"{self.name} does not answer"))
            return self._answer

    def stop(self) -> None:
        """Ask no more; does not wait for a reader that hangs."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            answer = ask(self._reader)
            with self._lock:
                self._answer, self._answered_seconds = answer, self._monotonic_seconds()
            self._stop.wait(self._reader.every_seconds)


def ask(reader: Reader) -> Reading:
    """Return what `reader` reads, or for all its columns why it could not."""
    try:
        return reader.read()
    except (OSError, ValueError, CrowdLensError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Reading({}, dict.fromkeys(reader.columns, f"{reader.name} cannot be read: {reason}"))
