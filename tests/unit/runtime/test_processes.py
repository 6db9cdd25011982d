"""A signal ends what waits, whatever the main thread is at; what hangs is not waited for."""

from __future__ import annotations

import os
import signal
import threading
import time

from edge_components.runtime.processes import finish_within, stop_on_signals


def test_a_signal_that_finds_the_lock_of_the_event_taken_still_stops() -> None:
    """As when it comes while the main thread is on its way into ``stop.wait()``."""
    stop = threading.Event()
    with stop_on_signals(stop) as caught:
        with stop._cond:  # the lock that `wait` takes for a moment
            os.kill(os.getpid(), signal.SIGTERM)
            deadline = time.monotonic() + 60
            while not caught and time.monotonic() < deadline:
                time.sleep(0.01)
        assert stop.wait(60)
    assert caught == [signal.SIGTERM]


def test_beside_the_main_thread_no_handler_is_set() -> None:
    before = signal.getsignal(signal.SIGTERM)
    found: list[object] = []

    def look() -> None:
        with stop_on_signals(threading.Event()):
            found.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join(60)
    assert found == [before]


def test_what_hangs_or_fails_is_not_waited_for() -> None:
    let_go = threading.Event()

    def hang() -> None:
        let_go.wait(60)

    def fail() -> None:
        raise ValueError("a mistake of ours")

    assert finish_within(0.01, hang) is False
    let_go.set()
    assert finish_within(60, fail) is True
