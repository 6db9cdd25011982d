"""Child processes that never outlive their owner, with their output in log files."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from contract.errors import CrowdLensError, DiskFullError, WorkFailedError
from infra.local.disk import clear_disk_errors, is_full

_GUARD = Path(__file__).with_name("guard.py")
_GUARD_MARGIN_SECONDS = 2.0
_LOOK_AGAIN_SECONDS = 0.02
_LOG_TAIL_BYTES = 8192
_LONGEST_WORDS = 400
_ERROR_LINE = re.compile(r"error(?!\] Aborting)|cannot|failed", re.IGNORECASE)


class ProcessError(WorkFailedError):
    """Raised when a child process did not start, did not become ready or ended before its time."""


@dataclass(frozen=True)
class ManagedProcess:
    """A running command behind its guard (see `guard.py`)."""

    name: str
    log_path: Path
    grace_seconds: float
    guard: subprocess.Popen[bytes]

    @property
    def exit_code(self) -> int | None:
        """The exit status, 128 + signal number after a signal, or None while it runs."""
        return self.guard.poll()

    @property
    def running(self) -> bool:
        """Whether the command still runs."""
        return self.exit_code is None

    def last_words(self) -> str:
        """Return the last line of the log that speaks of an error, or else the last of all."""
        try:
            tail = self.log_path.read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace")
        except FileNotFoundError:
            return ""
        lines = [line.strip() for line in tail.splitlines() if line.strip()]
        telling = [line for line in lines if _ERROR_LINE.search(line)]
        return (telling or lines or [""])[-1][:_LONGEST_WORDS]

    def ask_to_stop(self) -> None:
        """Send SIGTERM without waiting."""
        if self.running:
            self.guard.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Send SIGTERM, wait `grace_seconds`, then kill what is left of the process group."""
        self.ask_to_stop()
        try:
            self.guard.wait(self.grace_seconds + _GUARD_MARGIN_SECONDS)
        except subprocess.TimeoutExpired:
            self.guard.kill()
            self.guard.wait()


def start_process(
    name: str,
    command: Sequence[str],
    *,
    log_path: Path,
    environment: Mapping[str, str],
    directory: Path | None = None,
    input_path: Path | None = None,
    grace_seconds: float = 5.0,
) -> ManagedProcess:
    """Start `command`, which dies with this process even when this process is killed with ``kill -9``.

    Standard output and error are appended to `log_path`; the command and all it starts get a process group
    of their own, so that Ctrl-C in a terminal reaches only us. Standard input is `input_path` or empty.
    Raises `DiskFullError`.
    """
    guarded = [sys.executable, "-I", "-S", str(_GUARD), str(os.getpid()), str(grace_seconds), "--", *command]
    with (
        clear_disk_errors(log_path),
        log_path.open("ab") as log,
        (input_path or Path(os.devnull)).open("rb") as statements,
    ):
        guard = subprocess.Popen(
            guarded,
            stdin=statements,
            stdout=log,
            stderr=log,
            env=dict(environment),
            cwd=directory,
            start_new_session=True,
        )
    return ManagedProcess(name, log_path, grace_seconds, guard)


def stop_all(processes: Iterable[ManagedProcess]) -> None:
    """Stop all at once: as long as the slowest takes, not as long as all together."""
    listed = list(processes)
    for process in listed:
        process.ask_to_stop()
    for process in listed:
        process.stop()


def wait_until_ready(
    process: ManagedProcess, is_ready: Callable[[], bool], *, deadline_seconds: float
) -> None:
    """Return once `is_ready()`; raises `ProcessError` (or `DiskFullError`) when that does not come about."""
    deadline = time.monotonic() + deadline_seconds
    while not is_ready():
        if not process.running:
            raise failure(
                process, f"{process.name} ended with status {process.exit_code} before it was ready"
            )
        if time.monotonic() > deadline:
            raise failure(process, f"{process.name} was not ready after {deadline_seconds:g} s")
        time.sleep(_LOOK_AGAIN_SECONDS)


def wait_until_done(process: ManagedProcess, *, deadline_seconds: float) -> None:
    """Return once the command ended with status 0; raises `ProcessError` (or `DiskFullError`) otherwise."""
    try:
        status = process.guard.wait(deadline_seconds)
    except subprocess.TimeoutExpired as error:
        raise failure(process, f"{process.name} took more than {deadline_seconds:g} s") from error
    finally:
        process.stop()
    if status != 0:
        raise failure(process, f"{process.name} ended with status {status}")


def failure(process: ManagedProcess, what: str) -> CrowdLensError:
    """Return the error that says `what` happened, with the last lines of the log."""
    if is_full(process.log_path.parent):
        return DiskFullError(f"{what}: no room left on the disk of {process.log_path.parent}; free some")
    return ProcessError(f"{what}; its last words: {process.last_words() or 'none'}")


@contextmanager
def ending_on_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into `SystemExit` (status 128 + number), so that everything is cleaned up.

    Does nothing outside the main thread, where Python allows no handlers.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, frame: FrameType | None) -> None:
        del frame
        raise SystemExit(128 + number)

    numbers = [
        number
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is signal.SIG_DFL  # whoever set a handler knows what to do
    ]
    for number in numbers:
        signal.signal(number, leave)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)
