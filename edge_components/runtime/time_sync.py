"""Whether the machine's wall clock can be believed."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

EARLIEST_PLAUSIBLE_MILLISECONDS = 1_793_491_200_000
"""2026-11-01: no record of this software can be older, so an earlier clock has not been set."""

BELIEVED = "no time service: the clock is believed because it is after this release"
"""The evidence where nothing keeps the clock: it is taken as right, and nobody knows how far it is off."""

_STA_UNSYNC = 0x0040
_TIMESYNCD_MARK = Path("/run/systemd/timesync/synchronized")
_TIME_SERVICE_FOLDERS = (Path("/run/systemd/timesync"), Path("/run/chrony"), Path("/run/ntpd.pid"))


@dataclass(frozen=True)
class TimeSync:
    """A verdict on the wall clock and, in a few words, what it rests on."""

    synchronised: bool
    evidence: str


class _Timex(ctypes.Structure):
    """The head of `struct timex` (adjtimex(2)); the rest is room that the kernel fills."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def kernel_says_synchronised() -> bool | None:
    """Return the kernel's own flag (adjtimex without STA_UNSYNC), or None where it cannot be read."""
    try:
        library = ctypes.CDLL(None, use_errno=True)
        request = _Timex()
        state = library.adjtimex(ctypes.byref(request))
    except (AttributeError, OSError):
        return None
    return None if state < 0 else not request.status & _STA_UNSYNC


def probe_time_sync(
    wall_ms: int,
    *,
    kernel: Callable[[], bool | None] = kernel_says_synchronised,
    timesyncd_mark: Path = _TIMESYNCD_MARK,
    service_traces: tuple[Path, ...] = _TIME_SERVICE_FOLDERS,
) -> TimeSync:
    """Return whether a wall clock that reads `wall_ms` (milliseconds since 1970) can be believed.

    A machine without any time service (a container, a laptop in a hurry) never says that it is synchronised:
    there a clock after this release's date is believed, and the evidence says so.
    """
    if wall_ms < EARLIEST_PLAUSIBLE_MILLISECONDS:
        return TimeSync(False, "the clock is before this release")
    if kernel():
        return TimeSync(True, "the kernel clock is disciplined")
    if timesyncd_mark.exists():
        return TimeSync(True, "systemd-timesyncd has synchronised")
    if any(trace.exists() for trace in service_traces):
        return TimeSync(False, "a time service runs but has not synchronised")
    return TimeSync(True, BELIEVED)
