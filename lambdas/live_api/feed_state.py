"""What a feed says now, and what a place says of its feeds: counts, states, when they change by themselves.

A state follows from the window length: a feed is live while its newest window ended no more than two windows
and `DELIVERY` ago, stale until `STALE_AT_LEAST` (three windows for long ones) have gone, and then there is
no data. Missing is not zero: a place without data has no count, and one of which only some feeds speak is
suspect.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

DELIVERY = timedelta(seconds=60)
"""The longest usual way from a window's end to MySQL: 30 s in a device of profile `economy`, and a batch in
each of the two queues."""
STALE_AT_LEAST = timedelta(minutes=15)
CHANGE_SECONDS = 300.0
FAR_AHEAD = datetime(9999, 1, 1)  # noqa: DTZ001 - naive UTC, as MySQL keeps it


class State(enum.Enum):
    """How far a count can be trusted."""

    LIVE = "live"
    STALE = "stale"
    NO_DATA = "no_data"
    SUSPECT = "suspect"


@dataclass(frozen=True)
class Reading:
    """The newest window of a feed: `start` is naive UTC, `before` the count of 5 minutes earlier.

    `object_classes` are those that a zone counted in it, empty for a box.
    """

    start: datetime
    window_seconds: float
    count: int
    suspect: bool
    before: int | None = None
    object_classes: tuple[str, ...] = ()

    @property
    def seen_at(self) -> datetime:
        """Return when the window ended."""
        return self.start + timedelta(seconds=self.window_seconds)

    @property
    def live_until(self) -> datetime:
        """Return until when the feed counts as live."""
        return self.seen_at + timedelta(seconds=2 * self.window_seconds) + DELIVERY

    @property
    def stale_until(self) -> datetime:
        """Return until when its last count is shown at all."""
        return self.seen_at + max(STALE_AT_LEAST, timedelta(seconds=3 * self.window_seconds))

    def state(self, now: datetime) -> State:
        """Return the feed's state at `now` (naive UTC)."""
        if now > max(self.stale_until, self.live_until):
            return State.NO_DATA
        if now > self.live_until:
            return State.STALE
        return State.SUSPECT if self.suspect else State.LIVE


@dataclass(frozen=True)
class PlaceState:
    """What a place says: `speaking` are the numbers of the feeds that its count comes from."""

    state: State
    count: int | None
    change: int | None
    seen_at: datetime | None
    window_start: datetime | None
    speaking: tuple[int, ...]
    silent: int
    seen_now: bool
    healthy: bool = True
    """Whether no camera of the feeds that speak was covered, dark, frozen or moved."""


def place_state(readings: Sequence[Reading | None], now: datetime) -> PlaceState:
    """Return the state of a place from the newest window of each feed at `now` (naive UTC).

    While any feed is live the count is theirs; the last counts of others would be of another time.
    """
    states = [State.NO_DATA if reading is None else reading.state(now) for reading in readings]
    present = [number for number, state in enumerate(states) if state in (State.LIVE, State.SUSPECT)]
    stale = [number for number, state in enumerate(states) if state is State.STALE]
    speaking = [reading for number in present or stale if (reading := readings[number]) is not None]
    newest = max(speaking, key=lambda reading: reading.seen_at, default=None)
    return PlaceState(
        state=_together(states, present, stale),
        count=sum(reading.count for reading in speaking) if speaking else None,
        change=_change(speaking),
        seen_at=None if newest is None else newest.seen_at,
        window_start=None if newest is None else newest.start,
        speaking=tuple(present or stale),
        silent=len(states) - len(present),
        seen_now=bool(present),
        healthy=not any(reading.suspect for reading in speaking),
    )


def next_change(readings: Sequence[Reading | None], now: datetime) -> datetime:
    """Return the first instant after `now` at which some feed's state changes though nothing new arrives."""
    instants = [
        instant
        for reading in readings
        if reading is not None
        for instant in (reading.live_until, reading.stale_until)
        if instant >= now
    ]
    return min(instants, default=FAR_AHEAD)


def _together(states: Sequence[State], present: Sequence[int], stale: Sequence[int]) -> State:
    if not present:
        return State.STALE if stale else State.NO_DATA
    whole = len(present) == len(states) and all(states[number] is State.LIVE for number in present)
    return State.LIVE if whole else State.SUSPECT


def _change(speaking: Sequence[Reading]) -> int | None:
    before = [reading.before for reading in speaking if reading.before is not None]
    if not speaking or len(before) < len(speaking):
        return None
    return sum(reading.count for reading in speaking) - sum(before)
