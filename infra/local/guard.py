"""Run one command for an owner process, and end it, with all it started, when the owner is gone.

Started as a file (``python -I -S guard.py OWNER_PID GRACE_SECONDS -- command …``), standard library only.
A parent-death signal alone is tied to the spawning *thread* and is not inherited by grandchildren; a guard
sees the owner's end even after ``kill -9``, whichever thread started it, and ends the whole process group.
Should the guard itself be killed, the command gets SIGKILL through its parent-death signal.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import time

_PR_SET_PDEATHSIG = 1
_LOOK_AGAIN_MILLISECONDS = 250
EXIT_CANNOT_START = 127


def main(arguments: list[str]) -> int:
    """Run the command and return its exit status (128 + signal number when a signal ended it)."""
    owner, grace_seconds, command = int(arguments[0]), float(arguments[1]), arguments[3:]
    wake = _wake_on_signals()
    owner_handle = _process_handle(owner)
    # Looked at after the handle is open: while we are still the owner's child, the handle is the owner's.
    if os.getppid() != owner:
        return EXIT_CANNOT_START
    child = _start(command)
    watched = [handle for handle in (wake, owner_handle, _process_handle(child)) if handle is not None]
    if _wait(owner, child, watched) == "told to stop":
        _ask_to_end(child, grace_seconds)
    # What the command left behind in its group goes before its number can be given to another.
    _signal_group(child, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if code >= 0 else 128 - code


def _wake_on_signals() -> int:
    """Return a descriptor that becomes readable when a stop signal arrives."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return reader


def _process_handle(process: int) -> int | None:
    """Return a descriptor that becomes readable when `process` ends, or None on an old kernel."""
    try:
        return os.pidfd_open(process)
    except (AttributeError, OSError):
        return None


def _start(command: list[str]) -> int:
    guard = os.getpid()
    child = os.fork()
    if child:
        return child
    os.setpgid(0, 0)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != guard:  # it died before the signal was asked for
        os._exit(EXIT_CANNOT_START)
    try:
        os.execvp(command[0], command)  # noqa: S606 - the caller's fixed argument list
    except OSError as error:
        sys.stderr.write(f"cannot start {command[0]}: {error.strerror}\n")
        sys.stderr.flush()
    os._exit(EXIT_CANNOT_START)


def _wait(owner: int, child: int, watched: list[int]) -> str:
    """Return why waiting ended: "ended" (the child), "owner gone" or "told to stop"."""
    poll = select.poll()
    for handle in watched:
        poll.register(handle, select.POLLIN)
    timeout = None if len(watched) == 3 else _LOOK_AGAIN_MILLISECONDS
    while True:
        ready = [handle for handle, _ in poll.poll(timeout)]
        if _has_ended(child):
            return "ended"
        if os.getppid() != owner:
            return "owner gone"
        if watched[0] in ready:
            return "told to stop"


def _has_ended(child: int) -> bool:
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _ask_to_end(child: int, grace_seconds: float) -> None:
    _signal_group(child, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    while time.monotonic() < deadline and not _has_ended(child):
        time.sleep(0.01)


def _signal_group(child: int, number: signal.Signals) -> None:
    for send in (os.killpg, os.kill):
        try:
            send(child, number)
        except (ProcessLookupError, PermissionError):
            continue
        return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
