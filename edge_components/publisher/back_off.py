"""How long to wait after a failure: exponential with full jitter.

Source: "Exponential Backoff and Jitter", AWS Architecture Blog, 2015: a thousand devices whose network comes
back at once must not knock at once.
"""

from __future__ import annotations

import random
from collections.abc import Callable

_DOUBLINGS_MAXIMUM = 32


class BackOff:
    """Counts failures in a row and draws the wait after each."""

    def __init__(
        self,
        *,
        base_seconds: float,
        maximum_seconds: float,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._base_seconds = base_seconds
        self._maximum_seconds = maximum_seconds
        self._uniform = uniform
        self._failures = 0

    @property
    def failures(self) -> int:
        """Failures since the last success."""
        return self._failures

    def succeed(self) -> None:
        """Start again from the shortest wait."""
        self._failures = 0

    def fail(self) -> float:
        """Count a failure and return the seconds to wait: uniform in 0 … min(maximum, base x 2^n)."""
        ceiling_seconds = min(
            self._maximum_seconds, self._base_seconds * 2.0 ** min(self._failures, _DOUBLINGS_MAXIMUM)
        )
        self._failures += 1
        return self._uniform(0.0, ceiling_seconds)
