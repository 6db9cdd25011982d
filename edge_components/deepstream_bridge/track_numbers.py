"""DeepStream's object ids as track numbers that are used once only."""

from __future__ import annotations

from dataclasses import dataclass

_LOW_BITS = 32
_LOW_MASK = (1 << _LOW_BITS) - 1
REUSE_SECONDS = 10.0
"""An id that was away for longer is somebody else's; DeepStream's own memory is a few seconds."""
_FASTEST_HEIGHTS_PER_SECOND = 14.0
_REMEMBERED_IDS = 100_000

Box = tuple[float, float, float, float]


@dataclass
class _Known:
    number: int
    whole_id: int
    label: str
    box: Box
    time_seconds: float


class TrackNumbers:
    """Gives each object of a stream a number of its own: the lower half of its id, as DeepStream shows it.

    An id is somebody else's when the app began anew, when it was away for ten seconds, when its class is
    another, or when its box is where nobody could have gone. Then the number has a generation above the
    lower 32 bits, so that two people never share one.
    """

    def __init__(self) -> None:
        self._generation = 0
        self._known: dict[int, _Known] = {}
        self._used: set[int] = set()

    def restart(self) -> None:
        """The app began anew: ids that come again are others'."""
        self._known.clear()
        if self._used:
            self._next_generation()

    def number(self, track: int, label: str, box: Box, time_seconds: float) -> int:
        """Return the number of the object that has the id `track` in this frame."""
        low = track & _LOW_MASK
        known = self._known.get(low)
        if known is not None and self._is_same(known, track, label, box, time_seconds):
            known.box, known.time_seconds = box, time_seconds
            return known.number
        if low in self._used or len(self._used) >= _REMEMBERED_IDS:
            self._next_generation()
            self._forget(time_seconds)
        self._used.add(low)
        number = self._generation << _LOW_BITS | low
        self._known[low] = _Known(number, track, label, box, time_seconds)
        return number

    def _next_generation(self) -> None:
        self._generation += 1
        self._used.clear()

    def _forget(self, time_seconds: float) -> None:
        oldest = time_seconds - REUSE_SECONDS
        self._known = {low: known for low, known in self._known.items() if known.time_seconds >= oldest}

    @staticmethod
    def _is_same(known: _Known, track: int, label: str, box: Box, time_seconds: float) -> bool:
        gap_seconds = time_seconds - known.time_seconds
        if known.whole_id != track or known.label != label or gap_seconds > REUSE_SECONDS:
            return False
        height = max(known.box[3] - known.box[1], box[3] - box[1], 1.0)
        across = abs((box[0] + box[2]) - (known.box[0] + known.box[2])) / 2
        down = abs((box[1] + box[3]) - (known.box[1] + known.box[3])) / 2
        return max(across, down) <= height * (1.0 + _FASTEST_HEIGHTS_PER_SECOND * gap_seconds)
