"""Call a Lambda handler in this process as the service would."""

from __future__ import annotations

import importlib
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from contract.errors import CrowdLensError

Handler = Callable[[dict[str, Any], "LambdaContext"], object]


class HandlerNameError(CrowdLensError):
    """Raised when a handler's name does not lead to a function."""


class FunctionTimeoutError(BaseException):
    """Raised inside a handler that runs for longer than its time-out.

    Not an `Exception`: a handler must no more be able to carry on after it than in Lambda.
    """


@dataclass(frozen=True)
class LambdaContext:
    """The second argument of a handler, with the attributes that AWS documents."""

    function_name: str
    timeout_seconds: float
    memory_limit_in_mb: int
    invoked_function_arn: str
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    function_version: str = "$LATEST"
    log_group_name: str = ""
    log_stream_name: str = "local"
    started: float = field(default_factory=time.monotonic)

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left before the time-out."""
        return max(0, int((self.started + self.timeout_seconds - time.monotonic()) * 1000))


def new_context(function_name: str, *, region: str, timeout_seconds: float, memory_mib: int) -> LambdaContext:
    """Return the context of one invocation that begins now."""
    return LambdaContext(
        function_name=function_name,
        timeout_seconds=timeout_seconds,
        memory_limit_in_mb=memory_mib,
        invoked_function_arn=f"arn:aws:lambda:{region}:000000000000:function:{function_name}",
        log_group_name=f"/aws/lambda/{function_name}",
    )


def load_handler(name: str) -> Handler:
    """Return the function named ``package.module:function``; raises `HandlerNameError`."""
    module_name, separator, function_name = name.partition(":")
    if not separator:
        raise HandlerNameError(f"the handler is {name!r}: expected package.module:function")
    try:
        handler = getattr(importlib.import_module(module_name), function_name, None)
    except ModuleNotFoundError as error:
        raise HandlerNameError(f"the handler {name!r} cannot be imported: {error}") from error
    if not callable(handler):
        raise HandlerNameError(f"the handler is {name!r}: {module_name} has no such function")
    found: Handler = handler
    return found


def lazy_handler(name: str) -> Handler:
    """Return a handler that imports the function named ``package.module:function`` when it is first called.

    Its call raises `HandlerNameError`.
    """

    def call(event: dict[str, Any], context: LambdaContext) -> object:
        # A module is imported once however often it is asked for.
        return load_handler(name)(event, context)

    return call


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `FunctionTimeoutError` in the main thread after `seconds`."""

    def expire(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise FunctionTimeoutError(f"the function ran for more than {seconds:g} s")

    previous = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
