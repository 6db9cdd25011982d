"""What an operator hears of senders that do not match: a metric each batch, a log line each device."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Final

from lambdas.lake_writer.identity import IdentityCheck, IdentityFault, Mismatch

MENTIONED_SECONDS: Final = 3600.0
_MAXIMUM_MENTIONED = 10_000


def identity_counts(identity: IdentityCheck) -> dict[str, int]:
    """Return messages by what is wrong with their sender: the metrics that alarms watch."""
    found = dict.fromkeys(IdentityFault, 0)
    for mismatch in identity.mismatches:
        found[mismatch.fault] += mismatch.messages
    return {
        "identity_impostors": found[IdentityFault.IMPOSTOR],
        "identity_unknown_devices": found[IdentityFault.UNKNOWN_DEVICE],
        "identity_blocked_devices": found[IdentityFault.BLOCKED_DEVICE],
        "identity_unchecked": identity.unchecked,
        "identity_held": len(identity.held),
    }


class MentionedLately:
    """Remembers what was said of whom, so that a log has a line for each device and not for each message."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._mentioned: OrderedDict[tuple[str, IdentityFault], float] = OrderedDict()

    def news(self, identity: IdentityCheck) -> Iterator[Mismatch]:
        """Yield what was not mentioned within the last hour; now it is."""
        return filter(self._is_news, identity.mismatches)

    def _is_news(self, mismatch: Mismatch) -> bool:
        key, now = (mismatch.device, mismatch.fault), self._clock()
        if now - self._mentioned.get(key, float("-inf")) < MENTIONED_SECONDS:
            return False
        self._mentioned.pop(key, None)
        self._mentioned[key] = now
        if len(self._mentioned) > _MAXIMUM_MENTIONED:
            self._mentioned.popitem(last=False)
        return True
