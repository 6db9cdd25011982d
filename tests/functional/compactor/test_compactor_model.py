"""Any schedule of writers, two compactors that are stepped and killed between any two requests, and readers.

The leases lie: both compactors always hold all of them. What a reader sees is what was ever written, each
record once, at every instant; also a reader that lists the two halves of the lake at different times.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from contract.lake import COMPACTED_PREFIX, RAW_PREFIX
from lambdas.compactor.compactor import Compactor
from lambdas.compactor.settings import CompactionRules
from lambdas.compactor.store import Listed

RULES = CompactionRules(
    piece_rows=12, merge_at=2, target_bytes=3_000, settle=timedelta(hours=1), raw_keep=timedelta(hours=2)
)
LONGEST_QUERY = timedelta(minutes=30)
DAYS = ("2026-11-20", "2026-11-12")
NUMBERS = st.lists(st.integers(0, 9), min_size=0, max_size=6, unique=True)
ACTORS = st.sampled_from(["first", "second"])


class Killed(BaseException):
    """Ends a compactor between two requests, as kill -9 would: no handler of ours may catch it."""


class SteppedStore:
    """Lets its compactor make one request at a time, when it is told to."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self._may_go = threading.Semaphore(0)
        self._has_stopped = threading.Semaphore(0)
        self._killed = False

    def days(self, prefix: str) -> list[str]:
        return self._turn(lambda: self._store.days(prefix))

    def listing(self, prefix: str) -> list[Listed]:
        return self._turn(lambda: self._store.listing(prefix))

    def get(self, key: str, etag: str) -> bytes:
        # Called from several threads of one compactor: reads change nothing, their order does not matter.
        body: bytes = self._store.get(key, etag)
        return body

    def put_new(self, key: str, body: bytes, content_type: str) -> str:
        return self._turn(lambda: self._store.put_new(key, body, content_type))

    def delete(self, objects: Sequence[Listed]) -> int:
        gone = 0
        # One after the other: a batch may be half done when its sender dies.
        for item in objects:
            gone += self._turn(lambda item=item: self._store.delete([item]))
        return gone

    def start(self, work: Callable[[], object]) -> None:
        def run() -> None:
            try:
                work()
            except Killed:
                pass
            finally:
                self.finished = True
                self._has_stopped.release()

        self.finished = False
        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        self._has_stopped.acquire()

    def step(self, *, kill: bool = False) -> None:
        self._killed = kill
        self._may_go.release()
        self._has_stopped.acquire()

    def _turn(self, request: Callable[[], Any]) -> Any:
        self._has_stopped.release()
        self._may_go.acquire()
        if self._killed:
            raise Killed
        return request()


class LakeModel(RuleBasedStateMachine):
    """One table over two days, a new one and an old one."""

    lake: Any

    @initialize()
    def begin(self) -> None:
        self.clock = self.lake.Clock()
        self.store = self.lake.MemoryStore(self.clock)
        self.written: set[tuple[str, str]] = set()
        self.bodies: dict[str, bytes] = {}
        self.actors: dict[str, SteppedStore] = {}
        self.readers: list[tuple[Any, str, list[Listed], set[tuple[str, str]]]] = []
        self.rows: dict[str, list[str]] = {}

    def teardown(self) -> None:
        for actor in getattr(self, "actors", {}).values():
            while not actor.finished:
                actor.step(kill=True)

    @rule(numbers=NUMBERS, day=st.sampled_from(DAYS))
    def write(self, numbers: list[int], day: str) -> None:
        """New records, records that came before, or both."""
        key, body = self.lake.raw_object(numbers, f"object-{len(self.bodies)}", day)
        self.bodies[key] = body
        self.store.put(key, body)
        self.written |= {(day, self.lake.id_of(number)) for number in numbers}

    @precondition(lambda self: self.bodies)
    @rule(data=st.data())
    def deliver_again(self, data: st.DataObject) -> None:
        """A batch that SQS delivers again makes the same object, even one that has gone since."""
        key = data.draw(st.sampled_from(sorted(self.bodies)))
        self.store.put(key, self.bodies[key])

    @rule(name=ACTORS, requests=st.sampled_from([1, 2, 4, 8, 12, 16, 1000]))
    def run_compactor(self, name: str, requests: int) -> None:
        """Let a compactor make some requests, a whole run with the last choice; begin a run if none is on."""
        for _ in range(requests):
            if not self._is_running(name):
                self._start(name)
            self.actors[name].step()
            self.every_record_is_there_once()
            if not self._is_running(name):
                return

    @rule(name=ACTORS)
    def kill_compactor(self, name: str) -> None:
        if self._is_running(name):
            self.actors[name].step(kill=True)

    @rule(minutes=st.sampled_from([5, 20, 61, 130, 400]))
    def pass_time(self, minutes: int) -> None:
        self.clock.pass_time(minutes=minutes)

    @rule(prefix=st.sampled_from([RAW_PREFIX, COMPACTED_PREFIX]))
    def begin_query(self, prefix: str) -> None:
        """A reader lists one half of the lake now …"""
        self.readers.append((self.clock(), prefix, self._list(prefix), set(self.written)))

    @precondition(lambda self: self.readers)
    @rule()
    def end_query(self) -> None:
        """… and the other half later: it may see more than there was then, never less."""
        began, prefix, listed, written = self.readers.pop(0)
        if self.clock() - began <= LONGEST_QUERY:
            other = COMPACTED_PREFIX if prefix == RAW_PREFIX else RAW_PREFIX
            assert self._records([*listed, *self._list(other)]) >= written

    @invariant()
    def every_record_is_there_once(self) -> None:
        assert self._records([*self._list(RAW_PREFIX), *self._list(COMPACTED_PREFIX)]) == self.written

    def _is_running(self, name: str) -> bool:
        return name in self.actors and not self.actors[name].finished

    def _start(self, name: str) -> None:
        actor = self.actors[name] = SteppedStore(self.store)
        compactor = Compactor(actor, self.lake.LyingLeases(), RULES, clock=self.clock)
        actor.start(lambda: compactor.run(compactor.pieces([self.lake.TABLE])))

    def _list(self, prefix: str) -> list[Listed]:
        items: list[Listed] = self.store.listing(prefix)
        for item in items:
            if item.etag not in self.rows:
                self.rows[item.etag] = self.lake.ids_in(self.store.get(item.key, item.etag))
        return items

    def _records(self, items: list[Listed]) -> set[tuple[str, str]]:
        found = set()
        for item in items:
            ids = self.rows[item.etag]
            is_once = len(set(ids)) == len(ids)
            assert is_once or item.key.startswith(RAW_PREFIX), f"{item.key} repeats a record"
            found |= {(item.key.split("day=")[1][:10], name) for name in ids}
        return found


@pytest.mark.hypothesis
@pytest.mark.parametrize("examples", [pytest.param(80, id="eighty schedules")])
def test_nothing_is_lost_under_any_schedule(lake: Any, examples: int) -> None:
    machine = type("Machine", (LakeModel,), {"lake": lake})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
