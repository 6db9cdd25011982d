"""The last time that this device knew for sure: what a boot begins at whose clock never learns the time.

A Jetson without a battery boots in 1970. Records of a boot that is synced later are moved to the true time;
those of a boot that never is would lie in 1970, where no query looks. It is certainly later than when the
time was last known, so such a boot begins there, and its records say ``unsynced``.
"""

from __future__ import annotations

import sqlite3

from contract.tables import CLOCK_SYNCED
from edge_components.runtime.clock import DeviceClock
from edge_components.runtime.time_sync import EARLIEST_PLAUSIBLE_MILLISECONDS

_REMEMBER = """
    INSERT INTO properties (name, value) VALUES ('known_time_ms', ?)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value"""


def remember(connection: sqlite3.Connection, now_ms: int, clock_quality: str) -> None:
    """Keep `now_ms` as known when the clock is synced; a clock that was set back is followed back."""
    if clock_quality == CLOCK_SYNCED:
        connection.execute(_REMEMBER, (str(now_ms),))


def earliest_ms(connection: sqlite3.Connection) -> int:
    """Return a time that has passed for sure, in milliseconds since 1970 UTC."""
    row = connection.execute("SELECT value FROM properties WHERE name = 'known_time_ms'").fetchone()
    return max(EARLIEST_PLAUSIBLE_MILLISECONDS, int(row[0]) if row else 0)


def begin_no_earlier(connection: sqlite3.Connection, clock: DeviceClock) -> None:
    """Move an unsynced clock that stands before what is known to that time; it goes on from there."""
    behind_ms = earliest_ms(connection) - clock.now_ms()
    if behind_ms > 0:
        clock.adopt_unsynced_offset(clock.offset_ms + behind_ms)
