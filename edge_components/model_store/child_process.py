"""A child process with a time limit that ends when nobody wants its result any more."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edge_components.model_store.errors import SupersededError

_POLL_SECONDS = 0.1
_OUTPUT_TAIL_BYTES = 64 * 1024


@dataclass(frozen=True)
class Finished:
    """How a child ended: its exit status (negative: the signal), the tail of its output."""

    returncode: int
    output: str


def run_child(
    command: Sequence[str],
    *,
    limit_seconds: float,
    cancelled: Callable[[], bool],
    environment: Mapping[str, str] | None = None,
) -> Finished:
    """Run `command`; raises `subprocess.TimeoutExpired`, `SupersededError` and `OSError`.

    The child and all it started are killed on the way out, whichever way that is; where this process is
    killed itself, the kernel kills the child, so that no second build begins beside an orphan.
    """
    guard = shutil.which("setpriv")
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            [guard, "--pdeathsig", "KILL", *command] if guard else command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=environment,
        )
        try:
            _wait(child, command, limit_seconds, cancelled)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        output.seek(max(0, output.seek(0, os.SEEK_END) - _OUTPUT_TAIL_BYTES))
        return Finished(child.returncode, output.read().decode("utf-8", "replace"))


def _wait(
    child: subprocess.Popen[bytes],
    command: Sequence[str],
    limit_seconds: float,
    cancelled: Callable[[], bool],
) -> None:
    deadline = time.monotonic() + limit_seconds
    while child.poll() is None:
        if cancelled():
            raise SupersededError("another version is wanted by now, or the store shall stop")
        if time.monotonic() >= deadline:
            raise subprocess.TimeoutExpired(list(command), limit_seconds)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_POLL_SECONDS)
