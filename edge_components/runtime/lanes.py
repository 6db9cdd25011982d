"""Threads that run calls in their order, so that whoever announces something need not wait."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

logger = logging.getLogger(__name__)


class Lane:
    """Runs calls one after another on a daemon thread of its own; what one raises is logged."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, call: Callable[[], None]) -> None:
        """Run `call` after those before it."""
        self._calls.put(call)

    def close(self) -> None:
        """End after the calls that wait; does not wait for them."""
        self._calls.put(None)

    def _run(self) -> None:
        while True:
            call = self._calls.get()
            if call is None:
                return
            try:
                call()
            except Exception:
                logger.exception("call failed", extra={"lane": self._name})


class Coalescer:
    """Runs one call for many announcements that come shortly after one another."""

    def __init__(self, name: str, call: Callable[[], None], *, quiet_seconds: float = 0.3) -> None:
        self._call = call
        self._quiet_seconds = quiet_seconds
        self._announced, self._closed = threading.Event(), threading.Event()
        self._lane = Lane(name)
        self._lane.submit(self._run)

    def announce(self) -> None:
        """Ask for a call soon."""
        self._announced.set()

    def close(self) -> None:
        """Call no more; one that runs is not waited for."""
        self._closed.set()
        self._announced.set()
        self._lane.close()

    def _run(self) -> None:
        while not self._closed.is_set():
            self._announced.wait()
            if self._closed.wait(self._quiet_seconds):
                return
            self._announced.clear()
            try:
                self._call()
            except Exception:
                logger.exception("call failed after a change")
