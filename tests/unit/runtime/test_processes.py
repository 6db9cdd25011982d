"""A signal ends what waits, whatever the main thread is at; what hangs is not waited for."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

import edge_components
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


def test_a_second_ctrl_c_leaves_what_clears_up_by_an_exception() -> None:
    stop = threading.Event()
    with stop_on_signals(stop, clears_up=True):
        signal.raise_signal(signal.SIGINT)
        assert stop.wait(60)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("root", [pytest.param(name, id=name) for name in ("edge_components", "cli")])
def test_no_other_handler_touches_what_a_thread_may_hold(root: str) -> None:
    """Events and locks belong to threads: one place knows how a handler gets to them."""
    tree = Path(edge_components.__file__).parent.parent / root
    found = {
        str(path.relative_to(tree))
        for path in tree.rglob("*.py")
        if "signal.signal(" in path.read_text("utf-8")
    }
    # The last leaves by an exception and sets nothing.
    assert found <= {"runtime/processes.py", "before_after/worktree.py"}


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
