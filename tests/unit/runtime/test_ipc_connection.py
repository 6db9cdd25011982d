"""A connection that is made again: every subscription comes back, however long the nucleus was away."""

from __future__ import annotations

import concurrent.futures
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from edge_components.runtime import ipc_connection
from edge_components.runtime.ipc_connection import IpcError, NucleusConnection

PATIENCE_SECONDS = 60.0


def done(error: Exception | None = None) -> concurrent.futures.Future[None]:
    future: concurrent.futures.Future[None] = concurrent.futures.Future()
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
    return future


class Closable:
    """A client or an operation of the SDK: here it can be closed and no more."""

    def close(self) -> concurrent.futures.Future[None]:
        return done()


class Nucleus:
    """Is there or not, and then answers subscriptions or not yet."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_up, self.answers = True, True
        self.calls, self.subscribed, self.told = 0, 0, 0
        monkeypatch.setattr(ipc_connection, "_FIRST_BACK_OFF_SECONDS", 0.001)
        monkeypatch.setattr(ipc_connection, "_LONGEST_BACK_OFF_SECONDS", 0.002)
        monkeypatch.setattr(ipc_connection, "_AGAIN_SECONDS", 0.01)
        monkeypatch.setattr(NucleusConnection, "_open", lambda _: self._open())
        self.connection = NucleusConnection("socket", "token", refused=self._refuse, renewed=self._renewed)
        self.connection.subscribe("shadows", self._subscribe, lambda _: None)
        self.subscribed = 0

    def go(self) -> None:
        self.is_up = False
        self.connection._lost.set()

    def _open(self) -> Any:
        self.calls += 1
        if not self.is_up:
            raise IpcError("away")
        return Closable()

    def _subscribe(self, _client: Any, _on: Any) -> tuple[concurrent.futures.Future[None], Closable]:
        self.calls += 1
        if not self.answers:
            return done(RuntimeError("not ready yet")), Closable()
        self.subscribed += 1
        return done(), Closable()

    def _refuse(self, sentence: str) -> None:
        raise AssertionError(sentence)

    def _renewed(self) -> None:
        self.told += 1


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def nucleus(monkeypatch: pytest.MonkeyPatch) -> Iterator[Nucleus]:
    nucleus = Nucleus(monkeypatch)
    yield nucleus
    nucleus.connection.close()


@pytest.mark.parametrize(
    ("calls_away", "calls_not_ready"),
    [
        pytest.param(20, 2, id="away for long, ready soon"),
        pytest.param(20, 30, id="away for long, ready late"),
        pytest.param(1, 30, id="away for a moment, ready late"),
    ],
)
def test_a_subscription_comes_back(nucleus: Nucleus, calls_away: int, calls_not_ready: int) -> None:
    nucleus.answers = False
    nucleus.go()
    eventually(lambda: nucleus.calls >= calls_away)
    nucleus.is_up, nucleus.calls = True, 0
    eventually(lambda: nucleus.calls >= calls_not_ready)
    told = nucleus.told
    nucleus.answers = True
    eventually(lambda: nucleus.subscribed == 1)
    # What was missed meanwhile is asked for.
    eventually(lambda: nucleus.told > told)
    assert nucleus.connection.is_connected


def test_what_works_is_left_alone(nucleus: Nucleus) -> None:
    nucleus.go()
    nucleus.is_up = True
    eventually(lambda: nucleus.told == 1)
    calls = nucleus.calls
    time.sleep(0.05)
    assert nucleus.calls == calls
