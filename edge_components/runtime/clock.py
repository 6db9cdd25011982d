"""Event time: the monotonic clock of this boot, anchored to the wall clock.

A wall clock jumps: a Jetson without a battery boots in 1970, time services step it, people set it. Records
are therefore timed by the monotonic clock plus an offset. Before time sync the offset is whatever the wall
clock said first in this boot, or begins at the time that the spool last knew if that is later, and the
quality is ``unsynced``; after it the offset is right, the quality is ``synced``, and the spool moves the
unsynced records by the difference of the two offsets.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from contract.tables import CLOCK_SYNCED, CLOCK_UNSYNCED
from edge_components.runtime.time_sync import TimeSync, probe_time_sync

STEP_TOLERANCE_MILLISECONDS = 200
"""A believed wall clock that is further away than this was stepped, had a leap second, or the machine slept:
follow it. Time services slew what is less, and the monotonic clock is slewed with the wall clock."""
_READINGS = 3
PROBE_INTERVAL_SECONDS = 5.0


class DeviceClock:
    """Times events in milliseconds since 1970 UTC; the two clocks and the probe can be replaced for tests.

    `refresh` is the only call that changes the offset or the quality, so that a loop that calls it once a
    turn gives every record of the turn a time and a quality that belong together.
    """

    def __init__(
        self,
        *,
        monotonic_seconds: Callable[[], float] = time.monotonic,
        wall_seconds: Callable[[], float] = time.time,
        probe: Callable[[int], TimeSync] = probe_time_sync,
    ) -> None:
        self._monotonic_seconds = monotonic_seconds
        self._wall_seconds = wall_seconds
        self._probe = probe
        self._offset_ms = self._measured_offset_ms()
        self._sync = probe(self._wall_ms())
        self._probed_at_seconds = monotonic_seconds()

    def now_ms(self) -> int:
        """Return the present event time."""
        return self.at_monotonic_ms(self._monotonic_seconds())

    def at_monotonic_ms(self, seconds: float) -> int:
        """Return the event time of a moment that `time.monotonic` called `seconds`."""
        return round(seconds * 1000) + self._offset_ms

    @property
    def quality(self) -> str:
        """``synced`` or ``unsynced``, as of the last `refresh`."""
        return CLOCK_SYNCED if self._sync.synchronised else CLOCK_UNSYNCED

    @property
    def evidence(self) -> str:
        """What the quality rests on, in a few words."""
        return self._sync.evidence

    @property
    def offset_ms(self) -> int:
        """Event time minus monotonic time."""
        return self._offset_ms

    def adopt_unsynced_offset(self, offset_ms: int) -> None:
        """Use the offset another process of this boot anchored first, so that one shift mends all records.

        Does nothing once the clock is synced.
        """
        if not self._sync.synchronised:
            self._offset_ms = offset_ms

    def refresh(self) -> bool:
        """Look at the wall clock again, at most every 5 s; return whether event time was moved."""
        now_seconds = self._monotonic_seconds()
        if now_seconds - self._probed_at_seconds < PROBE_INTERVAL_SECONDS:
            return False
        self._probed_at_seconds = now_seconds
        was_synced = self._sync.synchronised
        sync = self._probe(self._wall_ms())
        if was_synced and not sync.synchronised:
            # The anchor stays right when the time service goes away; only a first sync is waited for.
            return False
        self._sync = sync
        return sync.synchronised and self._follow_wall(first_sync=not was_synced)

    def _follow_wall(self, *, first_sync: bool) -> bool:
        measured_ms = self._measured_offset_ms()
        if not first_sync and abs(measured_ms - self._offset_ms) <= STEP_TOLERANCE_MILLISECONDS:
            return False
        self._offset_ms = measured_ms
        return True

    def _measured_offset_ms(self) -> int:
        """Return wall minus monotonic time, from the reading of both that the least time passed in."""
        readings = []
        for _ in range(_READINGS):
            before_seconds = self._monotonic_seconds()
            wall_ms = self._wall_ms()
            after_seconds = self._monotonic_seconds()
            readings.append((after_seconds - before_seconds, wall_ms - round(before_seconds * 1000)))
        return min(readings)[1]

    def _wall_ms(self) -> int:
        return round(self._wall_seconds() * 1000)
