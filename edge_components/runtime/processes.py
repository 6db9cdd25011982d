"""Signals, an end in time, and a fresh start of this process."""

from __future__ import annotations

import logging
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

logger = logging.getLogger(__name__)

_STANDARD_DESCRIPTORS = 3
_SIGNALLED = 128
"""A shell's exit status for a program that a signal ended is this and the signal's number."""


@contextmanager
def stop_on_signals(stop: threading.Event, *, clears_up: bool = False) -> Iterator[list[int]]:
    """Set `stop` on SIGINT and SIGTERM, and yield the list that their numbers go to.

    A second SIGINT ends the process at once; where the main thread `clears_up` behind itself (folders, other
    processes), it raises KeyboardInterrupt there instead. Beside the main thread, where Python allows no
    handlers, nothing is done.
    """
    caught: list[int] = []
    asked: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def handle(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT and number in caught:
            if clears_up:
                raise KeyboardInterrupt
            os._exit(_SIGNALLED + number)
        caught.append(number)
        # Not stop.set(): the main thread may be on its way into stop.wait() and hold the lock that both take,
        # and this handler runs on top of it. A simple queue may be put into at any point.
        asked.put(True)

    def obey() -> None:
        while asked.get():
            stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield caught
        return
    threading.Thread(target=obey, name="signals", daemon=True).start()
    previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield caught
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        asked.put(False)


def finish_within(seconds: float, call: Callable[[], None]) -> bool:
    """Run `call` on a thread; return whether it ended within `seconds`. What it raises is logged."""

    def run() -> None:
        try:
            call()
        except Exception:
            logger.exception("failed while stopping")

    thread = threading.Thread(target=run, name="stopping", daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()


def exec_in_place() -> None:
    """Replace this process by a fresh one with the same arguments and environment; returns never.

    Its process id stays, so to a nucleus it is still the component that it started, and its token stays good.
    A nucleus would not start a component again that ended with status 0, and counts other ends as faults.
    """
    sys.stderr.flush()
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names alone
        # The listing's own descriptor is closed by now.
        with suppress(OSError):
            os.set_inheritable(int(name), int(name) < _STANDARD_DESCRIPTORS)
    os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - our own program anew
