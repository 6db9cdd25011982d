from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from lambdas.shared import registry_cache
from lambdas.shared.control_table import ControlTableUnavailableError
from lambdas.shared.registry import Device, DeviceState
from lambdas.shared.registry_cache import KEPT_SECONDS, PAUSE_AFTER_FAILURE_SECONDS, RegistryCache

NOW = datetime(2026, 11, 21, tzinfo=UTC)


class MemoryRegistry:
    """Knows the devices named; notes what it is asked."""

    def __init__(self, *names: str) -> None:
        self.devices = {
            name: Device(name, "s", frozenset("c"), DeviceState.ACTIVE, NOW, NOW) for name in names
        }
        self.reads: list[tuple[list[str], bool]] = []
        self.answers = True

    def read(self, names: Sequence[str], *, consistent: bool = False) -> dict[str, Device]:
        self.reads.append((list(names), consistent))
        if not self.answers:
            raise ControlTableUnavailableError("reading the device registry failed: no answer")
        return {name: self.devices[name] for name in names if name in self.devices}


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def cache_of(registry: MemoryRegistry) -> tuple[RegistryCache, Clock]:
    clock = Clock()
    return RegistryCache(cast("Any", registry), clock=clock), clock


def test_a_device_is_read_once_in_its_time() -> None:
    registry = MemoryRegistry("a", "b")
    cache, clock = cache_of(registry)
    assert cache.look_up(["a", "x", "a"]) == {"a": registry.devices["a"], "x": None}
    cache.look_up(["a", "x", "b"])
    clock.now += KEPT_SECONDS - 1
    cache.look_up(["a", "b"])
    clock.now += 1
    cache.look_up(["a", "b"])
    assert [names for names, _ in registry.reads] == [["a", "x"], ["b"], ["a", "b"]]


def test_ten_thousand_cameras_do_not_cost_a_read_a_message() -> None:
    names = [f"camera-{number}" for number in range(10_000)]
    registry = MemoryRegistry(*names)
    cache, clock = cache_of(registry)
    messages = 0
    for _ in range(int(KEPT_SECONDS) // 50):
        for start in range(0, len(names), 200):
            cache.look_up(names[start : start + 200])
            messages += 200
        clock.now += 50
    assert messages == 120_000
    assert sum(len(read) for read, _ in registry.reads) == 10_000
    assert len(registry.reads) == 100


def test_a_doubtful_answer_is_read_again_consistently_and_not_again_at_once() -> None:
    registry = MemoryRegistry()
    cache, clock = cache_of(registry)
    assert cache.look_up(["a"]) == {"a": None}
    registry.devices["a"] = Device("a", "s", frozenset("c"), DeviceState.ACTIVE, NOW, NOW)
    for _ in range(3):
        assert cache.look_up(["a"], maximum_age_seconds=10, consistent=True)["a"] is not None
        clock.now += 3
    assert registry.reads == [(["a"], False), (["a"], True)]
    clock.now += 10
    cache.look_up(["a"], maximum_age_seconds=10, consistent=True)
    assert len(registry.reads) == 3


def test_a_registry_that_does_not_answer_leaves_names_out_and_is_left_alone_for_a_moment() -> None:
    registry = MemoryRegistry("a", "b")
    cache, clock = cache_of(registry)
    cache.look_up(["a"])
    registry.answers = False
    assert cache.look_up(["a", "b"]) == {"a": registry.devices["a"]}
    assert cache.problem == "reading the device registry failed: no answer"
    cache.look_up(["b"])
    assert len(registry.reads) == 2
    registry.answers = True
    clock.now += PAUSE_AFTER_FAILURE_SECONDS
    assert cache.look_up(["b"]) == {"b": registry.devices["b"]}
    assert cache.problem is None


def test_what_is_kept_past_its_time_is_not_believed_when_nobody_answers() -> None:
    registry = MemoryRegistry("a")
    cache, clock = cache_of(registry)
    cache.look_up(["a"])
    registry.answers = False
    clock.now += KEPT_SECONDS
    assert cache.look_up(["a"]) == {}


def test_invented_names_push_out_no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_cache, "MAXIMUM_UNKNOWN", 5)
    monkeypatch.setattr(registry_cache, "MAXIMUM_KNOWN", 3)
    registry = MemoryRegistry("a", "b", "c", "d")
    cache, _ = cache_of(registry)
    cache.look_up(["a", "b", "c"])
    answer = cache.look_up([f"invented-{number}" for number in range(250)])
    assert set(answer.values()) == {None}
    assert len(answer) == 250
    before = len(registry.reads)
    cache.look_up(["a", "b", "c"])
    assert len(registry.reads) == before
    cache.look_up(["d"])
    cache.look_up(["a"])
    assert len(registry.reads) == before + 2
