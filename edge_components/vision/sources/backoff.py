"""How long to wait before the next try."""

from __future__ import annotations

import random
from collections.abc import Callable


class BackOff:
    """Exponential waiting times with jitter, so that cameras of one site do not all come back at once."""

    def __init__(
        self,
        *,
        first_seconds: float = 0.5,
        maximum_seconds: float = 30.0,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._first_seconds = first_seconds
        self._maximum_seconds = maximum_seconds
        self._uniform = uniform
        self._tries = 0

    def next_seconds(self) -> float:
        """Return the next wait: between half and all of first × 2^tries, capped."""
        full = min(self._maximum_seconds, self._first_seconds * 2 ** min(self._tries, 32))
        self._tries += 1
        return self._uniform(full / 2, full)

    def reset(self) -> None:
        """Start again with the first wait, after a success."""
        self._tries = 0
