"""What the tracker remembers of its tracks: arrays with one entry per slot, which grow up to a bound."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_components.runtime.counting import motion

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# Columns of a sighting.
INDEX, TIME, CONFIDENCE, AT_EDGE = 0, 1, 2, 3
BOX, VELOCITY = slice(4, 8), slice(8, 10)
SIGHTING_LENGTH = 10

_INITIAL_SLOTS = 64


class TrackSlots:
    """The tracks of a tracker, at most `maximum` of them, each with its first `sightings_kept` sightings.

    A track is `tentative` until it is confirmed, and again while it is believed to have come back:
    `kept_rows` and `kept_seen` are then what it was before, should that turn out to be wrong.
    """

    def __init__(self, maximum: int, sightings_kept: int) -> None:
        self._maximum, self._sightings_kept = maximum, sightings_kept
        self._allocate(min(_INITIAL_SLOTS, maximum))

    def _allocate(self, slots: int) -> None:
        self.rows = np.zeros((slots, motion.ROW_LENGTH))
        self.sightings = np.zeros((slots, self._sightings_kept, SIGHTING_LENGTH))
        self.ids = np.zeros(slots, np.int64)
        self.class_ids = np.zeros(slots, np.int64)
        self.class_votes = np.zeros(slots)
        self.hits = np.zeros(slots, np.int64)
        self.last_seen = np.zeros(slots)
        self.first_frame = np.zeros(slots, np.int64)
        self.first_seen = np.zeros(slots)
        self.alive = np.zeros(slots, np.bool_)
        self.tentative = np.zeros(slots, np.bool_)
        self.kept_rows = np.zeros((slots, motion.ROW_LENGTH))
        self.kept_seen = np.zeros(slots)
        self.covered_since = np.full(slots, np.inf)

    def __len__(self) -> int:
        return len(self.alive)

    def take(self, wanted: int) -> Integers:
        """Return up to `wanted` free slots, fewer when the bound is reached."""
        if not wanted:
            return np.empty(0, np.int64)
        free = np.flatnonzero(~self.alive)
        while len(free) < wanted and len(self) < self._maximum:
            self._grow()
            free = np.flatnonzero(~self.alive)
        return free[:wanted]

    def _grow(self) -> None:
        old = len(self)
        kept = {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}
        self._allocate(min(2 * old, self._maximum))
        for name, value in kept.items():
            getattr(self, name)[:old] = value

    def start(self, slots: Integers, rows: Floats, frame: int, seconds: float) -> None:
        """Begin tentative tracks without an id, seen once; `elect` names their class."""
        self.rows[slots] = rows
        self.ids[slots] = 0
        self.hits[slots] = 1
        self.covered_since[slots] = np.inf
        self.last_seen[slots] = seconds
        self.alive[slots] = self.tentative[slots] = True
        self._date(slots, frame, seconds)

    def doubt(self, slots: Integers, frame: int, seconds: float) -> None:
        """Make confirmed tracks tentative that seem to be back, and keep what they were."""
        if not len(slots):
            return
        self.kept_rows[slots] = self.rows[slots]
        self.kept_seen[slots] = self.last_seen[slots]
        self.hits[slots] = 0
        self.tentative[slots] = True
        self._date(slots, frame, seconds)

    def _date(self, slots: Integers, frame: int, seconds: float) -> None:
        self.first_frame[slots] = frame
        self.first_seen[slots] = seconds

    def drop(self, slots: Integers) -> None:
        """End tentative tracks: new ones are gone, those that seemed to be back are lost as before."""
        if not len(slots):
            return
        self.alive[slots[self.ids[slots] == 0]] = False
        back = slots[self.ids[slots] > 0]
        self.rows[back] = self.kept_rows[back]
        self.last_seen[back] = self.kept_seen[back]
        self.tentative[back] = False
        self.hits[back] = self._sightings_kept

    def time_covered(self, slots: Integers, covered: npt.NDArray[np.bool_], seconds: float) -> Floats:
        """Note which of `slots` are `covered` now; return for how long they have been, without a break."""
        since = np.where(covered, np.minimum(self.covered_since[slots], seconds), np.inf)
        self.covered_since[slots] = since
        return np.asarray(np.maximum(seconds - since, 0.0))

    def elect(self, slots: Integers, class_ids: Integers, confidences: npt.NDArray[np.float32]) -> None:
        """Let new tracks be of the class of their first sighting, with its confidence as votes."""
        self.class_ids[slots] = class_ids
        self.class_votes[slots] = confidences

    def vote(self, slots: Integers, class_ids: Integers, confidences: npt.NDArray[np.float32]) -> None:
        """Let tentative tracks be of the class that most of their sightings' confidence says.

        A running majority (Boyer and Moore, "MJRTY", 1991); what is confirmed keeps its class.
        """
        undecided = self.tentative[slots] & (self.ids[slots] == 0)
        if not undecided.any():
            return
        slots, class_ids, weights = slots[undecided], class_ids[undecided], confidences[undecided]
        same = self.class_ids[slots] == class_ids
        votes = self.class_votes[slots] + np.where(same, weights, -weights)
        changed = votes < 0
        self.class_ids[slots[changed]] = class_ids[changed]
        self.class_votes[slots] = np.abs(votes)

    def note(self, slots: Integers, sightings: Floats) -> None:
        """Keep the sightings (N, SIGHTING_LENGTH) of `slots`; once the list is full its last is replaced."""
        self.sightings[slots, self._latest(slots)] = sightings

    def latest(self, slots: Integers) -> Floats:
        """Return the latest sightings (N, SIGHTING_LENGTH)."""
        latest: Floats = self.sightings[slots, self._latest(slots)]
        return latest

    def _latest(self, slots: Integers) -> Integers:
        return np.asarray(np.minimum(self.hits[slots], self._sightings_kept) - 1)

    def earlier(self, slots: Integers) -> tuple[Integers, Floats]:
        """Return which of `slots` (M,) has which sighting (M, SIGHTING_LENGTH) before its latest."""
        which, place = np.nonzero(np.arange(self._sightings_kept)[None, :] < self._latest(slots)[:, None])
        return which, self.sightings[slots[which], place]
