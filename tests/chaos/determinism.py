"""Everything in the product that asks the machine for time, chance or threads, answered by the schedule."""

from __future__ import annotations

import concurrent.futures
import datetime as datetime_module
import os
import random
import secrets
import sqlite3
import sys
import time
import types
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from tests.chaos.world import World

_OURS = ("contract", "edge_components.runtime", "edge_components.publisher", "lambdas", "cli.quarantine")
_Connect = Callable[..., sqlite3.Connection]


class Machine:
    """What stands in for the machine; `world` is the schedule that is being played."""

    def __init__(self) -> None:
        self.world: World | None = None
        self.connect: _Connect = sqlite3.connect
        self.allocate: Callable[[int, int, int], None] = os.posix_fallocate

    @property
    def _playing(self) -> World:
        if self.world is None:
            raise AssertionError("the product ran outside a schedule")
        return self.world

    def seconds(self) -> float:
        return self._playing.now

    def nanoseconds(self) -> int:
        return int(self._playing.now * 1e9) + self._dice().randrange(1000)

    def sleep(self, seconds: float) -> None:
        self._playing.sleep(seconds)

    def uniform(self, low: float, high: float) -> float:
        return self._dice().uniform(low, high)

    def token_hex(self, size: int = 32) -> str:
        return self._dice().randbytes(size).hex()

    def uuid4(self) -> uuid.UUID:
        return uuid.UUID(bytes=self._dice().randbytes(16), version=4)

    def open_sqlite(self, *given: Any, **named: Any) -> sqlite3.Connection:
        return self.connect(*given, **named)

    def fallocate(self, descriptor: int, start: int, size: int) -> None:
        self.allocate(descriptor, start, size)

    def _dice(self) -> random.Random:
        return self._playing.dice("product")


class SerialExecutor:
    """A pool of one worker that works when it is asked: the order of a schedule, not of the machine."""

    def __init__(self, *_: object, **__: object) -> None:
        self.closed = False

    def __enter__(self) -> SerialExecutor:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True

    def map(self, work: Callable[..., Any], *many: Iterable[Any], **_: object) -> Iterator[Any]:
        return iter([work(*one) for one in zip(*many, strict=False)])

    def submit(self, work: Callable[..., Any], *given: Any, **named: Any) -> concurrent.futures.Future[Any]:
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        try:
            future.set_result(work(*given, **named))
        except Exception as error:  # noqa: BLE001 - the future hands it on
            future.set_exception(error)
        return future

    def shutdown(self, *_: object, **__: object) -> None:
        self.closed = True


def _replacements(machine: Machine) -> list[tuple[Any, Any]]:
    """Return what stands in for each module, class or function."""

    class VirtualDatetime(datetime_module.datetime):
        @classmethod
        def now(cls, tz: datetime_module.tzinfo | None = None) -> Any:
            return datetime_module.datetime.fromtimestamp(machine.seconds(), tz=tz)

    def like(module: types.ModuleType, **changes: Any) -> types.SimpleNamespace:
        return types.SimpleNamespace(**{**vars(module), **changes})

    clock = {"monotonic": machine.seconds, "time": machine.seconds, "perf_counter": machine.seconds}
    return [
        (time, like(time, **clock, sleep=machine.sleep, time_ns=machine.nanoseconds)),
        (random, like(random, uniform=machine.uniform)),
        (secrets, like(secrets, token_hex=machine.token_hex)),
        (uuid, like(uuid, uuid4=machine.uuid4)),
        (datetime_module.datetime, VirtualDatetime),
        (concurrent.futures.ThreadPoolExecutor, SerialExecutor),
        (time.sleep, machine.sleep),
        (time.monotonic, machine.seconds),
        (time.time, machine.seconds),
        (random.uniform, machine.uniform),
        (secrets.token_hex, machine.token_hex),
        (uuid.uuid4, machine.uuid4),
    ]


@contextmanager
def installed() -> Iterator[Machine]:
    """Stand in for the machine in every module of the product that is imported by now."""
    machine = Machine()
    replacements = {id(original): substitute for original, substitute in _replacements(machine)}
    with ExitStack() as stack:
        for name, module in list(sys.modules.items()):
            if isinstance(module, types.ModuleType) and name.startswith(_OURS):
                _stand_in(stack, module, replacements)
        stack.enter_context(mock.patch.object(machine, "connect", sqlite3.connect))
        stack.enter_context(mock.patch.object(machine, "allocate", os.posix_fallocate))
        stack.enter_context(mock.patch.object(sqlite3, "connect", machine.open_sqlite))
        stack.enter_context(mock.patch.object(os, "posix_fallocate", machine.fallocate))
        yield machine


def _stand_in(stack: ExitStack, module: types.ModuleType, replacements: dict[int, Any]) -> None:
    for attribute, value in list(vars(module).items()):
        if id(value) in replacements:
            stack.enter_context(mock.patch.object(module, attribute, replacements[id(value)]))
    for function in _functions(module):
        defaults = function.__kwdefaults__ or {}
        if any(id(value) in replacements for value in defaults.values()):
            changed = {key: replacements.get(id(value), value) for key, value in defaults.items()}
            stack.callback(setattr, function, "__kwdefaults__", defaults)
            function.__kwdefaults__ = changed


def _functions(module: types.ModuleType) -> Iterator[types.FunctionType]:
    """Yield the functions and methods made in `module`: ``sleep=time.sleep`` was bound when it was read."""
    for value in vars(module).values():
        if isinstance(value, types.FunctionType) and value.__module__ == module.__name__:
            yield value
        elif isinstance(value, type) and value.__module__ == module.__name__:
            yield from (one for one in vars(value).values() if isinstance(one, types.FunctionType))
