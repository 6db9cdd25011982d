"""Whether files of frames that were taken already are a new run of the app, or additions to its past.

A tracker with `enable-past-frame` adds to frames that have gone; an app that was started again begins at
frame 0. No wall clock is trusted to tell them apart: it may stand at 1970 after a power cut, or be set back
while the app runs. What counts is the boot, the frame numbers, and the order in which files were seen; file
times decide only between files that were seen together, and only where they are near each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

FIRST_FRAMES = 2
"""A run begins at frame 0, or at 1 where the first was not written."""
PAST_FRAMES = 1000
"""No tracker adds to frames so long gone: maxShadowTrackingAge is 30 to 150 in NVIDIA's configurations."""
NEAR_NANOSECONDS = 60_000_000_000
"""File times further apart than this are of other runs, or the clock was set between them."""
_RUN_NANOSECONDS = 2_000_000_000
"""What a tracker adds to the past it adds at once; a run takes its time."""
_SETTLED_SECONDS = 1.0
_QUIET_SECONDS = 10.0


@dataclass(frozen=True)
class Position:
    """The last frame that was taken of a stream.

    `written_ns` is when its file was written, -1 at first; `boot` is the boot in which its run began.
    """

    frame: int = -1
    written_ns: int = -1
    boot: str = ""


@dataclass(frozen=True)
class Sighting:
    """A file's time, and at which look at the folder it was seen first."""

    written_ns: int
    look: int


class Verdict(Enum):
    """What files of taken frames are; OPEN until more is known."""

    NEW_RUN = "new run"
    LATE = "late"
    OPEN = "open"


@dataclass(frozen=True)
class Evidence:
    """What is known of a stream at one look.

    `behind` are files of frames up to `position`, with the look at which they were noticed there; `ahead`
    those after it. `behind_arrived` says that the first of `behind` was not there when `position` was taken.
    `quiet_seconds` is for how long `behind` has not grown, infinite when nobody writes any more.
    """

    position: Position
    boot: str
    behind: Mapping[int, Sighting]
    ahead: Mapping[int, Sighting]
    behind_arrived: bool
    quiet_seconds: float

    @property
    def first(self) -> int:
        """The lowest frame that is there again."""
        return min(self.behind)

    @property
    def began(self) -> Sighting:
        """When that one came."""
        return self.behind[self.first]

    def is_newer(self, one: Sighting) -> bool:
        """Return whether a file came after the first of those behind."""
        began = self.began
        if one.look != began.look:
            return one.look > began.look
        return 0 <= one.written_ns - began.written_ns < NEAR_NANOSECONDS

    def is_complete(self) -> bool:
        """Return whether nearly every frame up to the position is there again: a run that has passed it."""
        expected = self.position.frame + 1 - self.first
        return self.first < FIRST_FRAMES and expected - len(self.behind) <= self.position.frame // 10

    def came_before_position(self, one: Sighting) -> bool:
        """Return whether a file was written before the last that was taken, as far as times can tell."""
        return not self.behind_arrived and 0 <= self.position.written_ns - one.written_ns < NEAR_NANOSECONDS


def judge(evidence: Evidence) -> Verdict:
    """Tell an app that began anew from a tracker that added to frames of the past."""
    first, position = evidence.first, evidence.position
    if position.boot != evidence.boot:
        return _after_boot(evidence)
    if first < FIRST_FRAMES and position.frame >= PAST_FRAMES:
        return Verdict.NEW_RUN
    if any(evidence.is_newer(one) for one in evidence.ahead.values()):
        return Verdict.NEW_RUN if evidence.is_complete() else Verdict.LATE
    newest = max(evidence.behind.values(), key=lambda one: one.written_ns)
    if evidence.came_before_position(evidence.began if first < FIRST_FRAMES else newest):
        return Verdict.LATE
    return _settled(evidence, newest.written_ns - evidence.began.written_ns)


def _after_boot(evidence: Evidence) -> Verdict:
    """What is there after another boot its app wrote, but for additions of just before the power went."""
    leftover = all(
        abs(evidence.position.written_ns - one.written_ns) < NEAR_NANOSECONDS
        for one in evidence.behind.values()
    )
    return Verdict.LATE if leftover and evidence.first >= FIRST_FRAMES else Verdict.NEW_RUN


def _settled(evidence: Evidence, span_ns: int) -> Verdict:
    """Decide where no later frame came: between two frames of one batch lie milliseconds."""
    if evidence.first < FIRST_FRAMES:
        settled = span_ns > _RUN_NANOSECONDS // 2 or evidence.quiet_seconds >= _SETTLED_SECONDS
        return Verdict.NEW_RUN if settled else Verdict.OPEN
    if span_ns > _RUN_NANOSECONDS:
        return Verdict.NEW_RUN
    return Verdict.LATE if evidence.quiet_seconds >= _QUIET_SECONDS else Verdict.OPEN


def run_of(evidence: Evidence) -> tuple[list[int], list[int]]:
    """Return the frames that the run before left unread, and those of the new run."""
    complete, began_ns = evidence.is_complete(), evidence.began.written_ns
    older = [frame for frame, one in evidence.ahead.items() if not complete or one.written_ns < began_ns]
    return sorted(older), sorted({*evidence.behind, *(set(evidence.ahead) - set(older))})
