"""Runs other programs with a time limit: none of them may hold up the agent."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from contract.errors import WorkFailedError

LIMIT_SECONDS = 4.0
_POLL_SECONDS = 0.25
_MAXIMUM_CHARACTERS = 64 * 1024


class CommandError(WorkFailedError):
    """Raised for a command that is not there, fails or takes too long; the text says which."""


class CommandMissingError(CommandError):
    """Raised for a command that this machine does not have."""


_stop = threading.Event()


def stop_commands() -> None:
    """End the commands that run, and start none any more: the process is about to end."""
    _stop.set()


def run_command(words: Sequence[str], *, limit_seconds: float = LIMIT_SECONDS) -> str:
    """Return what a command wrote to its standard output; raises `CommandError`.

    It speaks English, runs in a process group of its own, and is killed with all of it after `limit_seconds`.
    """
    try:
        process = start_command(words)
    except FileNotFoundError as error:
        raise CommandMissingError(f"{words[0]} is not installed") from error
    except OSError as error:
        raise CommandError(f"{words[0]} cannot be run: {error.strerror}") from error
    with process:
        output = _output(process, words[0], time.monotonic() + limit_seconds)
    if process.returncode:
        raise CommandError(f"{words[0]} ended with status {process.returncode}")
    return output[:_MAXIMUM_CHARACTERS]


def start_command(words: Sequence[str]) -> subprocess.Popen[str]:
    """Start a command whose standard output can be read, in a process group of its own; raises OSError."""
    return subprocess.Popen(
        list(words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        errors="replace",
        env={**os.environ, "LC_ALL": "C"},
        start_new_session=True,
    )


def kill_command(process: subprocess.Popen[str]) -> None:
    """Kill a command and whatever it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _output(process: subprocess.Popen[str], name: str, deadline: float) -> str:
    while True:
        try:
            return process.communicate(timeout=_POLL_SECONDS)[0]
        except subprocess.TimeoutExpired as error:
            is_late = time.monotonic() >= deadline
            if is_late or _stop.is_set():
                kill_command(process)
                reason = "did not answer in time" if is_late else "was ended with the agent"
                raise CommandError(f"{name} {reason}") from error
