"""When a file was written, as event time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from contract.tables import CLOCK_RESTAMPED, CLOCK_SYNCED
from edge_components.runtime.clock import DeviceClock
from edge_components.runtime.time_sync import EARLIEST_PLAUSIBLE_MILLISECONDS


@dataclass(frozen=True)
class WrittenTime:
    """A moment in milliseconds since 1970 UTC, and what it rests on."""

    event_time_ms: float
    clock_quality: str


def written_ms(
    written_ns: int, clock: DeviceClock, wall_seconds: Callable[[], float] = time.time
) -> WrittenTime:
    """Return when a file was written.

    File times are the wall clock's. Under a synced clock they are event times as they are; one from before
    the sync, when the device believed it was 1970, becomes now. Under an unsynced clock a file's age is
    taken from its event time, so that the spool moves its records with the others once time is known.
    """
    file_ms = written_ns / 1e6
    if clock.quality != CLOCK_SYNCED:
        return WrittenTime(clock.now_ms() - (wall_seconds() * 1000 - file_ms), clock.quality)
    if file_ms < EARLIEST_PLAUSIBLE_MILLISECONDS:
        return WrittenTime(clock.now_ms(), CLOCK_RESTAMPED)
    return WrittenTime(file_ms, clock.quality)
