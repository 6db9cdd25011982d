"""Numbers equal rows in one pass over a file of any length, at 8 bytes a row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.int64]


class DuplicateCounter:
    """Counts how often each row was seen, by a hash of 64 bits.

    Two different rows share a hash once in 10^12 files of a million rows (n²/2^65): good enough to number
    rows, which deletes nothing. The hashes are kept as sorted runs that are merged when they are of a size.
    """

    def __init__(self) -> None:
        self._runs: list[Hashes] = []

    def numbers(self, hashes: Hashes) -> npt.NDArray[np.int64]:
        """Return for each row which copy it is, 1 for the first of its kind."""
        order = np.argsort(hashes, kind="stable")
        ordered = hashes[order]
        starts = np.searchsorted(ordered, ordered, side="left")
        within = np.arange(len(ordered), dtype=np.int64) - starts
        before = np.zeros(len(ordered), dtype=np.int64)
        for run in self._runs:
            before += np.searchsorted(run, ordered, side="right") - np.searchsorted(run, ordered, side="left")
        self._add(ordered)
        numbers = np.empty(len(ordered), dtype=np.int64)
        numbers[order] = before + within + 1
        return numbers

    def _add(self, ordered: Hashes) -> None:
        self._runs.append(ordered)
        while len(self._runs) > 1 and 2 * len(self._runs[-1]) >= len(self._runs[-2]):
            last = self._runs.pop()
            merged = np.concatenate((self._runs.pop(), last))
            merged.sort(kind="stable")
            self._runs.append(merged)
