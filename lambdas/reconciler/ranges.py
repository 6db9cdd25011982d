"""Sets of record numbers as ranges: exact, without duplicates, and small, since numbers follow each other.

A record is one whole number: the number of its device, epoch and stream (see `StreamNumbers`) in the upper
bits, its sequence in the lower 40. A stream that arrived whole is then one range, however many rows and
objects it came in: a day of 10,000 cameras, 950 million records, is some 100,000 ranges, 1.6 MB.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Integers = npt.NDArray[np.int64]
Stream = tuple[str, str, str]
"""Device, epoch, stream."""

SEQUENCE_BITS: Final = 40
MAXIMUM_SEQUENCE: Final = (1 << SEQUENCE_BITS) - 2
"""At 1,000 records a second a stream needs 34 years for more; such a number is nobody's honest one."""
_RANGES_KEPT: Final = 1_000_000
"""So many are gathered (16 MB) before they are joined."""


@dataclass(frozen=True)
class Ranges:
    """Disjoint ranges, ascending, both ends included; `before` has how many numbers lie in earlier ranges."""

    firsts: Integers
    lasts: Integers
    before: Integers

    @classmethod
    def joined(cls, firsts: Integers, lasts: Integers) -> Ranges:
        """Return the union of ranges in any order that may overlap."""
        if not len(firsts):
            return cls(firsts, lasts, firsts)
        order = np.argsort(firsts, kind="stable")
        firsts, lasts = firsts[order], np.maximum.accumulate(lasts[order])
        # A range begins where even the farthest end so far leaves a hole.
        begins = np.concatenate(([True], firsts[1:] > lasts[:-1] + 1))
        ends = np.concatenate((begins[1:], [True]))
        firsts, lasts = firsts[begins], lasts[ends]
        return cls(firsts, lasts, np.concatenate(([0], np.cumsum(lasts - firsts + 1)[:-1])))

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return int(self.before[-1] + self.lasts[-1] - self.firsts[-1] + 1) if len(self.firsts) else 0

    def union(self, other: Ranges) -> Ranges:
        """Return the numbers that are in either."""
        return Ranges.joined(
            np.concatenate((self.firsts, other.firsts)), np.concatenate((self.lasts, other.lasts))
        )

    def count(self, first: int, last: int) -> int:
        """Return how many of the numbers `first` to `last` are in the set."""
        return self._up_to(last) - self._up_to(first - 1) if last >= first else 0

    def within(self, first: int, last: int) -> tuple[int, int] | None:
        """Return the smallest and largest number in the set between `first` and `last`, None without one."""
        low = int(np.searchsorted(self.lasts, first))
        high = int(np.searchsorted(self.firsts, last, side="right")) - 1
        if low > high or first > last:
            return None
        return max(first, int(self.firsts[low])), min(last, int(self.lasts[high]))

    def _up_to(self, number: int) -> int:
        place = int(np.searchsorted(self.firsts, number, side="right")) - 1
        if place < 0:
            return 0
        inside = min(number, int(self.lasts[place])) - int(self.firsts[place]) + 1
        return int(self.before[place]) + inside


NOTHING: Final = Ranges.joined(np.zeros(0, np.int64), np.zeros(0, np.int64))


@dataclass
class RangeSet:
    """Gathers ranges, a part at a time, in bounded memory."""

    _parts: list[tuple[Integers, Integers]] = field(default_factory=list)
    _waiting: int = 0

    def add(self, firsts: Integers, lasts: Integers) -> None:
        """Add ranges; they may overlap each other and what is there."""
        self._parts.append((firsts, lasts))
        self._waiting += len(firsts)
        if self._waiting > _RANGES_KEPT:
            joined = self.ranges()
            self._parts, self._waiting = [(joined.firsts, joined.lasts)], 0

    def ranges(self) -> Ranges:
        """Return all that was added."""
        if not self._parts:
            return NOTHING
        firsts, lasts = zip(*self._parts, strict=True)
        return Ranges.joined(np.concatenate(firsts), np.concatenate(lasts))


class StreamNumbers:
    """Gives every device, epoch and stream a number of its own."""

    def __init__(self) -> None:
        self._numbers: dict[Stream, int] = {}

    def within(self, ranges: Ranges) -> list[Stream]:
        """Return the streams that have a record in `ranges`."""
        found = np.unique(ranges.firsts >> SEQUENCE_BITS)
        names = list(self._numbers)
        return [names[int(number)] for number in found]

    def of(self, stream: Stream) -> int:
        """Return the number of a stream, a new one for a stream not met before."""
        return self._numbers.setdefault(stream, len(self._numbers))

    def window(self, stream: Stream, first: int, last: int) -> tuple[int, int]:
        """Return the record numbers of the sequences `first` to `last` of a stream."""
        base = self.of(stream) << SEQUENCE_BITS
        return base + max(first, 1), base + min(last, MAXIMUM_SEQUENCE)


def runs_of(numbers: Integers) -> tuple[Integers, Integers]:
    """Return record numbers in any order, repeated or not, as the ranges they make."""
    if not len(numbers):
        return numbers, numbers
    ordered = np.sort(numbers)
    breaks = np.flatnonzero(np.diff(ordered) > 1)
    ends = np.append(breaks, len(ordered) - 1)
    return ordered[np.concatenate(([0], breaks + 1))], ordered[ends]


def record_numbers(rows: pa.Table, streams: StreamNumbers) -> Integers:
    """Return the record numbers of rows with device, epoch, stream and sequence; impossible ones left out."""
    codes, keys = distinct(rows, ("device", "epoch", "stream"))
    sequences: Integers = rows.column("sequence").to_numpy()
    numbers = np.array([streams.of((device, epoch, stream)) for device, epoch, stream in keys], np.int64)
    possible = (sequences >= 1) & (sequences <= MAXIMUM_SEQUENCE)
    if not len(numbers):
        return sequences
    found: Integers = (numbers[codes[possible]] << SEQUENCE_BITS) + sequences[possible]
    return found


def distinct(rows: pa.Table, names: tuple[str, ...]) -> tuple[Integers, list[tuple[Any, ...]]]:
    """Return, for the text columns `names`, each row's place in the list of their different combinations."""
    codes: Integers = np.zeros(rows.num_rows, np.int64)
    texts: list[list[Any]] = []
    for name in names:
        column: Any = rows.column(name).combine_chunks()
        encoded: Any = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
        texts.append(encoded.dictionary.to_pylist())
        indices: Integers = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        codes = codes * max(len(texts[-1]), 1) + indices
    kinds, places = np.unique(codes, return_inverse=True)
    return places.astype(np.int64), [_texts_of(int(kind), texts) for kind in kinds]


def _texts_of(code: int, texts: list[list[Any]]) -> tuple[Any, ...]:
    found: list[Any] = []
    for values in reversed(texts):
        code, place = divmod(code, max(len(values), 1))
        found.append(values[place])
    return tuple(reversed(found))
