"""Whether another piece of work may be begun before Lambda ends the invocation."""

from __future__ import annotations

import time
from collections.abc import Callable


def time_left(context: object, piece_seconds: float) -> Callable[[], bool]:
    """Return what says whether `piece_seconds` are left; without Lambda's clock in `context`, always."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    if remaining is None:
        return lambda: True
    ends = time.monotonic() + remaining() / 1000
    # A short time-out must still let a piece begin.
    needed = min(piece_seconds, (ends - time.monotonic()) / 2)
    return lambda: ends - time.monotonic() >= needed
