"""Arrays with one entry per track slot that grow with the tracker."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


class SlotArrays:
    """Named arrays whose first axis is the slot; `fields` maps names to (shape, dtype, initial value)."""

    def __init__(self, fields: dict[str, tuple[tuple[int, ...], Any, Any]], slots: int = 64) -> None:
        self._fields = fields
        self._arrays = {name: self._fresh(name, slots) for name in fields}
        self._slots = slots

    def _fresh(self, name: str, slots: int) -> npt.NDArray[Any]:
        shape, kind, initial = self._fields[name]
        return np.full((slots, *shape), initial, dtype=kind)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        return self._arrays[name]

    def reserve(self, slots: npt.NDArray[np.int64]) -> None:
        """Make room for the largest of `slots`."""
        if not len(slots) or slots.max() < self._slots:
            return
        grown = max(2 * self._slots, int(slots.max()) + 1)
        for name, old in self._arrays.items():
            self._arrays[name] = self._fresh(name, grown)
            self._arrays[name][: self._slots] = old
        self._slots = grown

    def clear(self, slots: npt.NDArray[np.int64]) -> None:
        """Give `slots` back their initial values."""
        if not len(slots):
            return
        for name, (_, _, initial) in self._fields.items():
            self._arrays[name][slots] = initial
